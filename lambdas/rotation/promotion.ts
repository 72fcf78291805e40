import type { What } from '../credentials/credential.ts'
import { RotationError } from '../errors.ts'
import { early } from '../ports/time.ts'
import type { Stored } from './generations.ts'
import { assertGraceEnds, graceOfStored, scheduledMove } from './grace.ts'
import type { Rotation } from './rotation.ts'

export interface Promotion {
  readonly promoted: Stored
  readonly superseded: Stored | undefined
}

/** Moves AWSCURRENT to the pending version. */
export async function promote(rotation: Rotation): Promise<Promotion> {
  const [pending, current] = await Promise.all([rotation.pending(), rotation.current()])
  const { document, credential } = pending
  credential.assertFollows({ current: current.document, pending: document })
  assertNotReplaced({ rotation, current, pending })
  assertGraceEnds({ rotation, superseded: current.document })
  const naming = early(whatToRetire({ rotation, current, pending }))
  // Steps may come late or out of order: what AWSCURRENT names has to work at the moment it is named.
  await credential.verify({ generation: document, as: current.document, fresh: true, again: true })
  const move = () => moveCurrent({ rotation, from: current.version.versionId })
  await scheduledMove({ rotation, current, what: await naming, move })
  return { promoted: pending, superseded: current }
}

/** Resolved while the generation is current, and beside the proof: a schedule is to name it. */
async function whatToRetire(of: { rotation: Rotation; current: Stored; pending: Stored }): Promise<What> {
  const { rotation, current, pending } = of
  if (rotation.schedules === undefined) return { credentialUuids: [] }
  return current.credential.whatOf({ superseded: current.document, pending: pending.document })
}

/** Whether finishSecret itself has to deactivate the superseded generation. */
export async function isDueAtOnce(of: { rotation: Rotation; superseded: Stored }): Promise<boolean> {
  const settings = of.rotation.settingsFor(of.superseded.document.kind)
  // Once AWSCURRENT has moved, nobody is asked whose answer changes nothing.
  const mayBe = [true, false].some((isAdopted) => settings.graceOf({ isAdopted }) === 0)
  return mayBe && (await graceOfStored(of)) === 0
}

/** The same promotion, found done by a step that is repeated. */
export async function earlierPromotion(rotation: Rotation): Promise<Promotion> {
  const [promoted, superseded] = await Promise.all([rotation.promoted(), rotation.previous()])
  return { promoted, superseded }
}

/**
 * A new key of the same account changes no field that must stay, but its version is younger than the pending
 * one.
 */
function assertNotReplaced(rotated: { rotation: Rotation; current: Stored; pending: Stored }): void {
  const { rotation, current, pending } = rotated
  const { created: began } = pending.version
  const { created: put } = current.version
  if (put === undefined || began === undefined || put <= began) return
  const problem = `AWSCURRENT of ${rotation.secret.arn} was put after this rotation began`
  throw new RotationError('ERR_CURRENT_CHANGED', `${problem}. Nothing was moved.`)
}

/**
 * A compare-and-set. If it is refused, as it is when a first attempt's reply was lost, the labels tell
 * whether it was done.
 */
async function moveCurrent({ rotation, from }: { rotation: Rotation; from: string }): Promise<void> {
  const { store, lineage, secret, log } = rotation
  const to = lineage.token
  if ((await store.moveCurrent({ from, to })) === 'refused') {
    const { stages } = await store.describeSecret()
    if (stages.get(to)?.includes('AWSCURRENT') !== true) {
      throw new RotationError(
        'ERR_CURRENT_CHANGED',
        `AWSCURRENT of ${secret.arn} moved meanwhile. Nothing was moved.`,
      )
    }
  }
  log.info('AWSCURRENT moved', { from, to })
}
