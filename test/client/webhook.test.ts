import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { clock } from '../../client/clock.ts'
import { ClientError } from '../../client/errors.ts'
import { rotatingSecret } from '../../client/rotating-secret.ts'
import { verifyWebhook, type WebhookHeaders } from '../../client/webhook.ts'
import { firstEventId, type WebhookEvent } from '../../client/webhook-event.ts'
import { createClock } from '../../sandbox/clock.ts'
import type { Delivery } from '../../sandbox/dfns/webhook-model.ts'
import { documentOf, pass, source } from './source.ts'
import { stage } from './stage.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const header = 'x-dfns-webhook-signature'

const signatureOf = (secret: string, body: string) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

const webhook = (name: string) => ({
  versionId: `version-${name}`,
  text: documentOf('WebhookSecret', { webhookSecret: `whs-secret-${name}` }),
})

function received(labels = { AWSCURRENT: webhook('current') } as ReturnType<typeof source>['labels']) {
  const time = createClock()
  const store = source(labels)
  const { fetchSecret } = store
  const secret = rotatingSecret('prod/hook', { kind: 'WebhookSecret', fetchSecret, [clock]: time })
  const bodyOf = (changed: object = {}) =>
    JSON.stringify({
      id: 'whe-1',
      kind: 'wallet.created',
      date: '2026-01-05T00:00:00.000Z',
      data: { wallet: { name: 'Über' } },
      timestampSent: Math.floor(time.now() / 1000),
      deliveryAttempt: 1,
      ...changed,
    })
  const verify = (body: string | Uint8Array, headers: WebhookHeaders | undefined) =>
    verifyWebhook(body, headers, secret)
  return { time, store, secret, bodyOf, verify }
}

const outcome = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: unknown) => (error instanceof ClientError ? error.code : String(error)),
  )

describe('a delivery', () => {
  test.each(['current', 'pending', 'previous'])('that the %s secret signed is accepted', async (name) => {
    const { bodyOf, verify } = received({
      AWSCURRENT: webhook('current'),
      AWSPENDING: webhook('pending'),
      AWSPREVIOUS: webhook('previous'),
    })
    const body = bodyOf()
    expect(await verify(body, signatureOf(`whs-secret-${name}`, body))).toEqual(JSON.parse(body))
  })

  test('is accepted with its headers in every form, and its body as text or bytes', async () => {
    const { bodyOf, verify } = received()
    const body = bodyOf()
    const signature = signatureOf('whs-secret-current', body)
    const forms: readonly WebhookHeaders[] = [
      signature,
      signature.replace(/[a-f]/g, (hex) => hex.toUpperCase()),
      { [header]: signature, host: 'x' },
      { 'X-DFNS-WEBHOOK-SIGNATURE': signature },
      { [header]: [signature] },
      new Headers({ [header]: signature }),
    ]
    for (const form of forms) {
      expect(await outcome(verify(body, form))).toBe('ok')
      expect(await outcome(verify(Buffer.from(body), form))).toBe('ok')
    }
  })

  test('is accepted if its compact form was signed, as in the samples of Dfns', async () => {
    const { bodyOf, verify } = received()
    const body = bodyOf()
    const signature = signatureOf('whs-secret-current', body)
    expect(await outcome(verify(JSON.stringify(JSON.parse(body), null, 2), signature))).toBe('ok')
  })

  test.each([
    ['no header', () => undefined],
    ['an empty one', () => ''],
    ['a signature without its algorithm', (body: string) => signatureOf('whs-secret-current', body).slice(7)],
    ['one that is too short', (body: string) => signatureOf('whs-secret-current', body).slice(0, -1)],
    ['one of another algorithm', () => `sha1=${'0'.repeat(64)}`],
    [
      'two',
      (body: string) => ({ [header]: signatureOf('whs-secret-current', body), [header.toUpperCase()]: 'x' }),
    ],
    [
      'one by a secret that is not accepted',
      (body: string) => signatureOf('whs-secret-of-an-intruder', body),
    ],
    ['one of another body', () => signatureOf('whs-secret-current', 'other')],
  ])('with %s is refused', async (_, headersOf) => {
    const { bodyOf, verify } = received()
    const body = bodyOf()
    expect(await outcome(verify(body, headersOf(body)))).toBe('ERR_SIGNATURE')
  })

  test.each([
    [-5 * minute, 'ok'],
    [-5 * minute - second, 'ERR_REPLAY'],
    [5 * minute, 'ok'],
    [5 * minute + second, 'ERR_REPLAY'],
  ])('that was signed %d ms from now is %s', async (distance, expected) => {
    const { time, bodyOf, verify } = received()
    const body = bodyOf({ timestampSent: (time.now() + distance) / 1000 })
    expect(await outcome(verify(body, signatureOf('whs-secret-current', body)))).toBe(expected)
  })

  test.each([
    ['', 'text'],
    ['7', 'a number'],
    ['null', 'null'],
    [JSON.stringify({ id: 'a', kind: 'b', date: 'c' }), 'without the moment of signing'],
    [JSON.stringify({ id: 7, kind: 'b', date: 'c', timestampSent: 1 }), 'with an id that is none'],
  ])('of %j, %s, is no event though it is signed', async (body) => {
    const { verify } = received()
    expect(await outcome(verify(body, signatureOf('whs-secret-current', body)))).toBe('ERR_EVENT')
  })

  test('whose optional fields are null is accepted, as if they were absent', async () => {
    const { bodyOf, verify } = received()
    const body = bodyOf({ retryOf: null, deliveryAttempt: null, data: { note: null } })
    const event = await verify(body, signatureOf('whs-secret-current', body))
    expect(event).toMatchObject({ id: 'whe-1', data: { note: null } })
    expect(event).not.toHaveProperty('retryOf')
    expect(event).not.toHaveProperty('deliveryAttempt')
    const odd = bodyOf({ id: null })
    expect(await outcome(verify(odd, signatureOf('whs-secret-current', odd)))).toBe('ERR_EVENT')
  })

  test('that is larger than any event is not even looked at', async () => {
    const { store, verify } = received()
    const body = 'x'.repeat(1_048_577)
    expect(await outcome(verify(body, signatureOf('whs-secret-current', body)))).toBe('ERR_EVENT')
    expect(store.requests).toEqual([])
  })
})

