import { randomUUID } from 'node:crypto'
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import type { Seen } from './experiment.ts'

/** Asks Secrets Manager by a secret of its own, which holds nothing and is deleted at once in the end. */
export async function askSecretsManager(client: SecretsManagerClient): Promise<readonly Seen[]> {
  const first = randomUUID()
  const { ARN: SecretId = '' } = await client.send(
    new CreateSecretCommand({
      Name: `dfns-rotator/verify-live-${randomUUID()}`,
      ClientRequestToken: first,
      SecretString: '{}',
    }),
  )
  try {
    return [await repeatedPut({ client, SecretId }), await leftoverPending({ client, SecretId, first })]
  } finally {
    await client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }))
  }
}

interface Scratch {
  readonly client: SecretsManagerClient
  readonly SecretId: string
}

const labelsOf = async ({ client, SecretId }: Scratch, versionId: string): Promise<readonly string[]> =>
  (await client.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages?.[versionId] ?? []

const put = ({ client, SecretId }: Scratch, version: { token: string; label: string }) =>
  client.send(
    new PutSecretValueCommand({
      SecretId,
      ClientRequestToken: version.token,
      SecretString: '{}',
      VersionStages: [version.label],
    }),
  )

async function repeatedPut(scratch: Scratch): Promise<Seen> {
  const token = randomUUID()
  await put(scratch, { token, label: 'first' })
  await put(scratch, { token, label: 'second' })
  const moved = (await labelsOf(scratch, token)).includes('second')
  return { switch: 'repeatedPutMovesLabels', seen: String(moved) }
}

async function leftoverPending(scratch: Scratch & { first: string }): Promise<Seen> {
  const { client, SecretId, first } = scratch
  const second = randomUUID()
  await put(scratch, { token: second, label: 'AWSPENDING' })
  const move = (to: string, from: string) =>
    client.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: to,
        RemoveFromVersionId: from,
      }),
    )
  await move(second, first)
  await move(first, second)
  const stays = (await labelsOf(scratch, second)).includes('AWSPENDING')
  return { switch: 'leftoverPending', seen: stays ? 'kept' : 'dropped' }
}
