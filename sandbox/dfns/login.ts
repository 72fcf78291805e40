import type { WireResponse } from '../wire.ts'
import { challengeReply, readAssertion, whoSigned } from './assertions.ts'
import { flagOf, readBody, textOf } from './body.ts'
import type { Call, OpenCall } from './call.ts'
import { issueChallenge, takeChallenge } from './challenges.ts'
import { jsonReply, Refusal } from './errors.ts'
import { findByUsername, openToken, setTokenActive } from './identities.ts'
import type { Identity } from './model.ts'
import { signersOf } from './signers.ts'
import { need } from './state.ts'

const withoutKey = 'User does not have a credential that can be used for the application.'

/** Create Login Challenge, POST /auth/login/init. Only passkeys log in without a username; there are none. */
export function createLoginChallenge(call: OpenCall): WireResponse {
  const { state, organisation, request } = call
  const fields = readBody({ body: request.body, only: ['orgId', 'username', 'loginCode'] })
  const username = textOf({ fields, name: 'username' })
  const identity = findByUsername({ state, orgId: organisation.orgId, username })
  if (identity === undefined || !mayLogIn({ call, identity })) throw new Refusal(401, 'User not found')
  refuseDeactivated(identity)
  const signatory = { organisation, identity }
  const keys = signersOf({ signatory, reading: false }).filter(({ isActive }) => isActive)
  if (keys.length === 0) throw new Refusal(401, withoutKey)
  const about = { purpose: 'login', userId: identity.userId } as const
  const issued = issueChallenge({ state, organisation, about })
  return jsonReply({ status: 200, body: challengeReply({ issued, signatory }) })
}

/** Login, POST /auth/login: a session of its own, or where to log in by SSO. */
export function login(call: OpenCall): WireResponse {
  const { state, organisation, request } = call
  const { identifier, sent } = readAssertion(request.body)
  const challenge = takeChallenge({ state, organisation, identifier, purpose: 'login' })
  const identity = need(state.identities, challenge.userId)
  const { credentialUuid } = whoSigned({ signatory: { organisation, identity }, challenge, sent })
  if (identity.isArchived) throw new Refusal(401, 'User not found')
  refuseDeactivated(identity)
  if (organisation.switches.login === 'sso') {
    return jsonReply({ status: 200, body: { ssoClientId: `sso-${organisation.orgId}` } })
  }
  const tokenId = state.nextId('to')
  const by = { tokenId, credentialUuid }
  const session = { owner: identity, kind: 'Token', name: 'session', tokenId, credentialUuid } as const
  const { authToken } = openToken({ state, by, ...session, lifetime: organisation.switches.sessionTtl })
  return jsonReply({ status: 200, body: { token: authToken } })
}

/** Logout, PUT /auth/logout: ends the calling session, or all of the identity's. It is not signed. */
export function logout(call: Call): WireResponse {
  const { state, identity, token, request } = call
  const fields = readBody({ body: request.body || '{}' })
  const all = flagOf({ fields, name: 'allSessions' })
  const { tokenId, credentialUuid } = token
  const by = { tokenId, credentialUuid }
  const sessions = identity.tokens.filter(({ kind }) => kind === 'Token')
  for (const session of all ? sessions : [token]) {
    setTokenActive({ state, token: session, isActive: false, by })
  }
  return jsonReply({ status: 200, body: { message: 'success' } })
}

function mayLogIn({ call, identity }: { call: OpenCall; identity: Identity }): boolean {
  const { serviceAccountLogin } = call.organisation.switches
  return identity.kind !== 'ServiceAccount' || serviceAccountLogin === 'allow'
}

function refuseDeactivated({ isActive }: Identity): void {
  if (!isActive) throw new Refusal(400, 'User account has been deactivated.')
}
