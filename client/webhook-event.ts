import { createHash } from 'node:crypto'

/** What Dfns sends to a webhook ("Webhook events", Dfns documentation). */
export interface WebhookEvent<Data = unknown> {
  /**
   * Of this attempt: another attempt, and another webhook's, has another. To tell events apart:
   * `firstEventId`.
   */
  readonly id: string
  /** `wallet.transfer.requested`, … The list grows. */
  readonly kind: string
  /** When it happened, in ISO 8601. */
  readonly date: string
  readonly data: Data
  /** When this attempt was signed, in seconds since the epoch. */
  readonly timestampSent: number
  /** Counted from 1. */
  readonly deliveryAttempt?: number
  /** The attempt before this one, which failed. */
  readonly retryOf?: string
}

/** An event in a text, or nothing if it is not as documented. */
export function readEvent(text: string): WebhookEvent | undefined {
  try {
    const value = JSON.parse(text) as Readonly<Record<string, unknown>> | null
    const event = Object.fromEntries(Object.entries(value ?? {}).filter(isThere))
    return isEvent(event) ? event : undefined
  } catch {
    return undefined
  }
}

/** To whoever serialises what has no value, null and absent are the same. */
const isThere = ([name, field]: readonly [string, unknown]): boolean =>
  field !== null || (name !== 'deliveryAttempt' && name !== 'retryOf')

function isEvent(value: object): value is WebhookEvent {
  const { id, kind, date, timestampSent, deliveryAttempt, retryOf } = value as Record<string, unknown>
  const isText = (field: unknown) => typeof field === 'string' && field !== ''
  return (
    [id, kind, date].every(isText) &&
    Number.isFinite(timestampSent) &&
    (deliveryAttempt === undefined || Number.isInteger(deliveryAttempt)) &&
    (retryOf === undefined || isText(retryOf))
  )
}

/**
 * What identifies the event that happened: the same for each attempt to deliver it, and for each of the two
 * webhooks that deliver it while a rotation's grace lasts. Dfns gives every attempt an id of its own and
 * links it to the one before only (`retryOf`), and nothing links those of two webhooks; but `kind`, `date`
 * (when the event happened) and `data` are the same in all of them. 43 characters, base64url.
 */
export function firstEventId({ kind, date, data }: Pick<WebhookEvent, 'kind' | 'date' | 'data'>): string {
  return createHash('sha256')
    .update(canonical([kind, date, data]))
    .digest('base64url')
}

/** JSON with the fields of every object in one order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  )
}
