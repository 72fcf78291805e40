import { setTimeout as delay } from 'node:timers/promises'

export const minuteMs = 60_000
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

/** The time one invocation has. Milliseconds throughout. */
export interface Time {
  now(): number
  /** Until the function's time-out, less what it takes to report an error. */
  remaining(): number
  sleep(ms: number): Promise<void>
  /** In [0, 1): spreads the retries of many functions. */
  random(): number
  /** Waits until the next request to Dfns may leave; absent: at once. */
  turn?(): Promise<void>
  /** Hears what Dfns tells of its rate limit: requests a minute, and for how long to ask nothing. */
  told?(of: { limit: number | undefined; retryAfterMs: number }): void
  /** Hears that requests to Dfns are about to be repeated. */
  repeated?(): void
}

/** What Lambda's context tells of time. Absent outside Lambda. */
export interface RemainingTime {
  getRemainingTimeInMillis?(): number
}

const reserveMs = 500
const withoutContextMs = 30_000

export function timeOf(context: RemainingTime | undefined): Time {
  const end = Date.now() + Math.floor(context?.getRemainingTimeInMillis?.() ?? withoutContextMs) - reserveMs
  return {
    now: () => Date.now(),
    remaining: () => Math.max(0, end - Date.now()),
    sleep: (ms) => delay(ms),
    random: () => Math.random(),
  }
}

/** The same time, ending earlier: the rest is for whoever has to write down what was left undone. */
export function endingEarlier({ time, byMs }: { time: Time; byMs: number }): Time {
  return { ...time, remaining: () => Math.max(0, time.remaining() - byMs) }
}

/** How long a fresh label or credential may take to be seen everywhere. */
export const settleMs = 5_000

/**
 * Asks with growing pauses until there is an answer; nothing if none came in pauses of `within` altogether,
 * or in the time left. What a question takes is not counted: it may wait for the rate limit, which is no
 * answer.
 */
export async function settled<T>(
  time: Time,
  ask: () => Promise<T | undefined>,
  within = settleMs,
): Promise<T | undefined> {
  let left = within
  for (let pause = 100; ; pause *= 2) {
    const answer = await ask()
    if (answer !== undefined) return answer
    const ms = Math.min(pause, left, time.remaining())
    if (ms <= 0) return undefined
    await time.sleep(ms)
    left -= ms
  }
}

/** Lets a call run ahead. If it fails, that shows when it is awaited, or not at all. */
export function early<T>(call: Promise<T>): Promise<T> {
  call.catch(() => {})
  return call
}
