import { createHash } from 'node:crypto'
import type { Log } from '../ports/log.ts'
import type { DescribedSecret, SecretStore } from '../ports/secrets-manager.ts'

/**
 * The staging label under which a secret remembers that AWSCURRENT was refused once this credential was
 * deactivated, and that it was activated again. Whoever repeats the step would only repeat the refusal.
 * Whoever decides otherwise removes the label.
 */
export function undoneLabel(credId: string): string {
  return `dfns-retire-undone-${createHash('sha256').update(credId).digest('hex').slice(0, 8)}`
}

export function isMarkedUndone(mark: { stages: DescribedSecret['stages']; credId: string }): boolean {
  const label = undoneLabel(mark.credId)
  return [...mark.stages.values()].some((labels) => labels.includes(label))
}

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
