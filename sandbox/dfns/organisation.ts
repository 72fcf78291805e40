import type { AccessToken, Credential, Effect, Identity, IdentityKind } from './model.ts'
import { createState, need, setCredentialActive, type State, storeCredential } from './state.ts'
import { pessimistic, type Switches } from './switches.ts'
import type { Clock } from './tokens.ts'
import type { Deliver, Timers } from './webhook-model.ts'
import { createOutbox } from './webhook-outbox.ts'
import { webhookScene } from './webhook-scene.ts'

const day = 86_400_000
const twoYears = 730

/** The new identity or token, with all that a secret's document needs. */
export interface Issued {
  readonly userId: string
  readonly tokenId: string
  readonly authToken: string
  /** Chosen by Dfns: base64url of a `ci-…` id. */
  readonly credId: string
  readonly credentialUuid: string
}

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
    ...credentials(state),
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
      state.organisations.set(orgId, { orgId, name, switches: state.defaults, window, taken })
      return { orgId }
    },
    /** Changes the given switches of one organisation, from the next request on. */
    setSwitches({ orgId, switches }: { orgId: string; switches: Partial<Switches> }): void {
      const organisation = need(state.organisations, orgId)
      organisation.switches = { ...organisation.switches, ...switches }
    },
  }
}

type NewKeyHolder = { orgId: string; name: string; publicKey: string }

function identities(state: State) {
  return {
    /** As Create Service Account: one token of two years (or `daysValid`), one key, no permission. */
    createServiceAccount({ daysValid = twoYears, ...given }: NewKeyHolder & { daysValid?: number }): Issued {
      const identity = addIdentity({ state, kind: 'ServiceAccount', ...given })
      return issue({ state, identity, kind: 'ServiceAccount', lifetime: daysValid * day, ...given })
    },
    /** A user with a Key credential and a session that it logged in for. */
    createUser({
      kind = 'CustomerEmployee',
      sessionMinutes = 60,
      ...given
    }: NewKeyHolder & { kind?: Exclude<IdentityKind, 'ServiceAccount'>; sessionMinutes?: number }): Issued {
      const identity = addIdentity({ state, kind, ...given })
      return issue({ state, identity, kind: 'Token', lifetime: sessionMinutes * 60_000, ...given })
    },
    /** As Create Personal Access Token: a token of that user, with a key of its own. */
    createPersonalAccessToken({
      userId,
      daysValid = twoYears,
      ...given
    }: {
      userId: string
      name: string
      publicKey: string
      daysValid?: number
    }): Issued {
      const identity = need(state.identities, userId)
      return issue({ state, identity, kind: 'Pat', lifetime: daysValid * day, ...given })
    },
    /** Gives an identity a permission with these operations, for example `Auth:ServiceAccounts:Read`. */
    assignPermission({ userId, operations }: { userId: string; operations: readonly string[] }): void {
      const permissionId = state.nextId('pm')
      const assignment = {
        permissionName: permissionId,
        permissionId,
        assignmentId: state.nextId('as'),
        operations,
      }
      need(state.identities, userId).permissionAssignments.push(assignment)
    },
    /** Activates or deactivates a whole identity; none of its tokens passes while it is inactive. */
    setIdentityActive({ userId, isActive }: { userId: string; isActive: boolean }): void {
      need(state.identities, userId).isActive = isActive
    },
    /** Activates or deactivates one token. */
    setTokenActive({ tokenId, isActive }: { tokenId: string; isActive: boolean }): void {
      need(state.tokens, tokenId).isActive = isActive
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

function serverChosenId(state: State): string {
  return Buffer.from(state.nextId('ci')).toString('base64url')
}

function addIdentity(given: { state: State; orgId: string; name: string; kind: IdentityKind }): Identity {
  const { state, orgId, name, kind } = given
  const userId = state.nextId('us')
  need(state.organisations, orgId)
  const nothing = { permissionAssignments: [], credentials: [], tokens: [] }
  const identity: Identity = { userId, orgId, kind, name, ...nothing, isActive: true }
  state.identities.set(userId, identity)
  return identity
}

function issue(given: {
  state: State
  identity: Identity
  kind: AccessToken['kind']
  name: string
  publicKey: string
  lifetime: number
}): Issued {
  const { state, identity: owner, kind, name, publicKey, lifetime } = given
  const { orgId, userId } = owner
  const tokenId = state.nextId('to')
  const credId = serverChosenId(state)
  const pat = kind === 'Pat' ? { patId: tokenId } : {}
  const credential = { owner, credentialId: credId, name, publicKey, ...pat }
  const { credentialUuid } = storeCredential({ state, by: 'administrator', credential })
  const dateCreated = state.clock.now()
  const token = {
    tokenId,
    orgId,
    userId,
    kind,
    name,
    credentialUuid,
    dateCreated,
    isActive: true,
  }
  state.tokens.set(tokenId, token)
  owner.tokens.push(token)
  const authToken = state.mint.issue({ audience: 'access-token', id: tokenId, orgId, userId, lifetime })
  return { userId, tokenId, authToken, credId, credentialUuid }
}
