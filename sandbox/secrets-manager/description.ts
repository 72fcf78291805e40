import { primaryRegionOf, replicationStatus } from './replication.ts'
import { daysBetweenWindows } from './schedule.ts'
import type { RotationState, Secret, SecretVersion } from './secret.ts'

/** Times travel as epoch seconds. */
export const seconds = (ms: number): number => ms / 1000

/** RotationRules with the AutomaticallyAfterDays that the service works out for an expression. */
function rulesShown({ rotation, now }: { rotation: RotationState; now: number }) {
  const { rules } = rotation
  if (rules.ScheduleExpression === undefined) return rules
  const days = daysBetweenWindows({ rules, now })
  return { ...rules, ...(days !== undefined && { AutomaticallyAfterDays: days }) }
}

/** The next rotation is null while rotation is turned off; function and rules stay. */
function describeRotation({ rotation, now }: { rotation: RotationState; now: number }) {
  const { enabled, lambdaArn, nextRotationAt } = rotation
  return {
    RotationEnabled: enabled,
    RotationLambdaARN: lambdaArn,
    RotationRules: rulesShown({ rotation, now }),
    ...(enabled && nextRotationAt !== undefined && { NextRotationDate: seconds(nextRotationAt) }),
  }
}

/** Labelled versions only; the empty one of a rotation among them. */
function stages(secret: Secret): Record<string, string[]> | undefined {
  const labelled = [...secret.versions.values()].filter((version) => version.labels.size > 0)
  if (labelled.length === 0) return undefined
  return Object.fromEntries(labelled.map((version) => [version.id, [...version.labels]]))
}

/** When a value of the secret was last read. */
export function lastAccess(secret: Secret): number | undefined {
  const times = [...secret.versions.values()].flatMap((version) => version.accessedAt ?? [])
  return times.length === 0 ? undefined : Math.max(...times)
}

interface Looking {
  readonly secret: Secret
  readonly now: number
}

/** A field that is absent where it has no value. */
function dated<Name extends string>({ name, ms }: { name: Name; ms: number | undefined }) {
  return ms === undefined ? {} : { [name]: seconds(ms) }
}

/** What DescribeSecret and ListSecrets tell in the same words. */
function common({ secret, now }: Looking) {
  const { arn, name, description, kmsKeyId, createdAt, changedAt, rotation, tags } = secret
  const primaryRegion = primaryRegionOf(secret)
  return {
    ARN: arn,
    Name: name,
    ...(description !== undefined && { Description: description }),
    ...(kmsKeyId !== undefined && { KmsKeyId: kmsKeyId }),
    ...(rotation && describeRotation({ rotation, now })),
    CreatedDate: seconds(createdAt),
    LastChangedDate: seconds(changedAt),
    ...dated({ name: 'LastAccessedDate', ms: lastAccess(secret) }),
    ...(tags.size > 0 && { Tags: [...tags].map(([Key, Value]) => ({ Key, Value })) }),
    ...(primaryRegion !== undefined && { PrimaryRegion: primaryRegion }),
  }
}

/**
 * DescribeSecret. By the API reference its DeletedDate is the one that the deletion is scheduled for, and
 * LastRotatedDate is null while rotation is turned off.
 */
export function describeSecret({
  statusOf,
  ...looking
}: Looking & { statusOf: Parameters<typeof replicationStatus>[0]['statusOf'] }) {
  const { secret } = looking
  const { rotation, deletionAt } = secret
  const versionIdsToStages = stages(secret)
  const replicas = replicationStatus({ secret, statusOf })
  return {
    ...common(looking),
    ...dated({ name: 'LastRotatedDate', ms: rotation?.enabled ? rotation.lastRotatedAt : undefined }),
    ...dated({ name: 'DeletedDate', ms: deletionAt }),
    ...(versionIdsToStages && { VersionIdsToStages: versionIdsToStages }),
    ...(replicas.length > 0 && { ReplicationStatus: replicas }),
  }
}

/**
 * An entry of ListSecrets. By the API reference its DeletedDate is the one on which the secret was deleted,
 * and LastRotatedDate is null only for a secret that has never rotated.
 */
export function listEntry(looking: Looking) {
  const { rotation, deletedAt } = looking.secret
  const versionsToStages = stages(looking.secret)
  return {
    ...common(looking),
    ...dated({ name: 'LastRotatedDate', ms: rotation?.lastRotatedAt }),
    ...dated({ name: 'DeletedDate', ms: deletedAt }),
    ...(versionsToStages && { SecretVersionsToStages: versionsToStages }),
  }
}

const startOfDay = (ms: number) => ms - (ms % 86_400_000)

/**
 * An entry of ListSecretVersionIds; a deprecated version has no VersionStages, and LastAccessedDate tells the
 * day only.
 */
export function describeVersion({ secret, version }: { secret: Secret; version: SecretVersion }) {
  const { id, labels, createdAt, accessedAt } = version
  return {
    VersionId: id,
    ...(labels.size > 0 && { VersionStages: [...labels] }),
    CreatedDate: seconds(createdAt),
    ...dated({
      name: 'LastAccessedDate',
      ms: accessedAt === undefined ? undefined : startOfDay(accessedAt),
    }),
    KmsKeyIds: [secret.kmsKeyId ?? 'DefaultEncryptionKey'],
  }
}
