import type { WireResponse } from '../wire.ts'
import { oneOf, readBody, textOf } from './body.ts'
import { askerOf } from './approvals.ts'
import type { OpenCall, SignedCall } from './call.ts'
import { takeChallenge } from './challenges.ts'
import { jsonReply, Refusal } from './errors.ts'
import type { CredentialCode } from './model.ts'
import { registerCredential, registrationReply } from './registration.ts'
import { need, record, type State } from './state.ts'

const minute = 60_000

/** Create Credential Code, POST /auth/credentials/code: good for one credential, for a minute at most. */
export function createCredentialCode(call: SignedCall): WireResponse {
  const { state, identity, token } = call
  const expires = expirationOf(readBody({ body: call.request.body })['expiration'])
  const now = state.clock.now()
  if (!(expires > now && expires <= now + minute)) throw new Refusal(400, 'Invalid field: expiration')
  const { by } = askerOf(call)
  const { orgId, userId } = identity
  const code = newCode(state)
  const pat = token.kind === 'Pat' ? { patId: token.tokenId } : {}
  state.codes.set(code, { code, orgId, userId, ...pat, expires, by, used: false })
  record({ state, effect: { kind: 'code created', orgId, userId, by } })
  return jsonReply({ status: 200, body: { code, expiration: new Date(expires).toISOString() } })
}

/** Create Credential Challenge With Code, POST /auth/credentials/code/init, for kind `Key`. */
export function createChallengeWithCode(call: OpenCall): WireResponse {
  const { state, organisation, request } = call
  const { code, userId } = findCode({ state, body: request.body })
  const kind = oneOf({ fields: readBody({ body: request.body }), name: 'credentialKind', among: ['Key'] })
  const about = { purpose: 'credential with code', userId, code } as const
  const identity = need(state.identities, userId)
  return registrationReply({ state, organisation, identity, kind, about })
}

/** Create Credential With Code, POST /auth/credentials/code/verify: uses the code up. */
export function createCredentialWithCode(call: OpenCall): WireResponse {
  const { state, organisation, request } = call
  const identifier = textOf({ fields: readBody({ body: request.body }), name: 'challengeIdentifier' })
  const purpose = 'credential with code'
  const challenge = takeChallenge({ state, organisation, identifier, purpose })
  const code = need(state.codes, challenge.code ?? '')
  refuseSpent({ state, code })
  const { userId, patId, by } = code
  const owner = need(state.identities, userId)
  const reply = registerCredential({
    asker: { state, organisation, initiatorId: userId, by, request },
    owner,
    ...(patId !== undefined && { patId }),
    challenge,
    body: request.body,
  })
  code.used = true
  return reply
}

/** The code that a body names, 403 when there is none or it is over. */
export function findCode({ state, body }: { state: State; body: string }): CredentialCode {
  const code = state.codes.get(textOf({ fields: readBody({ body }), name: 'code' }))
  if (code === undefined) throw new Refusal(403, 'Invalid code')
  refuseSpent({ state, code })
  return code
}

function refuseSpent({ state, code }: { state: State; code: CredentialCode }): void {
  const { isActive } = need(state.identities, code.userId)
  if (code.used || !isActive || state.clock.now() >= code.expires) throw new Refusal(403, 'Invalid code')
}

/** An ISO date or a unix timestamp, in milliseconds. */
function expirationOf(value: unknown): number {
  if (typeof value === 'number') return value * 1000
  return typeof value === 'string' ? Date.parse(value) : Number.NaN
}

/** Three groups of three, as documented. */
function newCode(state: State): string {
  const digits = state
    .nextId('code')
    .replace(/^code|-/g, '')
    .toUpperCase()
  return `${digits.slice(0, 3)}-${digits.slice(3, 6)}-${digits.slice(6, 9)}`
}
