import { ifReadable } from '../lambdas/credentials/answer.ts'
import { readJsonObject, stringsIn } from '../lambdas/credentials/json.ts'
import { type DescribedSecret, secretStore } from '../lambdas/ports/secrets-manager.ts'
import { secretsOf } from '../lambdas/ports/secrets.ts'
import type { Context } from './context.ts'
import { batchesOf } from './looking.ts'

/** A credential, and the secret that is asked about. */
export interface HeldHere {
  readonly secretArn: string
  readonly id: string
}

/** The other secrets whose AWSCURRENT names a credential anywhere. */
export type Holders = (credential: HeldHere) => readonly string[]

/** Of one credential: see `holdersAmong`. */
export async function holdersOf(
  of: HeldHere & { context: Context; managed: readonly DescribedSecret[] },
): Promise<readonly string[]> {
  const { context, secretArn, id, managed } = of
  const credential = { secretArn, id }
  return (await holdersAmong({ context, managed, credentials: [credential] }))(credential)
}

/**
 * Who else names these credentials: of the secrets that are managed, and of those that stand beside under the
 * same prefix. Others are not read: nobody asked for a look into them. However many credentials there are,
 * the account is listed once, and each secret is read once.
 */
export async function holdersAmong(of: {
  context: Context
  managed: readonly DescribedSecret[]
  credentials: readonly HeldHere[]
}): Promise<Holders> {
  const { context, managed, credentials } = of
  if (credentials.length === 0) return () => []
  const { clients, time } = context
  const client = clients.secretsManager
  const ours = new Set(managed.map(({ arn }) => arn))
  const folders = new Set(credentials.map(({ secretArn }) => folderOf(secretArn)))
  const all = await secretsOf({ client, time }).listSecrets()
  const near = all.filter(
    ({ arn, isDeleted }) =>
      !isDeleted && (ours.has(arn) || [...folders].some((folder) => isIn({ arn, folder }))),
  )
  const asked = new Set(credentials.map(({ id }) => id))
  const byId = new Map<string, string[]>()
  const look = async ({ arn }: DescribedSecret) => {
    const read = await ifReadable(secretStore({ client, secretId: arn, time }).getSecretValue(current))
    const strings = new Set(stringsIn(readJsonObject(read?.text ?? '') ?? {}))
    for (const id of strings) if (asked.has(id)) byId.set(id, [...(byId.get(id) ?? []), arn])
  }
  for (const { batch } of batchesOf(near, atOnce)) await Promise.all(batch.map(look))
  return ({ secretArn, id }) => {
    const folder = folderOf(secretArn)
    const others = (byId.get(id) ?? []).filter((arn) => arn !== secretArn)
    return others.filter((arn) => ours.has(arn) || isIn({ arn, folder })).toSorted()
  }
}

/** Secrets that are read at the same time, as in the audit function. */
const atOnce = 16

const current = { label: 'AWSCURRENT' } as const

/** In which names stand beside each other; without one nothing does. */
const folderOf = (arn: string): string => arn.slice(0, arn.lastIndexOf('/') + 1)

const isIn = ({ arn, folder }: { arn: string; folder: string }): boolean =>
  folder !== '' && arn.startsWith(folder)
