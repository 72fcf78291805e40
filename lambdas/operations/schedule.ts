import type { What } from '../credentials/credential.ts'
import type { Stored } from '../rotation/generations.ts'
import { leastGraceMs, moveMs } from '../rotation/grace.ts'
import { writeReminder } from '../rotation/reminders.ts'
import type { Operation } from './operation.ts'

/** Writes the schedule of a retirement, before AWSCURRENT moves. Its name, if there is a scheduler. */
export async function scheduleRetirement(
  of: Operation & { superseded: Stored; promoted: string; what: What; graceMs: number },
): Promise<string | undefined> {
  const { schedules, time, graceMs } = of
  if (schedules === undefined) return undefined
  const at = new Date(time.now() + moveMs + Math.max(leastGraceMs, graceMs))
  return writeReminder({ ...of, schedules, at })
}
