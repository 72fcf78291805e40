import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createWorld, kind as kindWorld } from './world.ts'
import type { Answer } from '../../../sandbox/dfns/webhook-model.ts'
import { day, hour, minute, payloadOf, url, webhookWorld } from './webhook-world.ts'

const kind = 'wallet.transfer.confirmed'
const data = { transferRequest: { id: 'xfr-1', note: 'café ☕' } }
const refused: Answer = { status: 500 }
const always = (answer: Answer) => Array.from({ length: 10 }, () => answer)

/** An organisation with one webhook for everything, whose receiver gives these answers. */
async function withWebhook(answers: readonly Answer[] = [], settings: object = {}) {
  const world = await webhookWorld()
  const { clock, client, dfns, orgId } = world
  const made = dfns.createWebhook({ orgId, url, events: ['*'], ...settings })
  const { webhookId } = made
  const start = clock.now()
  const receiver = world.receiver({ answers })
  return {
    ...world,
    ...made,
    ...receiver,
    emit: () => dfns.emit({ orgId, kind, data }),
    events: async () => (await client.listWebhookEvents({ webhookId })).items as readonly Listed[],
    set: (status: 'Enabled' | 'Disabled') => client.updateWebhook({ webhookId, body: { status } }),
    /** When each delivery arrived, from the start. */
    times: () => receiver.received.map(({ at }) => at - start),
  }
}

/** The newest documents list more fields than Dfns's client types. */
interface Listed {
  readonly id: string
  readonly kind: string
  readonly status: string
  readonly deliveryFailed?: boolean
  readonly deliveryAttempt?: number
  readonly retryOf?: string
  readonly nextAttemptDate?: string
}

describe('a delivery', () => {
  test('is signed with the secret that Create Webhook answered, over the very bytes that arrive', async () => {
    const { client, dfns, orgId, receiver } = await webhookWorld()
    const { received } = receiver()
    const { secret } = await client.createWebhook({ body: { url, events: ['*'] } })
    await dfns.emit({ orgId, kind, data })
    const [delivery] = received
    const expected = createHmac('sha256', Buffer.from(secret, 'utf8'))
    expected.update(Buffer.from(delivery?.body ?? '', 'utf8'))
    expect(delivery?.headers).toEqual({
      'content-type': 'application/json',
      'x-dfns-webhook-signature': `sha256=${expected.digest('hex')}`,
    })
    expect(delivery?.body).toContain('café ☕')
  })

  test('carries the documented fields, with the time of sending in seconds', async () => {
    const { emit, clock, payloads } = await withWebhook()
    await clock.advance(1_999)
    await emit()
    expect(payloads()).toEqual([
      {
        id: expect.stringMatching(/^whe-/),
        kind,
        date: '2026-01-05T00:00:01.999Z',
        data,
        timestampSent: Date.UTC(2026, 0, 5) / 1000 + 1,
        deliveryAttempt: 1,
      },
    ])
  })

  test('goes to every webhook of the organisation that subscribes, with an id and a signature each', async () => {
    const { dfns, orgId, receiver } = await webhookWorld()
    const { received, payloads } = receiver()
    dfns.createWebhook({ orgId, url, events: ['*'] })
    dfns.createWebhook({ orgId, url, events: ['wallet.created', kind] })
    dfns.createWebhook({ orgId, url, events: ['wallet.created'] })
    dfns.createWebhook({ orgId, url, events: ['*'], status: 'Disabled' })
    dfns.createWebhook({ ...dfns.createOrganisation(), url, events: ['*'] })
    await dfns.emit({ orgId, kind, data })
    expect(new Set(payloads().map(({ id }) => id)).size).toBe(2)
    const signatures = received.map(({ headers }) => headers['x-dfns-webhook-signature'])
    expect(new Set(signatures).size).toBe(2)
    expect(received).toHaveLength(2)
    expect(payloads()[0]?.date).toBe(payloads()[1]?.date)
  })

  test('does not go to a deleted webhook', async () => {
    const { client, emit, received, webhookId } = await withWebhook()
    await client.deleteWebhook({ webhookId })
    await emit()
    expect(received).toEqual([])
  })

  test('of later changes to what happened knows nothing', async () => {
    const { clock, dfns, orgId, payloads } = await withWebhook([refused])
    const mine = { amount: 1 }
    await dfns.emit({ orgId, kind, data: mine })
    mine.amount = 2
    await clock.advance(minute)
    expect(payloads().map((payload) => payload.data)).toEqual([{ amount: 1 }, { amount: 1 }])
  })
})

