import { isDeepStrictEqual } from 'node:util'
import type { Webhook } from '../ports/dfns-webhook-replies.ts'
import type { WebhookSettings } from '../ports/dfns-webhooks.ts'
import { confirmed } from './confirmation.ts'
import type { Deactivation, Means, Superseded } from './credential.ts'
import type { WebhookDocument } from './webhook-document.ts'
import { assertDrained } from './webhook-drain.ts'
import { type Keeper, keeperOf, present } from './webhook-keeper.ts'

interface Deletion {
  readonly current: WebhookDocument
  readonly superseded: Superseded
  readonly means: Means
}

/**
 * Deletes the superseded webhook: only that frees its place, and nothing takes it back. So all that there is
 * to prove is proved before.
 */
export async function deletion({ current, superseded, means }: Deletion): Promise<Deactivation> {
  const keeper = await keeperOf({ document: current, means })
  const old = await keeper.find(superseded.id)
  let isGone = old === undefined
  return {
    ids: [superseded.id],
    isFinal: true,
    isBegun: () => isGone,
    async perform() {
      const kept = await present({ keeper, document: current })
      if (old === undefined) return
      await handOver({ keeper, old, kept, current, means })
      await keeper.remove(old.id)
      isGone = true
    },
    prove: async () => void (await present({ keeper, document: current })),
    undo: () => Promise.reject(new Error('a webhook that is deleted cannot be made again')),
    confirm() {
      const isDone = async () => (await keeper.find(superseded.id)) === undefined
      const problem = 'deleted, but goes on showing it'
      return confirmed({ isDone, on: `webhook ${superseded.id}`, problem, time: means.time })
    },
  }
}

interface HandOver {
  readonly keeper: Keeper
  readonly old: Webhook
  readonly kept: Webhook
  readonly current: WebhookDocument
  readonly means: Means
}

/**
 * What the old webhook does until its end, the kept one does from then on. Enabling begins a drain of its
 * own; other edits are copied when that is over, because an update makes it begin anew.
 */
async function handOver(given: HandOver): Promise<void> {
  const { keeper, old, means } = given
  const edits = editsOf(given)
  const update = (webhook: Webhook) => keeper.update(webhook.id, edits)
  const kept = edits.status === undefined ? given.kept : await update(given.kept)
  await assertDrained({ keeper, old, kept, means })
  if (Object.keys(edits).length > 0 && edits.status === undefined) await update(kept)
}

/**
 * Edits of the old webhook since the kept one was made like it, as AWSCURRENT tells. Where somebody edited
 * the kept one, that counts. That the old one was disabled is not copied: people do that to what is
 * superseded, and nothing would be delivered any more.
 */
function editsOf({ old, kept, current }: HandOver): Partial<WebhookSettings> {
  const { url, events } = current.changing
  return {
    ...(old.url !== url && kept.url === url && { url: old.url }),
    ...(!isSame(old.events, events) && isSame(kept.events, events) && { events: old.events }),
    ...(old.status === 'Enabled' && kept.status === 'Disabled' && { status: old.status }),
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return isDeepStrictEqual(new Set(some), new Set(others))
}
