import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { RotationError } from '../errors.ts'
import { deadlineOf } from './aws-client.ts'
import { awsErrorName, awsFailure } from './aws-failure.ts'
import { awsReplies, type AwsSecret, replyOf } from './aws-replies.ts'
import type { Time } from './time.ts'

export type StagingLabel = 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS'

export interface DescribedSecret {
  readonly arn: string
  readonly rotationEnabled: boolean
  readonly isDeleted: boolean
  /** Version id → its staging labels. */
  readonly stages: ReadonlyMap<string, readonly string[]>
  readonly tags: ReadonlyMap<string, string>
  readonly lastRotation: Date | undefined
  /** On or before this moment Secrets Manager rotates again. */
  readonly nextRotation: Date | undefined
  /** Days from one rotation to the next, as its schedule has it; nothing where none succeeded yet. */
  readonly rotationDays: number | undefined
  /** The last change of any kind. */
  readonly lastChanged: Date | undefined
  /** Its rotation function's ARN, which stays where rotation was cancelled. */
  readonly rotationArn: string | undefined
  /** Of a secret with replicas: its own region, or for a replica that of the secret it is one of. */
  readonly primaryRegion: string | undefined
  /** Regions in which the replica does not follow. */
  readonly failedRegions: readonly string[]
}

export interface SecretVersion {
  readonly versionId: string
  /** The text, or nothing if the version is binary. */
  readonly text: string | undefined
  readonly created: Date | undefined
}

/** A version by its label, its id, or both; both have to fit. */
export interface VersionName {
  readonly label?: StagingLabel | undefined
  readonly versionId?: string | undefined
}

interface NewVersion {
  readonly token: string
  readonly rotationToken: string | undefined
  readonly text: string
}

/** The Secrets Manager calls on one secret, one method each, named as the service names them. */
export interface SecretStore {
  describeSecret(): Promise<DescribedSecret>
  /** Nothing if there is no such version, or it has no value yet (the placeholder of a rotation). */
  getSecretValue(version: VersionName): Promise<SecretVersion | undefined>
  /** Fills the pending version. `taken`: it has another value, and versions are immutable. */
  putSecretValue(version: NewVersion): Promise<'stored' | 'taken'>
  /** Moves AWSCURRENT by compare-and-set: refused unless `from` holds it. */
  moveCurrent(move: { from: string; to: string }): Promise<'moved' | 'refused'>
  /**
   * Takes AWSPREVIOUS from a version. `refused`: it does not hold the label, or the label cannot be removed.
   */
  removePrevious(version: { from: string }): Promise<'removed' | 'refused'>
  /** Attaches a label of ours that no version has. `refused`: one has it already. */
  attachLabel(version: { label: string; to: string }): Promise<'attached' | 'refused'>
}

/** A secret by its name or ARN, and how it is spoken of with Secrets Manager. */
interface Addressed {
  readonly client: SecretsManagerClient
  readonly secretId: string
  readonly time: Time
}

export function secretStore(secret: Addressed): SecretStore {
  return {
    describeSecret: () => describeSecret(secret),
    getSecretValue: (version) => getSecretValue(secret, version),
    putSecretValue: (version) => putSecretValue(secret, version),

    moveCurrent: async ({ from, to }) =>
      (await updateStage(secret, { label: 'AWSCURRENT', from, to })) ? 'moved' : 'refused',

    removePrevious: async ({ from }) =>
      (await updateStage(secret, { label: 'AWSPREVIOUS', from })) ? 'removed' : 'refused',

    attachLabel: async ({ label, to }) =>
      (await updateStage(secret, { label, to })) ? 'attached' : 'refused',
  }
}

async function describeSecret({ client, secretId, time }: Addressed): Promise<DescribedSecret> {
  try {
    const command = new DescribeSecretCommand({ SecretId: secretId })
    const reply = await client.send(command, { abortSignal: deadlineOf(time) })
    return described(replyOf(awsReplies.DescribeSecret)(reply), secretId)
  } catch (error) {
    throw storeFailure({ error, action: 'DescribeSecret', on: secretId })
  }
}

