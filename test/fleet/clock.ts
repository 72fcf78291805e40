import type { Clock, Task } from '../../sandbox/clock.ts'

interface Entry {
  readonly time: number
  /** Which of one moment comes first: the one that was planned first. */
  readonly order: number
  readonly task: Task
  isCancelled: boolean
}

const isSooner = (one: Entry, other: Entry) =>
  one.time < other.time || (one.time === other.time && one.order < other.order)

/**
 * A virtual clock that does not wait for its tasks: what one of them awaits (a pause, a reply on its way) lies ahead on
 * the same clock, and meanwhile the others go on. So thousands of functions run at the same time, as they do in Lambda.
 * It goes on once nothing is left to be done at its moment.
 */
export function createConcurrentClock(start: Date): Clock {
  // Its moments are in a heap of their own: two fleets are never compared.
  const state = { now: start.getTime(), entries: [] }
  let planned = 0
  let failure: { readonly error: unknown } | undefined
  const queue = createQueue()

  const begin = ({ task }: Entry) => {
    const running = task()
    if (running instanceof Promise) running.catch((error: unknown) => void (failure ??= { error }))
  }

  const at: Clock['at'] = (time, task) => {
    const entry = { time: Math.max(state.now, Math.ceil(time)), order: planned++, task, isCancelled: false }
    queue.add(entry)
    return () => void (entry.isCancelled = true)
  }

  const advance: Clock['advance'] = async (ms) => {
    const target = state.now + ms
    for (let next = queue.take(target); next; next = queue.take(target)) {
      state.now = next.time
      begin(next)
      for (let same = queue.take(state.now); same; same = queue.take(state.now)) begin(same)
      await untilAllWait()
      if (failure !== undefined) throw failure.error
    }
    state.now = target
  }

  const follow = () => {
    throw new Error('this clock goes with no other')
  }
  return { state, now: () => state.now, at, advance, next: () => queue.first()?.time, follow }
}

/** Nothing under the clock leaves the thread: after the turns of the microtasks everybody waits. */
const untilAllWait = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A binary heap: a fleet has tens of thousands of moments ahead of it, and adds one at every call. */
function createQueue() {
  const heap: Entry[] = []
  const first = () => {
    while (heap[0]?.isCancelled) drop()
    return heap[0]
  }
  const drop = (): void => {
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let hole = 0
    for (;;) {
      const [left, right] = [heap[2 * hole + 1], heap[2 * hole + 2]]
      const isRight = right !== undefined && left !== undefined && isSooner(right, left)
      const child = isRight ? right : left
      if (child === undefined || !isSooner(child, last)) break
      heap[hole] = child
      hole = 2 * hole + (isRight ? 2 : 1)
    }
    heap[hole] = last
  }
  return {
    first,
    add(entry: Entry): void {
      let hole = heap.push(entry) - 1
      for (;;) {
        const above = (hole - 1) >> 1
        const parent = heap[above]
        if (hole === 0 || parent === undefined || !isSooner(entry, parent)) break
        heap[hole] = parent
        hole = above
      }
      heap[hole] = entry
    },
    /** The next one, if its moment is not after `until`. */
    take(until: number): Entry | undefined {
      const next = first()
      if (next === undefined || next.time > until) return undefined
      drop()
      return next
    },
  }
}
