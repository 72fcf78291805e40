import { asFailure } from '../credentials/answer.ts'
import { generationIn } from '../credentials/document.ts'
import type { Found, Survey } from '../credentials/survey.ts'
import { isMarkOf, isMarkOfRotation } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import { hourMs } from '../ports/time.ts'
import { holderOf, pendingVersion } from '../rotation/labels.ts'
import { eventOf, idsIn, type Reminder, standingReminders } from '../rotation/reminders.ts'
import { isSameSupersession, type RetireEvent } from '../rotation/retire-event.ts'
import { type Outcome, retireSuperseded } from '../rotation/retiring.ts'
import {
  assertNoRotation,
  lookAround,
  openOperation,
  type Operation,
  type OperationOpening,
} from './operation.ts'
import { type RetiredVersion, retireUnnamed } from './retire-found.ts'

/** Nothing younger is acted on: a rotation may be about to name it. Milliseconds. */
export const youngMs = 2 * hourMs

/** What came of it. All that could be done was, whatever else failed. */
export interface RetiredAtOnce {
  readonly retired: readonly RetiredVersion[]
  /** Active, with the mark of this secret, and not ended: a rotation may need it, or it could not be. */
  readonly left: readonly Found[]
  /** Active on the identity, and of no rotation of this secret: an intruder's, perhaps. Not touched. */
  readonly foreign: readonly Found[]
  /** What could not be looked at, or ended, and why. */
  readonly failures: readonly RotationError[]
}

/**
 * The end of every grace, now: after a rotation that answers a leak. What AWSCURRENT names stays, so it has
 * to be accepted; a rotation that is not complete has to be completed or abandoned first. A mark of this
 * secret saves nothing: whoever holds a leaked key can register another one under any id.
 */
export async function retireAtOnce(opening: OperationOpening): Promise<RetiredAtOnce> {
  const operation = await openOperation(opening)
  assertNoRotation(operation.secret)
  const reminders = await standingReminders(operation).catch(asFailure)
  const isListed = !(reminders instanceof RotationError)
  const { unknown, view, ...all } = await retireAll({ operation, reminders: isListed ? reminders : [] })
  const isOurs = ({ lineage }: Found) => isMarkOf(lineage, operation.secretArn)
  const unnamed = await retireOwn({ operation, view, own: unknown.filter(isOurs) })
  return {
    retired: [...all.retired, ...unnamed.retired],
    left: unnamed.left,
    foreign: unknown.filter((found) => !isOurs(found)),
    failures: [...(isListed ? [] : [reminders]), ...all.failures, ...unnamed.failures],
  }
}

interface RetiredAll extends Pick<RetiredAtOnce, 'retired' | 'failures'> {
  /** Dfns before it. */
  readonly view: Survey
  /** Active, and named by AWSCURRENT, AWSPREVIOUS or a schedule neither. */
  readonly unknown: readonly Found[]
}

/** Retires whatever a label or a schedule names as superseded. Schedules stand until that is done. */
export async function retireAll(of: {
  operation: Operation
  reminders: readonly Reminder[]
}): Promise<RetiredAll> {
  const { operation, reminders } = of
  const view = await lookAround(operation)
  const events = await eventsOf({ operation, view, reminders })
  const unknown = await unknownIn({ operation, view, events })
  const outcomes = new Map<string, Outcome>()
  // What one of them ends with keeps no other from its end.
  const failures: RotationError[] = [...view.problems]
  for (const event of events) {
    const { superseded: versionId } = event
    const outcome = await retireNow({ operation, event, reminders }).catch(asFailure)
    if (outcome instanceof RotationError) failures.push(outcome)
    // Two may be about one version: that nothing was to be done for one of them says nothing of the other.
    else if (outcome !== 'nothing to retire' || !outcomes.has(versionId)) outcomes.set(versionId, outcome)
  }
  const retired = [...outcomes].map(([versionId, outcome]) => ({ versionId, outcome }))
  return { view, unknown, retired, failures }
}