describe('a signature that is not known', () => {
  test('makes the labels be read anew: the secret may have been rotated a moment ago', async () => {
    const { store, bodyOf, verify } = received()
    const body = bodyOf()
    await verify(body, signatureOf('whs-secret-current', body))
    store.labels.AWSPENDING = webhook('pending')
    expect(await outcome(verify(body, signatureOf('whs-secret-pending', body)))).toBe('ok')
  })

  test('makes a thousand forged deliveries wait for one look in ten seconds', async () => {
    const { time, store, bodyOf, verify } = received()
    const body = bodyOf()
    await verify(body, signatureOf('whs-secret-current', body))
    const before = store.requests.length
    const forged = signatureOf('forged', body)
    for (let round = 0; round < 20; round++) {
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcome(verify(body, forged))))
      expect(new Set(outcomes)).toEqual(new Set(['ERR_SIGNATURE']))
      await pass(time, second)
    }
    expect(store.requests.length - before).toBe(2 * 3)
  })

  test('is accepted by whoever waits for the same look', async () => {
    const { store, bodyOf, verify } = received()
    const body = bodyOf()
    await verify(body, signatureOf('whs-secret-current', body))
    store.labels.AWSPENDING = webhook('pending')
    store.isSlow = true
    const all = ['forged', 'whs-secret-pending', 'whs-secret-pending'].map((secret) =>
      outcome(verify(body, signatureOf(secret, body))),
    )
    await new Promise((resolve) => setImmediate(resolve))
    await store.answer()
    expect(await Promise.all(all)).toEqual(['ERR_SIGNATURE', 'ok', 'ok'])
  })

  test('is not accepted any more once its secret has no label', async () => {
    const { time, store, bodyOf, verify } = received({
      AWSCURRENT: webhook('current'),
      AWSPREVIOUS: webhook('previous'),
    })
    expect(await outcome(verify(bodyOf(), signatureOf('whs-secret-previous', bodyOf())))).toBe('ok')
    delete store.labels.AWSPREVIOUS
    await pass(time, 5 * minute)
    expect(await outcome(verify(bodyOf(), signatureOf('whs-secret-previous', bodyOf())))).toBe(
      'ERR_SIGNATURE',
    )
  })
})

