import { ifReadable } from '../lambdas/credentials/answer.ts'
import { readJsonObject, stringsIn } from '../lambdas/credentials/json.ts'
import { type DescribedSecret, secretStore } from '../lambdas/ports/secrets-manager.ts'
import { secretsOf } from '../lambdas/ports/secrets.ts'
import type { Context } from './context.ts'

/**
 * The other secrets whose AWSCURRENT names a credential anywhere: of those that are managed, and of those
 * that stand beside it under the same prefix. Others are not read: nobody asked for a look into them.
 */
export async function holdersOf(of: {
  context: Context
  secretArn: string
  id: string
  managed: readonly DescribedSecret[]
}): Promise<readonly string[]> {
  const { context, secretArn, id, managed } = of
  const { clients, time } = context
  const client = clients.secretsManager
  const all = await secretsOf({ client, time }).listSecrets()
  const near = all.filter(({ arn }) => isBeside(arn, secretArn) || managed.some((one) => one.arn === arn))
  const others = near.filter(({ arn, isDeleted }) => arn !== secretArn && !isDeleted)
  const holders = await Promise.all(
    others.map(async ({ arn }) => {
      const read = await ifReadable(secretStore({ client, secretId: arn, time }).getSecretValue(current))
      const strings = stringsIn(readJsonObject(read?.text ?? '') ?? {})
      return strings.includes(id) ? [arn] : []
    }),
  )
  return holders.flat()
}

const current = { label: 'AWSCURRENT' } as const

/** In the same folder of names; without a folder nothing is. */
function isBeside(one: string, other: string): boolean {
  const folder = other.slice(0, other.lastIndexOf('/') + 1)
  return folder !== '' && one.startsWith(folder)
}
