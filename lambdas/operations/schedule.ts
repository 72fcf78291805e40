import type { What } from '../credentials/credential.ts'
import type { Stored } from '../rotation/generations.ts'
import { leastGraceMs, moveMs } from '../rotation/grace.ts'
import { eventOf } from '../rotation/reminders.ts'
import { scheduleName } from '../rotation/retire-event.ts'
import type { Operation } from './operation.ts'

/** Writes the schedule of a retirement, before AWSCURRENT moves. Its name, if there is a scheduler. */
export async function scheduleRetirement(
  of: Operation & { superseded: Stored; promoted: string; what: What; graceMs: number },
): Promise<string | undefined> {
  const { schedules, superseded, promoted, what, graceMs, secretArn, time, log } = of
  if (schedules === undefined) return undefined
  const { kind, id: credId } = superseded.document
  const at = new Date(time.now() + moveMs + Math.max(leastGraceMs, graceMs))
  const versions = { superseded: superseded.version.versionId, promoted }
  const name = scheduleName({ secretArn, credId })
  await schedules.put({ name, at, input: eventOf({ secretArn, kind, ...versions, what }) })
  log.info('retirement is scheduled', { at: at.toISOString(), superseded: versions.superseded })
  return name
}
