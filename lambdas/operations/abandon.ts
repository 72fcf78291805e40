import type { Found, Survey } from '../credentials/survey.ts'
import { surveyOf } from '../credentials/surveys.ts'
import { markOf } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import { settleMs } from '../ports/time.ts'
import { onceOf } from '../rotation/means.ts'
import { generationIn, holderOf, pendingVersion } from '../rotation/labels.ts'
import { retire } from '../rotation/retirement.ts'
import { openOperation, type Operation, type OperationOpening } from './operation.ts'

/** The version of the rotation that an abandon without another wish gives up; nothing if there is none. */
export async function abandonTarget(opening: OperationOpening): Promise<string | undefined> {
  return pendingVersion((await openOperation(opening)).secret)
}

/**
 * Gives up a rotation that cannot go on: takes AWSPENDING from its version and deactivates what it registered
 * or made. Repeated with the same version it completes what an earlier run left undone. The label goes first:
 * from then on no step of that rotation begins, and one that is under way is waited for.
 */
export async function abandon(opening: OperationOpening & { versionId: string }): Promise<void> {
  const operation = await openOperation(opening)
  const { secret, secrets, inside, current, time, log } = operation
  const { versionId } = opening
  const view = await surveyOf({ current: current.document, means: inside.means, lists: onceOf() })
  if (view.refusal !== undefined) throw onlyKey({ operation, refusal: view.refusal })
  const pending = await generationIn(inside.version(versionId))
  const labels = secret.stages.get(versionId) ?? []
  if (labels.includes('AWSPENDING')) {
    assertNotCurrent({ secret, versionId })
    await secrets.removeLabel({ secretId: secret.arn, label: 'AWSPENDING', from: versionId })
    log.info('AWSPENDING is taken away', { versionId })
    await time.sleep(settleMs)
  }
  assertNotCurrent({ secret: await operation.store.describeSecret(), versionId })
  // It was current once, and applications may still hold it: its grace ends like any other.
  if (labels.includes('AWSPREVIOUS')) return
  const named = pending && pending.document.id !== current.document.id && view.find(pending.document)
  const made = madeBy({ view, secretArn: secret.arn, versionId }).filter(
    ({ id }) => id !== current.document.id,
  )
  const all = new Map([...made, ...(named ? [named] : [])].map((found) => [found.id, found]))
  for (const found of all.values()) if (found.isActive) await deactivate({ operation, found, versionId })
  log.info('the rotation is given up', { versionId })
}

/** Everything that carries the mark of this rotation, stored or not. */
function madeBy(of: { view: Survey; secretArn: string; versionId: string }): readonly Found[] {
  const { view, secretArn, versionId: token } = of
  const mark = markOf({ secretArn, token })
  return view.found.filter(({ lineage }) => lineage?.secret === mark.secret && lineage.token === mark.token)
}

async function deactivate(of: { operation: Operation; found: Found; versionId: string }): Promise<void> {
  const { operation, found, versionId } = of
  const { current, store, time, log, secretArn } = operation
  const { id, what, noun } = found
  await retire({
    store,
    time,
    log,
    secretArn,
    credential: current.credential,
    superseded: { id, what, on: `${noun} ${id}` },
    supersededVersion: versionId,
    current: current.document,
    currentVersion: current.version.versionId,
  })
}

function assertNotCurrent({ secret, versionId }: { secret: Operation['secret']; versionId: string }): void {
  if (holderOf(secret, 'AWSCURRENT') !== versionId) return
  const problem = `version ${versionId} of ${secret.arn} is AWSCURRENT: that rotation is complete`
  const wayOut = `To go back: npx dfns-rotator rollback ${secret.arn}`
  throw new RotationError('ERR_CURRENT_CHANGED', `${problem}. ${wayOut}`)
}

/** What AWSPENDING names may be all that is left to work with. */
export function onlyKey({
  operation,
  refusal,
}: {
  operation: Operation
  refusal: RotationError
}): RotationError {
  const { secretArn } = operation
  const problem = `AWSCURRENT of ${secretArn} is not accepted, so what else works has to stay`
  return new RotationError(refusal.code, `${problem}: ${refusal.message}. Nothing was changed.`)
}
