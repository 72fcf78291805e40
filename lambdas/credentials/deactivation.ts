import { isCode, RotationError } from '../errors.ts'
import { early } from '../ports/time.ts'
import { asking, deactivationOf, earlierApprovals } from './approvals.ts'
import { confirmed, stillActive } from './confirmation.ts'
import type { Deactivation, Means, Superseded } from './credential.ts'
import type { ListedCredential } from '../ports/dfns-replies.ts'
import type { KeyDocument } from './document.ts'
import { type Manager, managerOf } from './manager.ts'
import { credentialsOf, proveListed } from './proof.ts'

/**
 * Deactivates every credential under the superseded id, signed by whoever manages them. None is ever deleted.
 * One list tells all that the deactivation and the proof after it need.
 */
export async function deactivation(rotation: {
  current: KeyDocument
  superseded: Superseded
  means: Means
}): Promise<Deactivation> {
  const { current, superseded, means } = rotation
  const { id, on } = superseded
  const { dfns, document, explain } = await retirerOf(rotation)
  if (document.id === id) {
    const problem = `${document.on} names it, which signs for ${current.on}`
    throw new RotationError('ERR_RETIRE_REFUSED', `credential ${id} is not deactivated: ${problem}`)
  }
  const asker = { document, means }
  const approvals = early(earlierApprovals(asker))
  const all = await dfns.listCredentials().catch(explain)
  assertNotDeactivated({ current, all })
  const under = all.filter(({ credentialId }) => credentialId === id)
  const own = all.find(({ credentialId, isActive }) => credentialId === current.id && isActive)
  const ids = under.map(({ credentialUuid }) => credentialUuid)
  const deactivate = (uuid: string) => {
    const call = () => dfns.deactivateCredential(uuid).catch(explain)
    return asking({ ...deactivationOf({ noun: 'credential', id: uuid, on }), asker, approvals, call })
  }
  let begun = under.some(({ isActive }) => !isActive)
  const prove = () => proveListed({ generation: current, credentialUuid: own?.credentialUuid, means })
  return {
    ids,
    async perform() {
      // The signature of a signer proves nothing of the key that is to remain.
      if (document.id !== current.id && under.some(({ isActive }) => isActive)) await prove()
      for (const { credentialUuid, isActive } of under) {
        if (isActive) await deactivate(credentialUuid)
        begun = true
      }
    },
    isBegun: () => begun,
    prove,
    async undo() {
      for (const uuid of ids) await dfns.activateCredential(uuid).catch(explain)
    },
    confirm() {
      const isDone = async () =>
        !(await credentialsOf(dfns, superseded).catch(explain)).some(({ isActive }) => isActive)
      return confirmed({ isDone, on: `credential ${id}`, problem: stillActive, time: means.time })
    },
  }
}

/**
 * A person did that, perhaps because it leaked: then nothing is activated for its sake, and nothing retired.
 */
function assertNotDeactivated(of: { current: KeyDocument; all: readonly ListedCredential[] }): void {
  const { current, all } = of
  const own = all.filter(({ credentialId }) => credentialId === current.id)
  if (own.length === 0 || own.some(({ isActive }) => isActive)) return
  throw new RotationError('ERR_VERIFY', `${current.on}: its credential is deactivated at Dfns`)
}

/** Whoever manages the credentials of `current`. What they may not do here, they may not retire. */
async function retirerOf({ current, means }: { current: KeyDocument; means: Means }): Promise<Manager> {
  const manager = await managerOf({ generation: current, means })
  const explain = (error: unknown): Promise<never> =>
    manager.explain(error).catch((meaning: unknown) => {
      throw isCode(meaning, 'ERR_NOT_ALLOWED')
        ? new RotationError('ERR_CANNOT_RETIRE', meaning.message)
        : meaning
    })
  return { ...manager, explain }
}
