import { need, record, type State } from './state.ts'
import { isKept, publish } from './webhook-deliveries.ts'
import type { Respond, Webhook, WebhookEvent, WebhookSettings } from './webhook-model.ts'
import { storeWebhook, webhooksOf } from './webhook-store.ts'

/** A webhook as the administrator sees it: with its secret. */
export type SceneWebhook = WebhookSettings &
  Pick<Webhook, 'webhookId' | 'secret' | 'dateCreated' | 'dateUpdated'>

/** The methods that set a scene with webhooks and look at it. */
export function webhookScene(state: State) {
  return {
    /** As Create Webhook, past every check and the cap, and at once listed. */
    createWebhook({
      orgId,
      status = 'Enabled',
      ...given
    }: Omit<WebhookSettings, 'status'> & Partial<WebhookSettings> & { orgId: string }): {
      webhookId: string
      secret: string
    } {
      need(state.organisations, orgId)
      const settings = { status, ...given }
      const { webhookId, secret } = storeWebhook({ state, orgId, settings, unlisted: 0 })
      const by = 'administrator'
      record({ state, effect: { kind: 'webhook created', orgId, userId: '', webhookId, by } })
      return { webhookId, secret }
    },
    /** Something happens in an organisation. Done when its webhooks have been told, or failed once to be. */
    emit({ orgId, kind, data }: { orgId: string; kind: string; data: unknown }): Promise<void> {
      need(state.organisations, orgId)
      return publish({
        state,
        orgId,
        occurrence: { kind, data: structuredClone(data), date: state.clock.now() },
      })
    },
    /** The webhooks of an organisation as they are now, oldest first; deleted ones are not among them. */
    webhooks({ orgId }: { orgId: string }): SceneWebhook[] {
      return webhooksOf({ state, orgId }).map(
        ({ webhookId, secret, dateCreated, dateUpdated, settings }) => ({
          ...settings,
          webhookId,
          secret,
          dateCreated,
          dateUpdated,
        }),
      )
    },
    /** Every attempt of the last 31 days, oldest first, also of a webhook that is deleted. */
    webhookEvents({ webhookId }: { webhookId: string }): Readonly<WebhookEvent>[] {
      const now = state.clock.now()
      const { attempts } = need(state.webhooks, webhookId)
      return attempts.filter((event) => isKept({ event, now })).map((event) => ({ ...event }))
    },
    /** Puts a receiver at a URL, in place of an earlier one. */
    receive: (receiver: { url: string; respond: Respond }): void => state.outbox.receive(receiver),
  }
}
