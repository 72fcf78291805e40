import type { Clock } from './clock.ts'
import { ClientError } from './errors.ts'

/** `refresh`: past caches on the way. */
export type Load<T> = (reading: { refresh: boolean; signal: AbortSignal }) => Promise<T>

/** One reading at a time, whoever waits for it. */
export interface Readings<T> {
  /** Joins the reading under way, or begins one. */
  read(): Promise<T>
  /** The same, but joins only one that passes caches. */
  refresh(): Promise<T>
  isUnderWay(): boolean
  /** Lets go of the one under way: nobody hears of it but who waits for it. */
  forget(): void
}

interface Reading<T> {
  readonly startedAt: number
  readonly refresh: boolean
  readonly result: Promise<T>
}

/** A reading that takes longer is given up. Milliseconds. */
const longestMs = 10_000

/**
 * `keep` and `fail` hear how the last reading ended; of one that another took the place of they do not hear.
 */
export function readings<T>(of: {
  name: string
  clock: Clock
  load: Load<T>
  keep: (value: T) => void
  fail: (error: unknown) => void
}): Readings<T> {
  const { name, clock, load, keep, fail } = of
  let last: Reading<T> | undefined

  const start = (refresh: boolean): Promise<T> => {
    const run = async () => {
      try {
        const value = await inTime({ name, clock, load: (signal) => load({ refresh, signal }) })
        if (last === reading) keep(value)
        return value
      } catch (error) {
        if (last === reading) fail(error)
        throw error
      } finally {
        if (last === reading) last = undefined
      }
    }
    const reading: Reading<T> = { startedAt: clock.now(), refresh, result: Promise.resolve().then(run) }
    last = reading
    return reading.result
  }

  /** One that was cut off while the process was frozen may never end. */
  const underWay = () => (last !== undefined && clock.now() - last.startedAt < longestMs ? last : undefined)

  return {
    read: () => underWay()?.result ?? start(false),
    refresh() {
      const reading = underWay()
      return reading?.refresh === true ? reading.result : start(true)
    },
    isUnderWay: () => underWay() !== undefined,
    forget() {
      last = undefined
    },
  }
}

/** What `load` answers, or a failure once it has taken too long, whether it heeds its signal or not. */
function inTime<T>(of: {
  name: string
  clock: Clock
  load: (signal: AbortSignal) => Promise<T>
}): Promise<T> {
  const { name, clock, load } = of
  const controller = new AbortController()
  return new Promise((resolve, reject) => {
    const cancel = clock.at(clock.now() + longestMs, () => {
      controller.abort()
      reject(new ClientError('ERR_STORE', `${name}: no answer in time`, { retryable: true }))
    })
    load(controller.signal).then(resolve, reject).finally(cancel)
  })
}
