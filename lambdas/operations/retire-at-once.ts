import { asFailure } from '../credentials/answer.ts'
import { generationIn } from '../credentials/document.ts'
import type { Found, Survey } from '../credentials/survey.ts'
import { isMarkOf } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import { holderOf } from '../rotation/labels.ts'
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

/** What became of a superseded version, by its id. */
export interface RetiredVersion {
  readonly versionId: string
  readonly outcome: Outcome
}

export interface RetiredAtOnce {
  readonly retired: readonly RetiredVersion[]
  /** Active on the identity, and of no rotation of this secret: an intruder's, perhaps. Not touched. */
  readonly foreign: readonly Found[]
}

/**
 * The end of every grace, now: after a rotation that answers a leak. What AWSCURRENT names stays, so it has
 * to be accepted; a rotation that is not complete has to be completed or abandoned first.
 */
export async function retireAtOnce(opening: OperationOpening): Promise<RetiredAtOnce> {
  const operation = await openOperation(opening)
  assertNoRotation(operation.secret)
  const { retired, foreign } = await retireAll(operation)
  return { retired, foreign }
}

/** Retires whatever a label or a schedule names as superseded. Schedules stand until that is done. */
export async function retireAll(operation: Operation): Promise<RetiredAtOnce> {
  const view = await lookAround(operation)
  const reminders = await standingReminders(operation)
  const events = await eventsOf({ operation, view, reminders })
  const foreign = await foreignIn({ operation, view, events })
  const retired: RetiredVersion[] = []
  // What one of them ends with keeps no other from its end.
  const failures: RotationError[] = [...view.problems]
  for (const event of events) {
    const outcome = await retireNow({ operation, event, reminders }).catch(asFailure)
    if (outcome instanceof RotationError) failures.push(outcome)
    else retired.push({ versionId: event.superseded, outcome })
  }
  for (const failure of failures) throw failure
  return { retired, foreign }
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
  if (superseded === undefined || scheduled.some((event) => event.superseded === superseded)) return scheduled
  const previous = await generationIn(inside.version(superseded))
  const what = previous && view.find(previous.document)?.what
  if (!previous || what === undefined || previous.document.id === current.document.id) return scheduled
  const { kind } = previous.document
  return [...scheduled, eventOf({ secretArn, kind, superseded, promoted: current.version.versionId, what })]
}

/** What a person made and we superseded carries no mark either, but a version or a schedule names it. */
async function foreignIn(of: {
  operation: Operation
  view: Survey
  events: readonly RetireEvent[]
}): Promise<readonly Found[]> {
  const { operation, view, events } = of
  const { inside, current, secretArn } = operation
  const versions = await Promise.all(events.map(({ superseded }) => generationIn(inside.version(superseded))))
  const known = [
    current.document.id,
    ...versions.flatMap((version) => version?.document.id ?? []),
    ...events.flatMap(({ what }) => idsIn(what)),
  ]
  return view.found.filter(({ id, isActive, lineage, what }) => {
    const isKnown = [id, ...idsIn(what)].some((one) => known.includes(one))
    return isActive && !isKnown && !isMarkOf(lineage, secretArn)
  })
}
