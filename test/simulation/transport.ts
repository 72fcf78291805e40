import { SchedulerClient } from '@aws-sdk/client-scheduler'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SSMClient } from '@aws-sdk/client-ssm'
import { awsClientOptions } from '../../lambdas/ports/aws-client.ts'
import { schedulerOperation } from '../../sandbox/scheduler/routes.ts'
import type { WireRequest, WireResponse } from '../../sandbox/wire.ts'
import { directClients } from './direct-clients.ts'
import { currentInvocation, limits, never, type Send, spend } from './invocation.ts'

/** A request that got no reply: Node's own error for a connection that broke. */
export const connectionLost = () => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })

/** A request that got no reply in time, under the name that the SDK's handler gives it. */
export const timedOut = () => Object.assign(new Error('Connection timed out'), { name: 'TimeoutError' })

interface SdkRequest {
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

const targets: Readonly<Record<string, WireRequest['service']>> = {
  secretsmanager: 'secretsmanager',
  AmazonSSM: 'ssm',
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function textOf(body: unknown): string {
  if (body instanceof Uint8Array) return new TextDecoder().decode(body)
  return typeof body === 'string' ? body : ''
}

function awsRequest({ method, path: pathname, query, headers, body }: SdkRequest): WireRequest {
  const search = new URLSearchParams(query as Record<string, string> | undefined).toString()
  const path = search === '' ? pathname : `${pathname}?${search}`
  const named = lowerCase(headers)
  const [prefix = '', operation = ''] = (named['x-amz-target'] ?? '').split('.')
  const service = targets[prefix] ?? 'scheduler'
  const sent = { method, path, headers: named, body: textOf(body) }
  return { ...sent, service, operation: operation || (schedulerOperation({ method, path }) ?? '') }
}

/**
 * The SDK's standard retries, counted as `awsClientOptions` says, without its real pauses: they pass on the
 * invocation's own clock. Its token bucket, which a single invocation cannot empty, is left out.
 */
const retryStrategy = {
  mode: 'standard',
  acquireInitialRetryToken: async () => retryToken(0),
  refreshRetryTokenForRetry: async (
    token: ReturnType<typeof retryToken>,
    { errorType }: { errorType: string },
  ) => {
    const count = token.getRetryCount() + 1
    const isTransient = errorType === 'THROTTLING' || errorType === 'TRANSIENT'
    if (!isTransient || count >= awsClientOptions.maxAttempts) throw new Error('No retry token available')
    await currentInvocation()?.time.sleep(100 * 2 ** count)
    return retryToken(count)
  },
  recordSuccess: () => {},
}

const retryToken = (count: number) => ({ getRetryCount: () => count, getRetryDelay: () => 0 })

/** Takes a request of an AWS client to the world of the invocation that makes it. */
async function toWorld(request: WireRequest): Promise<WireResponse> {
  assertInTime()
  const invocation = currentInvocation()
  if (invocation === undefined) throw new Error('an AWS client was used outside of an invocation')
  return invocation.send(request)
}

export type AwsClients = ReturnType<typeof sdkClients>

/**
 * Two sets of AWS clients: the SDK's own, and such as do the same without it. As in a warm Lambda they are made once, and
 * kept.
 */
export const awsClients = {
  sdk: sdkClients(toWorld),
  direct: directClients(toWorld) as unknown as AwsClients,
} as const

/** Real AWS clients. They sign for nobody: the sandbox does not look. */
export function sdkClients(send: Send) {
  const requestHandler = {
    handle: async (request: SdkRequest) => {
      const { status, headers = {}, body } = await send(awsRequest(request))
      return { response: { statusCode: status, headers: { ...headers }, body: Buffer.from(body) } }
    },
    httpHandlerConfigs: () => ({}),
    updateHttpClientConfig: () => {},
    destroy: () => {},
  }
  const options = {
    region: 'eu-west-1',
    endpoint: 'http://aws.simulation',
    credentials: { accessKeyId: 'simulation', secretAccessKey: 'simulation' },
    signer: { sign: async <T>(request: T): Promise<T> => request },
    maxAttempts: awsClientOptions.maxAttempts,
    retryStrategy,
    requestHandler: requestHandler as never,
  }
  return {
    secretsManager: new SecretsManagerClient(options),
    ssm: new SSMClient(options),
    scheduler: new SchedulerClient(options),
  }
}

/** Every request has a deadline: that of its invocation, if no earlier one. */
function assertInTime(): void {
  const invocation = currentInvocation()
  if (invocation !== undefined && invocation.time.remaining() === 0) {
    throw Object.assign(new Error('Request aborted'), { name: 'AbortError' })
  }
}

/** How long a request is waited for that is never answered. */
export function waitInVain(service: WireRequest['service']): void {
  const invocation = currentInvocation()
  if (invocation === undefined) return
  const limit = service === 'dfns' ? limits.dfns : limits.aws
  spend(invocation, Math.min(limit, invocation.time.remaining()))
}

const worlds = new Map<string, Send>()
/** Of worlds that have been closed: what is in a document does not differ from schedule to schedule for its origin. */
const free: string[] = []
let count = 0
let network: typeof fetch | undefined

/** A loopback origin that is this world's Dfns for `fetch`. No socket is opened; `close` forgets the world. */
export function openOrigin(send: Send): { origin: string; close: () => void } {
  const origin = free.pop() ?? newOrigin()
  worlds.set(origin, send)
  if (network === undefined) {
    network = globalThis.fetch
    globalThis.fetch = route
  }
  const close = () => {
    if (worlds.delete(origin)) free.push(origin)
  }
  return { origin, close }
}

function newOrigin(): string {
  count += 1
  // The whole of 127.0.0.0/8 is loopback, and a policy may name plain http there.
  return `http://127.${(count >> 16) & 255}.${(count >> 8) & 255}.${count & 255}`
}

const route: typeof fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input)
  const send = worlds.get(url.origin)
  if (send === undefined) return (network ?? fetch)(input, init)
  const invocation = currentInvocation()
  // An invocation that failed may have left a request under way, which outlives its world.
  if (invocation !== undefined && invocation.send !== send) return never()
  assertInTime()
  const method = init?.method ?? 'GET'
  const { status, headers, body } = await send({
    service: 'dfns',
    operation: `${method} ${url.pathname}`,
    method,
    path: url.pathname + url.search,
    headers: headersOf(init?.headers),
    body: typeof init?.body === 'string' ? init.body : '',
  })
  return replyOf({ status, headers: lowerCase(headers ?? {}), body })
}

/** Of a plain object the names in lower case, as Headers has them. */
function headersOf(headers: RequestInit['headers']): Record<string, string> {
  const isPlain = headers !== undefined && !(headers instanceof Headers) && !Array.isArray(headers)
  return isPlain ? lowerCase(headers as Record<string, string>) : Object.fromEntries(new Headers(headers))
}

/**
 * As much of a Response as the functions' own transport reads. What @dfns/sdk gets to see is a real one, which that
 * makes; a stream of the platform's for every reply takes longer than the rest of the call.
 */
function replyOf(reply: {
  status: number
  headers: Readonly<Record<string, string>>
  body: string
}): Response {
  const { status, headers, body } = reply
  const chunks = {
    async *[Symbol.asyncIterator]() {
      yield Buffer.from(body)
    },
    cancel: async () => {},
  }
  const get = (name: string) => headers[name.toLowerCase()] ?? null
  return { status, headers: { get }, body: chunks } as unknown as Response
}
