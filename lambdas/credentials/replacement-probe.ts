import { isMarkOf, markIn } from '../crypto/lineage.ts'
import { isCode, RotationError } from '../errors.ts'
import type { Permission } from '../ports/dfns-account-replies.ts'
import type { DfnsAccounts } from '../ports/dfns-accounts.ts'
import { answer, type Answer, asFailure, probed } from './answer.ts'
import { userIdOf } from './approvals.ts'
import type { Means, Probe } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { type Held, type Holder, isKeyOf } from './holder.ts'
import { approvers } from './policies.ts'
import { prove } from './proof.ts'
import { unlisted } from './replacement.ts'
import type { Signer } from './signer.ts'
import { signerLeave } from './signer-leave.ts'

interface Asked {
  readonly current: KeyDocument
  readonly holder: Holder
  readonly means: Means
}

interface Opened extends Asked {
  readonly signer: Signer
  readonly accounts: DfnsAccounts
  readonly old: Held
}

const questions = {
  key: 'does Dfns accept its key, which is not traded for a new identity otherwise',
  signer: 'does its signer log in, as its user where it is a personal access token',
  list: 'may its signer list it (GET /auth/service-accounts or /auth/pats)',
  permissions: 'can its permissions be read and given to another (GET /permissions)',
} as const

/**
 * Whether a new identity can take the place of this one, by calls without effect: its key works, its signer
 * sees it and its permissions, no policy relies on it, and it can be deactivated later.
 */
export async function probeReplacement(asked: Asked): Promise<readonly Probe[]> {
  const key = await probeKey(asked)
  if (key.failure !== undefined) return [key]
  const opened = await answer(asked.holder.signer({ generation: asked.current, means: asked.means }))
  if ('error' in opened) return [key, probed(questions.signer, opened)]
  const signer = opened.value
  const accounts = asked.means.accountsAs(signer.document.identity)
  const listed = await answer(asked.holder.list(accounts).catch(signer.explain))
  const known = [key, { question: questions.signer }]
  if ('error' in listed) return [...known, probed(questions.list, listed)]
  const id = asked.holder.idOf({ generation: asked.current, listed: listed.value })
  const old = listed.value.find((one) => one.id === id)
  if (old === undefined) return [...known, { question: questions.list, failure: hidden(asked) }]
  if (key.unknown !== undefined && !isTheirs({ ...asked, old }))
    return [...known, { question: questions.key, failure: unproved(asked) }]
  const rest = await probeRights({ ...asked, signer, accounts, old })
  return [...known, { question: questions.list, note: `${old.name} ${old.id}` }, ...rest]
}

/**
 * Of a token that has expired Dfns says nothing, not even whether it ever was one: whoever may write the
 * document could name any account. So the private key has to be the one that Dfns shows of it, or its name
 * has to say that a rotation of this secret made it.
 */
function isTheirs({ current, old }: Asked & { old: Held }): boolean {
  const { identity, secretArn } = current
  return isKeyOf({ held: old, key: identity.key }) || isMarkOf(markIn(old.name), secretArn)
}

function unproved({ current, holder }: Asked): RotationError {
  const problem = `its token has expired, and its key is not the one that Dfns shows of its ${holder.noun}`
  const wayOut = 'Nothing was made. Make a new one by hand, and put it into the secret.'
  return new RotationError('ERR_VERIFY', `${current.on}: ${problem}. ${wayOut}`)
}

/** With an expired token nothing can be signed: that it is to be replaced is the administrator's word. */
async function probeKey({ current, means }: Asked): Promise<Probe> {
  const question = questions.key
  const proof = await answer(prove({ generation: current, fresh: false, means }))
  if (!('error' in proof)) return { question }
  const failure = asFailure(proof.error)
  const hasExpired = current.tokenExpires !== undefined && current.tokenExpires.getTime() <= means.time.now()
  if (means.strategy === 'replace' && hasExpired && isCode(failure, 'ERR_TOKEN_EXPIRED')) {
    return { question, unknown: 'its token has expired, and the tag dfns-rotator:strategy says replace' }
  }
  return { question, failure }
}

function hidden({ current, holder }: Asked): RotationError {
  return new RotationError('ERR_CANNOT_RETIRE', `${current.on}: ${unlisted(holder)}.`)
}

async function probeRights(opened: Opened): Promise<readonly Probe[]> {
  const { accounts, signer, old } = opened
  const catalogue = await answer(accounts.listPermissions().catch(signer.explain))
  const copied = permissionsProbe({ ...opened, catalogue })
  const relied = opened.holder.changesUser ? [await approvers(opened)] : []
  if (copied.failure !== undefined) return [copied, ...relied]
  const wanted = wantedOf(opened)
  const permissions = 'error' in catalogue ? undefined : catalogue.value
  const userId = await userIdOf({ document: signer.document, means: opened.means }).catch(signer.explain)
  const leave = await signerLeave({ accounts, userId, permissions, wanted, on: opened.current.on })
  return [copied, ...relied, ...leave, retirement({ holder: opened.holder, old })]
}

/**
 * What its signer needs of permissions: with one of its own an account deactivates its predecessor itself.
 */
function wantedOf({ holder, old }: Opened): readonly string[] {
  const { create, deactivate } = holder.operations
  const copies = (old.permissions ?? []).length > 0
  const isSelfRetiring = deactivate === undefined || maySelf({ old, deactivate })
  return [create, ...(copies ? ['Permissions:Assign'] : []), ...(isSelfRetiring ? [] : [deactivate])]
}

const maySelf = ({ old, deactivate }: { old: Held; deactivate: string }): boolean =>
  (old.permissions ?? []).some(({ operations }) => operations.includes(deactivate))

function retirement({ holder, old }: { holder: Holder; old: Held }): Probe {
  const { deactivate } = holder.operations
  const question = 'can it be deactivated later'
  if (deactivate === undefined) return { question, note: 'by any token of its user' }
  if (maySelf({ old, deactivate })) return { question, note: 'by its successor, which gets its permissions' }
  return { question, unknown: 'only a deactivation itself tells; its signer is to do it' }
}

function permissionsProbe(opened: Opened & { catalogue: Answer<readonly Permission[]> }): Probe {
  const { current, old, catalogue } = opened
  const question = questions.permissions
  const stop = (problem: string): Probe => ({
    question,
    failure: new RotationError('ERR_NOT_ALLOWED', `${current.on}: ${problem}. Nothing was made.`),
  })
  if (old.permissions === undefined) return stop(`Dfns does not show the permissions of ${old.id}`)
  const names = old.permissions.map(({ permissionId, permissionName }) => `${permissionId} ${permissionName}`)
  if (names.length === 0) return { question, note: 'it has none' }
  if ('error' in catalogue) return probed(question, catalogue)
  const given = new Set(catalogue.value.filter(({ isArchived }) => !isArchived).map(({ id }) => id))
  const lost = old.permissions.filter(({ permissionId }) => !given.has(permissionId))
  if (lost.length === 0) return { question, note: names.join(', ') }
  const list = lost.map(({ permissionId, permissionName }) => `${permissionId} ${permissionName}`.trim())
  return stop(`permissions that cannot be given to another: ${list.join(', ')}`)
}
