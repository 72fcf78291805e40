const dayMs = 86_400_000
const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
/** February 29 comes back within eight years, even around 2100. */
const horizonDays = 8 * 366

type OnDay = (day: Date) => boolean

interface Field {
  readonly text: string
  readonly from: number
  readonly to: number
  readonly names?: readonly string[]
}

/** What a schedule means, in hours. */
export interface CronTimes {
  /** From one window to the next, at their closest. */
  readonly gap: number
  /** At which the last window of a day begins. */
  readonly lastOfDay: number
}

/**
 * Reads Secrets Manager's `cron(0 Hours Day-of-month Month Day-of-week *)`; nothing if it is not of that form
 * or never comes twice.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
 */
export function timesOfCron(expression: string): CronTimes | undefined {
  const fields = /^cron\(0 (\S+) (\S+) (\S+) (\S+) \*\)$/.exec(expression)
  if (fields === null) return undefined
  const [, hourField = '', date = '', month = '', weekday = ''] = fields
  if ((date === '?') === (weekday === '?')) return undefined
  const hours = valuesOf({ text: hourField, from: 0, to: 23 })
  const inMonth = valuesOf({ text: month, from: 1, to: 12, names: months })
  const onDay = weekday === '?' ? onDate(date) : onWeekday(weekday)
  if (hours === undefined || inMonth === undefined || onDay === undefined) return undefined
  const names: OnDay = (day) => inMonth.has(day.getUTCMonth() + 1) && onDay(day)
  const gap = shortest(startsOf({ hours, names }))
  return gap === undefined ? undefined : { gap, lastOfDay: Math.max(...hours) }
}

/** Hours since the epoch of every window within the horizon. */
function startsOf({ hours, names }: { hours: Set<number>; names: OnDay }): number[] {
  const sorted = [...hours].sort((a, b) => a - b)
  return Array.from({ length: horizonDays }, (_, day) => day)
    .filter((day) => names(new Date(day * dayMs)))
    .flatMap((day) => sorted.map((hour) => day * 24 + hour))
}

function shortest(starts: readonly number[]): number | undefined {
  if (starts.length < 2) return undefined
  return starts.slice(1).reduce((gap, start, at) => Math.min(gap, start - (starts[at] ?? 0)), Infinity)
}

function onDate(text: string): OnDay | undefined {
  if (text === 'L') return (day) => new Date(day.getTime() + dayMs).getUTCDate() === 1
  const dates = valuesOf({ text, from: 1, to: 31 })
  return dates && ((day) => dates.has(day.getUTCDate()))
}

/** `MON`, `2-6`, the last (`6L`) or the nth (`6#3`) of a month; 1 is Sunday. */
function onWeekday(text: string): OnDay | undefined {
  const [, name = text, last, nth] = /^(\w+)(?:(L)|#([1-5]))$/.exec(text) ?? []
  const days = valuesOf({ text: name, from: 1, to: 7, names: weekdays })
  if (days === undefined) return undefined
  return (day) => {
    const week = Math.ceil(day.getUTCDate() / 7)
    const isLast = new Date(day.getTime() + 7 * dayMs).getUTCMonth() !== day.getUTCMonth()
    const isNamed = days.has(day.getUTCDay() + 1)
    return isNamed && (last === undefined || isLast) && (nth === undefined || week === Number(nth))
  }
}

/** The numbers of a list such as `1,3-5,10/2`, or nothing if it is none. */
function valuesOf(field: Field): Set<number> | undefined {
  const values = new Set<number>()
  for (const part of field.text.split(',')) {
    const span = spanOf({ ...field, text: part })
    if (span === undefined) return undefined
    for (let value = span.first; value <= span.last; value += span.step) values.add(value)
  }
  return values
}

function spanOf(field: Field): { first: number; last: number; step: number } | undefined {
  const [, begin = '', end, by] = /^(\*|\w+|(?=\/))(?:-(\w+))?(?:\/(\d+))?$/.exec(field.text) ?? []
  const step = by === undefined ? 1 : Number(by)
  const isWhole = begin === '*' || (begin === '' && by !== undefined)
  const first = isWhole ? field.from : numberIn({ ...field, text: begin })
  const open = isWhole || by !== undefined ? field.to : first
  const last = end === undefined ? open : numberIn({ ...field, text: end })
  if (first === undefined || last === undefined || first > last || step < 1) return undefined
  return { first, last, step }
}

function numberIn({ text, from, to, names = [] }: Field): number | undefined {
  const named = names.indexOf(text.toUpperCase())
  const value = named >= 0 ? named + from : /^\d+$/.test(text) ? Number(text) : Number.NaN
  return value >= from && value <= to ? value : undefined
}
