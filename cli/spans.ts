import { dayMs, hourMs, minuteMs } from '../lambdas/ports/time.ts'

const units = [
  ['d', dayMs],
  ['h', hourMs],
  ['min', minuteMs],
  ['s', 1_000],
] as const

/** A span of time in its largest unit that it holds three of, rounded down: `26 h`, `3 d`. */
export function span(ms: number): string {
  const whole = Math.max(0, ms)
  const [unit, size] = units.find(([, each]) => whole >= 3 * each) ?? units[units.length - 1] ?? ['s', 1_000]
  return `${Math.floor(whole / size)} ${unit}`
}
