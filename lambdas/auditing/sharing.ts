import { isKind } from '../credentials/index.ts'
import { idIn, readJsonObject } from '../credentials/json.ts'
import { RotationError } from '../errors.ts'
import type { DescribedSecret, SecretVersion } from '../ports/secrets-manager.ts'

/** What stands in every AWSCURRENT: nothing but ids and kinds is kept. */
export interface Sharing {
  /** The secrets other than `secretArn` that name a credential. */
  others(of: { id: string; secretArn: string }): readonly string[]
  /** Whether it can be read, and is no document of ours. */
  isSomethingElse(secretArn: string): boolean
}

const atOnce = 16

/**
 * Reads every AWSCURRENT before anything is decided: a credential that two secrets name is retired for
 * neither.
 */
export async function sharingIn(given: {
  secrets: readonly DescribedSecret[]
  read: (secretArn: string) => Promise<SecretVersion | undefined>
}): Promise<Sharing> {
  const { secrets, read } = given
  const byId = new Map<string, string[]>()
  const others = new Set<string>()
  const left = secrets.filter(({ isDeleted }) => !isDeleted).map(({ arn }) => arn)
  const lane = async () => {
    for (let arn = left.pop(); arn !== undefined; arn = left.pop()) {
      const version = await readable(read(arn))
      if (version === undefined) continue
      const fields = readJsonObject(version.text ?? '')
      if (!isKind(fields?.['kind'])) others.add(arn)
      const id = idIn(fields)
      if (id !== undefined) byId.set(id, [...(byId.get(id) ?? []), arn])
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return {
    others: ({ id, secretArn }) => (byId.get(id) ?? []).filter((arn) => arn !== secretArn),
    isSomethingElse: (arn) => others.has(arn),
  }
}

/** What cannot be read is told when that secret's turn comes. */
async function readable(reading: Promise<SecretVersion | undefined>): Promise<SecretVersion | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof RotationError) return undefined
    throw error
  }
}
