import { setImmediate } from 'node:timers/promises'
import type { Time } from '../../lambdas/ports/time.ts'

export interface HandTime extends Time {
  /** Moves on, waking who sleeps until then, in order. */
  pass(ms: number): Promise<void>
}

/** A time that passes only by hand: whoever sleeps waits for `pass`. */
export function handTime({ leftMs = 900_000 } = {}): HandTime {
  let now = 0
  const sleepers: { at: number; wake: () => void }[] = []
  const next = (until: number) =>
    sleepers.filter(({ at }) => at <= until).toSorted((one, other) => one.at - other.at)[0]
  return {
    now: () => now,
    remaining: () => Math.max(0, leftMs - now),
    sleep: (ms) => new Promise((wake) => sleepers.push({ at: now + ms, wake })),
    random: () => 0.5,
    async pass(ms) {
      // Whoever asked a moment ago has to get so far as to sleep, or to go.
      await setImmediate()
      const end = now + ms
      // What was woken may go to sleep again.
      for (let due = next(end); due !== undefined; due = next(end)) {
        sleepers.splice(sleepers.indexOf(due), 1)
        now = Math.max(now, due.at)
        due.wake()
        await setImmediate()
      }
      now = end
      await setImmediate()
    },
  }
}
