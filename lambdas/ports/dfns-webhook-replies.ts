import * as v from 'valibot'
import { nameText, readReply } from './dfns-replies.ts'
import { DfnsFailure } from './dfns-transport.ts'

const id = v.pipe(v.string(), v.regex(/^[\w.:-]{1,128}$/))
const moment = v.pipe(
  v.string(),
  v.isoTimestamp(),
  v.transform((text) => Date.parse(text)),
)

/** Settings may be newer than any list of ours: events are texts, and nothing is refused for its kind. */
const webhook = v.object({
  id,
  url: v.string(),
  events: v.array(v.string()),
  status: v.picklist(['Enabled', 'Disabled']),
  description: v.nullish(nameText, ''),
  dateCreated: moment,
  dateUpdated: moment,
})
const secret = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{8,512}$/))
const created = v.object({ ...webhook.entries, secret })
const nextPageToken = v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(4_096)))
const event = v.object({ id, date: moment, nextAttemptDate: v.optional(moment) })

/** What is used of each reply; in the endpoint `*` stands for an id. */
const replies: Readonly<Record<string, v.GenericSchema>> = {
  'POST /webhooks': created,
  'GET /webhooks': v.object({ items: v.array(webhook), nextPageToken }),
  'GET /webhooks/*': webhook,
  'PUT /webhooks/*': webhook,
  'POST /webhooks/*/ping': v.object({ status: v.pipe(v.string(), v.maxLength(64)) }),
  'GET /webhooks/*/events': v.object({ items: v.array(event), nextPageToken }),
}

/** A webhook as Dfns lists it: without its secret. Dates are in milliseconds since the epoch. */
export type Webhook = v.InferOutput<typeof webhook>
export type CreatedWebhook = v.InferOutput<typeof created>
/** One attempt to deliver. `nextAttemptDate` is there as long as another one is to come. */
export type WebhookEvent = v.InferOutput<typeof event>

/** The reply of an endpoint as far as it is used; throws if it is not as documented. */
export function readWebhookReply(endpoint: string, reply: unknown): unknown {
  const schema = replies[endpoint.replace(/(?<=^\w+ \/webhooks\/)[^/]+/, '*')]
  if (schema === undefined) return readReply(endpoint, reply)
  // What is read here is given its type by the SDK, so dates stay the texts that they were.
  if (v.is(schema, reply)) return reply
  const problem = 'success, but not the documented reply'
  throw new DfnsFailure('ERR_DFNS_RESPONSE', problem, { endpoint, status: 200, retryable: false })
}

export const readWebhook = (reply: unknown): Webhook => v.parse(webhook, reply)
export const readCreated = (reply: unknown): CreatedWebhook => v.parse(created, reply)
export const readEvent = (reply: unknown): WebhookEvent => v.parse(event, reply)