describe('firstEventId', () => {
  const event = {
    kind: 'wallet.created',
    date: '2026-01-05T00:00:00.000Z',
    data: { a: 1, b: [{ c: 2, d: 3 }] },
  }

  test('is the same for every attempt and webhook, in whatever order the fields come', () => {
    const attempts: readonly WebhookEvent[] = [
      { ...event, id: 'whe-1', timestampSent: 1, deliveryAttempt: 1 },
      { ...event, id: 'whe-2', timestampSent: 60, deliveryAttempt: 2, retryOf: 'whe-1' },
      { ...event, data: { b: [{ d: 3, c: 2 }], a: 1 }, id: 'whe-3', timestampSent: 1 },
    ]
    expect(new Set(attempts.map(firstEventId)).size).toBe(1)
    expect(firstEventId(event)).toMatch(/^[\w-]{43}$/)
  })

  test.each([
    { kind: 'wallet.exported' },
    { date: '2026-01-05T00:00:00.001Z' },
    { data: { ...event.data, a: '1' } },
    { data: { ...event.data, b: [] } },
    { data: null },
  ])('is another for an event with %j', (changed) => {
    expect(firstEventId({ ...event, ...changed })).not.toBe(firstEventId(event))
  })

  test('stays what it was in the release before', () => {
    expect(firstEventId(event)).toBe('GCHP-yDxRboDJBVs8ApIQ9kbAU0q8zVufTuSids6OOQ')
  })
})

describe("a receiver of the simulator's deliveries", () => {
  async function receiver() {
    const staged = await stage('webhook', { grace: 'PT26H' })
    const { scene, kept, secretOf } = staged
    const secret = secretOf('WebhookSecret')
    const handled: { first: string; event: WebhookEvent }[] = []
    const deliveries: Delivery[] = []
    const state = { isDown: false }
    const respond = async (delivery: Delivery) => {
      if (state.isDown) return { status: 503 }
      deliveries.push(delivery)
      try {
        const event = await verifyWebhook(delivery.body, delivery.headers, secret)
        handled.push({ first: firstEventId(event), event })
        return { status: 200 }
      } catch {
        return { status: 401 }
      }
    }
    scene.dfns.receive({ url: 'https://receiver.test/hook', respond })
    const { orgId } = kept
    const emit = (name: string) =>
      scene.dfns.emit({ orgId, kind: 'wallet.created', data: { wallet: { name } } })
    const names = () => {
      const byId = new Map(handled.map(({ first, event }) => [first, event.data]))
      return [...byId.values()].map((data) => (data as { wallet?: { name: string } }).wallet?.name)
    }
    return { ...staged, secret, handled, deliveries, state, emit, names }
  }

  test('answers the ping of a rotation, and accepts what both webhooks deliver during the grace', async () => {
    const { scene, kept, emit, handled, names } = await receiver()
    await emit('before')
    await scene.rotate(kept.arn)
    const [, previous] = Object.values(await scene.labelsOf(kept.arn))
      .flat()
      .toSorted()
    expect(previous).toBe('AWSPREVIOUS')
    await emit('during the grace')
    await scene.clock.advance(27 * hour)
    await emit('after it')
    expect(names().filter((name) => name !== undefined)).toEqual(['before', 'during the grace', 'after it'])
    expect(handled.filter(({ event }) => event.kind === 'wallet.created')).toHaveLength(4)
  })

  test('that was down handles each event once, though every attempt has another id', async () => {
    const { scene, kept, emit, handled, names, state } = await receiver()
    await scene.rotate(kept.arn)
    state.isDown = true
    await emit('one')
    await emit('two')
    await scene.clock.advance(5 * minute)
    state.isDown = false
    await scene.clock.advance(3 * hour)
    const events = handled.filter(({ event }) => event.kind === 'wallet.created')
    expect(events.map(({ event }) => [event.deliveryAttempt, event.retryOf === undefined])).toEqual(
      Array.from({ length: 4 }, () => [3, false]),
    )
    expect(names().filter((name) => name !== undefined)).toEqual(['one', 'two'])
  })

  test('refuses what was recorded once it is five minutes old', async () => {
    const { scene, secret, emit, deliveries } = await receiver()
    await emit('one')
    const [{ body, headers } = { body: '', headers: {} }] = deliveries
    expect(await outcome(verifyWebhook(body, headers, secret))).toBe('ok')
    await scene.clock.advance(5 * minute + second)
    expect(await outcome(verifyWebhook(body, headers, secret))).toBe('ERR_REPLAY')
  })
})
