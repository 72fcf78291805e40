import {
  CancelRotateSecretCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  type SecretsManagerClient,
  UntagResourceCommand,
} from '@aws-sdk/client-secrets-manager'
import { deadlineOf } from './aws-client.ts'
import { awsFailure } from './aws-failure.ts'
import { awsReplies, endless, replyOf } from './aws-replies.ts'
import { everyPage } from './pages.ts'
import { type DescribedSecret, described, updateStage } from './secrets-manager.ts'
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

interface Caller {
  readonly client: SecretsManagerClient
  readonly time: Time
}

export function secretsOf(caller: Caller): Secrets {
  const { client, time } = caller
  const options = () => ({ abortSignal: deadlineOf(time) })
  return {
    listSecrets: () => listSecrets(caller),
    listSecretVersionIds: (secretId) => listSecretVersionIds(caller, secretId),

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

    removeLabel: async ({ secretId, label, from }) =>
      (await updateStage({ ...caller, secretId }, { label, from })) ? 'removed' : 'refused',
  }
}

/** An account has at most 500,000 secrets, a page holds 100 of them. */
const mostPages = 5_000

async function listSecrets({ client, time }: Caller): Promise<readonly DescribedSecret[]> {
  const page = async (NextToken: string | undefined) => {
    const input = { IncludePlannedDeletion: true, MaxResults: 100, ...(NextToken && { NextToken }) }
    const reply = await client.send(new ListSecretsCommand(input), { abortSignal: deadlineOf(time) })
    const { SecretList: items, NextToken: next } = replyOf(awsReplies.ListSecrets)(reply)
    return { items, next }
  }
  const all = await everyPage({ most: mostPages, page, endless }).catch(failing('ListSecrets', 'the account'))
  return all
    .map(({ SecretVersionsToStages: VersionIdsToStages, ...rest }) =>
      described({ ...rest, VersionIdsToStages }, ''),
    )
    .toSorted((one, other) => (one.arn < other.arn ? -1 : 1))
}

async function listSecretVersionIds(
  { client, time }: Caller,
  SecretId: string,
): Promise<readonly ListedVersion[]> {
  const page = async (NextToken: string | undefined) => {
    const input = { SecretId, IncludeDeprecated: true, MaxResults: 100, ...(NextToken && { NextToken }) }
    const reply = await client.send(new ListSecretVersionIdsCommand(input), { abortSignal: deadlineOf(time) })
    const { Versions: items, NextToken: next } = replyOf(awsReplies.ListSecretVersionIds)(reply)
    return { items, next }
  }
  const list = everyPage({ most: mostPages, page, endless })
  const all = await list.catch(failing('ListSecretVersionIds', SecretId))
  return all.map(({ VersionId: versionId = '', VersionStages: labels, CreatedDate: created }) => ({
    versionId,
    labels,
    created,
  }))
}

const failing = (action: string, on: string) => (error: unknown) => {
  throw awsFailure({ code: 'ERR_STORE', error, action, on })
}
