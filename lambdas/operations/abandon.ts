import { generationIn } from '../credentials/document.ts'
import type { Found, Survey } from '../credentials/survey.ts'
import { isMarkOfRotation } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import { secretsOf } from '../ports/secrets.ts'
import { settleMs } from '../ports/time.ts'
import { holderOf } from '../rotation/labels.ts'
import { openSecret } from '../rotation/opening.ts'
import { isAbout, standingReminders } from '../rotation/reminders.ts'
import {
  assertComplete,
  lookAround,
  openOperation,
  type Operation,
  type OperationOpening,
} from './operation.ts'
import { retireFound } from './retire-found.ts'

/**
 * Gives up a rotation that cannot go on: takes AWSPENDING from its version and deactivates what it registered
 * or made. Repeated with the same version it completes what an earlier run left undone. The label goes first:
 * from then on no step of that rotation begins, and one that is under way is waited for.
 */
export async function abandon(opening: OperationOpening & { versionId: string }): Promise<void> {
  const operation = await openOperation(opening)
  const { secret, log } = operation
  const { versionId } = opening
  assertComplete(await lookAround(operation))
  const labels = secret.stages.get(versionId) ?? []
  if (labels.includes('AWSPENDING')) await takePending({ operation, versionId })
  assertNotCurrent({ secret: await operation.store.describeSecret(), versionId })
  // What that step registered is in no earlier list.
  const view = await lookAround(operation)
  assertComplete(view)
  const all = await registeredBy({ operation, view, versionId })
  if (labels.includes('AWSPREVIOUS') || (await isScheduled({ operation, all, versionId })))
    return log.info('it was current once: its grace ends like any other', { versionId })
  for (const { found, isStored } of all)
    await retireFound({ operation, found, versionId: isStored ? versionId : undefined })
  log.info('the rotation is given up', { versionId })
}

/**
 * The same where AWSCURRENT cannot be read, and no identity is known that could look at Dfns: only a version
 * without a value is given up, which no key was ever stored in. What a rotation made for it the audit finds.
 */
export async function abandonEmpty(opening: OperationOpening & { versionId: string }): Promise<void> {
  const { clients, time, log, versionId } = opening
  const { store, secret } = await openSecret({ ...opening, mayHaveAsked: () => false })
  assertNotCurrent({ secret, versionId })
  if ((await store.getSecretValue({ versionId })) !== undefined) {
    const problem = `version ${versionId} of ${secret.arn} has a value, and AWSCURRENT cannot be read`
    throw new RotationError('ERR_DOCUMENT', `${problem}. Nothing was changed.`)
  }
  const secrets = secretsOf({ client: clients.secretsManager, time })
  await secrets.removeLabel({ secretId: secret.arn, label: 'AWSPENDING', from: versionId })
  log.info('AWSPENDING is taken away', { versionId })
}

async function takePending(of: { operation: Operation; versionId: string }): Promise<void> {
  const { secret, secrets, time, log } = of.operation
  const { versionId: from } = of
  assertNotCurrent({ secret, versionId: from })
  await secrets.removeLabel({ secretId: secret.arn, label: 'AWSPENDING', from })
  log.info('AWSPENDING is taken away', { versionId: from })
  await time.sleep(settleMs)
}

interface Registered {
  readonly found: Found
  /** Whether the version names it, or it was made beside what was stored. */
  readonly isStored: boolean
}

/** Everything active that the version names, or that carries the mark of this rotation, stored or not. */
async function registeredBy(of: {
  operation: Operation
  view: Survey
  versionId: string
}): Promise<readonly Registered[]> {
  const { operation, view, versionId: token } = of
  const { inside, current, secretArn } = operation
  const pending = await generationIn(inside.version(token))
  const stored = pending && view.find(pending.document)
  const made = view.found.filter(({ lineage }) => isMarkOfRotation(lineage, { secretArn, token }))
  const all = new Map([...made, ...(stored ? [stored] : [])].map((found) => [found.id, found]))
  return [...all.values()]
    .filter(
      ({ id, isActive }) => isActive && id !== current.document.id && id !== view.find(current.document)?.id,
    )
    .map((found) => ({ found, isStored: found.id === stored?.id }))
}

/** Applications may hold what was current, or an earlier run has left to its schedule what had to wait. */
async function isScheduled(of: {
  operation: Operation
  all: readonly Registered[]
  versionId: string
}): Promise<boolean> {
  const { operation, all, versionId } = of
  const { what } = all.find(({ isStored }) => isStored)?.found ?? {}
  const reminders = await standingReminders(operation)
  return reminders.some((reminder) => isAbout({ reminder, versionId, what }))
}

function assertNotCurrent({ secret, versionId }: { secret: Operation['secret']; versionId: string }): void {
  if (holderOf(secret, 'AWSCURRENT') !== versionId) return
  const problem = `version ${versionId} of ${secret.arn} is AWSCURRENT: that rotation is complete`
  const wayOut = `To go back: npx dfns-rotator rollback ${secret.arn}`
  throw new RotationError('ERR_CURRENT_CHANGED', `${problem}. ${wayOut}`)
}
