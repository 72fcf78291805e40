import type { Found } from '../credentials/survey.ts'
import { markOf } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import { pendingVersion } from '../rotation/labels.ts'
import { retire } from '../rotation/retirement.ts'
import { abandon } from './abandon.ts'
import { openOperation, type Operation, type OperationOpening } from './operation.ts'
import { retireAll, type RetiredVersion } from './retire-at-once.ts'

/** The staging label of a secret that was let go: audit leaves it alone until rotation is on again. */
export const decommissioned = 'dfns-decommissioned'

/**
 * Lets a secret go: turns its rotation off, gives up what is under way, retires every superseded generation
 * now, and takes our tags away. AWSCURRENT stays, and works. Repeated it completes what an earlier run left
 * undone.
 */
export async function decommission(opening: OperationOpening): Promise<readonly RetiredVersion[]> {
  const first = await openOperation(opening)
  if (first.secret.rotationEnabled) await first.secrets.cancelRotateSecret(first.secretArn)
  const versionId = pendingVersion(first.secret)
  if (versionId !== undefined) await abandon({ ...opening, versionId })
  const operation = await openOperation(opening)
  const { retired, view } = await retireAll(operation)
  assertDone({ operation, retired })
  const ours = markOf({ secretArn: operation.secretArn, token: '' }).secret
  for (const found of view.found) {
    const isLeft = found.isActive && found.lineage?.secret === ours && !isCurrent(operation, found)
    if (isLeft) await retireLeft({ operation, found })
  }
  await letGo(operation)
  return retired
}

const isCurrent = ({ current }: Operation, { id }: Found): boolean => id === current.document.id

function assertDone(of: { operation: Operation; retired: readonly RetiredVersion[] }): void {
  const left = of.retired.filter(({ outcome }) => outcome === 'postponed')
  if (left.length === 0) return
  const names = left.map(({ versionId }) => versionId).join(', ')
  const problem = `what versions ${names} of ${of.operation.secretArn} name has to wait, and has a schedule`
  throw new RotationError('ERR_PREVIOUS_IN_GRACE', `${problem}. Decommission it again after that.`, {
    retryable: true,
  })
}

async function retireLeft({ operation, found }: { operation: Operation; found: Found }): Promise<void> {
  const { current, store, time, log, secretArn } = operation
  const { id, what, noun } = found
  const { versionId: currentVersion } = current.version
  const superseded = { id, what, on: `${noun} ${id}` }
  const both = { credential: current.credential, current: current.document, currentVersion, superseded }
  await retire({ ...both, store, time, log, secretArn, supersededVersion: currentVersion })
}

async function letGo({ store, secrets, secret, secretArn, current, log }: Operation): Promise<void> {
  await store.attachLabel({ label: decommissioned, to: current.version.versionId })
  const keys = [...secret.tags.keys()].filter((key) => key.startsWith('dfns-rotator:'))
  if (keys.length > 0) await secrets.untagResource({ secretId: secretArn, keys })
  log.info('the secret is let go', { versionId: current.version.versionId })
}
