import type { WireRequest, WireResponse } from '../../../sandbox/wire.ts'
import { type Mutation, mutated } from './mutation.ts'

/** What becomes of one reply on its way, as data. */
export type Mangling =
  | { readonly what: 'body'; readonly mutation: Mutation }
  | { readonly what: 'text'; readonly text: string }
  /** Of every repetition, too: another page, always. */
  | { readonly what: 'pages' }
  | { readonly what: 'status'; readonly status: number; readonly text?: string }
  | { readonly what: 'redirect'; readonly status: number; readonly to: string }
  | { readonly what: 'header'; readonly name: string; readonly value: string }
  | { readonly what: 'echo'; readonly status: number }

export const foreignHost = 'foreign-host.test'

/** The reply as it arrives. `pool`: texts that may take another's place. */
export function mangled(of: {
  request: WireRequest
  reply: WireResponse
  mangling: Mangling
  pool: readonly string[]
}): WireResponse {
  const { request, reply, mangling, pool } = of
  const { status, headers = {}, body } = reply
  switch (mangling.what) {
    case 'body':
      return { ...reply, body: mutated(body, mangling.mutation, pool) }
    case 'text':
      return { ...reply, body: mangling.text }
    case 'pages':
      return { ...reply, body: withMorePages(body) }
    case 'status':
      return { ...reply, status: mangling.status, body: mangling.text ?? body }
    case 'redirect':
      return { ...reply, status: mangling.status, headers: { ...headers, location: mangling.to } }
    case 'header':
      return { ...reply, headers: { ...headers, [mangling.name]: mangling.value } }
    case 'echo':
      return { status: mangling.status, headers, body: echoOf(request, status) }
  }
}

function withMorePages(body: string): string {
  try {
    const fields = JSON.parse(body) as object
    return JSON.stringify({ ...fields, nextPageToken: 'again', NextToken: 'again' })
  } catch {
    return body
  }
}

/** An error that repeats all that was sent, as verbose services do. */
function echoOf({ operation, headers, body }: WireRequest, status: number): string {
  const sent = JSON.stringify({ operation, headers, body })
  const named = { message: sent, error: { message: sent, name: sent }, __type: 'InternalServiceError' }
  return JSON.stringify({ ...named, status })
}
