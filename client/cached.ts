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
const pauses = { first: 1_000, longest: 60_000 }
/** What nobody asked for during this time is not kept fresh. Milliseconds. */
const idleAfter = 3_600_000

export function cached<T>(load: Load<T>, { name, clock, ttl, jitter, staleFor }: CacheRules): Cached<T> {
  let held: Held<T> | undefined
  let failure: Failure | undefined
  let usedAt = Number.NEGATIVE_INFINITY
  let cancelTimer = () => {}

  const keep = (value: T) => {
    const readAt = clock.now()
    const refreshAt = readAt + ttl * (1 - lead - jitter * Math.random())
    held = { value, readAt, refreshAt }
    failure = undefined
    wakeAt(refreshAt)
  }

  const fail = (error: unknown) => {
    const pause = failure === undefined ? pauses.first : Math.min(failure.pause * 2, pauses.longest)
    failure = { error, pause, retryAt: clock.now() + pause }
    if (held !== undefined) wakeAt(failure.retryAt)
  }

  const reading = readings({ name, clock, load, keep, fail })

  const pausing = () => (failure !== undefined && clock.now() < failure.retryAt ? failure : undefined)

  const inBackground = () => {
    if (!reading.isUnderWay() && pausing() === undefined) reading.read().catch(() => {})
  }

  const wakeAt = (time: number) => {
    cancelTimer()
    cancelTimer = clock.now() - usedAt < idleAfter ? clock.at(time, inBackground) : () => {}
  }

  /** What is held, if it is no older than that. A clock that was set back tells nothing of an age. */
  const upTo = (oldest: number) => {
    const age = held === undefined ? -1 : clock.now() - held.readAt
    return age >= 0 && age < oldest ? held : undefined
  }

  return {
    held: () => held?.value,
    refresh: () => reading.refresh(),
    forget() {
      cancelTimer()
      held = undefined
      failure = undefined
      reading.forget()
    },
    async get() {
      usedAt = clock.now()
      const fresh = upTo(ttl)
      if (fresh !== undefined) {
        if (clock.now() >= fresh.refreshAt) inBackground()
        return fresh.value
      }
      try {
        const failed = pausing()
        if (failed !== undefined) throw failed.error
        return await reading.read()
      } catch (error) {
        const stale = upTo(ttl + staleFor)
        if (stale === undefined) throw error
        return stale.value
      }
    },
  }
}
