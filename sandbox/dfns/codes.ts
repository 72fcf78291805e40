import type { WireResponse } from '../wire.ts'
import { oneOf, readBody, textOf } from './body.ts'
import { askerOf } from './approvals.ts'
import type { OpenCall, SignedCall } from './call.ts'
import { takeChallenge } from './challenges.ts'
import { jsonReply, Refusal } from './errors.ts'
import type { Actor, CredentialCode, Identity } from './model.ts'
import { registerCredential, registrationReply } from './registration.ts'
import { kindsFor } from './signers.ts'
import { need, record, type State } from './state.ts'

const minute = 60_000

/** Create Credential Code, POST /auth/credentials/code: good for one credential, for a minute at most. */
export function createCredentialCode(call: SignedCall): WireResponse {
  const { state, identity, token } = call
  const expires = expirationOf(readBody({ body: call.request.body })['expiration'])
  const now = state.clock.now()
  if (!(expires > now && expires <= now + minute)) throw new Refusal(400, 'Invalid field: expiration')
  const { by } = askerOf(call)
  const pat = token.kind === 'Pat' ? { patId: token.tokenId } : {}
  const { code } = issueCode({ state, owner: identity, expires, by, ...pat })
  return jsonReply({ status: 200, body: { code, expiration: new Date(expires).toISOString() } })
}

/**
 * Create Credential Challenge With Code, POST /auth/credentials/code/init with `{code, credentialKind}`: no
 * token, no signature, from any origin. It may be asked again while the code lasts; 403 `Invalid code` when
 * there is no such code, or it was used, or its time is over.
 */
export function createChallengeWithCode(call: OpenCall): WireResponse {
  const { state, organisation, request } = call
  const { code, userId, patId } = findCode({ state, body: request.body })
  const identity = need(state.identities, userId)
  const among = kindsFor({ identity, ofPat: patId !== undefined })
  const kind = oneOf({ fields: readBody({ body: request.body }), name: 'credentialKind', among })
  const about = { purpose: 'credential with code', userId, code, kind } as const
  return registrationReply({ state, organisation, identity, kind, about })
}

/**
 * Create Credential With Code, POST /auth/credentials/code/verify, with the body of Create Credential: uses
 * the code up, unless the registration is refused. The code must still last at this moment.
 */
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

/** Makes a code; `expires` is in milliseconds. */
export function issueCode(given: {
  state: State
  owner: Identity
  patId?: string
  expires: number
  by: Actor
}): { code: string } {
  const { state, owner, by, ...rest } = given
  const { orgId, userId } = owner
  const code = newCode(state)
  state.codes.set(code, { ...rest, code, orgId, userId, by, used: false })
  record({ state, effect: { kind: 'code created', orgId, userId, by } })
  return { code }
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
