import type { What } from '../credentials/credential.ts'
import type { Generation } from '../credentials/document.ts'
import { isOfSecret } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import { minuteMs } from '../ports/time.ts'
import type { Stored } from './generations.ts'
import { writeReminder } from './reminders.ts'
import { retire } from './retirement.ts'
import type { Rotation } from './rotation.ts'
import { isMarkedShared, isMarkedUndone } from './undone.ts'

/** The secret, and how its settings are read: of a rotation, or of whoever is none. */
type OfSecret = Pick<Rotation, 'secret' | 'settingsFor'>

interface OfGeneration {
  readonly rotation: Rotation
  readonly superseded: Generation
}

/** Under the immediate deactivation of grace 0 lies a schedule as a net. Milliseconds. */
export const leastGraceMs = 5 * minuteMs

/** How long after the move the schedule is due. Milliseconds. */
export const scheduledAfter = (graceMs: number): number => (graceMs === 0 ? leastGraceMs : graceMs)

/** What a move of AWSCURRENT may take before its schedule is written once more. Milliseconds. */
export const moveMs = 5_000

/**
 * Milliseconds for which a superseded generation stays active. One that a person made has a grace of its own.
 */
export function graceOf(of: { rotation: OfSecret; superseded: Generation }): number {
  const { rotation } = of
  const { id, kind } = of.superseded
  const isAdopted = !isOfSecret({ credId: id, secretArn: rotation.secret.arn })
  return rotation.settingsFor(kind).graceOf({ isAdopted })
}

/** The same where only Dfns knows who made it; it is not asked where the grace is the same either way. */
export async function graceOfStored(of: { rotation: OfSecret; superseded: Stored }): Promise<number> {
  const { rotation, superseded } = of
  const { credential, document } = superseded
  const settings = rotation.settingsFor(document.kind)
  const adopted = settings.graceOf({ isAdopted: true })
  if (credential.isOurs === undefined) return graceOf({ rotation, superseded: document })
  if (settings.graceOf({ isAdopted: false }) === adopted) return adopted
  const isOurs = await credential.isOurs({ current: document, id: document.id })
  return settings.graceOf({ isAdopted: !isOurs })
}

/** Kinds of which a superseded generation may have to outlive its grace: deliveries are still to come. */
const outliving: readonly string[] = ['WebhookSecret']

/** Without a scheduler nobody would end a grace. */
export function assertGraceEnds({ rotation, superseded }: OfGeneration): void {
  const { on, kind } = superseded
  const ends = rotation.schedules !== undefined || rotation.settingsFor(kind).retiresAtNextRotation
  if (ends || (graceOf({ rotation, superseded }) === 0 && !outliving.includes(kind))) return
  if (outliving.includes(kind)) {
    const problem = `a ${kind} is retired later than it is superseded, and there is no scheduler for that`
    throw new RotationError(
      'ERR_SCHEDULER',
      `${on}: ${problem}. Nothing was changed. Give the function a scheduler, or the policy ` +
        'retireAtNextRotation.',
    )
  }
  throw new RotationError(
    'ERR_SCHEDULER',
    `${on}: its grace is not PT0S, and there is no scheduler to deactivate it later. Nothing was changed. ` +
      'Set the tag dfns-rotator:grace to PT0S, or give the function a scheduler.',
  )
}

interface Supersession {
  readonly rotation: Rotation
  readonly current: Stored
  readonly what: What
}

/**
 * Moves AWSCURRENT by `move`, once the schedule of the retirement is written: when the label has moved,
 * nobody may come back to write it. On every attempt it is written anew, and then for a later time. The grace
 * counts from a moment later than the move; a move that took longer than that is made up for.
 */
export async function scheduledMove(
  supersession: Supersession & { move: () => Promise<void> },
): Promise<void> {
  const { rotation, move } = supersession
  const { time, log } = rotation
  const latest = time.now() + moveMs
  await scheduleRetirement({ ...supersession, from: latest })
  await move()
  if (time.now() <= latest) return
  await scheduleRetirement({ ...supersession, from: time.now() }).catch(() => {
    log.warn('AWSCURRENT moved late, so the grace is shorter by some seconds')
  })
}

/** `from` is the moment from which on the grace counts, in milliseconds. */
async function scheduleRetirement(supersession: Supersession & { from: number }): Promise<void> {
  const { rotation, current: superseded, what, from } = supersession
  const { schedules, log, secret, lineage } = rotation
  if (schedules === undefined) return
  const grace = await graceOfStored({ rotation, superseded })
  const at = new Date(from + scheduledAfter(grace))
  const promoted = lineage.token
  await writeReminder({ schedules, log, secretArn: secret.arn, superseded, promoted, what, at })
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
  await assertGraceIsOver({ rotation, superseded: previous, put: current.version.created })
  await retireGeneration({ rotation, current, superseded: previous })
}

/** Retires it within a rotation. One whose retirement was undone does not hold the rotation up any longer. */
export async function retireGeneration(generations: {
  rotation: Rotation
  current: Stored
  superseded: Stored
}): Promise<void> {
  const { rotation, current, superseded } = generations
  const { secret, log } = rotation
  const { id } = superseded.document
  if (isMarkedUndone({ stages: secret.stages, credId: id })) {
    return log.warn('its retirement was undone before, so it stays active', { credId: id })
  }
  // What audit found in another secret works on for that one.
  if (isMarkedShared({ stages: secret.stages, credId: id })) {
    return log.warn('another secret names it, too, so it stays active', { credId: id })
  }
  await retire({
    ...rotation,
    secretArn: secret.arn,
    credential: superseded.credential,
    superseded: await supersededIn({ current, superseded }),
    supersededVersion: superseded.version.versionId,
    current: current.document,
    currentVersion: current.version.versionId,
  })
}

/** Where the token is another, the identity was replaced, and is what is retired. */
async function supersededIn({ current, superseded }: { current: Stored; superseded: Stored }) {
  const { credential, document } = superseded
  if (document.fields['authToken'] === current.document.fields['authToken']) return document
  const what = await credential.whatOf({ superseded: document, pending: current.document })
  return 'credentialUuids' in what ? document : { ...document, what }
}

async function assertGraceIsOver(of: {
  rotation: Rotation
  superseded: Stored
  put: Date | undefined
}): Promise<void> {
  const { rotation, superseded, put } = of
  const { lastRotation, arn } = rotation.secret
  // AWSCURRENT may be younger than the last rotation: somebody put it by hand.
  const began = Math.max(lastRotation?.getTime() ?? 0, put?.getTime() ?? 0)
  const ends = began + (await graceOfStored({ rotation, superseded }))
  if (ends <= rotation.time.now()) return
  const until = new Date(ends).toISOString()
  throw new RotationError('ERR_PREVIOUS_IN_GRACE', `AWSPREVIOUS of ${arn} is in its grace until ${until}`, {
    retryable: true,
  })
}
