import { createHash } from 'node:crypto'
import { fingerprintOf } from './signatures.ts'
import type { Switches } from './switches.ts'
import { type Clock, createMint, type Mint } from './tokens.ts'
import type {
  AccessToken,
  Actor,
  Assignment,
  Challenge,
  Credential,
  CredentialCode,
  Effect,
  Identity,
  LogEntry,
  Organisation,
  Permission,
  UserAction,
} from './model.ts'
import type { Approval, Policy } from './policy-model.ts'
import type { Outbox, Webhook } from './webhook-model.ts'

/** Everything a simulator remembers, by id. */
export interface State {
  readonly clock: Clock
  readonly mint: Mint
  /** For organisations made later, and for replies given before the organisation is known. */
  readonly defaults: Switches
  readonly organisations: Map<string, Organisation>
  readonly identities: Map<string, Identity>
  readonly tokens: Map<string, AccessToken>
  readonly credentials: Map<string, Credential>
  readonly challenges: Map<string, Challenge>
  readonly userActions: Map<string, UserAction>
  readonly codes: Map<string, CredentialCode>
  readonly permissions: Map<string, Permission>
  readonly assignments: Map<string, Assignment>
  readonly policies: Map<string, Policy>
  readonly approvals: Map<string, Approval>
  readonly logs: Map<string, LogEntry>
  readonly effects: Effect[]
  /** Deleted ones included, oldest first. */
  readonly webhooks: Map<string, Webhook>
  readonly outbox: Outbox
  /** The next id with Dfns's prefix. Counted, not random, so that a failing run replays with the same ids. */
  nextId(prefix: string): string
}

/** An empty simulator. */
export function createState({
  clock,
  defaults,
  outbox,
}: Pick<State, 'clock' | 'defaults' | 'outbox'>): State {
  let count = 0
  return {
    clock,
    mint: createMint({ clock }),
    defaults,
    organisations: new Map(),
    identities: new Map(),
    tokens: new Map(),
    credentials: new Map(),
    challenges: new Map(),
    userActions: new Map(),
    codes: new Map(),
    permissions: new Map(),
    assignments: new Map(),
    policies: new Map(),
    approvals: new Map(),
    logs: new Map(),
    effects: [],
    webhooks: new Map(),
    outbox,
    nextId(prefix) {
      const digest = createHash('sha256').update(`${prefix}${++count}`).digest('hex')
      return `${prefix}-${digest.slice(0, 5)}-${digest.slice(5, 10)}-${digest.slice(10, 26)}`
    },
  }
}

/** Looks an id up where its absence is a mistake of the test, not of the system under test. */
export function need<T>(map: ReadonlyMap<string, T>, id: string): T {
  const found = map.get(id)
  if (found === undefined) throw new Error(`the Dfns simulator knows no ${id}`)
  return found
}

/** Adds a line to the audit trail, dated now. */
export function record({ state, effect }: { state: State; effect: Omit<Effect, 'at'> }): void {
  state.effects.push({ at: state.clock.now(), ...effect })
}

/** A credential before it is stored. Without lags it is listed and accepted at once. */
export type NewCredential = Pick<Credential, 'credentialId' | 'name' | 'publicKey'> &
  Partial<Pick<Credential, 'patId' | 'passkey' | 'unlisted' | 'unaccepted'>> & { readonly owner: Identity }

/** Stores a credential and records who made it. */
export function storeCredential({
  state,
  by,
  credential: { owner, ...given },
}: {
  state: State
  by: Actor
  credential: NewCredential
}): Credential {
  const { orgId, userId } = owner
  const credentialUuid = state.nextId('cr')
  const fingerprint = fingerprintOf(given.publicKey)
  const dateCreated = state.clock.now()
  const fresh = { credentialUuid, orgId, userId, fingerprint, dateCreated, isActive: true, isDeleted: false }
  const credential: Credential = { unlisted: 0, unaccepted: 0, ...given, ...fresh }
  state.credentials.set(credentialUuid, credential)
  owner.credentials.push(credential)
  const { taken } = need(state.organisations, orgId)
  taken.credentialIds.add(credential.credentialId)
  taken.fingerprints.add(fingerprint)
  record({ state, effect: { kind: 'credential created', orgId, userId, credentialUuid, by } })
  return credential
}

/** Activates or deactivates a credential. One that is so already stays so, and nothing is recorded. */
export function setCredentialActive({
  state,
  credential,
  isActive,
  by,
}: {
  state: State
  credential: Credential
  isActive: boolean
  by: Actor
}): void {
  if (credential.isActive === isActive) return
  credential.isActive = isActive
  const { orgId, userId, credentialUuid } = credential
  const kind = isActive ? 'credential activated' : 'credential deactivated'
  record({ state, effect: { kind, orgId, userId, credentialUuid, by } })
}

/** Deletes a credential: no listing shows it and no call finds it any more. */
export function deleteCredential(given: { state: State; credential: Credential; by: Actor }): void {
  const { state, credential, by } = given
  const { orgId, userId, credentialUuid } = credential
  credential.isActive = false
  credential.isDeleted = true
  const { credentials } = need(state.identities, userId)
  credentials.splice(credentials.indexOf(credential), 1)
  record({ state, effect: { kind: 'credential deleted', orgId, userId, credentialUuid, by } })
}
