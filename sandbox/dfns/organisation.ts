import type { Credential, Effect } from './model.ts'
import { serverChosenId } from './identities.ts'
import { identities } from './scene-identities.ts'
import { passkeys } from './scene-passkeys.ts'
import { permissions, policies } from './scene-policies.ts'
import { createState, need, setCredentialActive, type State, storeCredential } from './state.ts'
import { pessimistic, type Switches } from './switches.ts'
import type { Clock } from './tokens.ts'
import type { Deliver, Timers } from './webhook-model.ts'
import { createOutbox } from './webhook-outbox.ts'
import { webhookScene } from './webhook-scene.ts'

export type { Issued } from './identities.ts'

/**
 * A simulator's state with the methods that set a scene and look at it. Requests go through the handler
 * instead.
 */
export type Dfns = ReturnType<typeof createDfns>

/**
 * A simulator of Dfns that holds any number of organisations. `switches` are the defaults of each. Webhook
 * events that no receiver of the scene waits for go to `deliver`; repeating them needs a clock with timers.
 */
export function createDfns({
  clock,
  switches = {},
  deliver,
}: {
  clock: Clock & Partial<Timers>
  switches?: Partial<Switches>
  deliver?: Deliver
}) {
  const outbox = createOutbox({ clock, deliver })
  const state = createState({ clock, outbox, defaults: { ...pessimistic, ...switches } })
  return {
    state,
    ...organisations(state),
    ...identities(state),
    ...passkeys(state),
    ...credentials(state),
    ...permissions(state),
    ...policies(state),
    ...audit(state),
    ...webhookScene(state),
  }
}

function organisations(state: State) {
  return {
    createOrganisation({ name = 'Example' }: { name?: string } = {}): { orgId: string } {
      const orgId = state.nextId('or')
      const window = { start: Number.NEGATIVE_INFINITY, requests: 0 }
      const taken = { credentialIds: new Set<string>(), fingerprints: new Set<string>() }
      state.organisations.set(orgId, {
        orgId,
        name,
        switches: state.defaults,
        window,
        taken,
        relyingParties: [],
      })
      return { orgId }
    },
    /** Changes the given switches of one organisation, from the next request on. */
    setSwitches({ orgId, switches }: { orgId: string; switches: Partial<Switches> }): void {
      const organisation = need(state.organisations, orgId)
      organisation.switches = { ...organisation.switches, ...switches }
    },
  }
}

function credentials(state: State) {
  return {
    /** A credential that somebody else registers on an identity, at once listed and accepted. */
    addCredential({
      userId,
      credId = serverChosenId(state),
      ...given
    }: {
      userId: string
      name: string
      publicKey: string
      credId?: string
    }): { credId: string; credentialUuid: string } {
      const owner = need(state.identities, userId)
      const credential = { owner, credentialId: credId, ...given }
      const { credentialUuid } = storeCredential({ state, by: 'administrator', credential })
      return { credId, credentialUuid }
    },
    /** Activates or deactivates a credential as an administrator would, past every switch. */
    setCredentialActive({ credentialUuid, isActive }: { credentialUuid: string; isActive: boolean }): void {
      const credential = need(state.credentials, credentialUuid)
      setCredentialActive({ state, credential, isActive, by: 'administrator' })
    },
    /** All credentials of an identity as they are now, oldest first. */
    credentials({ userId }: { userId: string }): Readonly<Credential>[] {
      return need(state.identities, userId).credentials.map((credential) => ({ ...credential }))
    },
  }
}

function audit(state: State) {
  return {
    /** The audit trail, oldest first, of one identity or of all. */
    effects({ userId }: { userId?: string } = {}): readonly Effect[] {
      return state.effects.filter((effect) => userId === undefined || effect.userId === userId)
    },
  }
}
