import { createHmac } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { clock } from '../../client/clock.ts'
import { ClientError } from '../../client/errors.ts'
import { rotatingSecret } from '../../client/rotating-secret.ts'
import { verifyWebhook, type WebhookHeaders } from '../../client/webhook.ts'
import { firstEventId } from '../../client/webhook-event.ts'
import { createClock } from '../../sandbox/clock.ts'
import { documentOf, source } from '../client/source.ts'

const header = 'x-dfns-webhook-signature'
const webhookSecret = 'whs-secret-current'

const signatureOf = (body: string | Uint8Array) =>
  `sha256=${createHmac('sha256', webhookSecret).update(body).digest('hex')}`

function receiver() {
  const time = createClock()
  const text = documentOf('WebhookSecret', { webhookSecret })
  const { fetchSecret } = source({ AWSCURRENT: { versionId: 'v', text } })
  const secret = rotatingSecret('prod/hook', { kind: 'WebhookSecret', fetchSecret, [clock]: time })
  const timestampSent = Math.floor(time.now() / 1_000)
  const event = { id: 'whe-1', kind: 'k', date: '2026-01-05T00:00:00.000Z', data: {}, timestampSent }
  const verify = (body: string | Uint8Array, headers: WebhookHeaders | undefined) =>
    verifyWebhook(body, headers, secret).then(
      () => 'ok',
      (error: unknown) => (error instanceof ClientError ? error.code : String(error)),
    )
  return { verify, body: JSON.stringify(event), event, timestampSent }
}

describe('a delivery is refused, by a code of ours, with a header', () => {
  type Hostile = (signature: string) => unknown
  const cases: readonly (readonly [string, Hostile])[] = [
    ['that is a megabyte', () => `sha256=${'0'.repeat(1_000_000)}`],
    ['of one hex digit more', (good) => `${good}0`],
    ['of one hex digit less', (good) => good.slice(0, -1)],
    ['of 32 bytes that are no hex', (good) => good.replace(/[0-9a-f]{2}$/, 'zz')],
    ['with a blank before', (good) => ` ${good}`],
    ['with a line break after', (good) => `${good}\n`],
    ['with NUL after', (good) => `${good}\0`],
    ['with digits of another script', (good) => good.replaceAll('1', '１')],
    ['in base64', (good) => `sha256=${Buffer.from(good.slice(7), 'hex').toString('base64')}`],
    ['of two, joined as Node.js joins them', (good) => `${good}, ${good}`],
    ['of two in a list, the right one first', (good) => ({ [header]: [good, `sha256=${'0'.repeat(64)}`] })],
    ['of two in a list, the right one last', (good) => ({ [header]: [`sha256=${'0'.repeat(64)}`, good] })],
    ['twice by name', (good) => ({ [header]: good, [header.toUpperCase()]: good })],
    ['that is an object', (good) => ({ [header]: { toString: () => good } })],
    ['that is a number', () => ({ [header]: 7 })],
    ['by way of the prototype', (good) => Object.create({ [header]: good }) as object],
    ['under a name that only looks alike', (good) => ({ 'x-dfns-webhook-ѕignature': good })],
  ]
  test.each(cases)('%s', async (_, headersOf) => {
    const { verify, body } = receiver()
    expect(await verify(body, headersOf(signatureOf(body)) as WebhookHeaders)).toBe('ERR_SIGNATURE')
  })
})

describe('a body that is signed, and no event of now, is refused', () => {
  const cases: readonly (readonly [string, (at: ReturnType<typeof receiver>) => string, string])[] = [
    [
      'a time beyond all numbers',
      ({ body, timestampSent }) => body.replace(`${timestampSent}`, '1e999'),
      'ERR_EVENT',
    ],
    [
      'a time below all numbers',
      ({ body, timestampSent }) => body.replace(`${timestampSent}`, '-1e999'),
      'ERR_EVENT',
    ],
    ['a time in words', ({ event }) => JSON.stringify({ ...event, timestampSent: '0' }), 'ERR_EVENT'],
    [
      'a time in a list',
      ({ event, timestampSent }) => JSON.stringify({ ...event, timestampSent: [timestampSent] }),
      'ERR_EVENT',
    ],
    ['no time but by way of __proto__', ({ body }) => `{"__proto__":${body}}`, 'ERR_EVENT'],
    [
      'milliseconds for seconds',
      ({ event, timestampSent }) => JSON.stringify({ ...event, timestampSent: timestampSent * 1_000 }),
      'ERR_REPLAY',
    ],
    [
      'an old time, and the new one before it',
      ({ body }) => body.replace(/}$/, ',"timestampSent":1}'),
      'ERR_REPLAY',
    ],
    ['lists in each other without end', () => '['.repeat(400_000) + ']'.repeat(400_000), 'ERR_EVENT'],
  ]
  test.each(cases)('%s', async (_, bodyOf, code) => {
    const at = receiver()
    const body = bodyOf(at)
    expect(await at.verify(body, signatureOf(body))).toBe(code)
  })

  test('another body of the same text in another encoding is another body', async () => {
    const { verify, body } = receiver()
    expect(await verify(Buffer.from(body, 'utf16le'), signatureOf(body))).toBe('ERR_SIGNATURE')
  })

  test('an event with fields of every object’s is one like any other, and changes no other object', async () => {
    const { verify, body } = receiver()
    const hostile = body.replace(
      '"data":{}',
      '"data":{"__proto__":{"isAdmin":true},"constructor":{"prototype":{}}}',
    )
    expect(await verify(hostile, signatureOf(hostile))).toBe('ok')
    expect(firstEventId(JSON.parse(hostile) as never)).not.toBe(firstEventId(JSON.parse(body) as never))
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
  })
})

test('the page makes text of whatever it is told, and nothing of it is ever read as HTML or as a program', () => {
  const web = fileURLToPath(new URL('../../web/', import.meta.url))
  const files = readdirSync(web, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(20)
  const sinks =
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|DOMParser|createContextualFragment|\beval\b|new Function|setTimeout\(['"`]/
  expect(files.filter((name) => sinks.test(readFileSync(`${web}${name}`, 'utf8')))).toEqual([])
})
