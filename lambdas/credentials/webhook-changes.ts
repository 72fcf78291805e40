import type { Mark } from '../crypto/lineage.ts'
import type { WebhookSettings } from '../ports/dfns-webhooks.ts'
import type { Change } from './approvals.ts'

/**
 * A change as its approval names it. No page says how one of a webhook is shown: like every change request
 * that is documented, it is taken to tell what is changed, how, and which fields.
 */
export type WebhookChange = Omit<Change, 'on'>

/** Of the attempts of one rotation: whose approval was denied is asked for again by another rotation. */
export function creationOf({ secret, token }: Mark): WebhookChange {
  return {
    what: 'a new webhook (whose secret nobody would see if it were made by an approval)',
    about: ['"operationKind":"Create"', `${secret} ${token}`],
    isForAsker: true,
  }
}

export function updateOf(of: { id: string; changes: Partial<WebhookSettings> }): WebhookChange {
  const { id, changes } = of
  const fields = Object.entries(changes).map(([name, value]) => `"${name}":${JSON.stringify(value)}`)
  const what = `the update of ${Object.keys(changes).join(' and ')} of webhook ${id}`
  return { what, about: ['"operationKind":"Update"', `"${id}"`, ...fields] }
}

export function deletionOf(id: string): WebhookChange {
  return { what: `the deletion of webhook ${id}`, about: ['"operationKind":"Delete"', `"${id}"`] }
}
