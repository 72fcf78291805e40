import { ifReadable } from '../credentials/answer.ts'
import type { Superseded } from '../credentials/credential.ts'
import { idIn } from '../credentials/document.ts'
import { readJsonObject } from '../credentials/json.ts'
import { isOfSecret } from '../crypto/lineage.ts'
import { isCode, RotationError } from '../errors.ts'
import { early, hourMs } from '../ports/time.ts'
import type { DescribedSecret, SecretStore, SecretVersion } from '../ports/secrets-manager.ts'
import type { Stored } from './generations.ts'
import { scheduledAfter } from './grace.ts'
import { type Inside, openSecret } from './opening.ts'
import { postpone, type RetireOpening } from './postponement.ts'
import { isSameSupersession, type RetireEvent, scheduleName, retireEventIn } from './retire-event.ts'
import { type Retirement, retire } from './retirement.ts'
import type { Settings } from './settings.ts'
import { isMarkedShared, isMarkedUndone, sharedLabel, undoneLabel } from './undone.ts'

/** What became of a retirement: done, not to be done (any more), or left to its successor's schedule. */
export type Outcome = 'retired' | 'nothing to retire' | 'postponed'

/**
 * Ends a grace. Nobody can be relied on to invoke it again: when it has to wait it writes a schedule for its
 * own successor, and returns.
 */
export async function retireSuperseded(opening: RetireOpening): Promise<Outcome> {
  try {
    return await attempt(opening)
  } catch (error) {
    if (!(error instanceof RotationError) || !error.retryable) throw error
    await postpone({ opening, error })
    // AWSCURRENT is refused, and nothing could be taken back: that is tried again, and alarms all the same.
    if (error.code === 'ERR_VERIFY') throw error
    return 'postponed'
  }
}

/** What one attempt knows before it asks Dfns. */
interface Scene {
  readonly opening: RetireOpening
  readonly store: SecretStore
  readonly secret: DescribedSecret
  readonly current: Stored
  readonly version: SecretVersion | undefined
  readonly settings: Settings
}

async function attempt(opening: RetireOpening): Promise<Outcome> {
  const { event, log } = opening
  const nothing = (why: string): Outcome => {
    log.info(why)
    return 'nothing to retire'
  }
  const scene = await look(opening)
  if (scene === undefined)
    return nothing('AWSCURRENT has not moved, or moved again since: nothing is to be retired now')
  const superseded = await supersededOf(scene)
  if (superseded === undefined)
    return nothing('Dfns lists nothing of what was superseded: nothing is left to do')
  assertMayRetire(scene, superseded)
  const later = await laterSchedule(scene, superseded)
  if (later !== undefined && !isSameSupersession(event, later.event))
    return nothing('it was superseded anew, and another schedule ends that grace')
  if (later !== undefined && isFirst(event) && mayBeLate(scene)) {
    // Lambda may have kept the event while the move was tried again; the schedule is deleted with it.
    await postpone({ opening, until: later.at })
    return 'postponed'
  }
  if (await isHeld(scene, superseded)) return 'postponed'
  await retire(retirementOf(scene, superseded))
  return 'retired'
}

function retirementOf({ opening, store, secret, current }: Scene, superseded: Superseded): Retirement {
  const { event, time, log } = opening
  return {
    store,
    log,
    time,
    secretArn: secret.arn,
    credential: current.credential,
    superseded,
    supersededVersion: event.superseded,
    current: current.document,
    currentVersion: current.version.versionId,
    isPrevious: has(secret, event.superseded, 'AWSPREVIOUS'),
  }
}

/** Reads the secret; nothing if its rotation has not got so far as to supersede anything. */
async function look(opening: RetireOpening): Promise<Scene | undefined> {
  const { event } = opening
  const { secretArn, kind } = event
  const mayHaveAsked = ({ settingsFor }: Pick<Inside, 'settingsFor'>) =>
    // With grace 0 finishSecret has asked before.
    event.attempt > 0 || event.held || isNet(settingsFor(kind))
  const opened = await openSecret({ ...opening, secretArn, mayHaveAsked })
  const { store, secret } = opened
  if (hasNotMoved({ secret, event })) return undefined
  const reading = early(store.getSecretValue({ versionId: event.superseded }))
  const inside = await opened.inside()
  const current = await inside.current()
  if (await isPutByHand({ secret, event, current })) return undefined
  return { opening, store, secret, current, version: await reading, settings: inside.settingsFor(kind) }
}

const isNet = (settings: Settings) => [true, false].some((isAdopted) => settings.graceOf({ isAdopted }) === 0)

/**
 * AWSCURRENT stands where it stood. Where it had moved and was moved back, AWSPREVIOUS is on the other
 * version.
 */
function hasNotMoved({ secret, event }: { secret: DescribedSecret; event: RetireEvent }): boolean {
  return has(secret, event.superseded, 'AWSCURRENT') && !has(secret, event.promoted, 'AWSPREVIOUS')
}

/**
 * A person put AWSCURRENT before the rotation moved it: AWSPREVIOUS says what was superseded last, AWSCURRENT
 * by what.
 */
async function isPutByHand(of: { secret: DescribedSecret; event: RetireEvent; current: Stored }) {
  const { secret, event, current } = of
  if (!has(secret, event.superseded, 'AWSPREVIOUS') || has(secret, event.promoted, 'AWSCURRENT')) return false
  return !(await isOurs({ current, id: current.document.id, secretArn: secret.arn }))
}

const has = ({ stages }: DescribedSecret, versionId: string, label: string): boolean =>
  stages.get(versionId)?.includes(label) === true

