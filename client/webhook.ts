import { createHmac, timingSafeEqual } from 'node:crypto'
import { clock } from './clock.ts'
import type { WebhookSecret } from './document.ts'
import { ClientError } from './errors.ts'
import type { RotatingSecret, Snapshot } from './rotating-secret.ts'
import { readEvent, type WebhookEvent } from './webhook-event.ts'

/** The header's value, or headers among which it is: of Node.js, of Fetch, or of an API Gateway event. */
export type WebhookHeaders =
  | string
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>

const header = 'x-dfns-webhook-signature'
const largestBody = 1_048_576
/** From one look at the labels because of unknown signatures to the next. Milliseconds. */
const lookIntervalMs = 10_000

type Secret = RotatingSecret<WebhookSecret>
type Hooks = Snapshot<WebhookSecret>

/**
 * The event in a delivery that Dfns signed for the webhook of AWSCURRENT, AWSPENDING or AWSPREVIOUS. The body
 * as it was received, before any parser. `tolerance`: how far the moment of signing may be from now, in
 * milliseconds; 5 minutes, as in Dfns's sample. ERR_SIGNATURE, ERR_REPLAY, ERR_EVENT; answer them with a
 * status other than 200, so that Dfns tries again.
 */
export async function verifyWebhook<Data = unknown>(
  rawBody: string | Uint8Array,
  headers: WebhookHeaders | undefined,
  secret: Secret,
  { tolerance = 300_000 }: { readonly tolerance?: number } = {},
): Promise<WebhookEvent<Data>> {
  const signature = signatureIn(headers)
  if (signature === undefined) throw new ClientError('ERR_SIGNATURE', `no ${header} of the form sha256=…`)
  if (rawBody.length > largestBody) throw new ClientError('ERR_EVENT', 'the body is too large')
  const body = typeof rawBody === 'string' ? rawBody : Buffer.from(rawBody).toString('utf8')
  const signed = [rawBody, ...compact(body)]
  const isSigned = ({ active, alsoAccepted }: Hooks) =>
    signed.some((text) => isSignedBy({ text, signature, hooks: [active, ...alsoAccepted] }))

  const known = await secret.get({ alsoAccepted: true })
  if (!isSigned(known) && !isSigned(await lookAgain(secret, known))) {
    throw new ClientError('ERR_SIGNATURE', `signed with no secret that ${secret.secretId} holds`)
  }
  const event = readEvent(body)
  if (event === undefined) throw new ClientError('ERR_EVENT', 'signed, but not an event as documented')
  if (Math.abs(secret[clock].now() - event.timestampSent * 1_000) > tolerance) {
    throw new ClientError('ERR_REPLAY', `event ${event.id} was signed too long ago, or in the future`)
  }
  return event as WebhookEvent<Data>
}

function signatureIn(headers: WebhookHeaders | undefined): Buffer | undefined {
  const value = valueIn(headers)
  const hex = typeof value === 'string' ? /^sha256=([0-9a-f]{64})$/i.exec(value)?.[1] : undefined
  return hex === undefined ? undefined : Buffer.from(hex, 'hex')
}

function valueIn(headers: WebhookHeaders | undefined): unknown {
  if (typeof headers === 'string' || headers === undefined) return headers
  if (typeof headers['get'] === 'function') return headers.get(header)
  const found = Object.entries(headers).filter(([name]) => name.toLowerCase() === header)
  const values = found.flatMap(([, value]) => value ?? [])
  // Two signatures are none: nobody knows which of them a proxy would have taken.
  return values.length === 1 ? values[0] : undefined
}

/** Dfns's samples sign the payload as JSON.stringify writes it, which need not be how it was sent. */
function compact(body: string): string[] {
  try {
    const text = JSON.stringify(JSON.parse(body))
    return text === body ? [] : [text]
  } catch {
    return []
  }
}

/** Every secret is tried, whichever fits, so that the time taken tells nothing. */
function isSignedBy(of: {
  text: string | Uint8Array
  signature: Buffer
  hooks: readonly WebhookSecret[]
}): boolean {
  const { text, signature, hooks } = of
  const fits = hooks.map(({ webhookSecret }) =>
    timingSafeEqual(createHmac('sha256', webhookSecret).update(text).digest(), signature),
  )
  return fits.includes(true)
}

interface Look {
  readonly at: number
  readonly done: Promise<Hooks>
}

const looks = new WeakMap<Secret, Look>()

/** Labels may have moved since they were read; but forged deliveries must not drive readings. */
async function lookAgain(secret: Secret, known: Hooks): Promise<Hooks> {
  const now = secret[clock].now()
  const last = looks.get(secret)
  const since = last === undefined ? Number.POSITIVE_INFINITY : now - last.at
  if (last !== undefined && since >= 0 && since < lookIntervalMs) {
    await last.done.catch(() => {})
    return secret.get({ alsoAccepted: true })
  }
  const done = secret.refused(known)
  looks.set(secret, { at: now, done })
  return done
}
