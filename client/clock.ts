/**
 * Option of `rotatingSecret` for tests: time that moves when told. A symbol, so that no configuration file
 * can set it.
 */
export const clock: unique symbol = Symbol('clock')

/** Milliseconds since the epoch. */
export interface Clock {
  now(): number
  /** Runs `task` once, at `time` or as soon as possible after it; returns its cancellation. */
  at(time: number, task: () => void): () => void
}

/** What setTimeout can count. Milliseconds. */
const longestTimerMs = 2 ** 31 - 1

/** The machine's. Its timers never keep a process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at(time, task) {
    const timer = setTimeout(task, Math.min(Math.max(0, time - Date.now()), longestTimerMs)).unref()
    return () => clearTimeout(timer)
  },
}
