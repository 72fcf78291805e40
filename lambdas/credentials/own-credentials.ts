import { DfnsFailure } from '../ports/dfns-transport.ts'
import type { Means, Superseded } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { credentialsOf } from './proof.ts'
import { explaining } from './refusals.ts'

/** The uuids that a later retirement will need, looked up while the generation is current. */
export async function ownUuids(own: { generation: KeyDocument; means: Means }): Promise<readonly string[]> {
  const { generation, means } = own
  const dfns = means.dfnsAs(generation.identity)
  const listed = await credentialsOf(dfns, generation).catch(explaining({ generation, means }))
  return listed.map(({ credentialUuid }) => credentialUuid)
}

export async function ownIdOf(own: {
  current: KeyDocument
  credentialUuids: readonly string[]
  means: Means
}): Promise<string | undefined> {
  const { current, credentialUuids, means } = own
  const dfns = means.dfnsAs(current.identity)
  const listed = await dfns.listCredentials().catch(explaining({ generation: current, means }))
  return listed.find(({ credentialUuid }) => credentialUuids.includes(credentialUuid))?.credentialId
}

/** Dfns keeps no last use of a credential; its audit log names the credential that signed each action. */
export async function isUsedSince(use: {
  current: KeyDocument
  superseded: Superseded
  since: Date
  means: Means
}): Promise<boolean | undefined> {
  const { current, superseded, since, means } = use
  const { userId } = current
  if (userId === undefined) return undefined
  try {
    const until = new Date(means.time.now())
    const text = await means.dfnsAs(current.identity).listAuditLogs({ since, until, userId })
    return [superseded.id, ...(superseded.credentialUuids ?? [])].some((id) => text.includes(id))
  } catch (error) {
    if (error instanceof DfnsFailure && error.isRefusal) return undefined
    throw error
  }
}
