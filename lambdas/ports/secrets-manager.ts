import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { RotationError } from '../errors.ts'
import { awsErrorName, awsFailure } from './aws-failure.ts'
import type { Time } from './time.ts'

export type StagingLabel = 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS'

export interface DescribedSecret {
  readonly arn: string
  readonly rotationEnabled: boolean
  readonly isDeleted: boolean
  /** Version id → its staging labels. */
  readonly stages: ReadonlyMap<string, readonly string[]>
  readonly tags: ReadonlyMap<string, string>
  /** On or before this moment Secrets Manager rotates again. */
  readonly nextRotation: Date | undefined
}

export interface SecretVersion {
  readonly versionId: string
  /** The text, or nothing if the version is binary. */
  readonly text: string | undefined
  readonly created: Date | undefined
}

/** The Secrets Manager calls on one secret, one method each, named as the service names them. */
export interface SecretStore {
  describeSecret(): Promise<DescribedSecret>
  /** Nothing if there is no such version, or it has no value yet (the placeholder of a rotation). */
  getSecretValue(version: {
    label: StagingLabel
    versionId?: string | undefined
  }): Promise<SecretVersion | undefined>
  /** Fills the pending version. `taken`: it has another value, and versions are immutable. */
  putSecretValue(version: {
    token: string
    rotationToken: string | undefined
    text: string
  }): Promise<'stored' | 'taken'>
  /** Moves AWSCURRENT by compare-and-set: refused unless `from` holds it. */
  moveCurrent(move: { from: string; to: string }): Promise<'moved' | 'refused'>
}

export function secretStore(secret: {
  client: SecretsManagerClient
  secretId: string
  time: Time
}): SecretStore {
  const { client, secretId: SecretId, time } = secret
  const options = () => ({ abortSignal: AbortSignal.timeout(Math.max(1, time.remaining())) })
  const failure = (error: unknown, action: string) => storeFailure({ error, action, on: SecretId })

  return {
    async describeSecret() {
      const reply = await client
        .send(new DescribeSecretCommand({ SecretId }), options())
        .catch((error: unknown) => {
          throw failure(error, 'DescribeSecret')
        })
      return {
        arn: reply.ARN ?? SecretId,
        rotationEnabled: reply.RotationEnabled === true,
        isDeleted: reply.DeletedDate !== undefined,
        stages: new Map(Object.entries(reply.VersionIdsToStages ?? {})),
        tags: new Map((reply.Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
        nextRotation: reply.NextRotationDate,
      }
    },

    async getSecretValue({ label: VersionStage, versionId }) {
      const input = { SecretId, VersionStage, ...(versionId !== undefined && { VersionId: versionId }) }
      try {
        const reply = await client.send(new GetSecretValueCommand(input), options())
        // Some implementations answer a placeholder with neither form of value.
        if (reply.SecretString === undefined && reply.SecretBinary === undefined) return undefined
        return { versionId: reply.VersionId ?? '', text: reply.SecretString, created: reply.CreatedDate }
      } catch (error) {
        if (awsErrorName(error) === 'ResourceNotFoundException') return undefined
        throw failure(error, `GetSecretValue ${VersionStage}`)
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

    async moveCurrent({ from, to }) {
      const input = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: to, RemoveFromVersionId: from }
      try {
        await client.send(new UpdateSecretVersionStageCommand(input), options())
        return 'moved'
      } catch (error) {
        if (awsErrorName(error) === 'InvalidParameterException') return 'refused'
        throw failure(error, 'UpdateSecretVersionStage')
      }
    },
  }
}

function storeFailure(details: { error: unknown; action: string; on: string }): RotationError {
  if (awsErrorName(details.error) === 'ResourceNotFoundException') {
    return new RotationError('ERR_SECRET_GONE', `${details.action} on ${details.on}: there is no such secret`)
  }
  return awsFailure({ code: 'ERR_STORE', ...details })
}
