import type { Generation } from '../credentials/document.ts'
import { isOfSecret } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import type { Stored } from './generations.ts'
import { scheduleName } from './retire-event.ts'
import { retire } from './retirement.ts'
import type { Rotation } from './rotation.ts'

interface OfGeneration {
  readonly rotation: Rotation
  readonly superseded: Generation
}

/** Under the immediate deactivation of grace 0 lies a schedule as a net. Milliseconds. */
const netMs = 5 * 60_000

/**
 * Milliseconds for which a superseded generation stays active. One that a person made has a grace of its own.
 */
export function graceOf({ rotation, superseded: { id, kind } }: OfGeneration): number {
  const isAdopted = !isOfSecret({ credId: id, secretArn: rotation.secret.arn })
  return rotation.settingsFor(kind).graceOf({ isAdopted })
}

/** Without a scheduler nobody would end a grace. */
export function assertGraceEnds({ rotation, superseded }: OfGeneration): void {
  const { on, kind } = superseded
  const ends = rotation.schedules !== undefined || rotation.settingsFor(kind).retiresAtNextRotation
  if (ends || graceOf({ rotation, superseded }) === 0) return
  throw new RotationError(
    'ERR_SCHEDULER',
    `${on}: its grace is not PT0S, and there is no scheduler to deactivate it later. Nothing was changed. ` +
      'Set the tag dfns-rotator:grace to PT0S, or give the function a scheduler.',
  )
}

/**
 * Writes the schedule of a retirement. It is written before AWSCURRENT moves, on every attempt anew and then
 * for a later time: once the label has moved, nobody may come back to write it.
 */
export async function scheduleRetirement(promotion: {
  rotation: Rotation
  current: Stored
  credentialUuids: readonly string[]
}): Promise<void> {
  const { rotation, current, credentialUuids } = promotion
  const { document, version } = current
  if (rotation.schedules === undefined) return
  const grace = graceOf({ rotation, superseded: document })
  const at = new Date(rotation.time.now() + (grace === 0 ? netMs : grace))
  const generations = {
    secretArn: rotation.secret.arn,
    superseded: version.versionId,
    promoted: rotation.lineage.token,
  }
  const input = { v: 1, kind: document.kind, ...generations, what: { credentialUuids } }
  await rotation.schedules.put({ name: scheduleName(generations), at, input })
  rotation.log.info('retirement is scheduled', { at: at.toISOString(), superseded: version.versionId })
}

/**
 * Where there is no scheduler and the policy wants it so, AWSPREVIOUS is retired when the next rotation
 * begins, and that rotation waits for the end of its grace: at most two generations live.
 */
export async function retireAtNextRotation(next: { rotation: Rotation; current: Stored }): Promise<void> {
  const { rotation, current } = next
  const { kind } = current.document
  if (rotation.schedules !== undefined || !rotation.settingsFor(kind).retiresAtNextRotation) return
  const previous = await rotation.previous()
  if (previous === undefined || previous.document.id === current.document.id) return
  assertGraceIsOver({ rotation, superseded: previous.document, put: current.version.created })
  await retire({
    ...rotation,
    secretArn: rotation.secret.arn,
    credential: previous.credential,
    superseded: previous.document,
    current: current.document,
    currentVersion: current.version.versionId,
  })
}

function assertGraceIsOver({ rotation, superseded, put }: OfGeneration & { put: Date | undefined }): void {
  const { lastRotation, arn } = rotation.secret
  // AWSCURRENT may be younger than the last rotation: somebody put it by hand.
  const began = Math.max(lastRotation?.getTime() ?? 0, put?.getTime() ?? 0)
  const ends = began + graceOf({ rotation, superseded })
  if (ends <= rotation.time.now()) return
  const until = new Date(ends).toISOString()
  throw new RotationError('ERR_PREVIOUS_IN_GRACE', `AWSPREVIOUS of ${arn} is in its grace until ${until}`, {
    retryable: true,
  })
}
