/** A task on the clock; `advance` waits for it. */
export type Task = () => void | Promise<void>

/**
 * Virtual time in milliseconds since the epoch. It moves only when told, or beside real time under `follow`.
 */
export interface Clock {
  now(): number
  /**
   * Runs `task` once, when the clock reaches `time` (at the next advance, when that has passed). Returns its
   * cancellation.
   */
  at(time: number, task: Task): () => void
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

interface Entry {
  readonly time: number
  readonly task: Task
}

const FOLLOW_INTERVAL_MS = 50

/** Makes a clock that stands at `start`, 2026-01-05T00:00:00Z unless told otherwise. */
export function createClock({ start = new Date('2026-01-05T00:00:00Z') }: { start?: Date } = {}): Clock {
  let now = start.getTime()
  /** While real time is followed: catches up with it, and leaves what falls due to the next tick. */
  let catchUp = () => {}
  const entries: Entry[] = []

  const at: Clock['at'] = (time, task) => {
    const entry = { time, task }
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
    const target = now + ms
    for (let due = takeDue(target); due; due = takeDue(target)) {
      now = Math.max(now, due.time)
      await due.task()
    }
    now = Math.max(now, target)
  }

  const follow: Clock['follow'] = () => {
    let last = performance.now()
    const elapsed = () => {
      const ms = performance.now() - last
      last += ms
      return ms
    }
    catchUp = () => {
      now += elapsed()
    }
    const timer = setInterval(() => void advance(elapsed()), FOLLOW_INTERVAL_MS).unref()
    return () => {
      catchUp = () => {}
      clearInterval(timer)
    }
  }

  const read = () => {
    catchUp()
    return now
  }

  return { now: read, at, advance, next: () => entries[0]?.time, follow }
}