describe('a retry', () => {
  test('comes 1 min, 12 min, 2 h and 24 h after the first attempt, and there is no sixth', async () => {
    const { clock, emit, times } = await withWebhook(always(refused))
    await emit()
    await clock.advance(3 * day)
    expect(times()).toEqual([0, minute, 12 * minute, 2 * hour, day])
  })

  test('comes not a millisecond early', async () => {
    const { clock, emit, received } = await withWebhook(always(refused))
    await emit()
    await clock.advance(minute - 1)
    expect(received).toHaveLength(1)
    await clock.advance(1)
    expect(received).toHaveLength(2)
  })

  test('is a new event with the same kind, date and data, signed anew, that names the one before it', async () => {
    const { clock, emit, payloads, received, secret } = await withWebhook(always(refused))
    await emit()
    await clock.advance(day)
    const all = payloads()
    expect(new Set(all.map(({ id }) => id)).size).toBe(5)
    expect(all.map(({ deliveryAttempt }) => deliveryAttempt)).toEqual([1, 2, 3, 4, 5])
    expect(all.map(({ retryOf }) => retryOf)).toEqual([undefined, ...all.slice(0, -1).map(({ id }) => id)])
    for (const payload of all) expect(payload).toMatchObject({ kind, data, date: all[0]?.date })
    const sent = all.map(({ timestampSent }) => timestampSent - (all[0]?.timestampSent ?? 0))
    expect(sent).toEqual([0, 60, 720, 7_200, 86_400])
    for (const { body, headers } of received) {
      const digest = createHmac('sha256', secret).update(body).digest('hex')
      expect(headers['x-dfns-webhook-signature']).toBe(`sha256=${digest}`)
    }
  })

  test('is the last once a receiver has answered 200', async () => {
    const { clock, emit, events, times } = await withWebhook([refused, refused])
    await emit()
    await clock.advance(3 * day)
    expect(times()).toEqual([0, minute, 12 * minute])
    expect((await events()).map(({ deliveryFailed }) => deliveryFailed)).toEqual([true, true, false])
  })

  test.each<Answer>([{ status: 201 }, { status: 204 }, { status: 302 }, { status: 401 }, 'no answer'])(
    'follows an answer %o: success is 200 alone',
    async (answer) => {
      const { clock, emit, received } = await withWebhook([answer])
      await emit()
      await clock.advance(minute)
      expect(received).toHaveLength(2)
    },
  )

  test('goes to the URL that the webhook has by then', async () => {
    const { clock, client, emit, receiver, webhookId } = await withWebhook([refused])
    const moved = receiver({ at: 'https://receiver.test/moved' })
    await emit()
    await client.updateWebhook({ webhookId, body: { url: 'https://receiver.test/moved' } })
    await clock.advance(minute)
    expect(moved.payloads()).toMatchObject([{ deliveryAttempt: 2 }])
  })

  test('is of its own webhook only: another one that got the event gets nothing twice', async () => {
    const { clock, dfns, emit, orgId, receiver } = await withWebhook([refused])
    const other = receiver({ at: 'https://other.test/' })
    dfns.createWebhook({ orgId, url: 'https://other.test/', events: ['*'] })
    await emit()
    await clock.advance(day)
    expect(other.received).toHaveLength(1)
  })

  test('needs a clock with timers, and says so', async () => {
    const { dfns, orgId } = createWorld(kindWorld)
    dfns.createWebhook({ orgId, url, events: ['*'] })
    await expect(dfns.emit({ orgId, kind, data })).rejects.toThrow('needs a clock with timers')
  })
})

