import { validation } from '../secrets-manager/errors.ts'

/** When a schedule fires; times and periods in milliseconds. */
export type Expression =
  | { readonly type: 'at'; readonly time: number }
  | { readonly type: 'rate'; readonly period: number }

const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

const invalid = (text: string) => validation(`Invalid Schedule Expression ${text}.`)

/** A day that no calendar has is moved to another one by Date.parse, and so found out. */
function timeOf(text: string): number | undefined {
  const time = Date.parse(`${text}Z`)
  return !Number.isNaN(time) && new Date(time).toISOString() === `${text}.000Z` ? time : undefined
}

/**
 * Reads `at(yyyy-mm-ddThh:mm:ss)`, in UTC, or `rate(value unit)`. Everything else, cron among it, is a
 * ValidationException.
 */
export function parseExpression(text: string): Expression {
  const time = timeOf(/^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(text)?.[1] ?? '')
  if (time !== undefined) return { type: 'at', time }
  const [, value = '', unit] = /^rate\(([1-9]\d*) (minute|hour|day)s?\)$/.exec(text) ?? []
  if (unit !== 'minute' && unit !== 'hour' && unit !== 'day') throw invalid(text)
  return { type: 'rate', period: Number(value) * UNIT_MS[unit] }
}
