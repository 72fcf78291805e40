import * as v from 'valibot'
import { dfnsId, nameText } from './dfns-replies.ts'

const moment = v.pipe(
  v.string(),
  v.isoTimestamp(),
  v.transform((text) => Date.parse(text)),
)

/** Settings may be newer than any list of ours: events are texts, and nothing is refused for its kind. */
const webhook = v.object({
  id: dfnsId,
  url: v.string(),
  events: v.array(v.string()),
  status: v.picklist(['Enabled', 'Disabled']),
  description: v.nullish(nameText, ''),
  dateCreated: moment,
  dateUpdated: moment,
})
const secret = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{8,512}$/))
const created = v.object({ ...webhook.entries, secret })
// The last page has none, or says so.
const nextPageToken = v.pipe(
  v.nullish(v.pipe(v.string(), v.maxLength(4_096))),
  v.transform((token) => token || undefined),
)
const event = v.object({
  id: dfnsId,
  date: moment,
  nextAttemptDate: v.pipe(
    v.nullish(moment),
    v.transform((at) => at ?? undefined),
  ),
})

/** What is used of each reply. */
export const webhookReplies = {
  created,
  webhook,
  webhooks: v.object({ items: v.array(webhook), nextPageToken }),
  ping: v.object({ status: v.pipe(v.union([v.string(), v.number()]), v.transform(String), v.maxLength(64)) }),
  events: v.object({ items: v.array(event), nextPageToken }),
} as const

/** A webhook as Dfns lists it: without its secret. Dates are in milliseconds since the epoch. */
export type Webhook = v.InferOutput<typeof webhook>
export type CreatedWebhook = v.InferOutput<typeof created>
/** One attempt to deliver. `nextAttemptDate` is there as long as another one is to come. */
export type WebhookEvent = v.InferOutput<typeof event>