describe('a retry that comes due', () => {
  test('while the webhook is disabled is dropped, and so are those after it', async () => {
    const { clock, emit, events, received, set } = await withWebhook(always(refused))
    await emit()
    await set('Disabled')
    await clock.advance(minute)
    await set('Enabled')
    expect(await events()).toHaveLength(1)
    expect((await events())[0]).not.toHaveProperty('nextAttemptDate')
    await clock.advance(3 * day)
    expect(received).toHaveLength(1)
  })

  test('after the webhook was disabled and enabled again is kept', async () => {
    const { clock, emit, set, times } = await withWebhook(always(refused))
    await emit()
    await set('Disabled')
    await clock.advance(minute - 1)
    await set('Enabled')
    await clock.advance(3 * day)
    expect(times()).toEqual([0, minute, 12 * minute, 2 * hour, day])
  })

  test('after the webhook was deleted is dropped', async () => {
    const { clock, client, dfns, emit, received, webhookId } = await withWebhook(always(refused))
    await emit()
    await clock.advance(minute)
    await client.deleteWebhook({ webhookId })
    await clock.advance(3 * day)
    expect(received).toHaveLength(2)
    expect(dfns.webhookEvents({ webhookId }).map(({ nextAttemptDate }) => nextAttemptDate)).toEqual([
      undefined,
      undefined,
    ])
  })
})

describe('webhook events', () => {
  const iso = (time: number) => new Date(time).toISOString()

  test('are the attempts, with what came back, and the next date only while there is one to come', async () => {
    const { clock, emit, events } = await withWebhook(always(refused))
    const start = clock.now()
    await emit()
    for (const next of [minute, 12 * minute, 2 * hour, day]) {
      const all = await events()
      expect(all.at(-1)).toMatchObject({
        status: '500',
        deliveryFailed: true,
        nextAttemptDate: iso(start + next),
      })
      for (const earlier of all.slice(0, -1)) expect(earlier).not.toHaveProperty('nextAttemptDate')
      await clock.advance(start + next - clock.now())
    }
    const all = await events()
    expect(all.map(({ deliveryAttempt }) => deliveryAttempt)).toEqual([1, 2, 3, 4, 5])
    for (const event of all) expect(event).not.toHaveProperty('nextAttemptDate')
  })

  test('still announce a retry while it is being made', async () => {
    const { clock, dfns, emit, webhookId } = await withWebhook()
    const seen: (number | undefined)[] = []
    const respond = () => {
      seen.push(...dfns.webhookEvents({ webhookId }).map(({ nextAttemptDate }) => nextAttemptDate))
      return refused
    }
    dfns.receive({ url, respond })
    await emit()
    await clock.advance(minute)
    expect(seen).toEqual([clock.now()])
  })

  test('have the payload’s fields, and no error after a 200', async () => {
    const { client, emit, payloads, webhookId } = await withWebhook()
    await emit()
    const [payload] = payloads()
    const webhookEventId = payload?.id ?? ''
    const event = await client.getWebhookEvent({ webhookId, webhookEventId })
    expect(event).toEqual({ ...payload, status: '200', deliveryFailed: false })
    expect((await client.listWebhookEvents({ webhookId })).items).toEqual([event])
  })

  test('say what went wrong, also when nobody answered', async () => {
    const { emit, events } = await withWebhook([refused, 'no answer'])
    await emit()
    await emit()
    expect(await events()).toMatchObject([
      { status: '500', error: 'The webhook answered 500.' },
      { status: '0', error: 'The webhook did not answer.' },
    ])
  })

  test('are found by kind and by failure, each in pages', async () => {
    const { change, client, dfns, orgId, webhookId } = await withWebhook([refused, refused])
    for (const each of [kind, 'wallet.created', kind, kind]) await dfns.emit({ orgId, kind: each, data })
    const find = async (query: object) =>
      (await client.listWebhookEvents({ webhookId, query })).items.map((event) => event.kind)
    expect(await find({})).toEqual([kind, 'wallet.created', kind, kind])
    expect(await find({ kind: 'wallet.created' })).toEqual(['wallet.created'])
    expect(await find({ kind, deliveryFailed: 'true' })).toEqual([kind])
    expect(await find({ kind, deliveryFailed: 'false' })).toEqual([kind, kind])
    change({ webhookPageSize: 2 })
    const first = await client.listWebhookEvents({ webhookId, query: { kind } })
    const paginationToken = first.nextPageToken
    const second = await client.listWebhookEvents({ webhookId, query: { kind, paginationToken } })
    const ids = dfns
      .webhookEvents({ webhookId })
      .filter((event) => event.kind === kind)
      .map(({ id }) => id)
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids)
    expect(second).not.toHaveProperty('nextPageToken')
    const wrong = client.listWebhookEvents({ webhookId, query: { deliveryFailed: 'yes' as 'true' } })
    await expect(wrong).rejects.toMatchObject({ httpStatus: 400 })
  })

  test('are forgotten after 31 days, to the millisecond', async () => {
    const { clock, client, emit, events, webhookId } = await withWebhook()
    await emit()
    const webhookEventId = (await events())[0]?.id ?? ''
    await clock.advance(31 * day - 1)
    expect(await events()).toHaveLength(1)
    await client.getWebhookEvent({ webhookId, webhookEventId })
    await clock.advance(1)
    expect(await events()).toEqual([])
    const read = client.getWebhookEvent({ webhookId, webhookEventId })
    await expect(read).rejects.toMatchObject({ httpStatus: 404 })
  })

  test('are not found through another webhook', async () => {
    const { client, dfns, emit, events, orgId } = await withWebhook()
    await emit()
    const { webhookId } = dfns.createWebhook({ orgId, url, events: ['*'] })
    const webhookEventId = (await events())[0]?.id ?? ''
    const read = client.getWebhookEvent({ webhookId, webhookEventId })
    await expect(read).rejects.toMatchObject({ httpStatus: 404 })
  })
})

