import type { Lineage } from '../crypto/lineage.ts'
import { isCode, RotationError } from '../errors.ts'
import type { PermissionAssignment } from '../ports/dfns-account-replies.ts'
import { DfnsFailure } from '../ports/dfns-transport.ts'
import { early } from '../ports/time.ts'
import { earlierApprovals, type Asker, asking, type Change, refusalIn } from './approvals.ts'
import type { Means } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { type Held, type Holder, type Seen, seenBySigner, tookPlaceOf } from './holder.ts'
import { prove } from './proof.ts'
import { removeStrays } from './strays.ts'
import { assertReplaces } from './succession.ts'

interface Generations {
  readonly current: KeyDocument
  readonly pending: KeyDocument
  readonly holder: Holder
  readonly means: Means
}

/** What is known of both identities, and who asks for what the new one lacks. */
interface View extends Seen {
  readonly asker: Asker
  readonly newId: string
  readonly lacking: readonly PermissionAssignment[]
}

/**
 * setSecret of a replacement, whose object is there: what other attempts made is removed, and the new
 * identity gets every permission of the old one. All are asked for before the first that has to wait ends the
 * phase.
 */
export async function takeOver(given: Generations & { lineage: Lineage }): Promise<void> {
  const { current, pending, holder, means, lineage } = given
  await prove({ generation: pending, fresh: true, means })
  assertReplaces({ current, pending })
  const view = await viewOf(given)
  const { signer, accounts, asker, listed, newId } = view
  const approvals = early(earlierApprovals(asker))
  const isStray = ({ id }: Held) => id !== newId
  await removeStrays({ holder, accounts, asker, approvals, listed, lineage, isStray })
  const refusals: RotationError[] = []
  for (const { permissionId } of view.lacking) {
    const call = () => accounts.createAssignment({ permissionId, identityId: newId })
    const change = { ...assignmentOf({ permissionId, newId, on: pending.on }), asker, approvals }
    await asking({ ...change, call: () => call().catch(unlessAssigned).catch(signer.explain) }).catch(
      (error: unknown) => {
        if (!isCode(error, 'ERR_APPROVAL_PENDING', 'ERR_APPROVAL_DENIED')) throw error
        refusals.push(error)
      },
    )
  }
  // Nothing of a phase goes on when it has ended, not even a question whose answer turned out not to matter.
  await approvals.catch(() => {})
  const worst = refusals.find(({ retryable }) => !retryable) ?? refusals[0]
  if (worst !== undefined) throw worst
}

/** A list may lag, and a concurrent invocation be first. */
function unlessAssigned(error: unknown): void {
  if (!(error instanceof DfnsFailure) || error.status !== 409) throw error
}

/** Fails unless the new identity has every permission of the old one: what signs may still do nothing. */
export async function assertTakenOver(given: Generations): Promise<void> {
  const { pending } = given
  const { lacking, newId, asker, signer } = await viewOf(given)
  if (lacking.length === 0) return
  const asked = await earlierApprovals(asker).catch(signer.explain)
  for (const { permissionId } of lacking) {
    const refusal = refusalIn(asked, assignmentOf({ permissionId, newId, on: pending.on }))
    if (refusal !== undefined) throw refusal
  }
  const list = lacking.map(({ permissionId }) => permissionId).join(', ')
  throw new RotationError('ERR_VERIFY', `${pending.on}: ${newId} lacks permissions of AWSCURRENT: ${list}`)
}

async function viewOf({ current, pending, holder, means }: Generations): Promise<View> {
  const { signer, accounts, listed } = await seenBySigner({ generation: current, holder, means })
  const asker = { document: signer.document, means }
  const oldId = holder.idOf({ generation: current, listed })
  const newId = holder.idOf({ generation: pending, listed })
  const old = listed.find(({ id }) => id === oldId)
  const fresh = listed.find(({ id }) => id === newId)
  if (newId === undefined || newId === oldId || fresh?.permissions === undefined)
    throw unseen(pending.on, holder)
  if (old?.permissions === undefined) throw unseen(current.on, holder)
  if (!tookPlaceOf({ name: fresh.name, old: old.name, secretArn: pending.secretArn })) {
    const problem = `is of another ${holder.noun} than the one that ${newId} was made for`
    throw new RotationError('ERR_CURRENT_CHANGED', `${current.on} ${problem}. Nothing was moved.`)
  }
  const has = new Set(fresh.permissions.map(({ permissionId }) => permissionId))
  const lacking = old.permissions.filter(({ permissionId }) => !has.has(permissionId))
  return { signer, accounts, asker, listed, newId, lacking }
}

function unseen(on: string, { noun }: Holder): RotationError {
  const problem = `its signer does not see its ${noun} and the permissions of it, so they cannot be compared`
  return new RotationError('ERR_VERIFY', `${on}: ${problem}`, { retryable: true })
}

function assignmentOf(of: { permissionId: string; newId: string; on: string }): Change {
  const { permissionId, newId, on } = of
  return {
    what: `the assignment of ${permissionId} to ${newId}`,
    on,
    about: [`"${permissionId}"`, `"${newId}"`],
  }
}