/** What carries the mark of this secret, and neither a label nor a schedule named. */
async function retireOwn(of: {
  operation: Operation
  view: Survey
  own: readonly Found[]
}): Promise<Omit<RetiredAtOnce, 'foreign'>> {
  const { operation, view, own } = of
  const retired: RetiredVersion[] = []
  const left: Found[] = []
  const failures: RotationError[] = []
  if (own.length === 0) return { retired, left, failures }
  const isNeeded = await neededIn({ operation, view }).catch(asFailure)
  if (isNeeded instanceof RotationError) return { retired, left: own, failures: [isNeeded] }
  for (const found of own) {
    const outcome = isNeeded(found) ? undefined : await retireUnnamed({ operation, found }).catch(asFailure)
    if (outcome !== undefined && !(outcome instanceof RotationError)) retired.push(outcome)
    else left.push(found)
    if (outcome instanceof RotationError) failures.push(outcome)
  }
  return { retired, left, failures }
}

/** A rotation that has begun meanwhile needs what AWSPENDING names, and may be about to name the young. */
async function neededIn(of: { operation: Operation; view: Survey }): Promise<(found: Found) => boolean> {
  const { store, inside, secretArn, time } = of.operation
  // Looked at after Dfns: whatever a rotation that is over by now has made AWSCURRENT names.
  const token = pendingVersion(await store.describeSecret())
  if (token === undefined) return () => false
  const pending = await generationIn(inside.version(token))
  const named = pending && [pending.document.id, of.view.find(pending.document)?.id]
  const since = time.now() - youngMs
  return ({ id, lineage, created }) =>
    named?.includes(id) === true ||
    isMarkOfRotation(lineage, { secretArn, token }) ||
    created === undefined ||
    created.getTime() > since
}

async function retireNow(of: {
  operation: Operation
  event: RetireEvent
  reminders: readonly Reminder[]
}): Promise<Outcome> {
  const { operation, event, reminders } = of
  const { group, log } = operation
  // Not held, however recently it was used: that is what at once means.
  const outcome = await retireSuperseded({ ...operation, event: { ...event, attempt: 0, held: true } })
  if (outcome === 'postponed') return outcome
  const done = reminders.filter((reminder) => isSameSupersession(reminder.event, event))
  for (const { name } of done) await group?.remove(name)
  log.info('a superseded version is done with', { superseded: event.superseded, outcome })
  return outcome
}

async function eventsOf(of: {
  operation: Operation
  view: Survey
  reminders: readonly Reminder[]
}): Promise<readonly RetireEvent[]> {
  const { operation, view, reminders } = of
  const { secret, inside, current, secretArn } = operation
  const scheduled = reminders
    .map(({ event }) => event)
    .filter((event, index, all) => all.findIndex((other) => isSameSupersession(event, other)) === index)
  const superseded = holderOf(secret, 'AWSPREVIOUS')
  const promoted = current.version.versionId
  // What a schedule of another promotion says of it ends nothing, where a person has put AWSCURRENT since.
  const isScheduled = scheduled.some(
    (event) => event.superseded === superseded && event.promoted === promoted,
  )
  if (superseded === undefined || isScheduled) return scheduled
  const previous = await generationIn(inside.version(superseded))
  const what = previous && view.find(previous.document)?.what
  if (!previous || what === undefined || previous.document.id === current.document.id) return scheduled
  const { kind } = previous.document
  return [...scheduled, eventOf({ secretArn, kind, superseded, promoted, what })]
}

/** What a person made and we superseded carries no mark either, but a version or a schedule names it. */
async function unknownIn(of: {
  operation: Operation
  view: Survey
  events: readonly RetireEvent[]
}): Promise<readonly Found[]> {
  const { operation, view, events } = of
  const { inside, current } = operation
  const versions = await Promise.all(events.map(({ superseded }) => generationIn(inside.version(superseded))))
  const known = [
    current.document.id,
    ...versions.flatMap((version) => version?.document.id ?? []),
    ...events.flatMap(({ what }) => idsIn(what)),
  ]
  return view.found.filter(
    ({ id, isActive, what }) => isActive && ![id, ...idsIn(what)].some((one) => known.includes(one)),
  )
}
