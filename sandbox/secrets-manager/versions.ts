import { limitExceeded, stageMismatch, stageNotFound, tokenReused, versionNotFound } from './errors.ts'
import { attach, dropLeftoverPending, ensureLabelsFit, holderOf } from './labels.ts'
import type { Secret, SecretValue, SecretVersion, VaultSwitches } from './secret.ts'

const MAX_VERSIONS = 100
const DAY_MS = 86_400_000

/** What PutSecretValue, UpdateSecret, CreateSecret and the rotation engine write. */
export interface VersionWrite {
  readonly secret: Secret
  readonly token: string
  readonly now: number
  /** Absent only for the engine's placeholder. */
  readonly value?: SecretValue
  /** Absent: AWSCURRENT, and none for a version that has its value already. */
  readonly labels?: readonly string[] | undefined
  readonly rotationToken?: string | undefined
  readonly switches: VaultSwitches
}

const sameValue = (a: SecretValue, b: SecretValue) => JSON.stringify(a) === JSON.stringify(b)

/**
 * More than 100 versions: unlabelled ones go, oldest first, but none younger than a day. When none can go the
 * write is refused (reference_limits; the message is ours).
 */
function makeRoom({ secret, now }: { secret: Secret; now: number }): void {
  if (secret.versions.size < MAX_VERSIONS) return
  const oldest = [...secret.versions.values()].find(
    (version) => version.labels.size === 0 && now - version.createdAt > DAY_MS,
  )
  if (!oldest) throw limitExceeded(`A secret can have at most ${MAX_VERSIONS} versions.`)
  secret.versions.delete(oldest.id)
}

function addVersion({ secret, token, now }: VersionWrite): SecretVersion {
  makeRoom({ secret, now })
  const version = { id: token, createdAt: now, labels: new Set<string>() }
  secret.versions.set(token, version)
  return version
}

/** The labels of a write; the first version of all gets AWSCURRENT whatever was asked. */
function labelsOf({ secret, labels = ['AWSCURRENT'], value }: VersionWrite): readonly string[] {
  const first = secret.versions.size === 0 && value !== undefined
  return first && !labels.includes('AWSCURRENT') ? [...labels, 'AWSCURRENT'] : labels
}

/**
 * Writes a version, or fills the placeholder. A version that has a value never changes: the same value again
 * succeeds, another one is refused. Returns the labels that moved.
 */
export function writeVersion(write: VersionWrite): { version: SecretVersion; moved: string[] } {
  const { secret, token, value, switches } = write
  const known = secret.versions.get(token)
  const repeated = known?.value !== undefined
  if (known?.value && value && !sameValue(known.value, value)) throw tokenReused({ token, arn: secret.arn })
  const ignoresLabels = write.labels === undefined || !switches.repeatedPutMovesLabels
  if (repeated && ignoresLabels) return { version: known, moved: [] }
  const labels = labelsOf(write)
  ensureLabelsFit({ secret, labels })
  const version = known ?? addVersion(write)
  if (!repeated && value) {
    version.value = value
    if (write.rotationToken !== undefined) version.rotationToken = write.rotationToken
  }
  const lost = holderOf({ secret, label: 'AWSCURRENT' })
  const moved = labels.filter((label) => attach({ secret, label, to: version }))
  if (moved.includes('AWSCURRENT')) dropLeftoverPending({ lost })
  return { version, moved }
}

/**
 * GetSecretValue: by label (AWSCURRENT unless told otherwise), by id, or by both; an empty version is not
 * found.
 */
export function readVersion(read: {
  secret: Secret
  versionId?: string | undefined
  label?: string | undefined
}) {
  const { secret, versionId } = read
  if (versionId === undefined) {
    const label = read.label ?? 'AWSCURRENT'
    const version = holderOf({ secret, label })
    if (!version?.value) throw stageNotFound(label)
    return { version, value: version.value }
  }
  const version = secret.versions.get(versionId)
  if (!version) throw versionNotFound(versionId)
  if (read.label !== undefined && !version.labels.has(read.label)) throw stageMismatch()
  if (!version.value) throw read.label === undefined ? versionNotFound(versionId) : stageNotFound(read.label)
  return { version, value: version.value }
}

/** ListSecretVersionIds: unlabelled versions are deprecated and shown on request only. */
export function listVersions(list: { secret: Secret; includeDeprecated: boolean; switches: VaultSwitches }) {
  return [...list.secret.versions.values()].filter(
    (version) =>
      (version.labels.size > 0 || list.includeDeprecated) &&
      (version.value !== undefined || list.switches.listsEmptyVersions),
  )
}
