import { createHmac } from 'node:crypto'
import type { State } from './state.ts'
import type { Answer, Occurrence, Webhook, WebhookEvent } from './webhook-model.ts'

const minute = 60_000

/** From the first attempt to each of the others. */
const delays = [minute, 12 * minute, 120 * minute, 24 * 60 * minute]
const retention = 31 * 24 * 60 * minute

/** The value of X-DFNS-WEBHOOK-SIGNATURE: keyed with the secret as it was returned, `whs-` included. */
function signatureOf({ secret, body }: { secret: string; body: string }): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

/** Tells every enabled webhook that subscribes to the kind; done when each of them had its first attempt. */
export async function publish(given: { state: State; orgId: string; occurrence: Occurrence }): Promise<void> {
  const { state, orgId, occurrence } = given
  const subscribed = [...state.webhooks.values()].filter(
    (webhook) => webhook.orgId === orgId && isListening(webhook) && subscribes({ webhook, occurrence }),
  )
  await Promise.all(subscribed.map((webhook) => attempt({ state, webhook, occurrence })))
}

/** Sends an event that tells of nothing, and keeps no trace of it. Its kind and data are in no document. */
export async function sendFakeEvent({ state, webhook }: { state: State; webhook: Webhook }) {
  const occurrence = { kind: 'webhook.ping', date: state.clock.now(), data: {} }
  return outcomeOf(await send({ state, webhook, occurrence, id: state.nextId('whe'), deliveryAttempt: 1 }))
}

/** Whether Dfns still remembers an attempt. */
export function isKept({ event, now }: { event: WebhookEvent; now: number }): boolean {
  return event.sentAt + retention > now
}

function isListening({ isDeleted, settings }: Webhook): boolean {
  return !isDeleted && settings.status === 'Enabled'
}

function subscribes({ webhook, occurrence }: { webhook: Webhook; occurrence: Occurrence }): boolean {
  const { events } = webhook.settings
  return events.includes('*') || events.includes(occurrence.kind)
}

interface Attempt {
  readonly state: State
  readonly webhook: Webhook
  readonly occurrence: Occurrence
  /** The attempt that failed before, and when the first one was made. */
  readonly before?: { readonly event: WebhookEvent; readonly firstSentAt: number }
}

async function attempt({ state, webhook, occurrence, before }: Attempt): Promise<void> {
  const [id, sentAt] = [state.nextId('whe'), state.clock.now()]
  const deliveryAttempt = (before?.event.deliveryAttempt ?? 0) + 1
  const chain = before && { retryOf: before.event.id }
  const answer = await send({ state, webhook, occurrence, id, deliveryAttempt, ...chain })
  const outcome = outcomeOf(answer)
  const deliveryFailed = outcome.status !== 200
  const event: WebhookEvent = {
    id,
    ...occurrence,
    sentAt,
    deliveryAttempt,
    deliveryFailed,
    ...outcome,
    ...chain,
  }
  webhook.attempts.push(event)
  const firstSentAt = before?.firstSentAt ?? sentAt
  if (deliveryFailed) planRetry({ state, webhook, occurrence, before: { event, firstSentAt } })
}

/** A retry goes to the URL that the webhook has by then, whatever kinds it subscribes to by then. */
function planRetry(next: Attempt & Required<Pick<Attempt, 'before'>>): void {
  const { state, webhook } = next
  const { event, firstSentAt } = next.before
  const delay = delays[event.deliveryAttempt - 1]
  if (delay === undefined) return
  event.nextAttemptDate = firstSentAt + delay
  const retry = async () => {
    // Dropped for good: enabling the webhook later brings back neither this retry nor those after it.
    if (isListening(webhook)) await attempt(next)
    // Only now, so that who looks during the attempt does not find that nothing is to come.
    delete event.nextAttemptDate
  }
  state.outbox.at(event.nextAttemptDate, retry, event)
}

function send(sent: {
  state: State
  webhook: Webhook
  occurrence: Occurrence
  id: string
  deliveryAttempt: number
  retryOf?: string
}): Promise<Answer> {
  const { state, webhook, occurrence, id, deliveryAttempt, retryOf } = sent
  const { kind, date, data } = occurrence
  const timestampSent = Math.floor(state.clock.now() / 1000)
  const dated = { id, kind, date: new Date(date).toISOString(), data, timestampSent, deliveryAttempt }
  const body = JSON.stringify({ ...dated, retryOf })
  const signature = signatureOf({ secret: webhook.secret, body })
  const headers = { 'content-type': 'application/json', 'x-dfns-webhook-signature': signature }
  return state.outbox.deliver({ url: webhook.settings.url, headers, body })
}

function outcomeOf(answer: Answer): { status: number; error?: string } {
  if (answer === 'no answer') return { status: 0, error: 'The webhook did not answer.' }
  const { status } = answer
  return status === 200 ? { status } : { status, error: `The webhook answered ${status}.` }
}
