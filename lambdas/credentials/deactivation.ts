import { isCode, RotationError } from '../errors.ts'
import { early, settled } from '../ports/time.ts'
import { earlierApprovals, asking } from './approvals.ts'
import type { Deactivation, Means, Superseded } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { managerOf } from './manager.ts'
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
  const { dfns, document, explain: explainCall } = await managerOf({ generation: current, means })
  const explain = (error: unknown): Promise<never> =>
    explainCall(error).catch((meaning: unknown) => {
      throw isCode(meaning, 'ERR_NOT_ALLOWED')
        ? new RotationError('ERR_CANNOT_RETIRE', meaning.message)
        : meaning
    })
  const asker = { document, means }
  const approvals = early(earlierApprovals(asker))
  const all = await dfns.listCredentials().catch(explain)
  const under = all.filter(({ credentialId }) => credentialId === superseded.id)
  const own = all.find(({ credentialId, isActive }) => credentialId === current.id && isActive)
  const ids = under.map(({ credentialUuid }) => credentialUuid)
  const deactivate = (credentialUuid: string) =>
    asking({
      what: `the deactivation of credential ${credentialUuid}`,
      on: superseded.on,
      about: [`"${credentialUuid}"`, '"isActive":false'],
      asker,
      approvals,
      call: () => dfns.deactivateCredential(credentialUuid).catch(explain),
    })
  let begun = under.some(({ isActive }) => !isActive)
  return {
    ids,
    async perform() {
      for (const { credentialUuid, isActive } of under) {
        if (isActive) await deactivate(credentialUuid)
        begun = true
      }
    },
    isBegun: () => begun,
    prove: () => proveListed({ generation: current, credentialUuid: own?.credentialUuid, means }),
    async undo() {
      for (const credentialUuid of ids) await dfns.activateCredential(credentialUuid).catch(explain)
    },
    async confirm() {
      const isDone = async () =>
        (await credentialsOf(dfns, superseded)).some(({ isActive }) => isActive) ? undefined : true
      // A list may lag for a moment.
      if ((await settled(means.time, isDone).catch(explain)) === true) return
      const problem = 'Dfns answered that it is deactivated, but goes on listing it as active'
      throw new RotationError('ERR_DFNS_RESPONSE', `credential ${superseded.id}: ${problem}`, {
        retryable: true,
      })
    },
  }
}
