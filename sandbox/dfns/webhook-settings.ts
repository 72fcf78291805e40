import { type Fields, oneOf, readBody, textOf } from './body.ts'
import { Refusal } from './errors.ts'
import type { Switches } from './switches.ts'
import { documentedKinds } from './webhook-kinds.ts'
import type { WebhookSettings } from './webhook-model.ts'

const names = ['url', 'events', 'status', 'description'] as const
const longest = 256

type Given = { body: string; switches: Switches }

/** The settings of a new webhook: `url` and `events` are required, a field that is not documented refused. */
export function newSettings(given: Given): WebhookSettings {
  const { url, events, ...rest } = changedSettings(given)
  if (url === undefined || events === undefined) throw new Refusal(400, 'Missing field: url or events')
  return { status: 'Enabled', ...rest, url, events }
}

/** The settings that an update names. No stored page says what becomes of other fields: they are refused. */
export function changedSettings({ body, switches }: Given): Partial<WebhookSettings> {
  const fields = readBody({ body, only: names })
  return {
    ...('url' in fields && { url: urlOf(fields) }),
    ...('events' in fields && { events: eventsOf({ fields, switches }) }),
    ...('status' in fields && {
      status: oneOf({ fields, name: 'status', among: ['Enabled', 'Disabled'] }),
    }),
    ...('description' in fields && { description: descriptionOf(fields) }),
  }
}

function urlOf(fields: Fields): string {
  const url = textOf({ fields, name: 'url' })
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: '' }
  if (!['http:', 'https:'].includes(protocol)) throw new Refusal(400, 'Invalid field: url')
  return url
}

function eventsOf({ fields, switches }: { fields: Fields; switches: Switches }): string[] {
  const events: unknown = fields['events']
  const isAllowed = (kind: unknown): kind is string =>
    typeof kind === 'string' &&
    (switches.webhookUnknownEvents === 'allow' || kind === '*' || documentedKinds.has(kind))
  if (!Array.isArray(events) || events.length === 0 || !events.every(isAllowed)) {
    throw new Refusal(400, 'Invalid field: events')
  }
  return [...events]
}

function descriptionOf(fields: Fields): string {
  const description = textOf({ fields, name: 'description', min: 0 })
  if (description.length > longest) throw new Refusal(400, 'Invalid field: description')
  return description
}
