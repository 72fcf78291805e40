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

/** The dates of a rotation are null while it is turned off; function and rules stay. */
function describeRotation({ rotation, now }: { rotation: RotationState; now: number }) {
  const { enabled, lambdaArn, lastRotatedAt, nextRotationAt } = rotation
  return {
    RotationEnabled: enabled,
    RotationLambdaARN: lambdaArn,
    RotationRules: rulesShown({ rotation, now }),
    ...(enabled && lastRotatedAt !== undefined && { LastRotatedDate: seconds(lastRotatedAt) }),
    ...(enabled && nextRotationAt !== undefined && { NextRotationDate: seconds(nextRotationAt) }),
  }
}

/** Labelled versions only; the empty one of a rotation among them. */
function stages(secret: Secret): Record<string, string[]> {
  const labelled = [...secret.versions.values()].filter((version) => version.labels.size > 0)
  return Object.fromEntries(labelled.map((version) => [version.id, [...version.labels]]))
}

function lastAccess(secret: Secret): number | undefined {
  const times = [...secret.versions.values()].flatMap((version) => version.accessedAt ?? [])
  return times.length === 0 ? undefined : Math.max(...times)
}

/** What DescribeSecret and ListSecrets show; they differ in the name of the field with the labels. */
export function describeSecret({ secret, now }: { secret: Secret; now: number }) {
  const { arn, name, description, kmsKeyId, createdAt, changedAt, deletionAt, rotation, tags } = secret
  const accessedAt = lastAccess(secret)
  const versionIdsToStages = stages(secret)
  return {
    ARN: arn,
    Name: name,
    ...(description !== undefined && { Description: description }),
    ...(kmsKeyId !== undefined && { KmsKeyId: kmsKeyId }),
    ...(rotation && describeRotation({ rotation, now })),
    CreatedDate: seconds(createdAt),
    LastChangedDate: seconds(changedAt),
    ...(accessedAt !== undefined && { LastAccessedDate: seconds(accessedAt) }),
    ...(deletionAt !== undefined && { DeletedDate: seconds(deletionAt) }),
    ...(tags.size > 0 && { Tags: [...tags].map(([Key, Value]) => ({ Key, Value })) }),
    ...(Object.keys(versionIdsToStages).length > 0 && { VersionIdsToStages: versionIdsToStages }),
  }
}

/** An entry of ListSecretVersionIds; a deprecated version has no VersionStages. */
export function describeVersion({ id, labels, createdAt, accessedAt }: SecretVersion) {
  return {
    VersionId: id,
    ...(labels.size > 0 && { VersionStages: [...labels] }),
    CreatedDate: seconds(createdAt),
    ...(accessedAt !== undefined && { LastAccessedDate: seconds(accessedAt) }),
  }
}
