import { isMarkOf } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import { hourMs } from '../ports/time.ts'
import { eventOf, goneVersion, isAbout, type Reminder, remindersOf } from '../rotation/reminders.ts'
import { scheduleName } from '../rotation/retire-event.ts'
import { retireSuperseded } from '../rotation/retiring.ts'
import { isMarkedUndone, undoneLabel } from '../rotation/undone.ts'
import type { FindingType } from './findings.ts'
import { type Leftover, leftoversIn } from './left.ts'
import { youngMs } from '../operations/retire-at-once.ts'
import type { View } from './run.ts'
import { holdShared } from './shared.ts'

/** A schedule that is late by more is taken for lost. Milliseconds. */
const lateMs = hourMs

/**
 * Everything of ours that is active and that AWSCURRENT and AWSPENDING do not name: what has a schedule is
 * left to it, what has none is retired once its grace is over, by the code of retire.
 */
export async function dealWithLeftovers(view: View): Promise<void> {
  const leftovers = await leftoversIn(view)
  // Without a key that works nothing can be retired, and everything may be needed.
  if (leftovers.length === 0 || view.survey.refusal !== undefined) return
  const { run, secret } = view
  const { schedules, names } = run
  const { arn: secretArn } = secret
  const reminders = schedules === undefined ? [] : await remindersOf({ secretArn, schedules, names })
  for (const leftover of leftovers) await dealWith({ view, leftover, reminders })
}

interface Dealing {
  readonly view: View
  readonly leftover: Leftover
}

async function dealWith(of: Dealing & { reminders: readonly Reminder[] }): Promise<void> {
  const { view, leftover, reminders } = of
  const { found, versionId, credId } = leftover
  const { run, secret } = view
  const { findings, time } = run
  const { arn: secretArn, stages } = secret
  if (await holdShared({ view, id: credId, versionId, isSuperseded: true })) return
  if (isMarkedUndone({ stages, credId }))
    return findings.report({ type: 'retire-undone', secretArn, credId, label: undoneLabel(credId) })
  const reminder = reminders.find((one) => isAbout({ reminder: one, versionId, what: found.what }))
  if (reminder?.at !== undefined && reminder.at.getTime() > time.now() - lateMs) {
    if (found.lineage === undefined)
      findings.report({ type: 'adopted', secretArn, credId, until: reminder.at.toISOString() })
    return
  }
  if (isYoung(of) || isLeftToRotation(of)) return
  const type: FindingType =
    leftover.isPrevious && graceEnd(of) <= time.now() ? 'previous-past-grace' : 'untracked'
  const outcome = await retireOrSchedule(of)
  findings.report({ type, secretArn, ...describe(leftover), ...outcome })
}

const describe = ({ found, credId }: Leftover) => ({
  credId,
  object: `${found.noun} ${found.id}`,
  name: found.name,
  created: found.created?.toISOString(),
})

/** A rotation may be about to name it, or have superseded it a moment ago. */
function isYoung({ view, leftover }: Dealing): boolean {
  const { time } = view.run
  const since = leftover.isPrevious ? view.secret.lastChanged : (leftover.found.created ?? leftover.stored)
  return since !== undefined && since.getTime() > time.now() - youngMs
}

/** Where there is no scheduler and the policy says so, the next rotation retires AWSPREVIOUS. */
function isLeftToRotation({ view, leftover }: Dealing): boolean {
  const { run, settings } = view
  return run.schedules === undefined && settings.retiresAtNextRotation && leftover.isPrevious
}

/**
 * When its grace is over: counted from the last change of the secret, which cannot be earlier than the move
 * of AWSCURRENT away from it. What was never current has no grace.
 */
function graceEnd({ view, leftover }: Dealing): number {
  const { settings, secret, current } = view
  if (leftover.wasNeverCurrent) return 0
  const { lastRotation, lastChanged } = secret
  const moments = [lastRotation, lastChanged, current.version.created].map((date) => date?.getTime() ?? 0)
  return Math.max(...moments) + settings.graceOf({ isAdopted: leftover.found.lineage === undefined })
}

/**
 * What a person made, and a person replaced, may live on elsewhere. A whole account, token or webhook is
 * retired only by what a rotation made in its place: whoever may write the secret can name any.
 */
function isSupersededByUs({ view, leftover }: Dealing): boolean {
  const { made } = view.survey
  const { noun, lineage, isReplaced = lineage === undefined } = leftover.found
  return noun === 'credential' ? made.length > 0 : made.includes(noun) && isReplaced
}

/** A key is on this identity, whichever secret's rotation registered it; all else may be anybody's. */
function isMarked({ view, leftover }: Dealing): boolean {
  const { noun, lineage } = leftover.found
  if (noun === 'credential') return lineage !== undefined
  return isMarkOf(lineage, view.secret.arn)
}

/** Why a person has to decide about it. */
function whyLeft(of: Dealing): string | undefined {
  const { what } = of.leftover.found
  if ('credentialUuids' in what && what.credentialUuids.length === 0)
    return 'its uuid cannot be read, so it has to be deactivated by hand'
  if (!isMarked(of) && !isSupersededByUs(of))
    return 'no rotation put what AWSCURRENT names in its place, so a person decides'
  return undefined
}

/** What the finding tells of the outcome. */
async function retireOrSchedule(of: Dealing) {
  const reason = whyLeft(of)
  if (reason !== undefined) return { outcome: 'left', reason }
  const { run, secret } = of.view
  const { time, schedules } = run
  const { credId } = of.leftover
  const end = new Date(graceEnd(of))
  const until = end.toISOString()
  if (!run.acts) return { outcome: 'left to the audit', until }
  const event = retireEventOf(of)
  try {
    if (end.getTime() <= time.now()) return { outcome: await retireSuperseded({ ...run, event }) }
    if (schedules === undefined)
      return { outcome: 'left', reason: 'there is no scheduler to retire it later' }
    await schedules.put({ name: scheduleName({ secretArn: secret.arn, credId }), at: end, input: event })
    return { outcome: 'scheduled', until }
  } catch (error) {
    if (!(error instanceof RotationError) || error.code === 'ERR_DFNS_UNAVAILABLE') throw error
    return { outcome: 'failed', code: error.code, reason: error.message }
  }
}

function retireEventOf({ view, leftover }: Dealing) {
  const { secret, current } = view
  const { found, credId, versionId } = leftover
  const versions = { superseded: versionId ?? goneVersion(credId), promoted: current.version.versionId }
  const { kind } = current.document
  return eventOf({ secretArn: secret.arn, kind, ...versions, what: found.what })
}
