import { WebhooksClient } from '@dfns/sdk/generated/webhooks/client.js'
import type { CreateWebhookBody, UpdateWebhookBody } from '@dfns/sdk/generated/webhooks/types.js'
import { transport } from 'cross-fetch'
import { assert } from '../crypto/key-credential.ts'
import type { Bearer, Dfns, Identity } from './dfns.ts'
import { everyPage } from './dfns-caller.ts'
import { isNotMade, isUnavailable, retrying, withToken } from './dfns-retries.ts'
import { undocumented } from './dfns-replies.ts'
import { dfnsTransport } from './dfns-transport.ts'
import {
  type CreatedWebhook,
  readCreated,
  readEvent,
  readWebhook,
  readWebhookReply,
  type Webhook,
  type WebhookEvent,
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
export function webhooksOf(by: {
  time: Time
  dfnsAs: (identity: Identity) => Dfns
}): (identity: Identity) => Webhooks {
  const { time, dfnsAs } = by
  return (identity) => {
    const dfns = dfnsAs(identity)
    const within = <T>(ask: (webhooks: Webhooks) => Promise<T>) =>
      withToken({ dfns, call: (authToken) => ask(webhooksAs({ ...identity, authToken }, time)) })
    return {
      createWebhook: (settings) => within((webhooks) => webhooks.createWebhook(settings)),
      listWebhooks: () => within((webhooks) => webhooks.listWebhooks()),
      getWebhook: (webhookId) => within((webhooks) => webhooks.getWebhook(webhookId)),
      updateWebhook: (webhookId, changes) => within((webhooks) => webhooks.updateWebhook(webhookId, changes)),
      deleteWebhook: (webhookId) => within((webhooks) => webhooks.deleteWebhook(webhookId)),
      pingWebhook: (webhookId) => within((webhooks) => webhooks.pingWebhook(webhookId)),
      listFailedEvents: (webhookId, page) => within((webhooks) => webhooks.listFailedEvents(webhookId, page)),
    }
  }
}

function webhooksAs(identity: Bearer, time: Time): Webhooks {
  const { origin, authToken } = identity
  const fetchFromDfns = dfnsTransport({ origin, time, read: readWebhookReply })
  const once = <T>(call: () => Promise<T>) => transport.run(fetchFromDfns, call)
  const repeated = <T>(call: () => Promise<T>) =>
    retrying({ time, call: () => once(call), when: isUnavailable })
  const sign = async ({ challenge }: { challenge: string }) => assert({ ...identity, challenge })
  const client = new WebhooksClient({ baseUrl: origin, authToken, signer: { sign } })

  return {
    createWebhook: (settings) => {
      // The SDK's list of kinds is a year old; Dfns's own decides.
      const body = settings as unknown as CreateWebhookBody
      const call = () => once(async () => readCreated(await client.createWebhook({ body })))
      return retrying({ time, call, when: isNotMade('POST /webhooks') })
    },
    async listWebhooks() {
      const all = await everyPage('GET /webhooks', (paginationToken) =>
        repeated(() => client.listWebhooks({ query: { ...(paginationToken && { paginationToken }) } })),
      )
      return all.map(readWebhook)
    },
    getWebhook: (webhookId) => repeated(async () => readWebhook(await client.getWebhook({ webhookId }))),
    updateWebhook: (webhookId, changes) =>
      repeated(async () => {
        const body = changes as unknown as UpdateWebhookBody
        return readWebhook(await client.updateWebhook({ webhookId, body }))
      }),
    deleteWebhook: (webhookId) => repeated(async () => void (await client.deleteWebhook({ webhookId }))),
    pingWebhook: (webhookId) => repeated(async () => (await client.pingWebhook({ webhookId })).status),
    listFailedEvents: (webhookId, page) =>
      repeated(async () => {
        const query = {
          deliveryFailed: 'true',
          ...(page !== undefined && { paginationToken: page }),
        } as const
        const { items, nextPageToken } = await client.listWebhookEvents({ webhookId, query })
        if (nextPageToken !== undefined && nextPageToken === page)
          throw undocumented(`GET /webhooks/${webhookId}/events`)
        return { items: items.map(readEvent), nextPageToken }
      }),
  }
}
