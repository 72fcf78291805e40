const unitMs = { D: 86_400_000, H: 3_600_000, M: 60_000, S: 1_000 } as const

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
  return (
    Number(days) * unitMs.D +
    Number(hours) * unitMs.H +
    Number(minutes) * unitMs.M +
    Number(seconds) * unitMs.S
  )
}
