import type { WireResponse } from '../wire.ts'
import type { Call } from './call.ts'
import { jsonReply, Refusal } from './errors.ts'
import type { AccessToken, Identity } from './model.ts'
import { need } from './state.ts'

/** Get Service Account, GET /auth/service-accounts/{serviceAccountId}, of the caller's organisation. */
export function getServiceAccount(call: Call): WireResponse {
  const identity = call.state.identities.get(call.id)
  if (identity?.kind !== 'ServiceAccount' || identity.orgId !== call.organisation.orgId) {
    throw new Refusal(404, 'Service account not found')
  }
  const { tokens } = identity
  const userInfo = { ...userInfoOf(identity), credentialUuid: tokens[0]?.credentialUuid ?? '' }
  const accessTokens = tokens.map((token) => describe({ call, identity, token }))
  return jsonReply({ status: 200, body: { userInfo, accessTokens } })
}

function userInfoOf({ userId, orgId, name, isActive, permissionAssignments }: Identity) {
  return {
    username: name,
    name,
    userId,
    kind: 'CustomerEmployee',
    orgId,
    permissions: permissionAssignments.flatMap(({ operations }) => operations),
    isActive,
    isServiceAccount: true,
    isRegistered: true,
    permissionAssignments,
  }
}

/** An access token's record; the token itself is shown only when it is made. */
function describe({ call, identity, token }: { call: Call; identity: Identity; token: AccessToken }) {
  const { credentialUuid, credentialId, publicKey } = need(call.state.credentials, token.credentialUuid)
  const credId = { credentialId, credentialUuid, empty: '' }[call.organisation.switches.accessTokenCredId]
  const { tokenId, orgId, userId, kind, name, isActive } = token
  const linked = {
    linkedUserId: userId,
    linkedAppId: '',
    permissionAssignments: identity.permissionAssignments,
  }
  const dateCreated = new Date(token.dateCreated).toISOString()
  return { tokenId, orgId, kind, name, credId, publicKey, isActive, dateCreated, ...linked }
}
