import { describeAssignments } from './assignments.ts'
import type { Call } from './call.ts'
import type { AccessToken, Credential, Identity, Organisation } from './model.ts'
import { kindOf } from './signers.ts'
import { need } from './state.ts'

type Seen = Pick<Call, 'state' | 'organisation'>

/**
 * A credential as replies show it. A Key has no relying party and no origin, but the fields are always there.
 * The public key of a Fido2 is documented as a fingerprint; when it was last used no reply tells.
 */
export function describeCredential(given: { organisation: Organisation; credential: Credential }) {
  const { credentialId, credentialUuid, isActive, name, publicKey: pem, fingerprint } = given.credential
  const { passkey } = given.credential
  const form = passkey ? 'fingerprint' : given.organisation.switches.listPublicKey
  const publicKey = { pem, fingerprint, empty: '' }[form]
  const dateCreated = new Date(given.credential.dateCreated).toISOString()
  const kind = kindOf(given.credential)
  const { relyingPartyId = '', origin = '' } = passkey ?? {}
  const documented = { kind, credentialId, credentialUuid, dateCreated, isActive, name, publicKey }
  return { ...documented, relyingPartyId, origin }
}

/** A service account as replies show it, without its token: that is shown when it is made. */
export function describeServiceAccount({ call, identity }: { call: Seen; identity: Identity }) {
  const { userId, username, orgId, name, isActive } = identity
  const tokens = identity.tokens.filter(({ kind }) => kind === 'ServiceAccount')
  const permissionAssignments = describeAssignments({ state: call.state, identityId: userId })
  const userInfo = {
    username,
    name,
    userId,
    kind: 'CustomerEmployee',
    credentialUuid: tokens[0]?.credentialUuid ?? '',
    orgId,
    permissions: permissionAssignments.flatMap(({ operations }) => operations),
    isActive,
    isServiceAccount: true,
    isRegistered: true,
    permissionAssignments,
  }
  return { userInfo, accessTokens: tokens.map((token) => describeToken({ call, token })) }
}

/** An access token's record: with a PAT's own permissions, or with those of the service account. */
export function describeToken({ call, token }: { call: Seen; token: AccessToken }) {
  const { state, organisation } = call
  const { credentialUuid, credentialId, publicKey } = need(state.credentials, token.credentialUuid)
  const credId = { credentialId, credentialUuid, empty: '' }[organisation.switches.accessTokenCredId]
  const { tokenId, orgId, userId, kind, name, isActive } = token
  const identityId = kind === 'Pat' ? tokenId : userId
  const permissionAssignments = describeAssignments({ state, identityId })
  const linked = { linkedUserId: userId, linkedAppId: '', permissionAssignments }
  const dateCreated = new Date(token.dateCreated).toISOString()
  return { tokenId, orgId, kind, name, credId, publicKey, isActive, dateCreated, ...linked }
}
