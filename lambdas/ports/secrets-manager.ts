import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
  type UpdateSecretVersionStageCommandInput,
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

/** The Secrets Manager calls on one secret, one method each, named as the service names them. */
export interface SecretStore {
  describeSecret(): Promise<DescribedSecret>
  /** Nothing if there is no such version, or it has no value yet (the placeholder of a rotation). */
  getSecretValue(version: VersionName): Promise<SecretVersion | undefined>
  /** Fills the pending version. `taken`: it has another value, and versions are immutable. */
  putSecretValue(version: {
    token: string
    rotationToken: string | undefined
    text: string
  }): Promise<'stored' | 'taken'>
  /** Moves AWSCURRENT by compare-and-set: refused unless `from` holds it. */
  moveCurrent(move: { from: string; to: string }): Promise<'moved' | 'refused'>
  /**
   * Takes AWSPREVIOUS from a version. `refused`: it does not hold the label, or the label cannot be removed.
   */
  removePrevious(version: { from: string }): Promise<'removed' | 'refused'>
  /** Attaches a label of ours that no version has. `refused`: one has it already. */
  attachLabel(version: { label: string; to: string }): Promise<'attached' | 'refused'>
}

export function secretStore(secret: {
  client: SecretsManagerClient
  secretId: string
  time: Time
}): SecretStore {
  const { client, secretId: SecretId, time } = secret
  const options = () => ({ abortSignal: deadlineOf(time) })
  const failure = (error: unknown, action: string) => storeFailure({ error, action, on: SecretId })

  /** Whether the label was updated; not, if its holder is another. */
  const updateStage = async (
    input: Omit<UpdateSecretVersionStageCommandInput, 'SecretId'>,
  ): Promise<boolean> => {
    try {
      await client.send(new UpdateSecretVersionStageCommand({ SecretId, ...input }), options())
      return true
    } catch (error) {
      if (awsErrorName(error) === 'InvalidParameterException') return false
      throw failure(error, 'UpdateSecretVersionStage')
    }
  }

  return {
    async describeSecret() {
      try {
        const reply = await client.send(new DescribeSecretCommand({ SecretId }), options())
        return described(replyOf(awsReplies.DescribeSecret)(reply), SecretId)
      } catch (error) {
        throw failure(error, 'DescribeSecret')
      }
    },

    async getSecretValue(name) {
      try {
        const command = new GetSecretValueCommand({ SecretId, ...namedBy(name) })
        const reply = replyOf(awsReplies.GetSecretValue)(await client.send(command, options()))
        // Some implementations answer a placeholder with neither form of value.
        if (reply.SecretString === undefined && reply.SecretBinary === undefined) return undefined
        return { versionId: reply.VersionId ?? '', text: reply.SecretString, created: reply.CreatedDate }
      } catch (error) {
        if (awsErrorName(error) === 'ResourceNotFoundException') return undefined
        throw failure(error, `GetSecretValue ${name.label ?? name.versionId}`)
      }
    },

    async putSecretValue({ token, rotationToken, text }) {
      const input = { SecretId, ClientRequestToken: token, SecretString: text, VersionStages: ['AWSPENDING'] }
      const proof = rotationToken === undefined ? {} : { RotationToken: rotationToken }
      try {
        await client.send(new PutSecretValueCommand({ ...input, ...proof }), options())
        return 'stored'
      } catch (error) {
        if (awsErrorName(error) === 'ResourceExistsException') return 'taken'
        throw failure(error, 'PutSecretValue')
      }
    },

    moveCurrent: async ({ from, to }) =>
      (await updateStage({ VersionStage: 'AWSCURRENT', RemoveFromVersionId: from, MoveToVersionId: to }))
        ? 'moved'
        : 'refused',

    removePrevious: async ({ from }) =>
      (await updateStage({ VersionStage: 'AWSPREVIOUS', RemoveFromVersionId: from })) ? 'removed' : 'refused',

    attachLabel: async ({ label, to }) =>
      (await updateStage({ VersionStage: label, MoveToVersionId: to })) ? 'attached' : 'refused',
  }
}

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
    lastChanged: reply.LastChangedDate,
    rotationArn: reply.RotationLambdaARN,
    primaryRegion: reply.PrimaryRegion,
    failedRegions: reply.ReplicationStatus.filter(({ Status }) => Status === 'Failed').map(
      ({ Region }) => Region ?? '',
    ),
  }
}

function namedBy({ label, versionId }: VersionName) {
  return {
    ...(label !== undefined && { VersionStage: label }),
    ...(versionId !== undefined && { VersionId: versionId }),
  }
}

function storeFailure(details: { error: unknown; action: string; on: string }): RotationError {
  const { error, action, on } = details
  if (awsErrorName(error) === 'ResourceNotFoundException') {
    return new RotationError('ERR_SECRET_GONE', `${action} on ${on}: there is no such secret`)
  }
  if (error instanceof Error && /marked for deletion|scheduled for deletion/.test(error.message)) {
    return new RotationError('ERR_SECRET_GONE', `${action} on ${on}: it is marked for deletion`)
  }
  return awsFailure({ code: 'ERR_STORE', ...details })
}
