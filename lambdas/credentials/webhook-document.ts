import * as v from 'valibot'
import { allowedOrigin } from './base-url.ts'
import {
  assertOrgAllowed,
  checkedFields,
  commonFields,
  type DocumentLimits,
  type DocumentSource,
  type Generation,
  secretArn,
} from './document.ts'
import type { JsonObject } from './json.ts'
import { textFollowerOf } from './owner-fields.ts'
import { assertIsExpected, followingDocument } from './succession.ts'

/** A document of kind WebhookSecret: it signs nothing itself, so it names who does. */
export interface WebhookDocument extends Generation {
  readonly origin: string
  readonly orgId: string
  readonly secretArn: string
  readonly signerArn: string
  readonly changing: WebhookFields
  /** The fields that are ours. All others are the owner's. */
  readonly ourFields: readonly string[]
}

/** The fields that a rotation changes. `url` and `events` are those of the webhook when it was made. */
export interface WebhookFields {
  readonly webhookId: string
  readonly webhookSecret: string
  readonly url: string
  readonly events: readonly string[]
}

const webhookFields = v.object({
  ...commonFields,
  webhookId: v.pipe(v.string(), v.regex(/^[\w.:-]{4,128}$/)),
  webhookSecret: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{8,512}$/)),
  url: v.pipe(v.string(), v.regex(/^https?:\/\/\S{1,2048}$/)),
  // Dfns's list of kinds grows, so there is none here.
  events: v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(256))), v.minLength(1)),
  signerArn: secretArn,
})

export function readWebhookDocument(source: DocumentSource, limits: DocumentLimits): WebhookDocument {
  const { on } = source
  const { fields, checked } = checkedFields(source, webhookFields)
  const { kind, baseUrl, orgId, webhookId, webhookSecret, url, events } = checked
  const origin = allowedOrigin({ baseUrl, allowed: limits.allowedBaseUrls, on })
  assertOrgAllowed({ orgId, limits, on })
  const changing = { webhookId, webhookSecret, url, events }
  const known = { kind, on, fields, id: webhookId, tokenExpires: undefined, secretArn: source.secretArn }
  const ourFields = Object.keys(webhookFields.entries)
  return { ...known, origin, orgId, signerArn: checked.signerArn, changing, ourFields }
}

/**
 * The document that follows when another webhook takes the place of the current one. Fails, naming them, if
 * fields cannot follow.
 */
export function webhookSuccessorOf(succession: { current: WebhookDocument; to: WebhookFields }): JsonObject {
  const { current, to } = succession
  const { webhookId, webhookSecret } = current.changing
  const replaced = new Map([
    [webhookId, to.webhookId],
    [webhookSecret, to.webhookSecret],
  ])
  const changed = { ...to }
  const what = "the webhook's secret or id"
  return followingDocument({ current, changed, follow: textFollowerOf(replaced), what })
}

/** Refuses a `pending` that does not follow from `current` by another webhook alone. */
export function assertWebhookFollows(pair: { current: WebhookDocument; pending: WebhookDocument }): void {
  const expected = webhookSuccessorOf({ current: pair.current, to: pair.pending.changing })
  assertIsExpected({ ...pair, expected })
}
