import type { WireResponse } from '../wire.ts'
import type { Call } from './call.ts'
import { jsonReply, Refusal } from './errors.ts'
import { isKept } from './webhook-deliveries.ts'
import type { WebhookEvent } from './webhook-model.ts'
import { pageOf, queryOf } from './webhook-pages.ts'
import { namedWebhook } from './webhooks.ts'

/**
 * List Webhook Events, GET /webhooks/{webhookId}/events: every attempt of the last 31 days in pages, oldest
 * first.
 */
export function listWebhookEvents(call: Call): WireResponse {
  const { state, organisation, request } = call
  const { attempts } = namedWebhook({ call, webhookId: call.id })
  const query = queryOf(request)
  const isAskedFor = filterOf(query)
  const now = state.clock.now()
  const shows = (event: WebhookEvent) => isKept({ event, now }) && isAskedFor(event)
  const page = pageOf({ all: attempts, shows, query, size: organisation.switches.webhookPageSize })
  return jsonReply({ status: 200, body: { ...page, items: page.items.map(describe) } })
}

/** Get Webhook Event, GET /webhooks/{webhookId}/events/{webhookEventId}. */
export function getWebhookEvent(call: Call): WireResponse {
  const path = call.request.path.replace(/\?.*$/, '')
  const [webhookId = '', , eventId] = path.split('/').slice(2)
  const { attempts } = namedWebhook({ call, webhookId })
  const event = attempts.find(({ id }) => id === eventId)
  if (!event || !isKept({ event, now: call.state.clock.now() })) {
    throw new Refusal(404, 'Webhook event not found')
  }
  return jsonReply({ status: 200, body: describe(event) })
}

function filterOf(query: URLSearchParams): (event: WebhookEvent) => boolean {
  const [kind, failed] = [query.get('kind'), query.get('deliveryFailed')]
  if (failed !== null && failed !== 'true' && failed !== 'false') {
    throw new Refusal(400, 'Invalid field: deliveryFailed')
  }
  return (event) =>
    (kind === null || event.kind === kind) && (failed === null || String(event.deliveryFailed) === failed)
}

function describe({ date, sentAt, status, nextAttemptDate, ...event }: WebhookEvent) {
  return {
    ...event,
    date: new Date(date).toISOString(),
    status: String(status),
    timestampSent: Math.floor(sentAt / 1000),
    ...(nextAttemptDate !== undefined && { nextAttemptDate: new Date(nextAttemptDate).toISOString() }),
  }
}
