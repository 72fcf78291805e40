/** What the owner of a webhook chooses. */
export interface WebhookSettings {
  readonly url: string
  /** Kinds of event, or `*` for all. */
  readonly events: readonly string[]
  readonly status: 'Enabled' | 'Disabled'
  readonly description?: string
}

/** A webhook of an organisation. A deleted one is remembered, but found by no request. */
export interface Webhook {
  readonly webhookId: string
  readonly orgId: string
  /** Chosen by Dfns, shown once, never changed. */
  readonly secret: string
  /** Milliseconds, like every date here. */
  readonly dateCreated: number
  /** Every attempt to deliver an event, oldest first. */
  readonly attempts: WebhookEvent[]
  settings: WebhookSettings
  dateUpdated: number
  isDeleted: boolean
  /** Listings that still miss it. */
  unlisted: number
}

/** Something that happened in an organisation, as every attempt to tell of it repeats it. */
export interface Occurrence {
  readonly kind: string
  readonly date: number
  readonly data: unknown
}

/** One attempt to deliver an occurrence to one webhook: Dfns calls each of them a webhook event. */
export interface WebhookEvent extends Occurrence {
  readonly id: string
  readonly sentAt: number
  /** Counted from 1. */
  readonly deliveryAttempt: number
  readonly deliveryFailed: boolean
  /** The HTTP status that the receiver answered; 0 when there was no answer. */
  readonly status: number
  readonly error?: string
  /**
   * The attempt before this one. Dfns speaks of the previous event that failed, and of a chain whose first id
   * is the event's.
   */
  readonly retryOf?: string
  /** When the next attempt is due, as long as there is one to come. */
  nextAttemptDate?: number
}

/** A signed HTTP request to a receiver. */
export interface Delivery {
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The bytes that were signed. */
  readonly body: string
}

/** What comes back from a receiver. */
export type Answer = { readonly status: number } | 'no answer'

/** The way to the receivers. */
export type Deliver = (delivery: Delivery) => Promise<Answer>

/** A receiver inside the test's own process. */
export type Respond = (delivery: Delivery) => Answer | Promise<Answer>

/** The part of a clock that repeated deliveries need. */
export interface Timers {
  at(time: number, task: () => void | Promise<void>, about?: unknown): unknown
}

/** How events leave a simulator. */
export interface Outbox extends Timers {
  readonly deliver: Deliver
  /** Puts a receiver at a URL, in place of an earlier one. */
  receive(receiver: { url: string; respond: Respond }): void
}
