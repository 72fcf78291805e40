import { unlessRefused } from './answer.ts'
import type { Means, Superseded, What } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { managerOf } from './manager.ts'
import { credentialsOf } from './proof.ts'
import { standsIn } from './words.ts'

/** The uuids that a later retirement will need, looked up while the generation is current. */
export async function ownUuids(own: { generation: KeyDocument; means: Means }): Promise<What> {
  const { dfns, explain } = await managerOf(own)
  const listed = await credentialsOf(dfns, own.generation).catch(explain)
  return { credentialUuids: listed.map(({ credentialUuid }) => credentialUuid) }
}

export async function ownIdOf(own: {
  current: KeyDocument
  what: What
  means: Means
}): Promise<string | undefined> {
  const uuids = uuidsIn(own.what)
  const { dfns, explain } = await managerOf({ generation: own.current, means: own.means })
  const listed = await dfns.listCredentials().catch(explain)
  return listed.find(({ credentialUuid }) => uuids.includes(credentialUuid))?.credentialId
}

const uuidsIn = (what: What | undefined): readonly string[] =>
  what !== undefined && 'credentialUuids' in what ? what.credentialUuids : []

/** Dfns keeps no last use of a credential; its audit log names the credential that signed each action. */
export async function isUsedSince(use: {
  current: KeyDocument
  superseded: Superseded
  since: Date
  means: Means
}): Promise<boolean | undefined> {
  const { current, superseded, since, means } = use
  const { what } = superseded
  const accountId = what !== undefined && 'serviceAccountId' in what ? what.serviceAccountId : undefined
  const userId = accountId ?? current.userId
  const until = new Date(means.time.now())
  const dfns = means.dfnsAs(current.identity)
  const text = await unlessRefused(dfns.listAuditLogs({ since, until, userId }))
  // Of an account that was replaced, whatever it signed counts.
  const ids = [superseded.id, ...uuidsIn(what), ...(accountId === undefined ? [] : [accountId])]
  return text === undefined ? undefined : ids.some((id) => standsIn(text, id))
}
