import type { WireResponse } from '../wire.ts'
import { challengeReply, readAssertion, whoSigned } from './assertions.ts'
import { oneOf, readBody, textOf } from './body.ts'
import type { Call, SignedCall } from './call.ts'
import { issueChallenge, notValid, takeChallenge } from './challenges.ts'
import { jsonReply, Refusal } from './errors.ts'
import type { SignedRequest, UserAction } from './model.ts'
import { record } from './state.ts'

const initFields = ['userActionPayload', 'userActionHttpMethod', 'userActionHttpPath', 'userActionServerKind']
const unsigned = 'user action signature is missing or invalid'

/** Create User Action Challenge, POST /auth/action/init. */
export function createUserActionChallenge(call: Call): WireResponse {
  const fields = readBody({ body: call.request.body, only: initFields })
  const request = {
    method: oneOf({ fields, name: 'userActionHttpMethod', among: ['POST', 'PUT', 'DELETE', 'GET'] }),
    path: textOf({ fields, name: 'userActionHttpPath' }),
    payload: textOf({ fields, name: 'userActionPayload', min: 0 }),
  }
  if ('userActionServerKind' in fields)
    oneOf({ fields, name: 'userActionServerKind', among: ['Api', 'Staff'] })
  const { state, organisation, token } = call
  const { userId, tokenId } = token
  const about = { purpose: 'user action', userId, tokenId, request } as const
  const issued = issueChallenge({ state, organisation, about })
  return jsonReply({ status: 200, body: challengeReply({ issued, signatory: call }) })
}

/** Create User Action Signature, POST /auth/action: 401 for whatever is wrong with the assertion. */
export function signUserAction(call: Call): WireResponse {
  const { state, organisation, token } = call
  const { identifier, sent } = readAssertion(call.request.body)
  const { tokenId, orgId, userId } = token
  const challenge = takeChallenge({ state, organisation, identifier, purpose: 'user action', tokenId })
  const { credentialUuid } = whoSigned({ signatory: call, challenge, sent })
  const { request } = challenge
  if (request === undefined) throw notValid()
  if (isDead(call) && !wouldRevive({ call, request })) throw new Refusal(401, 'Unauthorized')

  const id = state.nextId('ua')
  const { clientData, signature, authenticatorData } = sent
  const assertion = { clientData, signature, ...(sent.kind === 'Fido2' && { authenticatorData }) }
  state.userActions.set(id, { id, tokenId, credentialUuid, request, assertion, used: false })
  note({ call, kind: 'user action signed', credentialUuid, request })
  const lifetime = organisation.switches.userActionTtl
  const userAction = state.mint.issue({ audience: 'user-action', id, orgId, userId, lifetime })
  return jsonReply({ status: 200, body: { userAction } })
}

/**
 * Spends the user action of the X-DFNS-USERACTION header: 403 unless it was signed for this very request, 400
 * if used.
 */
export function spendUserAction(call: Call): SignedCall {
  const { state, organisation, token, request } = call
  const header = request.headers['x-dfns-useraction'] ?? ''
  const id = state.mint.read({ audience: 'user-action', token: header })
  const action = id === undefined ? undefined : state.userActions.get(id)
  if (action === undefined || action.tokenId !== token.tokenId || !covers({ call, action })) {
    throw new Refusal(403, unsigned)
  }
  if (action.used && organisation.switches.singleUse === 'enforced') {
    throw new Refusal(400, 'user action has already been used')
  }
  const signer = state.credentials.get(action.credentialUuid)
  if (organisation.switches.userActionDiesWithItsCredential && !signer?.isActive)
    throw new Refusal(403, unsigned)
  action.used = true
  log({ call, action, actionToken: header })
  note({ call, kind: 'user action spent', credentialUuid: action.credentialUuid, request: action.request })
  return { ...call, action }
}

/** See the switch `tokenDiesWithItsCredential`. */
function isDead({ state, organisation, token }: Call): boolean {
  const credential = state.credentials.get(token.credentialUuid)
  return organisation.switches.tokenDiesWithItsCredential && !credential?.isActive
}

function wouldRevive({ call, request }: { call: Call; request: SignedRequest }): boolean {
  if (request.method !== 'PUT' || request.path !== '/auth/credentials/activate') return false
  try {
    return readBody({ body: request.payload })['credentialUuid'] === call.token.credentialUuid
  } catch {
    return false
  }
}

/** Whether a user action was signed for the request that carries it, as far as the switches look. */
function covers({ call, action }: { call: Call; action: UserAction }): boolean {
  const { signedPath, emptyPayload } = call.organisation.switches
  const { method, path, body } = call.request
  const bare = path.replace(/\?.*$/, '')
  const paths = { 'path-and-query': [path], path: [bare], either: [path, bare] }[signedPath]
  const text = (payload: string) => (emptyPayload === 'tolerant' && payload === '' ? '{}' : payload)
  const { request } = action
  return request.method === method && paths.includes(request.path) && text(request.payload) === text(body)
}

function log({ call, action, actionToken }: { call: Call; action: UserAction; actionToken: string }): void {
  const { state, token } = call
  const { orgId, userId } = token
  const { credentialUuid, assertion } = action
  const id = state.nextId('lo')
  const what = `${action.request.method} ${action.request.path}`
  const at = state.clock.now()
  state.logs.set(id, { id, orgId, userId, credentialUuid, action: what, actionToken, assertion, at })
}

function note(what: {
  call: Call
  kind: 'user action signed' | 'user action spent'
  credentialUuid: string
  request: SignedRequest
}): void {
  const { call, kind, credentialUuid, request } = what
  const { orgId, userId, tokenId } = call.token
  const by = { tokenId, credentialUuid }
  const { method, path } = request
  record({
    state: call.state,
    effect: { kind, orgId, userId, credentialUuid, by, request: { method, path } },
  })
}
