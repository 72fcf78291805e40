import type { CreateWebhookBody, UpdateWebhookBody } from '@dfns/sdk/generated/webhooks/types.js'
import * as v from 'valibot'
import type { Dfns, Identity } from './dfns.ts'
import { type Caller, callerOf, everyDfnsPage } from './dfns-caller.ts'
import { undocumented } from './dfns-replies.ts'
import {
  type CreatedWebhook,
  type Webhook,
  type WebhookEvent,
  webhookReplies,
} from './dfns-webhook-replies.ts'
import type { Time } from './time.ts'

/** What the owner of a webhook chooses. Kinds of event may be newer than the SDK's list of them. */
export interface WebhookSettings {
  readonly url: string
  readonly events: readonly string[]
  readonly status: 'Enabled' | 'Disabled'
  /** At most 256 characters. */
  readonly description: string
}

/**
 * The calls to Dfns about webhooks, one method each, named as the API names them; each reply is checked
 * before it is used. All but Create Webhook are repeated when Dfns is unavailable: a second one changes
 * nothing more, and a ping tells of nothing.
 */
export interface Webhooks {
  /** POST /webhooks, signed: the only reply with the secret. Whoever calls it looks for a lost one later. */
  createWebhook(settings: WebhookSettings): Promise<CreatedWebhook>
  /** GET /webhooks: all pages, those of the caller's organisation. */
  listWebhooks(): Promise<readonly Webhook[]>
  /** GET /webhooks/{webhookId}. */
  getWebhook(webhookId: string): Promise<Webhook>
  /** PUT /webhooks/{webhookId}, signed: what is not named stays as it is. */
  updateWebhook(webhookId: string, changes: Partial<WebhookSettings>): Promise<Webhook>
  /** DELETE /webhooks/{webhookId}, signed. Deliveries that are still to be repeated are given up. */
  deleteWebhook(webhookId: string): Promise<void>
  /** POST /webhooks/{webhookId}/ping, signed: the status that the receiver gave a fake event, `200`. */
  pingWebhook(webhookId: string): Promise<string>
  /** GET /webhooks/{webhookId}/events, failed deliveries only: a page of them, and where the next begins. */
  listFailedEvents(webhookId: string, page?: string): Promise<FailedEvents>
}

export interface FailedEvents {
  readonly items: readonly WebhookEvent[]
  readonly nextPageToken: string | undefined
}

/** Webhooks as an identity hears of them; a user's session is the one that `dfnsAs` has. */
export function webhooksOf(given: {
  time: Time
  dfnsAs: (identity: Identity) => Dfns
}): (identity: Identity) => Webhooks {
  return (identity) => webhooksBy(callerOf({ identity, ...given }))
}

const path = '/webhooks'

function webhooksBy(caller: Caller): Webhooks {
  const { read, make } = caller
  return {
    createWebhook: (settings) => {
      // The SDK's list of kinds is a year old; Dfns's own decides.
      const body = settings as unknown as CreateWebhookBody
      return make(`POST ${path}`, webhookReplies.created, ({ webhooks }) => webhooks.createWebhook({ body }))
    },
    listWebhooks: () => listWebhooks(caller),
    getWebhook: (webhookId) =>
      read(`GET ${path}/${webhookId}`, webhookReplies.webhook, ({ webhooks }) =>
        webhooks.getWebhook({ webhookId }),
      ),
    updateWebhook: (webhookId, changes) => {
      const body = changes as unknown as UpdateWebhookBody
      return read(`PUT ${path}/${webhookId}`, webhookReplies.webhook, ({ webhooks }) =>
        webhooks.updateWebhook({ webhookId, body }),
      )
    },
    async deleteWebhook(webhookId) {
      await read(`DELETE ${path}/${webhookId}`, v.unknown(), ({ webhooks }) =>
        webhooks.deleteWebhook({ webhookId }),
      )
    },
    pingWebhook: async (webhookId) =>
      (
        await read(`POST ${path}/${webhookId}/ping`, webhookReplies.ping, ({ webhooks }) =>
          webhooks.pingWebhook({ webhookId }),
        )
      ).status,
    listFailedEvents: (webhookId, page) => listFailedEvents(caller, { webhookId, page }),
  }
}

function listWebhooks({ read }: Caller): Promise<readonly Webhook[]> {
  return everyDfnsPage(`GET ${path}`, (paginationToken) =>
    read(`GET ${path}`, webhookReplies.webhooks, ({ webhooks }) =>
      webhooks.listWebhooks({ query: { ...(paginationToken !== undefined && { paginationToken }) } }),
    ),
  )
}

async function listFailedEvents(
  { read }: Caller,
  { webhookId, page }: { webhookId: string; page: string | undefined },
): Promise<FailedEvents> {
  const query = { deliveryFailed: 'true', ...(page !== undefined && { paginationToken: page }) } as const
  const endpoint = `GET ${path}/${webhookId}/events`
  const { items, nextPageToken } = await read(endpoint, webhookReplies.events, ({ webhooks }) =>
    webhooks.listWebhookEvents({ webhookId, query }),
  )
  if (nextPageToken !== undefined && nextPageToken === page) throw undocumented(endpoint)
  return { items, nextPageToken }
}
