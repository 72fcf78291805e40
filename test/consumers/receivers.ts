import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Answer, Delivery } from '../../sandbox/dfns/webhook-model.ts'
import type { CachedSecret } from './caching.ts'

/** An event as a receiver reads it from the body. */
export interface ReceivedEvent {
  readonly id: string
  readonly kind: string
  readonly date: string
  readonly data: unknown
  readonly timestampSent: number
  readonly deliveryAttempt: number
  readonly retryOf?: string
}

/** The event of a delivery that is genuine; nothing for every other. Rejects where it cannot say. */
export type Verify = (delivery: Delivery) => Promise<ReceivedEvent | undefined>

/** What several instances of one application have in common: its store of what was handled. */
export interface Inbox {
  /** How often each event was handled, by its number. */
  readonly handled: ReadonlyMap<number, number>
  /** Deliveries of what had been handled before. */
  readonly duplicates: number
  take(event: ReceivedEvent): void
}

/** Dfns's last attempt comes a day after the first one: for so long, and some more, an event is known again. */
const memoryMs = 26 * 60 * 60_000

/** `keysOf` names an event by all that it is known by: one key seen before is enough. `now` in milliseconds. */
export function inboxOf(parts: {
  keysOf: (event: ReceivedEvent) => readonly string[]
  now: () => number
}): Inbox {
  const { keysOf, now } = parts
  const handled = new Map<number, number>()
  const seen = new Map<string, number>()
  const inbox = {
    handled,
    duplicates: 0,
    take: (event: ReceivedEvent) => {
      const keys = keysOf(event)
      const isKnown = keys.some((key) => now() - (seen.get(key) ?? Number.NEGATIVE_INFINITY) < memoryMs)
      for (const key of keys) if (!isKnown || !seen.has(key)) seen.set(key, now())
      if (isKnown) {
        inbox.duplicates += 1
        return
      }
      const { n } = event.data as { n: number }
      handled.set(n, (handled.get(n) ?? 0) + 1)
    },
  }
  return inbox
}

/** One instance of a receiver: what does not verify it refuses, and what it cannot judge it asks for again. */
export function instanceOf({ verify, inbox }: { verify: Verify; inbox: Inbox }) {
  return async (delivery: Delivery): Promise<Answer> => {
    try {
      const event = await verify(delivery)
      if (event === undefined) return { status: 401 }
      if (event.kind !== 'webhook.ping') inbox.take(event)
      return { status: 200 }
    } catch {
      return { status: 503 }
    }
  }
}

const windowMs = 5 * 60_000

/**
 * As a receiver is written from Dfns's guide alone: AWSCURRENT from a cache, the signature, the age of the event.
 * `isAged` false leaves the last one out.
 */
export function plainVerify(parts: { secret: CachedSecret; now: () => number; isAged?: boolean }): Verify {
  const { secret, now, isAged = true } = parts
  return async ({ headers, body }) => {
    const { webhookSecret } = JSON.parse((await secret.get()).SecretString) as { webhookSecret: string }
    const expected = Buffer.from(`sha256=${createHmac('sha256', webhookSecret).update(body).digest('hex')}`)
    const given = Buffer.from(headers['x-dfns-webhook-signature'] ?? '')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
    const event = JSON.parse(body) as ReceivedEvent
    if (isAged && Math.abs(now() - event.timestampSent * 1_000) > windowMs) return undefined
    return event
  }
}

/** By what no attempt and no webhook changes: how a receiver without the library may know an event again. */
export const keysOfContent = ({ kind, date, data }: ReceivedEvent): readonly string[] => [
  JSON.stringify([kind, date, data]),
]
