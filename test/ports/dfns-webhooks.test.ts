import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { RotationError } from '../../lambdas/errors.ts'
import { dfnsOf } from '../../lambdas/ports/dfns-session.ts'
import { type Webhooks, webhooksOf } from '../../lambdas/ports/dfns-webhooks.ts'
import { fixedKey } from '../crypto/fixed-key.ts'
import { fakeTime } from '../support/time.ts'
import { type Answer, type Loopback, loopback } from './loopback.ts'

const canary = 'canary-41aa-private-value'
const authToken = `${canary}.eyJh.c2ln`
const id = 'wh-11111-22222-abcdef'
const settings = {
  url: 'https://receiver.test/hook',
  events: ['novel.kind', '*'],
  status: 'Disabled',
  description: 'payments',
} as const

const item = { id, ...settings, dateCreated: '2026-11-22T00:00:00.000Z', dateUpdated: '2026-11-22T01:00:00Z' }
const read = { id, ...settings, dateCreated: Date.UTC(2026, 10, 22), dateUpdated: Date.UTC(2026, 10, 22, 1) }
const event = { id: 'whe-1', date: '2026-11-22T00:00:00Z', kind: canary, data: { canary } }
const next = '2026-11-23T00:00:00Z'
const challenge = {
  challenge: 'Y2hhbGxlbmdl',
  challengeIdentifier: 'identifier-1',
  allowCredentials: { key: [], webauthn: [] },
}
const good: Readonly<Record<string, unknown>> = {
  'POST /auth/action/init': challenge,
  'POST /auth/action': { userAction: 'user-action-token' },
  'POST /auth/login/init': challenge,
  'POST /auth/login': { token: authToken },
  'POST /webhooks': { ...item, secret: 'whs-secret-text' },
  'GET /webhooks': { items: [item] },
  [`GET /webhooks/${id}`]: { ...item, description: undefined },
  [`PUT /webhooks/${id}`]: { ...item, secret: canary },
  [`DELETE /webhooks/${id}`]: { deleted: true },
  [`POST /webhooks/${id}/ping`]: { status: '401', error: canary },
  [`GET /webhooks/${id}/events?deliveryFailed=true`]: { items: [event], nextPageToken: 'page-2' },
  [`GET /webhooks/${id}/events?deliveryFailed=true&paginationToken=page-2`]: {
    items: [{ ...event, nextAttemptDate: next }],
  },
}
const ok = (body: unknown): Answer => ({ body: JSON.stringify(body) })

const open: Loopback[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

/** A Dfns that answers each endpoint with the given answers in turn, and then as documented. */
async function worldOf(script: Readonly<Record<string, readonly Answer[]>> = {}) {
  const left = new Map(Object.entries(script).map(([endpoint, answers]) => [endpoint, [...answers]]))
  const server = await loopback(({ endpoint }) => left.get(endpoint)?.shift() ?? ok(good[endpoint]))
  open.push(server)
  const time = fakeTime({ leftMs: 60_000 })
  const as = webhooksOf({ time, dfnsAs: dfnsOf(time) })
  const identity = { origin: server.origin, credId: 'Y2kx', key: fixedKey }
  const login = { orgId: 'or-1', username: 'person' }
  return {
    server,
    answerNext: (endpoint: string, answer: Answer) => left.set(endpoint, [answer]),
    time,
    webhooks: as({ ...identity, authToken }),
    asUser: as({ ...identity, authToken: login }),
  }
}

async function failureOf(asked: Promise<unknown>): Promise<RotationError> {
  const reason = await asked.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(reason instanceof RotationError)) throw new Error('was not refused by an error of ours')
  expect(inspect(reason, { depth: null, showHidden: true })).not.toContain(canary)
  return reason
}

