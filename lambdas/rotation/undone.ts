import { hexDigest } from '../crypto/digest.ts'
import type { Log } from '../ports/log.ts'
import type { DescribedSecret, SecretStore } from '../ports/secrets-manager.ts'
import { holderOf } from './labels.ts'

/**
 * The staging label under which a secret remembers that AWSCURRENT was refused once this credential was
 * deactivated, and that it was activated again. Whoever repeats the step would only repeat the refusal.
 * Whoever decides otherwise removes the label.
 */
export const undoneLabel = (credId: string): string => `dfns-retire-undone-${digest(credId)}`

/**
 * The staging label by which audit holds a credential that another secret names, too: its retirement would
 * lock out whoever reads that one. audit takes the label away when no other secret names it any more.
 */
export const sharedLabel = (credId: string): string => `dfns-shared-${digest(credId)}`

const digest = (credId: string) => hexDigest(credId, 8)

interface Mark {
  readonly stages: DescribedSecret['stages']
  readonly credId: string
}

export const isMarkedUndone = ({ stages, credId }: Mark): boolean =>
  holderOf({ stages }, undoneLabel(credId)) !== undefined

export const isMarkedShared = ({ stages, credId }: Mark): boolean =>
  holderOf({ stages }, sharedLabel(credId)) !== undefined

/** Attaches the label. Without it the attempt is only repeated, so a failure here hides no other. */
export async function markUndone(mark: {
  store: SecretStore
  log: Log
  credId: string
  versionId: string
}): Promise<void> {
  const { store, log, credId, versionId: to } = mark
  const label = undoneLabel(credId)
  try {
    await store.attachLabel({ label, to })
    log.info('the undone retirement is remembered by a staging label', { label, versionId: to })
  } catch {
    log.warn('the staging label of the undone retirement could not be attached', { label, versionId: to })
  }
}
