import { dayMs, hourMs, minuteMs } from '../ports/time.ts'

/**
 * Milliseconds of an ISO 8601 duration in days, hours, minutes and seconds (`P7D`, `PT26H`), or nothing if it
 * is none.
 */
export function readDuration(text: string): number | undefined {
  const parts = /^P(?=[\dT])(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?)?$/.exec(
    text,
  )
  if (parts === null) return undefined
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = parts
  return Number(days) * dayMs + Number(hours) * hourMs + Number(minutes) * minuteMs + Number(seconds) * 1_000
}
