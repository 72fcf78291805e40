import type { WireResponse } from '../wire.ts'
import { type Assertion, challengeReply, handleOf, readAssertion, whoSigned } from './assertions.ts'
import { flagOf, readBody, textOf } from './body.ts'
import type { Call, OpenCall } from './call.ts'
import { issueChallenge, takeChallenge } from './challenges.ts'
import { jsonReply, Refusal } from './errors.ts'
import { findByUsername, openToken, setTokenActive } from './identities.ts'
import type { Challenge, Identity } from './model.ts'
import { signersOf } from './signers.ts'
import { need } from './state.ts'

const withoutKey = 'User does not have a credential that can be used for the application.'

/**
 * Create Login Challenge, POST /auth/login/init with `{orgId, username?}`. Where the
 * organisation takes passkeys, none is needed: the challenge then is for whoever has a discoverable one, and
 * the login needs its `userHandle`. 401 for whom there is not or who has no active credential, 400 for a
 * deactivated account.
 */
export function createLoginChallenge(call: OpenCall): WireResponse {
  const { state, organisation, request } = call
  const fields = readBody({ body: request.body, only: ['orgId', 'username', 'loginCode'] })
  if (fields['username'] === undefined && organisation.relyingParties.length > 0) {
    const issued = issueChallenge({ state, organisation, about: { purpose: 'login', userId: '' } })
    return jsonReply({ status: 200, body: challengeReply({ issued }) })
  }
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

/**
 * Login, POST /auth/login with the body of Create User Action Signature: a session of its own, or where to
 * log in by SSO. 401 for whatever is wrong with the assertion.
 */
export function login(call: OpenCall): WireResponse {
  const { state, organisation, request } = call
  const { identifier, sent } = readAssertion(request.body)
  const challenge = takeChallenge({ state, organisation, identifier, purpose: 'login' })
  const identity = whoLogsIn({ call, challenge, sent })
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

/** Whom a challenge is for; where it is for nobody in particular, whom the passkey says it was made for. */
function whoLogsIn(given: { call: OpenCall; challenge: Challenge; sent: Assertion }): Identity {
  const { call, challenge, sent } = given
  const { identities } = call.state
  if (challenge.userId !== '') return need(identities, challenge.userId)
  const identity = identities.get(handleOf(sent) ?? '')
  if (identity?.orgId !== call.organisation.orgId) throw new Refusal(401, 'Unauthorized')
  return identity
}

function mayLogIn({ call, identity }: { call: OpenCall; identity: Identity }): boolean {
  const { serviceAccountLogin } = call.organisation.switches
  return identity.kind !== 'ServiceAccount' || serviceAccountLogin === 'allow'
}

function refuseDeactivated({ isActive }: Identity): void {
  if (!isActive) throw new Refusal(400, 'User account has been deactivated.')
}