const signed = ['POST /auth/action/init', 'POST /auth/action']
type Method = readonly [
  name: string,
  call: (webhooks: Webhooks) => Promise<unknown>,
  endpoints: readonly string[],
  reply: unknown,
]
const methods: readonly Method[] = [
  [
    'createWebhook',
    (webhooks) => webhooks.createWebhook(settings),
    [...signed, 'POST /webhooks'],
    { ...read, secret: 'whs-secret-text' },
  ],
  ['listWebhooks', (webhooks) => webhooks.listWebhooks(), ['GET /webhooks'], [read]],
  [
    'getWebhook',
    (webhooks) => webhooks.getWebhook(id),
    [`GET /webhooks/${id}`],
    { ...read, description: '' },
  ],
  [
    'updateWebhook',
    (webhooks) => webhooks.updateWebhook(id, { status: 'Enabled' }),
    [...signed, `PUT /webhooks/${id}`],
    read,
  ],
  [
    'deleteWebhook',
    (webhooks) => webhooks.deleteWebhook(id),
    [...signed, `DELETE /webhooks/${id}`],
    undefined,
  ],
  ['pingWebhook', (webhooks) => webhooks.pingWebhook(id), [...signed, `POST /webhooks/${id}/ping`], '401'],
  [
    'listFailedEvents',
    (webhooks) => webhooks.listFailedEvents(id),
    [`GET /webhooks/${id}/events?deliveryFailed=true`],
    { items: [{ id: 'whe-1', date: Date.UTC(2026, 10, 22) }], nextPageToken: 'page-2' },
  ],
]
const own = (endpoints: readonly string[]) => endpoints.at(-1) ?? ''

describe.each(methods)('%s', (name, call, endpoints, reply) => {
  test('asks for what it needs, once, and answers what is used of the reply', async () => {
    const { server, webhooks, time } = await worldOf()
    expect(await call(webhooks)).toEqual(reply)
    expect(server.endpoints).toEqual(endpoints)
    for (const { headers } of server.requests) expect(headers.authorization).toBe(`Bearer ${authToken}`)
    expect(time.pauses).toEqual([])
  })

  test('speaks with the session of a user who logs in', async () => {
    const { server, asUser } = await worldOf()
    expect(await call(asUser)).toEqual(reply)
    expect(server.endpoints).toEqual(['POST /auth/login/init', 'POST /auth/login', ...endpoints])
  })

  test.for([
    { waited: 30_000, calls: 2, what: 'once more in a new session, where the one it has may have ended' },
    { waited: 29_000, calls: 1, what: 'once, where the session is too young to have ended' },
  ])('asks $what', async ({ waited, calls }) => {
    const tokens = [authToken, `${authToken}.new`].map((token) => ok({ token }))
    const { server, answerNext, asUser, time } = await worldOf({ 'POST /auth/login': tokens })
    await asUser.getWebhook(id)
    await time.sleep(waited)
    answerNext(own(endpoints), { status: 401, body: '{}' })
    const outcome = await call(asUser).catch(() => 'refused')
    expect(outcome).toEqual(calls === 2 ? reply : 'refused')
    expect(server.endpoints.filter((endpoint) => endpoint === 'POST /auth/login')).toHaveLength(calls)
  })

  test.for([401, 403, 404, 409])('does not repeat what was refused with %i', async (status) => {
    const { server, webhooks } = await worldOf({
      [own(endpoints)]: [{ status, body: JSON.stringify({ canary }) }],
    })
    expect(await failureOf(call(webhooks))).toMatchObject({ status, retryable: false })
    expect(server.endpoints).toEqual(endpoints)
  })

  test.for<Answer>([{ status: 503 }, { status: 429, headers: { 'retry-after': '1' } }, 'cut'])(
    'repeats what may have been lost (%j), unless a second one would make a second webhook',
    async (answer) => {
      const { server, webhooks } = await worldOf({ [own(endpoints)]: [answer] })
      const isCreation = name === 'createWebhook'
      const isCertain = typeof answer !== 'string' && answer.status === 429
      const asked = isCreation && !isCertain ? failureOf(call(webhooks)) : call(webhooks)
      await asked
      const times = server.endpoints.filter((endpoint) => endpoint === own(endpoints)).length
      expect(times).toBe(isCreation && !isCertain ? 1 : 2)
    },
  )
})

test('creation is repeated where the signature before it failed', async () => {
  const { server, webhooks } = await worldOf({ 'POST /auth/action': [{ status: 503 }] })
  await webhooks.createWebhook(settings)
  expect(server.endpoints.filter((endpoint) => endpoint === 'POST /webhooks')).toHaveLength(1)
})