/**
 * Lambda repeats what ended with an error: that must not make AWSCURRENT refused for another moment. And what
 * audit found in another secret works on for that one.
 */
function assertMayRetire({ secret }: Scene, { id }: Superseded): void {
  const { stages } = secret
  if (isMarkedShared({ stages, credId: id })) {
    const problem = `another secret names it, as the staging label ${sharedLabel(id)} of ${secret.arn} tells`
    throw new RotationError('ERR_RETIRE_REFUSED', `credential ${id} is not deactivated: ${problem}`)
  }
  if (!isMarkedUndone({ stages, credId: id })) return
  const problem = `the retirement of credential ${id} was undone before, so it stays active`
  const wayOut = `To try again remove the staging label ${undoneLabel(id)} of ${secret.arn}`
  throw new RotationError('ERR_RETIRE_UNDONE', `${problem}. ${wayOut}.`)
}

/** As its schedule has it: a command that ends a grace says that nothing is held. */
const isFirst = ({ attempt, held }: RetireEvent): boolean => attempt === 0 && !held

/**
 * Whether an earlier schedule can have sent this event: none was due before the grace had passed since the
 * promoted version was made. What comes sooner a person has sent, who ends the grace.
 */
function mayBeLate({ opening, current, settings }: Scene): boolean {
  const { event, time } = opening
  const { versionId, created } = current.version
  if (versionId !== event.promoted || created === undefined) return true
  const graces = [true, false].map((isAdopted) => scheduledAfter(settings.graceOf({ isAdopted })))
  return time.now() + clocksMs >= created.getTime() + Math.min(...graces)
}

/** Clocks differ by less, and a schedule fires no sooner than that. Milliseconds. */
const clocksMs = 5_000

/**
 * The schedule about this credential, if it lies ahead: it was written over since this event's was, for a
 * grace that ends later. The credential was current once more and superseded anew, or the move came late.
 */
async function laterSchedule(
  { opening }: Scene,
  { id: credId }: Superseded,
): Promise<{ at: Date; event: RetireEvent } | undefined> {
  const { event, schedules, time, log } = opening
  const { secretArn } = event
  const name = scheduleName({ secretArn, credId })
  const schedule = await schedules?.get(name).catch((error: unknown) => {
    // The first event comes from that very schedule; only what had to wait can be behind it.
    if (!isFirst(event) || !isCode(error, 'ERR_SCHEDULER') || error.retryable) throw error
    log.warn('whether it was superseded anew is not known', { reason: error.message })
    return undefined
  })
  if (schedule === undefined) return undefined
  const { at } = schedule
  const other = retireEventIn(schedule.input)
  if (at === undefined || other === undefined)
    throw new RotationError('ERR_SCHEDULER', `schedule ${name} is not one that dfns-rotator wrote`)
  return at.getTime() > time.now() + clocksMs ? { at, event: other } : undefined
}

/** The superseded credential by its id: from its version, or where that is gone from Dfns's list. */
async function supersededOf({ opening, current, version }: Scene): Promise<Superseded | undefined> {
  const { superseded, secretArn, what } = opening.event
  const { credential, document } = current
  const on = `version ${superseded} of ${secretArn}`
  const fields = readJsonObject(version?.text ?? '')
  if (version !== undefined)
    credential.assertSameIdentity({ current: document, superseded: fields ?? {}, on, what })
  const id = idIn(fields) ?? (await credential.idOf({ current: document, what }))
  // Of a whole identity its own mark tells whose it is.
  const isMarked = 'serviceAccountId' in what || 'tokenId' in what
  const isKnown = id === undefined || version !== undefined || isMarked
  if (!isKnown && !(await isOurs({ current, id, secretArn }))) {
    const problem = `its version ${superseded} is gone, and it does not carry the lineage of ${secretArn}`
    throw new RotationError('ERR_RETIRE_REFUSED', `credential ${id} is not deactivated: ${problem}`)
  }
  return id === undefined ? undefined : { id, what, on, ...(fields !== undefined && { fields }) }
}

async function isOurs(of: { current: Stored; id: string; secretArn: string }): Promise<boolean> {
  const { current, id, secretArn } = of
  const asked = current.credential.isOurs?.({ current: current.document, id })
  return (await asked) ?? isOfSecret({ credId: id, secretArn })
}

/**
 * A credential that somebody still uses is retired all the same, unless the owner wants it held, once.
 * Without a grace there was no time to use it in.
 */
async function isHeld(
  { opening, current, settings, secret }: Scene,
  superseded: Superseded,
): Promise<boolean> {
  const { event, time, log } = opening
  const isAdopted = !isOfSecret({ credId: superseded.id, secretArn: secret.arn })
  const graceMs = settings.graceOf({ isAdopted })
  if (graceMs === 0) return false
  // What came before its grace was signed for the rotation itself, to register the new key.
  const since = new Date(time.now() - Math.min(hourMs, graceMs))
  const asking = current.credential.isUsedSince({ current: current.document, superseded, since })
  // Only where the owner wants it held does the answer matter.
  const used = await (settings.holdIfUsed ? asking : ifReadable(asking))
  if (used === undefined)
    log.info("Dfns's audit log cannot be read: whether the old key is still used is not known")
  if (used !== true) return false
  log.warn('the superseded credential was used a short while ago', {
    credId: superseded.id,
    since: since.toISOString(),
  })
  if (!settings.holdIfUsed || event.held) return false
  await postpone({ opening, heldMs: graceMs })
  return true
}
