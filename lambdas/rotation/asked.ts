import type { Log } from '../ports/log.ts'
import type { DescribedSecret, SecretStore } from '../ports/secrets-manager.ts'
import { holderOf } from './labels.ts'

/**
 * The staging label under which a secret remembers that a change was asked for which waits for an approval.
 * The next attempt may come at once, and in createSecret nothing is stored whose age would tell it.
 */
const askedLabel = 'dfns-approval-asked'

export function isMarkedAsked(stages: DescribedSecret['stages']): boolean {
  return holderOf({ stages }, askedLabel) !== undefined
}

/** Attaches the label to AWSCURRENT's version. Without it the next attempt asks once more, and says so. */
export async function markAsked(mark: {
  store: SecretStore
  log: Log
  stages: DescribedSecret['stages']
}): Promise<void> {
  const { store, log, stages } = mark
  const to = holderOf({ stages }, 'AWSCURRENT')
  if (to === undefined || isMarkedAsked(stages)) return
  const fields = { label: askedLabel, versionId: to }
  try {
    await store.attachLabel({ label: askedLabel, to })
    log.info('that an approval was asked for is remembered by a staging label', fields)
  } catch {
    log.warn('the staging label of an approval that was asked for could not be attached', fields)
  }
}
