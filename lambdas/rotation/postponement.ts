import { RotationError } from '../errors.ts'
import { dayMs, hourMs, minuteMs } from '../ports/time.ts'
import { type RetireEvent, successorName } from './retire-event.ts'
import type { Opening } from './rotation.ts'

/** One invocation of the retire function. */
export type RetireOpening = Omit<Opening, 'event'> & { readonly event: RetireEvent }

const shortestMs = 15 * minuteMs
const longestMs = 6 * hourMs
const altogetherMs = 14 * dayMs

/**
 * Why a retirement waits: something that may pass, a credential that is in use and is held, or a grace that
 * ends later than this event says.
 */
type Reason = { readonly error: RotationError } | { readonly heldMs: number } | { readonly until: Date }

/**
 * Writes the successor's schedule: after a failure 15 minutes to 6 hours later, 14 days in all, then the
 * failure is the result.
 */
export async function postpone({ opening, ...reason }: { opening: RetireOpening } & Reason): Promise<void> {
  const { event, schedules, time, log } = opening
  const now = time.now()
  const { attempt, since = new Date('until' in reason ? reason.until : now).toISOString() } = event
  const isHeld = 'heldMs' in reason
  const at = atOf({ reason, attempt, now })
  const isTooLate = 'error' in reason && at.getTime() > Date.parse(since) + altogetherMs
  if (schedules === undefined || isTooLate) throw failureOf(reason)
  const input = isHeld ? { ...event, held: true } : { ...event, attempt: attempt + 1, since }
  await schedules.put({ name: successorName(event, isHeld ? 'held' : `${attempt + 1}`), at, input })
  log.warn('retirement is postponed', { until: at.toISOString(), ...wordsOf(reason) })
}

function atOf({ reason, attempt, now }: { reason: Reason; attempt: number; now: number }): Date {
  if ('until' in reason) return reason.until
  if ('heldMs' in reason) return new Date(now + reason.heldMs)
  return new Date(now + Math.min(longestMs, shortestMs * 2 ** Math.min(attempt, 10)))
}

function wordsOf(reason: Reason): { code: string; reason?: string } {
  if ('error' in reason) return { code: reason.error.code, reason: reason.error.message }
  return { code: 'heldMs' in reason ? 'held' : 'grace' }
}

function failureOf(reason: Reason): RotationError {
  if ('error' in reason) return reason.error
  return new RotationError('ERR_SCHEDULER', 'there is no scheduler for a retirement that is held')
}