test('what is signed is the very body that is sent', async () => {
  const { server, webhooks } = await worldOf()
  await webhooks.createWebhook(settings)
  const [init, , creation] = server.requests.map(({ body }) => body)
  expect(JSON.parse(init ?? '')).toMatchObject({
    userActionPayload: creation,
    userActionHttpPath: '/webhooks',
  })
  expect(JSON.parse(creation ?? '')).toEqual(settings)
})

test('a list is read to its end, page by page', async () => {
  const { server, webhooks } = await worldOf({
    'GET /webhooks': [ok({ items: [item], nextPageToken: 'page-2' })],
    'GET /webhooks?paginationToken=page-2': [ok({ items: [{ ...item, id: 'wh-2' }] })],
  })
  expect((await webhooks.listWebhooks()).map((webhook) => webhook.id)).toEqual([id, 'wh-2'])
  expect(server.endpoints).toHaveLength(2)
})

test('what is not there may be null, or empty', async () => {
  const events = { items: [{ ...event, nextAttemptDate: null }], nextPageToken: '' }
  const { webhooks } = await worldOf({
    'GET /webhooks': [ok({ items: [item], nextPageToken: null })],
    [`GET /webhooks/${id}/events?deliveryFailed=true`]: [ok(events)],
  })
  expect(await webhooks.listWebhooks()).toHaveLength(1)
  const { items, nextPageToken } = await webhooks.listFailedEvents(id)
  expect([items[0]?.nextAttemptDate, nextPageToken]).toEqual([undefined, undefined])
})

test('a list whose next page is always the same is not followed for ever', async () => {
  const again = ok({ items: [], nextPageToken: 'page-2' })
  const { server, webhooks } = await worldOf({
    'GET /webhooks': [again],
    'GET /webhooks?paginationToken=page-2': [again, again],
    [`GET /webhooks/${id}/events?deliveryFailed=true&paginationToken=page-2`]: [again],
  })
  const undocumented = { code: 'ERR_DFNS_RESPONSE', retryable: false }
  await expect(webhooks.listWebhooks()).rejects.toMatchObject(undocumented)
  expect(server.endpoints).toHaveLength(2)
  await expect(webhooks.listFailedEvents(id, 'page-2')).rejects.toMatchObject(undocumented)
})

test('a page of events begins where it is told', async () => {
  const { webhooks } = await worldOf()
  const page = await webhooks.listFailedEvents(id, 'page-2')
  expect(page.items.map(({ nextAttemptDate }) => nextAttemptDate)).toEqual([Date.parse(next)])
  expect(page.nextPageToken).toBeUndefined()
})

test("a ping's status may be a number", async () => {
  const { webhooks } = await worldOf({ [`POST /webhooks/${id}/ping`]: [ok({ status: 200 })] })
  expect(await webhooks.pingWebhook(id)).toBe('200')
})

test.for([
  ['POST /webhooks', { ...item, secret: undefined }],
  ['POST /webhooks', { ...item, secret: 'short' }],
  [`GET /webhooks/${id}`, { ...item, status: 'Paused' }],
  [`GET /webhooks/${id}`, { ...item, dateUpdated: 'yesterday' }],
  [`GET /webhooks/${id}`, { ...item, id: '../wh-1' }],
  ['GET /webhooks', { items: item }],
  [`POST /webhooks/${id}/ping`, { status: true }],
  [`GET /webhooks/${id}/events?deliveryFailed=true`, { items: [{ ...event, nextAttemptDate: 'soon' }] }],
] as const)('a reply that is not as documented is not believed: %s %j', async ([endpoint, reply]) => {
  const { webhooks } = await worldOf({ [endpoint]: [ok(reply)] })
  const [, call] = methods.find(([, , endpoints]) => own(endpoints) === endpoint) ?? []
  if (call === undefined) throw new Error('no method asks for this')
  expect(await failureOf(call(webhooks))).toMatchObject({ code: 'ERR_DFNS_RESPONSE', retryable: false })
})
