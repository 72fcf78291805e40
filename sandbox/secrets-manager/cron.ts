import { invalidParameter } from './errors.ts'

/** The hours and days of a cron() schedule, in UTC. */
export interface Cron {
  readonly hours: readonly number[]
  /** Midnight of a day → whether the schedule names it. */
  matches(day: Date): boolean
}

const DAY_MS = 86_400_000
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

const refuse = (reason: string) => invalidParameter(`The schedule expression is not valid: ${reason}.`)

interface Field {
  readonly name: string
  readonly text: string
  readonly min: number
  readonly max: number
  readonly names?: readonly string[]
}

function readNumber({ name, min, max, names, text }: Field): number {
  const named = names?.indexOf(text.toUpperCase()) ?? -1
  const value = named >= 0 ? named + min : /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) throw refuse(`${name} ${text}`)
  return value
}

function readPart(field: Field): number[] {
  const { text, min, max } = field
  const [span = '', step] = text.split('/')
  const every = step === undefined ? 1 : readNumber({ ...field, text: step, min: 1, names: [] })
  const whole = span === '*' || (span === '' && step !== undefined)
  const [first = '', last] = whole ? [String(min), String(max)] : span.split('-')
  const from = readNumber({ ...field, text: first })
  const to = last !== undefined ? readNumber({ ...field, text: last }) : step === undefined ? from : max
  const values = []
  for (let value = from; value <= to; value += every) values.push(value)
  return values
}

function readField(field: Field): number[] {
  const values = field.text.split(',').flatMap((text) => readPart({ ...field, text }))
  return [...new Set(values)].sort((a, b) => a - b)
}

const isLastOfMonth = (day: Date) => new Date(day.getTime() + DAY_MS).getUTCDate() === 1

function dayOfMonth(text: string): (day: Date) => boolean {
  if (text.toUpperCase() === 'L') return isLastOfMonth
  const days = readField({ name: 'day of month', text, min: 1, max: 31 })
  return (day) => days.includes(day.getUTCDate())
}

function dayOfWeek(text: string): (day: Date) => boolean {
  const field = { name: 'day of week', min: 1, max: 7, names: WEEKDAYS }
  const last = /^(\w+)L$/i.exec(text)?.[1]
  if (last !== undefined) {
    const weekday = readNumber({ ...field, text: last })
    const week = 7 * DAY_MS
    return (day) =>
      day.getUTCDay() + 1 === weekday && new Date(day.getTime() + week).getUTCMonth() !== day.getUTCMonth()
  }
  const [, name, nth] = /^(\w+)#([1-5])$/.exec(text) ?? []
  if (name !== undefined) {
    const weekday = readNumber({ ...field, text: name })
    return (day) => day.getUTCDay() + 1 === weekday && Math.ceil(day.getUTCDate() / 7) === Number(nth)
  }
  const weekdays = readField({ ...field, text })
  return (day) => weekdays.includes(day.getUTCDay() + 1)
}

/**
 * Reads the six fields of `cron(Minutes Hours Day-of-month Month Day-of-week Year)`: minutes 0, year `*`, one
 * of the two days `?` (rotate-secrets_schedule). Throws InvalidParameterException in words of ours.
 */
export function readCron(expression: string): Cron {
  const fields = expression.trim().split(/\s+/)
  const [minutes = '', hours = '', date = '', month = '', weekday = '', year = ''] = fields
  if (fields.length !== 6) throw refuse('cron takes six fields')
  if (minutes !== '0') throw refuse('minutes must be 0')
  if (year !== '*') throw refuse('the year must be *')
  if ((date === '?') === (weekday === '?')) throw refuse('either day of month or day of week must be ?')
  const months = readField({ name: 'month', text: month, min: 1, max: 12, names: MONTHS })
  const named = weekday === '?' ? dayOfMonth(date) : dayOfWeek(weekday)
  return {
    hours: readField({ name: 'hours', text: hours, min: 0, max: 23 }),
    matches: (day) => months.includes(day.getUTCMonth() + 1) && named(day),
  }
}