async function getSecretValue(
  { client, secretId, time }: Addressed,
  { label, versionId }: VersionName,
): Promise<SecretVersion | undefined> {
  const command = new GetSecretValueCommand({
    SecretId: secretId,
    ...(label !== undefined && { VersionStage: label }),
    ...(versionId !== undefined && { VersionId: versionId }),
  })
  try {
    const sent = await client.send(command, { abortSignal: deadlineOf(time) })
    const reply = replyOf(awsReplies.GetSecretValue)(sent)
    // Some implementations answer a placeholder with neither form of value.
    if (reply.SecretString === undefined && reply.SecretBinary === undefined) return undefined
    return { versionId: reply.VersionId ?? '', text: reply.SecretString, created: reply.CreatedDate }
  } catch (error) {
    if (awsErrorName(error) === 'ResourceNotFoundException') return undefined
    throw storeFailure({ error, action: `GetSecretValue ${label ?? versionId}`, on: secretId })
  }
}

async function putSecretValue(
  { client, secretId, time }: Addressed,
  { token, rotationToken, text }: NewVersion,
): Promise<'stored' | 'taken'> {
  const command = new PutSecretValueCommand({
    SecretId: secretId,
    ClientRequestToken: token,
    SecretString: text,
    VersionStages: ['AWSPENDING'],
    ...(rotationToken !== undefined && { RotationToken: rotationToken }),
  })
  try {
    await client.send(command, { abortSignal: deadlineOf(time) })
    return 'stored'
  } catch (error) {
    if (awsErrorName(error) === 'ResourceExistsException') return 'taken'
    throw storeFailure({ error, action: 'PutSecretValue', on: secretId })
  }
}

/** UpdateSecretVersionStage: whether the label was updated; not, if its holder is another. */
export async function updateStage(
  { client, secretId, time }: Addressed,
  { label, from, to }: { label: string; from?: string; to?: string },
): Promise<boolean> {
  const command = new UpdateSecretVersionStageCommand({
    SecretId: secretId,
    VersionStage: label,
    ...(from !== undefined && { RemoveFromVersionId: from }),
    ...(to !== undefined && { MoveToVersionId: to }),
  })
  try {
    await client.send(command, { abortSignal: deadlineOf(time) })
    return true
  } catch (error) {
    if (isRefusal(error)) return false
    throw storeFailure({ error, action: 'UpdateSecretVersionStage', on: secretId })
  }
}

/**
 * No page says with which of the two it is answered that a label is on another version, or may not be
 * removed.
 */
const isRefusal = (error: unknown): boolean =>
  ['InvalidParameterException', 'InvalidRequestException'].includes(awsErrorName(error)) && !isDeletion(error)

/** What DescribeSecret answers; ListSecrets has the same fields, but for the labels' name. */
export function described(reply: AwsSecret, secretId: string): DescribedSecret {
  return {
    arn: reply.ARN ?? secretId,
    rotationEnabled: reply.RotationEnabled === true,
    isDeleted: reply.DeletedDate !== undefined,
    stages: new Map(Object.entries(reply.VersionIdsToStages)),
    tags: new Map(reply.Tags.map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
    lastRotation: reply.LastRotatedDate,
    nextRotation: reply.NextRotationDate,
    rotationDays: reply.RotationRules?.AutomaticallyAfterDays,
    lastChanged: reply.LastChangedDate,
    rotationArn: reply.RotationLambdaARN,
    primaryRegion: reply.PrimaryRegion,
    failedRegions: reply.ReplicationStatus.filter(({ Status }) => Status === 'Failed').map(
      ({ Region }) => Region ?? '',
    ),
  }
}

/** Whether it follows a secret in another region, where alone it can be changed. */
export function isReplica({ arn, primaryRegion }: DescribedSecret): boolean {
  return primaryRegion !== undefined && arn.split(':')[3] !== primaryRegion
}

function storeFailure(details: { error: unknown; action: string; on: string }): RotationError {
  const { error, action, on } = details
  if (awsErrorName(error) === 'ResourceNotFoundException') {
    return new RotationError('ERR_SECRET_GONE', `${action} on ${on}: there is no such secret`)
  }
  if (isDeletion(error)) {
    return new RotationError('ERR_SECRET_GONE', `${action} on ${on}: it is marked for deletion`)
  }
  return awsFailure({ code: 'ERR_STORE', ...details })
}

const isDeletion = (error: unknown): boolean =>
  error instanceof Error && /marked for deletion|scheduled for deletion/.test(error.message)
