import type { Found, Survey } from '../credentials/survey.ts'
import { surveyOf } from '../credentials/surveys.ts'
import { asFailure } from '../credentials/answer.ts'
import { RotationError } from '../errors.ts'
import { generationIn, holderOf } from '../rotation/labels.ts'
import { onceOf } from '../rotation/means.ts'
import { eventOf, isAbout, type Reminder, standingReminders } from '../rotation/reminders.ts'
import type { RetireEvent } from '../rotation/retire-event.ts'
import { type Outcome, retireSuperseded } from '../rotation/retiring.ts'
import { onlyKey } from './abandon.ts'
import { assertNoRotation, openOperation, type Operation, type OperationOpening } from './operation.ts'

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
  const { retired, view } = await retireAll(operation)
  return { retired, foreign: foreignIn({ operation, view }) }
}

/** Retires whatever a label or a schedule names as superseded. Schedules stand until that is done. */
export async function retireAll(
  operation: Operation,
): Promise<{ retired: readonly RetiredVersion[]; view: Survey }> {
  const { current, inside, group, log } = operation
  const view = await surveyOf({ current: current.document, means: inside.means, lists: onceOf() })
  if (view.refusal !== undefined) throw onlyKey({ operation, refusal: view.refusal })
  const reminders = await standingReminders(operation)
  const retired: RetiredVersion[] = []
  const failures: RotationError[] = []
  for (const event of await eventsOf({ operation, view, reminders })) {
    // Not held, however recently it was used: that is what at once means.
    const now = { ...operation, event: { ...event, attempt: 0, held: true } }
    const outcome = await retireSuperseded(now).catch(asFailure)
    if (outcome instanceof RotationError) failures.push(outcome)
    else retired.push({ versionId: event.superseded, outcome })
    if (outcome instanceof RotationError || outcome === 'postponed') continue
    const about = { versionId: event.superseded, what: event.what }
    for (const reminder of reminders) if (isAbout({ reminder, ...about })) await group?.remove(reminder.name)
    log.info('a superseded version is done with', { superseded: event.superseded, outcome })
  }
  // What one of them ends with keeps no other from its end.
  for (const failure of failures) throw failure
  return { retired, view }
}

async function eventsOf(of: {
  operation: Operation
  view: Survey
  reminders: readonly Reminder[]
}): Promise<readonly RetireEvent[]> {
  const { operation, view, reminders } = of
  const scheduled = [...new Map(reminders.map(({ event }) => [event.superseded, event])).values()]
  const { secret, inside, current, secretArn } = operation
  const superseded = holderOf(secret, 'AWSPREVIOUS')
  if (superseded === undefined || scheduled.some((event) => event.superseded === superseded)) return scheduled
  const previous = await generationIn(inside.version(superseded))
  const what = previous && view.find(previous.document)?.what
  if (!previous || what === undefined || previous.document.id === current.document.id) return scheduled
  const { kind } = previous.document
  return [...scheduled, eventOf({ secretArn, kind, superseded, promoted: current.version.versionId, what })]
}

function foreignIn({ operation, view }: { operation: Operation; view: Survey }): readonly Found[] {
  const { document } = operation.current
  return view.found.filter(
    ({ id, isActive, lineage }) => isActive && id !== document.id && lineage === undefined,
  )
}
