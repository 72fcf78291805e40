import { RotationError } from '../errors.ts'
import type { Webhook } from '../ports/dfns-webhook-replies.ts'
import { dayMs, hourMs } from '../ports/time.ts'
import type { Means } from './credential.ts'
import type { Keeper } from './webhook-keeper.ts'

/** Dfns makes the last attempt to deliver an event 24 hours after the first; an hour for its being late. */
const drainMs = dayMs + hourMs

/** From here on a next attempt that Dfns still announces is none that it will make. */
const longestDrainMs = 3 * dayMs

interface Draining {
  readonly keeper: Keeper
  readonly old: Webhook
  readonly kept: Webhook
  readonly means: Means
}

/**
 * Fails, as what may pass, while the old webhook alone may still deliver an event: one from before the kept
 * one was enabled. What failed after that is no reason, the kept one carries it too. When it was enabled is
 * told nowhere: an update is never earlier than that, so it counts from the last one. Where none is Enabled
 * nothing is delivered any more.
 */
export async function assertDrained({ keeper, old, kept, means }: Draining): Promise<void> {
  if (kept.status === 'Disabled') return
  const now = means.time.now()
  const enabled = kept.dateUpdated
  if (now < enabled + drainMs) throw waiting({ old, until: enabled + drainMs })
  if (now >= enabled + longestDrainMs) return
  let page: string | undefined
  do {
    const { items, nextPageToken } = await keeper.ask((as) => as.listFailedEvents(old.id, page))
    for (const { date, nextAttemptDate = 0 } of items) {
      if (date < enabled && nextAttemptDate > now - hourMs) throw waiting({ old, until: nextAttemptDate })
    }
    page = nextPageToken
  } while (page !== undefined)
}

function waiting({ old, until }: { old: Webhook; until: number }): RotationError {
  const problem = `webhook ${old.id} may have events to deliver that no other one has`
  return new RotationError(
    'ERR_PREVIOUS_IN_GRACE',
    `${problem}, so it is not deleted before ${new Date(until).toISOString()}`,
    { retryable: true },
  )
}
