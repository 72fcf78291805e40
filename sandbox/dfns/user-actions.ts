import type { WireResponse } from '../wire.ts'
import { objectOf, oneOf, readBody, textOf } from './body.ts'
import type { Call, SignedCall } from './call.ts'
import { issueChallenge, relyingParty, takeChallenge } from './challenges.ts'
import { jsonReply, Refusal } from './errors.ts'
import type { Challenge, Credential, SignedRequest, UserAction } from './model.ts'
import { signersOf } from './signers.ts'
import { SignatureError, verifyAssertion } from './signatures.ts'
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
  const body = {
    ...issueChallenge({ call, request }),
    rp: relyingParty,
    supportedCredentialKinds: [{ kind: 'Key', factor: 'first', requiresSecondFactor: false }],
    userVerification: 'required',
    attestation: 'direct',
    allowCredentials: { key: allowedKeys(call), webauthn: [], passwordProtectedKey: [] },
    externalAuthenticationUrl: '',
  }
  return jsonReply({ status: 200, body })
}

/** Create User Action Signature, POST /auth/action: 401 for whatever is wrong with the assertion. */
export function signUserAction(call: Call): WireResponse {
  const { state, organisation, token } = call
  const fields = readBody({ body: call.request.body })
  const identifier = textOf({ fields, name: 'challengeIdentifier' })
  const firstFactor = objectOf({ fields, name: 'firstFactor' })
  oneOf({ fields: firstFactor, name: 'kind', among: ['Key'] })
  const assertion = objectOf({ fields: firstFactor, name: 'credentialAssertion' })
  const sent = {
    credId: textOf({ fields: assertion, name: 'credId' }),
    clientData: textOf({ fields: assertion, name: 'clientData' }),
    signature: textOf({ fields: assertion, name: 'signature' }),
  }
  const challenge = takeChallenge({ call, identifier })
  const { credentialUuid } = whoSigned({ call, challenge, sent })
  const { request } = challenge
  if (request === undefined) throw new Refusal(400, 'Challenge token is not valid.')
  if (isDead(call) && !wouldRevive({ call, request })) throw new Refusal(401, 'Unauthorized')

  const id = state.nextId('ua')
  const { orgId, userId, tokenId } = token
  state.userActions.set(id, { id, tokenId, credentialUuid, request, used: false })
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
  note({ call, kind: 'user action spent', credentialUuid: action.credentialUuid, request: action.request })
  return { ...call, action }
}

function allowedKeys(call: Call): { type: 'public-key'; id: string }[] {
  const { allowCredentialsId, allowCredentialsInactive } = call.organisation.switches
  return signersOf({ call, reading: true })
    .filter(({ isActive }) => isActive || allowCredentialsInactive === 'listed')
    .map((credential) => ({ type: 'public-key', id: credential[allowCredentialsId] }))
}

type Assertion = { credId: string; clientData: string; signature: string }

/**
 * The credential that made an assertion. One id may stand for several credentials, where duplicates are
 * allowed.
 */
function whoSigned(made: { call: Call; challenge: Challenge; sent: Assertion }): Credential {
  const { call, challenge, sent } = made
  const byUuid = call.organisation.switches.allowCredentialsId === 'credentialUuid'
  const signer = signersOf({ call, reading: false })
    .filter(({ isActive }) => isActive)
    .filter((it) => it.credentialId === sent.credId || (byUuid && it.credentialUuid === sent.credId))
    .find(({ publicKey }) => holds({ ...sent, publicKey, challenge: challenge.challenge }))
  if (signer === undefined || signer.unaccepted > 0) {
    if (signer) signer.unaccepted -= 1
    throw new Refusal(401, 'Unauthorized')
  }
  return signer
}

function holds(assertion: Parameters<typeof verifyAssertion>[0]): boolean {
  try {
    verifyAssertion(assertion)
    return true
  } catch (error) {
    if (error instanceof SignatureError) return false
    throw error
  }
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
