import {
  currentCannotBeRemoved,
  invalidParameter,
  invalidRequest,
  limitExceeded,
  removeFromMismatch,
  removeFromMissing,
  versionNotFound,
} from './errors.ts'
import type { Secret, SecretVersion, VaultSwitches } from './secret.ts'

const MAX_LABELS = 20

/** The one version that has `label`. */
export function holderOf({ secret, label }: { secret: Secret; label: string }): SecretVersion | undefined {
  return [...secret.versions.values()].find((version) => version.labels.has(label))
}

/** AWSPENDING on a version other than AWSCURRENT's: a rotation that is not complete. */
export function incompletePending(secret: Secret): SecretVersion | undefined {
  const pending = holderOf({ secret, label: 'AWSPENDING' })
  return pending?.labels.has('AWSCURRENT') ? undefined : pending
}

/**
 * Attaches a label, taking it from its holder. AWSPREVIOUS follows AWSCURRENT by itself; labels of one's own
 * stay where they are. Returns whether anything moved.
 */
export function attach(move: { secret: Secret; label: string; to: SecretVersion }): boolean {
  const { secret, label, to } = move
  const from = holderOf({ secret, label })
  if (from === to) return false
  from?.labels.delete(label)
  to.labels.add(label)
  if (label === 'AWSCURRENT' && from) attach({ secret, label: 'AWSPREVIOUS', to: from })
  return true
}

/** Takes AWSPENDING from a version that has just lost AWSCURRENT: as recorded for PutSecretValue. */
export function dropLeftoverPending({ lost }: { lost: SecretVersion | undefined }): void {
  if (lost && !lost.labels.has('AWSCURRENT')) lost.labels.delete('AWSPENDING')
}

/** At most 20 labels on all versions of a secret together (reference_limits). */
export function ensureLabelsFit({ secret, labels }: { secret: Secret; labels: readonly string[] }): void {
  const all = new Set([...secret.versions.values()].flatMap((version) => [...version.labels]))
  for (const label of labels) all.add(label)
  if (all.size > MAX_LABELS) throw limitExceeded(`A secret can have at most ${MAX_LABELS} staging labels.`)
}

interface LabelMove {
  readonly secret: Secret
  readonly label: string
  readonly removeFrom: string | undefined
  readonly moveTo: string | undefined
  readonly switches: VaultSwitches
}

function ensureHolderIsNamed({ secret, label, removeFrom, moveTo }: LabelMove): void {
  const holder = holderOf({ secret, label })
  if (removeFrom === undefined && moveTo === undefined) {
    throw invalidParameter('You must specify RemoveFromVersionId, MoveToVersionId, or both.')
  }
  if (removeFrom === undefined && holder) throw removeFromMissing({ label, holder: holder.id })
  if (removeFrom !== undefined && !secret.versions.has(removeFrom)) throw versionNotFound(removeFrom)
  if (removeFrom !== undefined && holder?.id !== removeFrom) throw removeFromMismatch(label)
}

/**
 * UpdateSecretVersionStage: a compare-and-set, since a label that is attached moves only when its exact
 * holder is named. Returns whether a version received the label.
 */
export function moveLabel(move: LabelMove): boolean {
  const { secret, label, moveTo, switches } = move
  ensureHolderIsNamed(move)
  const holder = holderOf({ secret, label })
  if (moveTo === undefined) {
    if (label === 'AWSCURRENT') throw currentCannotBeRemoved()
    holder?.labels.delete(label)
    return false
  }
  const to = secret.versions.get(moveTo)
  if (!to) throw versionNotFound(moveTo)
  if (label === 'AWSCURRENT' && !to.value && !switches.promotesEmptyVersions) {
    throw invalidRequest('AWSCURRENT cannot be moved to a version without a value.')
  }
  ensureLabelsFit({ secret, labels: [label] })
  const moved = attach({ secret, label, to })
  if (moved && label === 'AWSCURRENT' && switches.leftoverPending === 'dropped') {
    dropLeftoverPending({ lost: holder })
  }
  return moved
}
