import { isMarkOf } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import { pendingVersion } from '../rotation/labels.ts'
import { standingReminders } from '../rotation/reminders.ts'
import { tagPrefix } from '../rotation/settings.ts'
import { abandon } from './abandon.ts'
import {
  assertComplete,
  lookAround,
  openOperation,
  type Operation,
  type OperationOpening,
} from './operation.ts'
import { retireAll } from './retire-at-once.ts'
import { type RetiredVersion, retireUnnamed } from './retire-found.ts'

/** The staging label of a secret that was let go: audit leaves it alone until rotation is on again. */
export const decommissioned = 'dfns-decommissioned'

/**
 * Lets a secret go: turns its rotation off, gives up what is under way, retires every superseded generation
 * now, and takes our tags away. AWSCURRENT stays, and works. Repeated it completes what an earlier run left
 * undone.
 */
export async function decommission(opening: OperationOpening): Promise<readonly RetiredVersion[]> {
  const first = await openOperation(opening)
  assertComplete(await lookAround(first))
  if (first.secret.rotationEnabled) await first.secrets.cancelRotateSecret(first.secretArn)
  const versionId = pendingVersion(first.secret)
  if (versionId !== undefined) await abandon({ ...opening, versionId })
  const operation = await openOperation(opening)
  const reminders = await standingReminders(operation)
  const { retired, failures } = await retireAll({ operation, reminders })
  for (const failure of failures) throw failure
  assertDone({ operation, retired })
  assertDone({ operation, retired: await retireLeft(operation) })
  await letGo(operation)
  return retired
}

/** What carries the mark of this secret, and neither a label nor a schedule named. */
async function retireLeft(operation: Operation): Promise<readonly RetiredVersion[]> {
  const { secretArn, current } = operation
  const view = await lookAround(operation)
  assertComplete(view)
  const left: RetiredVersion[] = []
  for (const found of view.found) {
    const { id, isActive, lineage } = found
    if (!isActive || !isMarkOf(lineage, secretArn) || id === current.document.id) continue
    left.push(await retireUnnamed({ operation, found }))
  }
  return left
}

function assertDone(of: { operation: Operation; retired: readonly RetiredVersion[] }): void {
  const left = of.retired.filter(({ outcome }) => outcome === 'postponed')
  if (left.length === 0) return
  const names = left.map(({ versionId }) => versionId).join(', ')
  const problem = `what versions ${names} of ${of.operation.secretArn} name has to wait, and has a schedule`
  throw new RotationError('ERR_PREVIOUS_IN_GRACE', `${problem}. Decommission it again after that.`, {
    retryable: true,
  })
}

async function letGo({ store, secrets, secret, secretArn, current, log }: Operation): Promise<void> {
  await store.attachLabel({ label: decommissioned, to: current.version.versionId })
  const keys = [...secret.tags.keys()].filter((key) => key.startsWith(tagPrefix))
  if (keys.length > 0) await secrets.untagResource({ secretId: secretArn, keys })
  log.info('the secret is let go', { versionId: current.version.versionId })
}
