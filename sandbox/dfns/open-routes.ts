import type { WireRequest, WireResponse } from '../wire.ts'
import { readBody, textOf } from './body.ts'
import type { OpenCall } from './call.ts'
import { findChallenge, notValid } from './challenges.ts'
import { createChallengeWithCode, createCredentialWithCode, findCode } from './codes.ts'
import { Refusal } from './errors.ts'
import { createLoginChallenge, login } from './login.ts'
import type { Organisation } from './model.ts'
import { need, type State } from './state.ts'

type Received = Pick<OpenCall, 'state' | 'request'>

/** An endpoint that needs no token; its organisation is the one whose rate limit and switches apply. */
interface OpenEndpoint {
  organisation(received: Received): Organisation
  answer(call: OpenCall): WireResponse
}

/** The endpoints of Dfns that need no token. */
const openEndpoints: Readonly<Record<string, OpenEndpoint>> = {
  'POST /auth/login/init': { organisation: ofBody, answer: createLoginChallenge },
  'POST /auth/login': { organisation: ofChallenge, answer: login },
  'POST /auth/credentials/code/init': { organisation: ofCode, answer: createChallengeWithCode },
  'POST /auth/credentials/code/verify': { organisation: ofChallenge, answer: createCredentialWithCode },
}

/** The endpoint without a token that a request asks for. */
export function openRoute({ method, path }: WireRequest): OpenEndpoint | undefined {
  return openEndpoints[`${method} ${path.replace(/\?.*$/, '')}`]
}

function ofBody({ state, request }: Received): Organisation {
  const orgId = textOf({ fields: readBody({ body: request.body }), name: 'orgId' })
  const organisation = state.organisations.get(orgId)
  if (organisation === undefined) throw new Refusal(401, 'User not found')
  return organisation
}

function ofChallenge({ state, request }: Received): Organisation {
  const identifier = textOf({ fields: readBody({ body: request.body }), name: 'challengeIdentifier' })
  const challenge = findChallenge({ state, identifier })
  if (challenge === undefined) throw notValid()
  return need(state.organisations, challenge.orgId)
}

function ofCode({ state, request }: { state: State; request: WireRequest }): Organisation {
  return need(state.organisations, findCode({ state, body: request.body }).orgId)
}
