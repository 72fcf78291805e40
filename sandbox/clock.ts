/** A task on the clock; `advance` waits for it. */
export type Task = () => void | Promise<void>

/** A task to come. */
export interface Entry {
  readonly time: number
  readonly task: Task
  /** What the task is about, for whoever compares two moments. */
  readonly about: unknown
}

/** All that a clock remembers, in the order in which it will run. */
export interface ClockState {
  now: number
  readonly entries: Entry[]
}

/**
 * Virtual time in milliseconds since the epoch. It moves only when told, or beside real time under `follow`.
 */
export interface Clock {
  readonly state: ClockState
  now(): number
  /**
   * Runs `task` once, when the clock reaches `time` (at the next advance, when that has passed). Returns its
   * cancellation. `about`: what `task` holds that changes, if there is such a thing.
   */
  at(time: number, task: Task, about?: unknown): () => void
  /**
   * Moves on by `ms`, running what falls due in order of time, one after the other; what a task adds within
   * the span runs too. A task may itself advance the clock. Rejects with the first error of a task.
   */
  advance(ms: number): Promise<void>
  /** The time of the next task, if there is one. */
  next(): number | undefined
  /**
   * Lets the clock go with real time until the returned function is called. Never keeps the process alive.
   */
  follow(): () => void
}

const FOLLOW_INTERVAL_MS = 50

/** Makes a clock that stands at `start`, 2026-01-05T00:00:00Z unless told otherwise. */
export function createClock({ start = new Date('2026-01-05T00:00:00Z') }: { start?: Date } = {}): Clock {
  const state: ClockState = { now: start.getTime(), entries: [] }
  const { entries } = state
  /** While real time is followed: catches up with it, and leaves what falls due to the next tick. */
  let catchUp = () => {}

  const at: Clock['at'] = (time, task, about) => {
    const entry = { time, task, about }
    entries.splice(entries.findLastIndex((other) => other.time <= time) + 1, 0, entry)
    return () => {
      const index = entries.indexOf(entry)
      if (index >= 0) entries.splice(index, 1)
    }
  }

  const takeDue = (until: number): Entry | undefined => {
    const first = entries[0]
    return first && first.time <= until ? entries.shift() : undefined
  }

  const advance: Clock['advance'] = async (ms) => {
    const target = state.now + ms
    for (let due = takeDue(target); due; due = takeDue(target)) {
      state.now = Math.max(state.now, due.time)
      await due.task()
    }
    state.now = Math.max(state.now, target)
  }

  const follow: Clock['follow'] = () => {
    let last = performance.now()
    const elapsed = () => {
      const ms = performance.now() - last
      last += ms
      return ms
    }
    catchUp = () => {
      state.now += elapsed()
    }
    const timer = setInterval(() => void advance(elapsed()), FOLLOW_INTERVAL_MS).unref()
    return () => {
      catchUp = () => {}
      clearInterval(timer)
    }
  }

  const read = () => {
    catchUp()
    return state.now
  }

  return { state, now: read, at, advance, next: () => entries[0]?.time, follow }
}
