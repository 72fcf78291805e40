/** Behaviour of webhooks that Dfns's documents leave open. */
export interface WebhookSwitches {
  /** How many webhooks an organisation may have; Disabled ones count, deleted ones do not. */
  readonly webhookCap: number
  /** What one more than that is answered; no document says it. */
  readonly webhookCapStatus: 400 | 402 | 403 | 409 | 422
  /** Whether Update Webhook replies with the secret: some versions of its page say so, the SDKs do not. */
  readonly webhookUpdateShowsSecret: boolean
  /** Whether Update Webhook moves `dateUpdated` although nothing changes. */
  readonly webhookUpdateTouches: boolean
  /** Whether a Disabled webhook can be pinged, and what is answered if not. */
  readonly webhookPingDisabled: 'deliver' | 400 | 409 | 422
  /** How many listings still miss a webhook that was just created; by its id it is found at once. */
  readonly webhookListLag: number
  /**
   * The most items on a page of webhooks or of webhook events, and how many there are without `limit`. No
   * document says it; small, so that a caller who reads the first page only is found out.
   */
  readonly webhookPageSize: number
  /** Whether a kind of event that the documents do not list is refused in `events`. */
  readonly webhookUnknownEvents: 'refuse' | 'allow'
}

/** The unkind answers, except for the cap, which older documents state. */
export const pessimisticWebhooks: WebhookSwitches = {
  webhookCap: 5,
  webhookCapStatus: 400,
  webhookUpdateShowsSecret: false,
  webhookUpdateTouches: true,
  webhookPingDisabled: 422,
  webhookListLag: 1,
  webhookPageSize: 2,
  webhookUnknownEvents: 'refuse',
}
