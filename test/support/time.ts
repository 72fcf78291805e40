import type { Time } from '../../lambdas/ports/time.ts'

export interface FakeTime extends Time {
  /** Every pause that was asked for, in milliseconds. */
  readonly pauses: readonly number[]
}

/** A clock that stands still but for sleeping, and sleeping passes at once. Ends `leftMs` after it starts. */
export function fakeTime({ leftMs = 30_000, start = 0, random = 0.5 } = {}): FakeTime {
  const pauses: number[] = []
  let now = start
  return {
    pauses,
    now: () => now,
    remaining: () => Math.max(0, start + leftMs - now),
    sleep: async (ms) => {
      pauses.push(ms)
      now += ms
    },
    random: () => random,
  }
}
