/** One HTTP request as a sandbox service sees it. The body is text, exactly as it was sent. */
export interface WireRequest {
  readonly service: 'secretsmanager' | 'ssm' | 'scheduler' | 'lambda' | 'logs' | 'dfns'
  /** The AWS operation (`PutSecretValue`) or, for Dfns, method and path (`POST /auth/credentials`). */
  readonly operation: string
  readonly method: string
  /** Path and query, undecoded. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface WireResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** A service: state lives elsewhere, this turns one request into one reply. */
export type WireHandler = (request: WireRequest) => WireResponse | Promise<WireResponse>

/**
 * The fault model. A fault strikes one request:
 * - `refused`: the service answers that the caller may not, nothing is done;
 * - `throttled`: the service answers that there were too many requests, nothing is done;
 * - `lost-before`: the connection breaks before the service hears of it;
 * - `lost-after`: the service does it, the reply is lost;
 * - `killed-before`, `killed-after`: as the two above, and the calling process dies at that moment;
 * - a reply: this is answered in the service's place, nothing is done.
 */
export type Fault =
  | 'refused'
  | 'throttled'
  | 'lost-before'
  | 'lost-after'
  | 'killed-before'
  | 'killed-after'
  | { readonly reply: WireResponse }

/**
 * Asked before every request; `index` counts the requests of all services since the sandbox started, from 0.
 */
export type FaultPlan = (call: WireRequest & { readonly index: number }) => Fault | undefined

export interface CallRecord {
  readonly index: number
  readonly request: WireRequest
  readonly fault?: Fault
  /**
   * The status that was, or would have been, answered; absent when the service never heard of the request.
   */
  readonly status?: number
}
