import { type Cron, readCron } from './cron.ts'
import { frequencyAndExpression, invalidParameter, validation } from './errors.ts'
import type { RotationRules } from './secret.ts'

/** When a rotation may run: from `start` to `end`, both in milliseconds since the epoch. */
export interface Window {
  readonly start: number
  readonly end: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MIN_HOURS = 4
const MAX_DAYS = 999
/** February 29 comes back within eight years, even around 2100. */
const HORIZON_DAYS = 8 * 366

type Schedule =
  | { readonly unit: 'hours' | 'days'; readonly every: number }
  | { readonly unit: 'cron'; readonly cron: Cron }

const refuse = (reason: string) => invalidParameter(`The rotation schedule is not valid: ${reason}.`)

function readRate(text: string): Schedule {
  const [, count, unit] = /^(\d+) (hour|day)s?$/.exec(text) ?? []
  const every = Number(count)
  if (unit === 'hour' && every >= MIN_HOURS && every <= MAX_DAYS * 24) return { unit: 'hours', every }
  if (unit === 'day' && every >= 1 && every <= MAX_DAYS) return { unit: 'days', every }
  throw refuse('a rate lies between 4 hours and 999 days')
}

function readExpression(expression: string): Schedule {
  if (expression.length > 256 || !/^[0-9A-Za-z()#?*\-/, ]+$/.test(expression)) {
    throw validation("Value at 'rotationRules.scheduleExpression' failed to satisfy constraint.")
  }
  const [, kind, text = ''] = /^(rate|cron)\((.*)\)$/.exec(expression) ?? []
  if (kind === 'rate') return readRate(text)
  if (kind === 'cron') return { unit: 'cron', cron: readCron(text) }
  throw refuse('it is neither rate() nor cron()')
}

function readSchedule({
  AutomaticallyAfterDays: days,
  ScheduleExpression,
}: RotationRules): Schedule | undefined {
  if (days !== undefined && ScheduleExpression !== undefined) throw frequencyAndExpression()
  if (ScheduleExpression !== undefined) return readExpression(ScheduleExpression)
  if (days === undefined) return undefined
  if (!Number.isInteger(days) || days < 1 || days > 1000) {
    throw validation("Value at 'rotationRules.automaticallyAfterDays' failed to satisfy constraint.")
  }
  return { unit: 'days', every: days }
}

function readDuration({ Duration }: RotationRules): number | undefined {
  if (Duration === undefined) return undefined
  if (!/^[0-9]{1,2}h$/.test(Duration)) {
    throw validation("Value at 'rotationRules.duration' failed to satisfy constraint.")
  }
  const hours = Number.parseInt(Duration, 10)
  if (hours < 1) throw refuse('a window lasts at least one hour')
  return hours
}

/** Hours of a window before the next one of the same day, or the end of the UTC day. */
const room = ({ hours, hour }: { hours: readonly number[]; hour: number }) =>
  (hours.find((later) => later > hour) ?? 24) - hour

function ensureWindowFits({
  schedule,
  duration,
}: {
  schedule: Schedule
  duration: number | undefined
}): void {
  const hours = schedule.unit === 'cron' ? schedule.cron.hours : [0]
  const rooms = schedule.unit === 'hours' ? [schedule.every] : hours.map((hour) => room({ hours, hour }))
  const longest = Math.min(24, ...rooms)
  if (duration !== undefined && duration > longest) {
    throw refuse('the window would reach into the next window or the next UTC day')
  }
  const gaps = hours.slice(1).map((hour, index) => hour - (hours[index] ?? 0))
  if (gaps.some((gap) => gap < MIN_HOURS)) throw refuse('a secret rotates at most every 4 hours')
}

/** Checks RotationRules. Throws as RotateSecret answers. */
export function ensureRules(rules: RotationRules): void {
  const schedule = readSchedule(rules)
  const duration = readDuration(rules)
  if (schedule) ensureWindowFits({ schedule, duration })
}

const startOfDay = (time: number) => Math.floor(time / DAY_MS) * DAY_MS
const startOfHour = (time: number) => Math.floor(time / HOUR_MS) * HOUR_MS

function nextCron({ cron, after }: { cron: Cron; after: number }): number | undefined {
  for (let day = startOfDay(after), left = HORIZON_DAYS; left > 0; day += DAY_MS, left--) {
    if (!cron.matches(new Date(day))) continue
    const hour = cron.hours.find((candidate) => day + candidate * HOUR_MS > after)
    if (hour !== undefined) return day + hour * HOUR_MS
  }
  return undefined
}

function nextStart({ schedule, after }: { schedule: Schedule; after: number }): number | undefined {
  if (schedule.unit === 'cron') return nextCron({ cron: schedule.cron, after })
  if (schedule.unit === 'days') return startOfDay(after) + schedule.every * DAY_MS
  return startOfHour(after) + schedule.every * HOUR_MS
}

/** The default length: an hour for schedules by the hour, otherwise to the end of the UTC day. */
function defaultEnd({ schedule, start }: { schedule: Schedule; start: number }): number {
  const hourly = schedule.unit === 'hours' || (schedule.unit === 'cron' && schedule.cron.hours.length > 1)
  return hourly ? start + HOUR_MS : startOfDay(start) + DAY_MS
}

/** The first window that starts after `after`; none without a schedule, or for a day that never comes. */
export function nextWindow({ rules, after }: { rules: RotationRules; after: number }): Window | undefined {
  const schedule = readSchedule(rules)
  const start = schedule && nextStart({ schedule, after })
  if (!schedule || start === undefined) return undefined
  const duration = readDuration(rules)
  const end = duration === undefined ? defaultEnd({ schedule, start }) : start + duration * HOUR_MS
  return { start, end }
}

/**
 * The AutomaticallyAfterDays that DescribeSecret shows beside a ScheduleExpression: the days between two
 * windows.
 */
export function daysBetweenWindows({
  rules,
  now,
}: {
  rules: RotationRules
  now: number
}): number | undefined {
  const first = nextWindow({ rules, after: now })
  const second = first && nextWindow({ rules, after: first.start })
  return first && second && Math.max(1, Math.ceil((second.start - first.start) / DAY_MS))
}

/**
 * Whether a change of the schedule leaves the rotation that was planned before: said of rate() and days only.
 */
export const isCron = (rules: RotationRules) => rules.ScheduleExpression?.startsWith('cron(') ?? false
