import type { Clock } from './clock.ts'
import { type Load, readings } from './reading.ts'

/** One value that is kept in memory and read anew before it is too old. */
export interface Cached<T> {
  /** From memory while it is fresh; waits for a reading only where none is, after idleness or a freeze. */
  get(): Promise<T>
  /** What is held, however old. */
  held(): T | undefined
  /** Reads anew, past caches on the way; joins such a reading under way. */
  refresh(): Promise<T>
  /** Lets go of what is held. */
  forget(): void
}

export interface CacheRules {
  /** What errors call it. */
  readonly name: string
  readonly clock: Clock
  /** How old a value may be, in milliseconds; before that it is read anew in the background. */
  readonly ttl: number
  /** The share of the TTL over which the moments of refreshing are spread. */
  readonly jitter: number
  /** For how much longer, in milliseconds, a value is used while it cannot be read anew. */
  readonly staleFor: number
}

interface Held<T> {
  readonly value: T
  readonly readAt: number
  readonly refreshAt: number
}

interface Failure {
  readonly error: unknown
  readonly pause: number
  readonly retryAt: number
}

/** Before the end of the TTL by at least this share of it, so that a slow reading is no reason to wait. */
const lead = 0.1
/** From one failure to the next attempt. Milliseconds; doubled each time. */
const pauseMs = { first: 1_000, longest: 60_000 }
/** What nobody asked for during this time is not kept fresh. Milliseconds. */
const idleAfterMs = 3_600_000

export function cached<T>(load: Load<T>, rules: CacheRules): Cached<T> {
  const { name, clock, ttl, staleFor } = rules
  const memory = memoryOf<T>(rules)
  let usedAt = Number.NEGATIVE_INFINITY
  let cancelTimer = () => {}

  const keep = (value: T) => wakeAt(memory.keep(value))
  const fail = (error: unknown) => {
    const retryAt = memory.fail(error)
    if (memory.held() !== undefined) wakeAt(retryAt)
  }
  const reading = readings({ name, clock, load, keep, fail })

  const inBackground = () => {
    if (!reading.isUnderWay() && memory.pausing() === undefined) reading.read().catch(() => {})
  }
  const wakeAt = (time: number) => {
    cancelTimer()
    cancelTimer = clock.now() - usedAt < idleAfterMs ? clock.at(time, inBackground) : () => {}
  }

  return {
    held: () => memory.held()?.value,
    refresh: () => reading.refresh(),
    forget() {
      cancelTimer()
      memory.forget()
      reading.forget()
    },
    async get() {
      usedAt = clock.now()
      const fresh = memory.upTo(ttl)
      if (fresh !== undefined) {
        if (clock.now() >= fresh.refreshAt) inBackground()
        return fresh.value
      }
      try {
        const failed = memory.pausing()
        if (failed !== undefined) throw failed.error
        return await reading.read()
      } catch (error) {
        const stale = memory.upTo(ttl + staleFor)
        if (stale === undefined) throw error
        return stale.value
      }
    },
  }
}

/** What was read last, and how the attempts since then have failed. */
function memoryOf<T>({ clock, ttl, jitter }: Pick<CacheRules, 'clock' | 'ttl' | 'jitter'>) {
  let held: Held<T> | undefined
  let failure: Failure | undefined
  return {
    held: () => held,
    /** Returns when to read it anew. */
    keep(value: T): number {
      const readAt = clock.now()
      const refreshAt = readAt + ttl * (1 - lead - jitter * Math.random())
      held = { value, readAt, refreshAt }
      failure = undefined
      return refreshAt
    },
    /** Returns when to try again. */
    fail(error: unknown): number {
      const pause = failure === undefined ? pauseMs.first : Math.min(failure.pause * 2, pauseMs.longest)
      const retryAt = clock.now() + pause
      failure = { error, pause, retryAt }
      return retryAt
    },
    /** The last failure, while it is too early for another attempt. */
    pausing: () => (failure !== undefined && clock.now() < failure.retryAt ? failure : undefined),
    /** What is held, if it is no older than that. A clock that was set back tells nothing of an age. */
    upTo(oldest: number): Held<T> | undefined {
      const age = held === undefined ? -1 : clock.now() - held.readAt
      return age >= 0 && age < oldest ? held : undefined
    },
    forget() {
      held = undefined
      failure = undefined
    },
  }
}