describe('Ping Webhook', () => {
  test('delivers a signed fake event, keeps no trace of it, and answers what the receiver did', async () => {
    const { client, events, received, secret, webhookId } = await withWebhook([{ status: 401 }])
    expect(await client.pingWebhook({ webhookId })).toEqual({
      status: '401',
      error: 'The webhook answered 401.',
    })
    expect(await client.pingWebhook({ webhookId })).toEqual({ status: '200' })
    expect(received).toHaveLength(2)
    for (const { body, headers } of received) {
      const digest = createHmac('sha256', secret).update(body).digest('hex')
      expect(headers['x-dfns-webhook-signature']).toBe(`sha256=${digest}`)
      expect(payloadOf(body).id).toMatch(/^whe-/)
    }
    expect(await events()).toEqual([])
  })

  test('says that nobody answered, and is not repeated', async () => {
    const { client, clock, received, webhookId } = await withWebhook(always('no answer'))
    expect(await client.pingWebhook({ webhookId })).toEqual({
      status: '0',
      error: 'The webhook did not answer.',
    })
    await clock.advance(3 * day)
    expect(received).toHaveLength(1)
  })

  test('reaches nobody while the webhook is Disabled, unless the switch says so', async () => {
    const { change, client, received, set, webhookId } = await withWebhook()
    await set('Disabled')
    await expect(client.pingWebhook({ webhookId })).rejects.toMatchObject({ httpStatus: 422 })
    expect(received).toEqual([])
    change({ webhookPingDisabled: 'deliver' })
    expect(await client.pingWebhook({ webhookId })).toEqual({ status: '200' })
    expect(received).toHaveLength(1)
  })

  test('reaches the receiver whatever kinds the webhook subscribes to', async () => {
    const { client, received, webhookId } = await withWebhook([], { events: ['wallet.created'] })
    await client.pingWebhook({ webhookId })
    expect(received).toHaveLength(1)
  })
})

describe('a receiver', () => {
  test('takes the place of an earlier one at its URL, however that is written', async () => {
    const { dfns, emit, orgId, receiver, received } = await withWebhook()
    const written = 'https://RECEIVER.test:443/hook'
    const next = receiver({ at: written })
    await emit()
    expect([received.length, next.received.length]).toEqual([0, 1])
    dfns.createWebhook({ orgId, url: written, events: ['*'] })
    await emit()
    expect(next.received).toHaveLength(3)
  })

  test('of the scene goes before the port, which gets what is for other URLs', async () => {
    const urls: string[] = []
    const deliver = (delivery: { url: string }) => {
      urls.push(delivery.url)
      return Promise.resolve({ status: 200 })
    }
    const { dfns, orgId, receiver } = await webhookWorld({ deliver })
    const { received } = receiver()
    for (const at of [url, 'https://elsewhere.test/']) dfns.createWebhook({ orgId, url: at, events: ['*'] })
    await dfns.emit({ orgId, kind, data })
    expect([received.length, urls]).toEqual([1, ['https://elsewhere.test/']])
  })
})
