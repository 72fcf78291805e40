import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { awsClientOptions } from '../../lambdas/ports/aws-client.ts'
import type { WireRequest, WireResponse } from '../../sandbox/wire.ts'
import { currentInvocation } from './invocation.ts'

// What the three AWS SDK clients do for the functions, without the SDK: a schedule makes a hundred calls, and most of
// its time would go into the SDK's layers, which are nobody's subject here. `direct-clients.test.ts` holds every
// operation and every way to fail against the SDK's own clients, and `npm run prove` runs some of all faults with those.

type Input = Readonly<Record<string, unknown>>
type SendRequest = (request: WireRequest) => Promise<WireResponse>

/** A command of the SDK, of which only the class's name and the input count. */
interface Command {
  readonly input: object
}

const operationOf = (command: Command): string => command.constructor.name.replace(/Command$/, '')

const awsJson = (service: 'secretsmanager' | 'ssm', prefix: string) => (operation: string, input: Input) => ({
  service,
  operation,
  method: 'POST',
  path: '/',
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${prefix}.${operation}` },
  body: JSON.stringify(input),
})

const methods: Readonly<Record<string, string>> = {
  CreateSchedule: 'POST',
  UpdateSchedule: 'PUT',
  DeleteSchedule: 'DELETE',
}

/** Names in a query, by operation; what else is in the input is the body's. */
const inQuery: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  GetSchedule: { GroupName: 'groupName' },
  DeleteSchedule: { GroupName: 'groupName', ClientToken: 'clientToken' },
  ListSchedules: {
    GroupName: 'ScheduleGroup',
    NamePrefix: 'NamePrefix',
    MaxResults: 'MaxResults',
    NextToken: 'NextToken',
  },
}

/** restJson1: the name in the path, the rest in the query or in the body. */
function restJson(operation: string, input: Input): WireRequest {
  const { Name, ...rest } = input as Readonly<Record<string, string | number>>
  const method = methods[operation] ?? 'GET'
  const given = method === 'GET' ? rest : { ClientToken: randomUUID(), ...rest }
  const names = inQuery[operation]
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(names ? given : {}))
    if (value !== undefined) query.set(names?.[name] ?? name, String(value))
  const pathname = Name === undefined ? '/schedules' : `/schedules/${encodeURIComponent(String(Name))}`
  return {
    service: 'scheduler',
    operation,
    method,
    path: query.size > 0 ? `${pathname}?${query.toString()}` : pathname,
    headers: { 'content-type': 'application/json' },
    body: names ? '' : JSON.stringify(given),
  }
}

const unsaid = /Date":|"SecretBinary":/

/** What JSON cannot say: moments, which the services send in seconds, and bytes. */
function revived(name: string, value: unknown): unknown {
  if (typeof value === 'number' && name.endsWith('Date')) return new Date(value * 1_000)
  return name === 'SecretBinary' ? new Uint8Array(Buffer.from(String(value), 'base64')) : value
}

function failureOf({ status, headers = {}, body }: WireResponse): Error {
  const { message, Message } = JSON.parse(body) as { message?: string; Message?: string }
  const error = new Error(message ?? Message ?? 'UnknownError')
  const name = headers['x-amzn-errortype'] ?? 'UnknownError'
  return Object.assign(error, { name, $metadata: { httpStatusCode: status } })
}

function isTransient(error: unknown): boolean {
  const { name, code, $metadata } = error as { name: string; code?: string; $metadata?: Metadata }
  const status = $metadata?.httpStatusCode
  if (status !== undefined) return name === 'ThrottlingException' || status === 429 || status >= 500
  return name === 'TimeoutError' || code === 'ECONNRESET'
}

interface Metadata {
  readonly httpStatusCode?: number
}

/** A client of one service: `send`, which is all that the functions use of it. */
function client(parts: { requestOf: (operation: string, input: Input) => WireRequest; send: SendRequest }) {
  const { requestOf, send } = parts
  const attempt = async (request: WireRequest): Promise<unknown> => {
    const reply = await send(request)
    if (reply.status >= 300) throw failureOf(reply)
    if (reply.body === '') return {}
    return unsaid.test(reply.body) ? JSON.parse(reply.body, revived) : JSON.parse(reply.body)
  }
  return {
    async send(command: Command): Promise<unknown> {
      const request = requestOf(operationOf(command), command.input as Input)
      for (let count = 1; ; count++) {
        try {
          return await attempt(request)
        } catch (error) {
          if (!isTransient(error) || count >= awsClientOptions.maxAttempts) throw error
          await pause({ error, count })
        }
      }
    },
  }
}

const longestPauseMs = 20_000

/**
 * The SDK's standard one: exponential, by lot, from a second on for what was throttled. It passes on the clock of the
 * invocation that waits; outside of any nobody's clock moves.
 */
function pause({ error, count }: { error: unknown; count: number }): Promise<unknown> {
  const time = currentInvocation()?.time
  if (time === undefined) return setImmediate()
  const { name } = error as { name: string }
  const base = /^(ThrottlingException|TooManyRequestsException)$/.test(name) ? 1_000 : 50
  return time.sleep(time.random() * Math.min(longestPauseMs, base * 2 ** (count - 1)))
}

/** Clients whose requests go straight to `send`. */
export const directClients = (send: SendRequest) => ({
  secretsManager: client({ requestOf: awsJson('secretsmanager', 'secretsmanager'), send }),
  ssm: client({ requestOf: awsJson('ssm', 'AmazonSSM'), send }),
  scheduler: client({ requestOf: restJson, send }),
})
