import type { Reader } from './fields.ts'
import { Problem, type ProblemCode } from './problems.ts'
import { errorMessage } from './replies.ts'

/** One request to Dfns. */
export interface ApiRequest<T> {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  /** The very text that a user action was signed for, if it was. */
  readonly body?: string
  readonly token?: string
  readonly userAction?: string
  /** Reads what a 200 carries. */
  readonly read: Reader<T>
  /** What an error status means at this endpoint, where it means something of its own. */
  readonly means?: (refusal: { status: number; message: string }) => ProblemCode | undefined
}

export type Send = <T>(request: ApiRequest<T>) => Promise<T>

const timeoutMs = 20_000

/** Sends requests to one origin; whatever is no 200 with the expected body becomes a `Problem`. */
export function createSend({ apiUrl, fetch }: { apiUrl: string; fetch: typeof globalThis.fetch }): Send {
  return async <T>(request: ApiRequest<T>): Promise<T> => {
    const { status, text } = await exchange({ apiUrl, fetch, request })
    if (status === 200) return request.read(json(text))
    throw refusal({ status, message: errorMessage(lenient(text)), request })
  }
}

async function exchange({
  apiUrl,
  fetch,
  request,
}: {
  apiUrl: string
  fetch: typeof globalThis.fetch
  request: ApiRequest<unknown>
}): Promise<{ status: number; text: string }> {
  const { method, path, body, token, userAction } = request
  try {
    const response = await fetch(`${apiUrl}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(userAction !== undefined && { 'x-dfns-useraction': userAction }),
      },
      ...(body !== undefined && { body }),
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
      signal: AbortSignal.timeout(timeoutMs),
    })
    return { status: response.status, text: await response.text() }
  } catch {
    throw new Problem('unreachable')
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Problem('unreadable')
  }
}

function lenient(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function refusal(given: {
  status: number
  message: string
  request: Pick<ApiRequest<unknown>, 'means' | 'method'>
}): Problem {
  const { status, message, request } = given
  const meant = request.means?.({ status, message }) ?? usualMeaning({ status, message })
  // Nothing that is only read awaits an approval.
  return new Problem(meant === 'awaiting-approval' && request.method === 'GET' ? 'unreadable' : meant, status)
}

function usualMeaning({ status, message }: { status: number; message: string }): ProblemCode {
  if (status === 202) return 'awaiting-approval'
  if (status === 429) return 'throttled'
  if (status >= 500) return 'failed-there'
  if (status < 400) return 'unreadable'
  if (/account has been deactivated/i.test(message)) return 'account-deactivated'
  if (/challenge token is not valid/i.test(message)) return 'challenge-over'
  if (status === 409 || /already been used/i.test(message)) return 'already-done'
  return status === 401 ? 'session-over' : 'refused'
}
