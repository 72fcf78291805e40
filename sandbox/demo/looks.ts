import type { Account, Scene } from '../scene.ts'

/** What stands in Secrets Manager and at Dfns at one moment. */
export interface Look {
  /** Version id → labels. */
  readonly versions: Readonly<Record<string, readonly string[]>>
  readonly credentials: readonly {
    readonly id: string
    readonly uuid: string
    readonly name: string
    readonly isActive: boolean
  }[]
}

/** Looks at a secret and at the identity whose key it holds. */
export async function look({
  scene,
  secretArn,
  account,
}: {
  scene: Scene
  secretArn: string
  account: Account
}): Promise<Look> {
  const credentials = scene.dfns.credentials({ userId: account.userId }).map((credential) => ({
    id: credential.credentialId,
    uuid: credential.credentialUuid,
    name: credential.name,
    isActive: credential.isActive,
  }))
  return { versions: await scene.labelsOf(secretArn), credentials }
}

/** Rows of a table: each version of the secret with its labels before and after. */
export function versionRows({ before, after }: { before: Look; after: Look }): string[][] {
  const ids = [...new Set([...Object.keys(before.versions), ...Object.keys(after.versions)])]
  const labels = (at: Look, id: string) => at.versions[id]?.join(' ') || '–'
  return ids.map((id) => [short(id), labels(before, id), labels(after, id)])
}

/** Rows of a table: each credential of the account, and what Dfns makes of it before and after. */
export function credentialRows({ before, after }: { before: Look; after: Look }): string[][] {
  const state = (at: Look, uuid: string) => {
    const found = at.credentials.find((credential) => credential.uuid === uuid)
    if (found === undefined) return '–'
    return found.isActive ? 'active' : 'deactivated'
  }
  return after.credentials.map(({ uuid, name }) => [
    short(name),
    uuid.slice(0, 14),
    state(before, uuid),
    state(after, uuid),
  ])
}

/** The beginning and the end: names of one secret's credentials begin alike. */
const short = (text: string) => (text.length > 36 ? `${text.slice(0, 21)}…${text.slice(-8)}` : text)
