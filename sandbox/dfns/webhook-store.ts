import type { State } from './state.ts'
import type { Webhook, WebhookSettings } from './webhook-model.ts'

/** The webhooks of an organisation that are not deleted, oldest first. */
export function webhooksOf({ state, orgId }: { state: State; orgId: string }): Webhook[] {
  return [...state.webhooks.values()].filter((webhook) => webhook.orgId === orgId && !webhook.isDeleted)
}

/** Stores a new webhook with a secret of its own. */
export function storeWebhook(given: {
  state: State
  orgId: string
  settings: WebhookSettings
  unlisted: number
}): Webhook {
  const { state, ...rest } = given
  const [webhookId, secret, now] = [state.nextId('wh'), state.nextId('whs'), state.clock.now()]
  const dates = { dateCreated: now, dateUpdated: now }
  const webhook: Webhook = { webhookId, secret, ...rest, ...dates, attempts: [], isDeleted: false }
  state.webhooks.set(webhookId, webhook)
  return webhook
}
