import { inspect } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { RotationError } from '../../lambdas/errors.ts'
import { DfnsFailure, dfnsTransport } from '../../lambdas/ports/dfns-transport.ts'
import type { Time } from '../../lambdas/ports/time.ts'
import { fakeTime } from '../support/time.ts'
import { type Answer, type Loopback, loopback } from './loopback.ts'

const canary = 'canary-52ac-private-value'
const endpoint = 'PUT /auth/credentials/activate'
const start = Date.parse('2026-11-22T12:00:00Z')

const open: Loopback[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

async function serve(reply: Answer): Promise<Loopback> {
  const server = await loopback(() => reply)
  open.push(server)
  return server
}

interface Call {
  readonly server: Loopback
  readonly time?: Time
  readonly to?: string
  readonly init?: RequestInit
}

function call({
  server,
  time = fakeTime({ start }),
  to = server.origin,
  init = {},
}: Call): Promise<Response> {
  const fetchFromDfns = dfnsTransport({ origin: server.origin, time })
  const authorization = `Bearer ${canary}`
  const request = { method: 'PUT', body: JSON.stringify({ canary }), headers: { authorization }, ...init }
  return fetchFromDfns(new URL('/auth/credentials/activate', to), request)
}

async function failureOf(asked: Call): Promise<RotationError> {
  const reason = await call(asked).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (reason instanceof RotationError) return reason
  throw new Error('was not refused by an error of ours')
}

/** The failure that a reply becomes. */
const failed = async (reply: Answer, time?: Time) => {
  const server = await serve(reply)
  const failure = await failureOf({ server, ...(time && { time }) })
  expect(inspect(failure, { depth: null, showHidden: true })).not.toContain(canary)
  expect(failure).toBeInstanceOf(DfnsFailure)
  return failure as DfnsFailure
}

describe('a request', () => {
  test('goes out as the SDK wrote it', async () => {
    const server = await serve({ body: '{}' })
    await call({ server })
    expect(server.requests).toMatchObject([
      { endpoint, headers: { authorization: `Bearer ${canary}` }, body: JSON.stringify({ canary }) },
    ])
  })

  test('may be named by a text, a URL or a Request', async () => {
    const server = await serve({ body: '{}' })
    const fetchFromDfns = dfnsTransport({ origin: server.origin, time: fakeTime() })
    const address = `${server.origin}/auth/credentials`
    for (const input of [address, new URL(address), new Request(address)]) await fetchFromDfns(input)
    expect(server.endpoints).toEqual(Array.from({ length: 3 }, () => 'GET /auth/credentials'))
  })

  test('to another origin never leaves', async () => {
    const [server, other] = [await serve({ body: '{}' }), await serve({ body: '{}' })]
    for (const to of [other.origin, other.origin.replace('127.0.0.1', 'localhost'), 'https://evil.example']) {
      const failure = await failureOf({ server, to })
      expect(failure).toMatchObject({
        code: 'ERR_BASE_URL',
        retryable: false,
        message: `${endpoint}: not a request to ${server.origin}`,
      })
    }
    expect([server.requests, other.requests]).toEqual([[], []])
  })

  test.for([
    [30_000, 10_000],
    [10_001, 10_000],
    [9_999, 9_999],
  ])('is given the time that is left, but ten seconds at most: %i ms left', async ([leftMs, deadline]) => {
    const server = await serve({ body: '{}' })
    const deadlines = vi.spyOn(AbortSignal, 'timeout')
    await call({ server, time: fakeTime({ leftMs: leftMs ?? 0 }) })
    expect(deadlines.mock.calls).toEqual([[deadline]])
    deadlines.mockRestore()
  })
})

describe('success', () => {
  test.for([
    ['200 with JSON', { status: 200, body: '{"a":[1]}' }, { a: [1] }],
    ['201 with JSON', { status: 201, body: '{"a":1}' }, { a: 1 }],
    ['JSON whatever it is called', { body: '{"a":1}', headers: { 'content-type': 'text/html' } }, { a: 1 }],
    ['a JSON value that is no object', { body: 'null' }, null],
    ['200 without a body, which the SDK could not parse', { status: 200 }, {}],
    ['200 with blanks', { status: 200, body: ' \r\n' }, {}],
    ['204', { status: 204 }, {}],
  ] as const)('is %s', async ([, reply, json]) => {
    const response = await call({ server: await serve(reply) })
    expect({ status: response.status, json: await response.json() }).toEqual({ status: 200, json })
  })

  test('may be as long as 1 MiB, and no longer', async () => {
    const ofLength = (length: number) => `"${'x'.repeat(length - 2)}"`
    const response = await call({ server: await serve({ body: ofLength(1_048_576) }) })
    expect(await response.text()).toHaveLength(1_048_576)
    expect(await failed({ body: ofLength(1_048_577) })).toMatchObject({
      code: 'ERR_DFNS_RESPONSE',
      message: `Dfns ${endpoint}: the reply is too large`,
    })
  })

  test('of the list of all service accounts, which has no pages, may be as long as 16 MiB', async () => {
    const list = async (length: number) => {
      const server = await serve({ body: `"${'x'.repeat(length - 2)}"` })
      const fetchFromDfns = dfnsTransport({ origin: server.origin, time: fakeTime({ start }) })
      return fetchFromDfns(new URL('/auth/service-accounts', server.origin))
    }
    const mostOfIt = 16 * 1_048_576
    expect(await (await list(mostOfIt)).text()).toHaveLength(mostOfIt)
    await expect(list(mostOfIt + 1)).rejects.toMatchObject({ code: 'ERR_DFNS_RESPONSE' })
  })

  test.for([
    ['HTML', `<html>${canary}</html>`],
    ['a word', canary],
    ['JSON that is cut', `{"a":"${canary}`],
    ['two values', `{}{"a":"${canary}"}`],
  ])('is not 200 with %s', async ([, body = '']) => {
    const failure = await failed({ body, headers: { 'content-type': 'text/html' } })
    expect(failure).toMatchObject({ code: 'ERR_DFNS_RESPONSE', status: 200, endpoint, isRefusal: false })
    expect(failure.message).toBe(`Dfns ${endpoint}: success, but no JSON`)
  })
})

const statuses: readonly (readonly [number, string, boolean, boolean])[] = [
  ...[205, 206, 300, 304].map((status) => [status, 'ERR_DFNS_RESPONSE', false, false] as const),
  ...[400, 402, 404, 409, 410, 412, 418, 422].map(
    (status) => [status, 'ERR_DFNS_RESPONSE', false, true] as const,
  ),
  ...[401, 403].map((status) => [status, 'ERR_NOT_ALLOWED', false, true] as const),
  ...[408, 429, 500, 502, 503, 504, 599].map(
    (status) => [status, 'ERR_DFNS_UNAVAILABLE', true, false] as const,
  ),
  [202, 'ERR_APPROVAL_PENDING', true, false],
]
const told: Readonly<Record<number, string>> = {
  202: ", the change waits for a policy's approval",
  300: ', a redirect, which is not followed',
  304: ', a redirect, which is not followed',
}
const shapes: readonly (readonly [string, string])[] = [
  ['{error:{id,status,message}}', JSON.stringify({ error: { id: 'e-1', status: 1, message: canary } })],
  ['{error:{message}}', JSON.stringify({ error: { message: canary } })],
  ['{message,details}', JSON.stringify({ message: canary, details: { kind: canary } })],
  ['HTML', `<html><title>${canary}</title></html>`],
  ['nothing', ''],
]

describe.each(statuses)('status %i', (status, code, retryable, isRefusal) => {
  test.for(shapes.filter(([, body]) => ![205, 304].includes(status) || body === ''))(
    'keeps its meaning, and tells nothing of its text: %s',
    async ([, body]) => {
      const failure = await failed({ status, body })
      expect(failure).toMatchObject({ code, status, endpoint, retryable, isRefusal, retryAfterMs: 0 })
      expect(failure.message).toBe(`Dfns ${endpoint}: status ${status}${told[status] ?? ''}`)
    },
  )
})

describe('a redirect', () => {
  test.for([301, 302, 303, 307, 308])('is not followed: %i', async (status) => {
    const target = await serve({ body: '{}' })
    const server = await serve({ status, headers: { location: `${target.origin}/${canary}` } })
    for (const redirect of ['follow', 'manual'] as const) {
      const failure = await failureOf({ server, init: { redirect } })
      expect(failure).toMatchObject({ code: 'ERR_DFNS_RESPONSE', status, retryable: false })
      expect(failure.message).toBe(`Dfns ${endpoint}: status ${status}, a redirect, which is not followed`)
    }
    expect(target.requests).toEqual([])
  })

  test('is not followed on its own origin either', async () => {
    const server = await serve({ status: 307, headers: { location: '/elsewhere' } })
    await failureOf({ server })
    expect(server.endpoints).toEqual([endpoint])
  })
})

describe('Retry-After', () => {
  test.for([
    ['3', 3_000],
    ['0', 0],
    ['86400', 86_400_000],
    ['Sun, 22 Nov 2026 12:00:07 GMT', 7_000],
    ['Sun, 22 Nov 2026 11:59:00 GMT', 0],
    ['Sunday, 22-Nov-26 12:00:07 GMT', 7_000],
    ['soon', 0],
    ['-5', 0],
    ['1.5', 0],
    ['Infinity', 0],
    ['', 0],
  ] as const)('%s is %i ms', async ([header, ms]) => {
    for (const status of [429, 503]) {
      const failure = await failed({ status, headers: { 'retry-after': header } })
      expect(failure.retryAfterMs).toBe(ms)
    }
  })

  test('counts only where Dfns is unavailable', async () => {
    expect((await failed({ status: 403, headers: { 'retry-after': '3' } })).retryAfterMs).toBe(0)
  })
})

describe('where no reply came, nobody knows whether the request was carried out', () => {
  const unknown = {
    code: 'ERR_DFNS_UNAVAILABLE',
    status: undefined,
    endpoint,
    retryable: true,
    isRefusal: false,
  }

  test.for(['cut', 'cut within'] as const)('the connection is %s', async (reply) => {
    const failure = await failed(reply)
    expect(failure).toMatchObject(unknown)
    expect(failure.message).toBe(`Dfns ${endpoint}: the connection failed`)
  })

  test('nobody listens', async () => {
    const server = await serve({ body: '{}' })
    await Promise.all(open.splice(0).map((one) => one.close()))
    const failure = await failureOf({ server })
    expect(failure).toMatchObject(unknown)
    expect(failure.message).toBe(`Dfns ${endpoint}: the connection failed`)
  })

  test.for(['never', 'never ends'] as const)('the reply %s, and the time is over', async (reply) => {
    const failure = await failed(reply, fakeTime({ leftMs: 30 }))
    expect(failure).toMatchObject(unknown)
    expect(failure.message).toBe(`Dfns ${endpoint}: no reply in time`)
  })

  test('no time was left', async () => {
    expect(await failed('never', fakeTime({ leftMs: 0 }))).toMatchObject(unknown)
  })
})
