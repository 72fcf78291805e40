import {
  CancelRotateSecretCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  type SecretsManagerClient,
  UntagResourceCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { deadlineOf } from './aws-client.ts'
import { awsErrorName, awsFailure } from './aws-failure.ts'
import { awsReplies, everyPage, replyOf } from './aws-replies.ts'
import { type DescribedSecret, described } from './secrets-manager.ts'
import type { Time } from './time.ts'

/** A version by what ListSecretVersionIds tells of it; without labels it is deprecated. */
export interface ListedVersion {
  readonly versionId: string
  readonly labels: readonly string[]
  readonly created: Date | undefined
}

/** The Secrets Manager calls beside a rotation, one method each, named as the service names them. */
export interface Secrets {
  /** All of the account and region, those marked for deletion included, in the order of their ARNs. */
  listSecrets(): Promise<readonly DescribedSecret[]>
  /** Every version, deprecated ones included, as long as Secrets Manager keeps them. */
  listSecretVersionIds(secretId: string): Promise<readonly ListedVersion[]>
  /** Turns rotation off; its function and rules stay written down. */
  cancelRotateSecret(secretId: string): Promise<void>
  untagResource(secret: { secretId: string; keys: readonly string[] }): Promise<void>
  /** Takes a label from a version. `refused`: it does not hold it. */
  removeLabel(label: { secretId: string; label: string; from: string }): Promise<'removed' | 'refused'>
}

export function secretsOf(parts: { client: SecretsManagerClient; time: Time }): Secrets {
  const { client, time } = parts
  const options = () => ({ abortSignal: deadlineOf(time) })
  const failing = (action: string, on: string) => (error: unknown) => {
    throw awsFailure({ code: 'ERR_STORE', error, action, on })
  }
  return {
    async listSecrets() {
      const all = await everyPage(async (NextToken) => {
        const input = { IncludePlannedDeletion: true, MaxResults: 100, ...(NextToken && { NextToken }) }
        const reply = await client.send(new ListSecretsCommand(input), options())
        const { SecretList: items, NextToken: next } = replyOf(awsReplies.ListSecrets)(reply)
        return { items, next }
      }).catch(failing('ListSecrets', 'the account'))
      return all
        .map(({ SecretVersionsToStages: VersionIdsToStages, ...rest }) =>
          described({ ...rest, VersionIdsToStages }, ''),
        )
        .toSorted((one, other) => (one.arn < other.arn ? -1 : 1))
    },

    async listSecretVersionIds(SecretId) {
      const all = await everyPage(async (NextToken) => {
        const input = { SecretId, IncludeDeprecated: true, MaxResults: 100, ...(NextToken && { NextToken }) }
        const reply = await client.send(new ListSecretVersionIdsCommand(input), options())
        const { Versions: items, NextToken: next } = replyOf(awsReplies.ListSecretVersionIds)(reply)
        return { items, next }
      }).catch(failing('ListSecretVersionIds', SecretId))
      return all.map(({ VersionId = '', VersionStages, CreatedDate }) => ({
        versionId: VersionId,
        labels: VersionStages,
        created: CreatedDate,
      }))
    },

    async cancelRotateSecret(SecretId) {
      await client
        .send(new CancelRotateSecretCommand({ SecretId }), options())
        .catch(failing('CancelRotateSecret', SecretId))
    },

    async untagResource({ secretId: SecretId, keys }) {
      await client
        .send(new UntagResourceCommand({ SecretId, TagKeys: [...keys] }), options())
        .catch(failing('UntagResource', SecretId))
    },

    async removeLabel({ secretId: SecretId, label: VersionStage, from: RemoveFromVersionId }) {
      try {
        const input = { SecretId, VersionStage, RemoveFromVersionId }
        await client.send(new UpdateSecretVersionStageCommand(input), options())
        return 'removed'
      } catch (error) {
        if (awsErrorName(error) === 'InvalidParameterException') return 'refused'
        throw awsFailure({ code: 'ERR_STORE', error, action: 'UpdateSecretVersionStage', on: SecretId })
      }
    },
  }
}
