import { isMarkOfRotation, type Lineage, markIn } from '../crypto/lineage.ts'
import type { Webhook } from '../ports/dfns-webhook-replies.ts'
import type { Means } from './credential.ts'
import { assertWebhookFollows, type WebhookDocument } from './webhook-document.ts'
import { type Keeper, keeperOf, present } from './webhook-keeper.ts'

interface Enabling {
  readonly current: () => Promise<WebhookDocument>
  readonly pending: WebhookDocument
  readonly lineage: Lineage
  readonly means: Means
}

/**
 * Makes Dfns deliver by the pending webhook, too, if it does by the current one: a Disabled webhook is
 * rotated Disabled.
 */
export async function enable({ current, pending, lineage, means }: Enabling): Promise<void> {
  const keeper = await keeperOf({ document: pending, means })
  const [webhook] = await Promise.all([
    present({ keeper, document: pending }),
    removeTwins({ keeper, pending, lineage }),
  ])
  if (webhook.status === 'Enabled') return
  const followed = await current()
  assertWebhookFollows({ current: followed, pending })
  // Where somebody deleted the current one meanwhile, the pending one is all that could deliver.
  if ((await keeper.find(followed.id))?.status === 'Disabled') return
  await keeper.update(pending.id, { status: 'Enabled' })
}

/** With a stored value to compare with, all that this rotation made beside it is a stray, of whatever age. */
async function removeTwins(of: {
  keeper: Keeper
  pending: WebhookDocument
  lineage: Lineage
}): Promise<void> {
  const { keeper, pending, lineage } = of
  const isTwin = ({ id, description }: Webhook) =>
    id !== pending.id && isMarkOfRotation(markIn(description), lineage)
  const all = await keeper.ask((as) => as.listWebhooks())
  await Promise.all(all.filter(isTwin).map(({ id }) => keeper.removeStray(id)))
}
