import type { What } from '../credentials/credential.ts'
import { hexDigest } from '../crypto/digest.ts'
import type { Log } from '../ports/log.ts'
import type { ScheduleGroup } from '../ports/schedule-group.ts'
import type { Schedules } from '../ports/scheduler.ts'
import type { Stored } from './generations.ts'
import { type RetireEvent, retireEventIn, scheduleName, schedulePrefix } from './retire-event.ts'

/** A schedule that will retire something of a secret. */
export interface Reminder {
  readonly name: string
  readonly at: Date | undefined
  readonly event: RetireEvent
}

/** The schedules of one secret, whatever their names say of the credential. */
export async function remindersOf(asked: {
  secretArn: string
  schedules: Schedules
  /** Names of schedules, of other secrets as well. */
  names: readonly string[]
}): Promise<readonly Reminder[]> {
  const { secretArn, schedules, names } = asked
  const own = names.filter((name) => name.startsWith(schedulePrefix(secretArn)))
  const read = await Promise.all(
    own.map(async (name): Promise<Reminder | undefined> => {
      const schedule = await schedules.get(name)
      const event = schedule && retireEventIn(schedule.input)
      return event?.secretArn === secretArn ? { name, at: schedule?.at, event } : undefined
    }),
  )
  return read.filter((reminder) => reminder !== undefined)
}

/** The same for whoever looks at a single secret. */
export async function standingReminders(asked: {
  secretArn: string
  schedules: Schedules | undefined
  group: ScheduleGroup | undefined
}): Promise<readonly Reminder[]> {
  const { secretArn, schedules, group } = asked
  if (schedules === undefined || group === undefined) return []
  return remindersOf({ secretArn, schedules, names: await group.names(schedulePrefix(secretArn)) })
}

/** Whether a schedule is about a version, or about what that version names at Dfns. */
export function isAbout(of: { reminder: Reminder; versionId: string | undefined; what: What | undefined }) {
  const { reminder, versionId, what } = of
  if (reminder.event.superseded === versionId) return true
  return what !== undefined && idsIn(what).some((id) => idsIn(reminder.event.what).includes(id))
}

export function idsIn(what: What): readonly string[] {
  if ('credentialUuids' in what) return what.credentialUuids
  return Object.values(what)
}

/** Writes the schedule of a retirement: of one credential all have one name, which is returned. */
export async function writeReminder(of: {
  schedules: Schedules
  log: Log
  secretArn: string
  superseded: Stored
  /** The version in its place. */
  promoted: string
  what: What
  at: Date
}): Promise<string> {
  const { schedules, log, secretArn, promoted, what, at } = of
  const { document, version } = of.superseded
  const { kind, id: credId } = document
  const superseded = version.versionId
  const name = scheduleName({ secretArn, credId })
  await schedules.put({ name, at, input: { v: 1, secretArn, kind, superseded, promoted, what } })
  log.info('retirement is scheduled', { at: at.toISOString(), superseded })
  return name
}

/** Stands in an event for a version that is gone. */
export const goneVersion = (credId: string): string => hexDigest(credId)

/** What the retire function would be invoked with, for now. */
export function eventOf(
  of: Pick<RetireEvent, 'secretArn' | 'kind' | 'superseded' | 'promoted'> & { what: What },
) {
  const { what, ...rest } = of
  const copied = 'credentialUuids' in what ? { credentialUuids: [...what.credentialUuids] } : what
  return { v: 1, ...rest, what: copied, attempt: 0, held: false } as const
}
