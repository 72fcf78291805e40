import type { AccessToken, Actor, EffectKind, Identity, IdentityKind } from './model.ts'
import { type NewCredential, need, record, type State, storeCredential } from './state.ts'

/** The new identity or token, with all that a secret's document needs. */
export interface Issued {
  readonly userId: string
  /** What the identity logs in with. */
  readonly username: string
  readonly tokenId: string
  readonly authToken: string
  /** Chosen by Dfns: base64url of a `ci-…` id. */
  readonly credId: string
  readonly credentialUuid: string
}

/** Stores an identity without credentials or tokens. */
export function addIdentity(given: {
  state: State
  orgId: string
  kind: IdentityKind
  name: string
  username: string
  externalId?: string
}): Identity {
  const { state, ...fields } = given
  need(state.organisations, fields.orgId)
  const userId = state.nextId('us')
  const fresh = { credentials: [], tokens: [], isActive: true, isArchived: false }
  const identity: Identity = { ...fields, userId, ...fresh }
  state.identities.set(userId, identity)
  return identity
}

/** The identity that logs in with this name, if there is one that was not deleted. */
export function findByUsername({
  state,
  orgId,
  username,
}: {
  state: State
  orgId: string
  username: string
}): Identity | undefined {
  return [...state.identities.values()].find(
    (identity) => identity.orgId === orgId && identity.username === username && !identity.isArchived,
  )
}

/** A token before it is made. */
export interface NewToken {
  readonly owner: Identity
  readonly kind: AccessToken['kind']
  readonly name: string
  readonly externalId?: string
  /** Milliseconds. */
  readonly lifetime: number
}

/** Makes a token for a new key, whose credential is made with it. */
export function issue({
  state,
  by,
  publicKey,
  lags = {},
  ...given
}: NewToken & {
  state: State
  by: Actor
  publicKey: string
  lags?: Pick<NewCredential, 'unlisted' | 'unaccepted'>
}): Issued {
  const { owner, kind, name } = given
  const tokenId = state.nextId('to')
  const credentialId = serverChosenId(state)
  const pat = kind === 'Pat' ? { patId: tokenId } : {}
  const credential = { owner, credentialId, name, publicKey, ...pat, ...lags }
  const { credentialUuid } = storeCredential({ state, by, credential })
  const { authToken } = openToken({ state, by, tokenId, credentialUuid, ...given })
  const { userId, username } = owner
  return { userId, username, tokenId, authToken, credId: credentialId, credentialUuid }
}

/** Makes a token for a credential that is there. */
export function openToken({
  state,
  by,
  tokenId,
  credentialUuid,
  owner,
  lifetime,
  ...given
}: NewToken & { state: State; by: Actor; tokenId: string; credentialUuid: string }): { authToken: string } {
  const { orgId, userId } = owner
  const fresh = { dateCreated: state.clock.now(), isActive: true, isArchived: false }
  const token: AccessToken = { ...given, tokenId, orgId, userId, credentialUuid, ...fresh }
  state.tokens.set(tokenId, token)
  owner.tokens.push(token)
  noteToken({ state, token, by, kind: given.kind === 'Token' ? 'session opened' : 'token created' })
  const authToken = state.mint.issue({ audience: 'access-token', id: tokenId, orgId, userId, lifetime })
  return { authToken }
}

/** A `credId` as Dfns makes them. */
export function serverChosenId(state: State): string {
  return Buffer.from(state.nextId('ci')).toString('base64url')
}

/** Activates or deactivates an identity. Nothing is recorded when it is so already. */
export function setIdentityActive(given: {
  state: State
  identity: Identity
  isActive: boolean
  by: Actor
}): void {
  const { state, identity, isActive, by } = given
  if (identity.isActive === isActive) return
  identity.isActive = isActive
  const what = identity.kind === 'ServiceAccount' ? 'service account' : 'user'
  noteIdentity({ state, identity, by, kind: `${what} ${isActive ? 'activated' : 'deactivated'}` })
}

/** Activates or deactivates a token. Nothing is recorded when it is so already. */
export function setTokenActive(given: {
  state: State
  token: AccessToken
  isActive: boolean
  by: Actor
}): void {
  const { state, token, isActive, by } = given
  if (token.isActive === isActive) return
  token.isActive = isActive
  const closed = token.kind === 'Token' && !isActive
  const change = isActive ? 'token activated' : 'token deactivated'
  noteToken({ state, token, by, kind: closed ? 'session closed' : change })
}

/** Deletes a service account or a PAT: inactive for good. */
export function archive({
  state,
  what,
  by,
}: {
  state: State
  what: Identity | AccessToken
  by: Actor
}): void {
  what.isActive = false
  what.isArchived = true
  if ('tokenId' in what) noteToken({ state, token: what, by, kind: 'token deleted' })
  else noteIdentity({ state, identity: what, by, kind: 'service account deleted' })
}

/** Adds a line about a token to the audit trail. */
export function noteToken(given: { state: State; token: AccessToken; by: Actor; kind: EffectKind }): void {
  const { state, token, by, kind } = given
  const { orgId, userId, tokenId, credentialUuid } = token
  record({ state, effect: { kind, orgId, userId, tokenId, credentialUuid, by } })
}

/** Adds a line about an identity to the audit trail. */
export function noteIdentity(given: { state: State; identity: Identity; by: Actor; kind: EffectKind }): void {
  const { state, identity, by, kind } = given
  const { orgId, userId } = identity
  record({ state, effect: { kind, orgId, userId, by } })
}
