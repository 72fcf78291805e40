import { type ErrorCode, RotationError } from '../errors.ts'
import type { Time } from './time.ts'

/**
 * A request to Dfns that did not end well. The text of a reply never gets here: it
 * may repeat what was sent.
 */
export class DfnsFailure extends RotationError {
  /** Method and path, `PUT /auth/credentials/activate`. */
  readonly endpoint: string
  /** Absent where no reply came: then nobody knows whether the request was carried out. */
  readonly status: number | undefined
  readonly retryAfterMs: number

  constructor(
    code: ErrorCode,
    problem: string,
    details: { endpoint: string; status?: number; retryAfterMs?: number; retryable: boolean },
  ) {
    super(code, `Dfns ${details.endpoint}: ${problem}`, { retryable: details.retryable })
    this.endpoint = details.endpoint
    this.status = details.status
    this.retryAfterMs = details.retryAfterMs ?? 0
  }

  /** Dfns heard the request and says that this caller may not (or not like this). */
  get isRefusal(): boolean {
    return this.status !== undefined && this.status >= 400 && this.status < 500 && !this.retryable
  }
}

const requestMs = 10_000
const largestReply = 1_048_576

/** Of what has no pages: an organisation's accounts, 20,000 of them, and an hour of an audit log. */
const largestList = 16 * largestReply
const withoutPages: readonly string[] = ['GET /auth/service-accounts', 'GET /auth/action/logs']

const largestOf = (endpoint: string) => (withoutPages.includes(endpoint) ? largestList : largestReply)
const done: readonly number[] = [200, 201, 204]

/**
 * The `fetch` under @dfns/sdk. The SDK has no time-out and loses the status of an error whose body is not
 * JSON; so every request here has a deadline, goes to `origin` and nowhere else, follows no redirect, and
 * whatever is not success in JSON ends as a `DfnsFailure`.
 */
export function dfnsTransport({ origin, time, read = asItIs, isText = never }: Transport): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const endpoint = `${init?.method ?? 'GET'} ${url.pathname}`
    if (url.origin !== origin)
      throw new RotationError('ERR_BASE_URL', `${endpoint}: not a request to ${origin}`)
    const text = await exchange({ url, init, endpoint, time })
    // The SDK parses every reply, an empty one too.
    const reply = isText(endpoint) ? text : text.trim() === '' ? {} : parsed({ json: text, endpoint })
    return Response.json(read(endpoint, reply))
  }
}

export interface Transport {
  readonly origin: string
  readonly time: Time
  /** What the SDK gets to see of a reply. Throws if the reply is not as documented. */
  readonly read?: (endpoint: string, reply: unknown) => unknown
  /** Whether an endpoint's reply is a text of any form, and not JSON. */
  readonly isText?: (endpoint: string) => boolean
}

const never = () => false

const asItIs = (_endpoint: string, reply: unknown): unknown => reply

/** The text of a reply that reports success. */
async function exchange(request: {
  url: URL
  init: RequestInit | undefined
  endpoint: string
  time: Time
}): Promise<string> {
  const { url, init, endpoint, time } = request
  await time.turn?.()
  const signal = AbortSignal.timeout(Math.max(1, Math.min(requestMs, time.remaining())))
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal })
    time.told?.(limitIn({ response, now: time.now() }))
    if (done.includes(response.status)) return await boundedText({ response, endpoint })
    await response.body?.cancel()
    throw failureOf({ response, endpoint, now: time.now() })
  } catch (error) {
    if (error instanceof RotationError) throw error
    const problem = signal.aborted ? 'no reply in time' : 'the connection failed'
    throw new DfnsFailure('ERR_DFNS_UNAVAILABLE', problem, { endpoint, retryable: true })
  }
}

async function boundedText(of: { response: Response; endpoint: string }): Promise<string> {
  const { response, endpoint } = of
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > largestOf(endpoint)) {
      throw new DfnsFailure('ERR_DFNS_RESPONSE', 'the reply is too large', { endpoint, retryable: true })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function failureOf(of: { response: Response; endpoint: string; now: number }): DfnsFailure {
  const { endpoint, now } = of
  const { status, headers } = of.response
  const problem = `status ${status}`
  if (status === 202) {
    const waiting = `${problem}, the change waits for a policy's approval`
    return new DfnsFailure('ERR_APPROVAL_PENDING', waiting, { endpoint, status, retryable: true })
  }
  if (status === 408 || status === 429 || status >= 500) {
    const retryAfterMs = retryAfter({ header: headers.get('retry-after'), now })
    const details = { endpoint, status, retryAfterMs, retryable: true }
    return new DfnsFailure('ERR_DFNS_UNAVAILABLE', problem, details)
  }
  if (status === 401 || status === 403) {
    return new DfnsFailure('ERR_NOT_ALLOWED', problem, { endpoint, status, retryable: false })
  }
  const redirect = status >= 300 && status < 400 ? ', a redirect, which is not followed' : ''
  return new DfnsFailure('ERR_DFNS_RESPONSE', problem + redirect, { endpoint, status, retryable: false })
}

/** "Rate limits", Dfns API reference; a limit that is no number of requests is none. */
function limitIn({ response: { status, headers }, now }: { response: Response; now: number }) {
  const limit = headers.get('x-ratelimit-limit')
  const retryAfterMs = status === 429 ? retryAfter({ header: headers.get('retry-after'), now }) : 0
  return { limit: limit !== null && /^\d{1,7}$/.test(limit) ? Number(limit) : undefined, retryAfterMs }
}

/** Seconds or an HTTP date (RFC 9110, section 10.2.3). */
function retryAfter({ header, now }: { header: string | null; now: number }): number {
  if (header === null) return 0
  const ms = /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}

function parsed({ json, endpoint }: { json: string; endpoint: string }): unknown {
  try {
    return JSON.parse(json)
  } catch {
    const details = { endpoint, status: 200, retryable: true }
    throw new DfnsFailure('ERR_DFNS_RESPONSE', 'success, but no JSON', details)
  }
}
