import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import { never } from './invocation.ts'
import { forget, keep, type Moment, putBack } from './moments.ts'
import type { Simulation, SimulationPlan } from './world.ts'

const hours = 3_600_000
const days = 24 * hours

/** When a run's retries are over, and when the run is; as `run` of matrix.ts has it. Milliseconds from its beginning. */
const spans = { retries: 2 * hours, run: 2 * hours + 9 * days } as const

/** What an invocation of a task came to, and the moment after it. */
interface Answered {
  readonly result: InvocationResult
  readonly after: Moment
}

/** Which looks of the checkers, beside those at every call, a run has had. */
interface Looked {
  readonly atFirst: boolean
  readonly afterRetries: boolean
}

/**
 * A place where a run can be taken up again: just before an invocation. The task of the clock in which it comes has its
 * own place in the code, to which nothing leads back; so the task is begun again, and its earlier invocations answer what
 * they answered.
 */
export interface Place {
  /** Before the task. */
  readonly task: Moment
  readonly answered: readonly Answered[]
  readonly looked: Looked
  /** What the invocation is given. */
  readonly event: string
  /** How many calls there were before it. */
  readonly calls: number
}

export interface Journey {
  /** From the beginning, unless given. */
  readonly from?: Place | undefined
  /** Asked before every call. */
  readonly plan?: SimulationPlan | undefined
  /** Called at every place but `from`. */
  readonly arrive: (place: () => Place) => 'on' | 'stop'
}

/** A world in which one schedule after the other is begun in its middle. */
export interface Traveller {
  /** Goes on until it is stopped, or until every grace is over. */
  travel(journey: Journey): Promise<'stopped' | 'over'>
  /** Stops where it is, in the middle of an invocation. */
  halt(): Promise<never>
}

interface Trip extends Journey {
  readonly stop: () => void
  /** Invocations that only answer, until the one that the trip begins with. */
  readonly replayed: Answered[]
  answered: Answered[]
  task: Moment
  looked: Looked
  hasBegun: boolean
}

/** Takes over a world in which a rotation has begun, and nothing of it has happened. */
export function createTraveller({ world }: { world: Simulation }): Traveller {
  const { clock, checkers } = world
  const begun = clock.now()
  checkers.look('the scene')
  forget(world)
  const first = keep(world)
  let trip: Trip | undefined

  for (const [arn, target] of world.functions) {
    const invoke = (event: unknown) => target.invoke(event)
    world.functions.set(arn, {
      arn,
      invoke: (event) => (trip === undefined ? invoke(event) : invoked({ world, trip, invoke, event })),
    })
  }

  const look = (during: string, looked: keyof Looked, of: Trip) => {
    checkers.look(during)
    of.looked = { ...of.looked, [looked]: true }
  }

  const go = async (of: Trip): Promise<void> => {
    for (;;) {
      const next = clock.next() ?? Number.POSITIVE_INFINITY
      if (!of.looked.atFirst && next > begun) look('RotateSecret', 'atFirst', of)
      if (!of.looked.afterRetries && next > begun + spans.retries) {
        clock.state.now = begun + spans.retries
        look('time passing', 'afterRetries', of)
      }
      if (next > begun + spans.run) break
      of.task = keep(world)
      of.answered = []
      clock.state.now = Math.max(clock.state.now, next)
      await clock.state.entries.shift()?.task()
    }
    clock.state.now = begun + spans.run
    checkers.look('time passing')
  }

  const travel: Traveller['travel'] = async (journey) => {
    const { from } = journey
    const { promise, resolve, reject } = Promise.withResolvers<'stopped' | 'over'>()
    const own: Trip = {
      ...journey,
      stop: () => resolve('stopped'),
      replayed: [...(from?.answered ?? [])],
      answered: [],
      task: from?.task ?? first,
      looked: from?.looked ?? { atFirst: false, afterRetries: false },
      hasBegun: from === undefined,
    }
    world.plan = undefined
    putBack(world, own.task)
    trip = own
    go(own).then(() => resolve('over'), reject)
    try {
      return await promise
    } finally {
      trip = undefined
      world.plan = undefined
    }
  }
  const halt = () => {
    trip?.stop()
    return never<never>()
  }
  return { travel, halt }
}

async function invoked(of: {
  world: Simulation
  trip: Trip
  invoke: (event: unknown) => Promise<InvocationResult>
  event: unknown
}): Promise<InvocationResult> {
  const { world, trip, invoke, event } = of
  const before = trip.replayed.shift()
  if (before !== undefined) {
    putBack(world, before.after)
    trip.answered.push(before)
    return before.result
  }
  forget(world)
  if (trip.hasBegun && trip.arrive(() => placeOf({ world, trip, event })) === 'stop') {
    trip.stop()
    return never()
  }
  trip.hasBegun = true
  world.plan = trip.plan
  const result = await invoke(event)
  forget(world)
  trip.answered.push({ result, after: keep(world) })
  return result
}

const placeOf = (of: { world: Simulation; trip: Trip; event: unknown }): Place => {
  const { world, trip, event } = of
  const { task, answered, looked } = trip
  return {
    task,
    answered: [...answered],
    looked,
    event: JSON.stringify(event),
    calls: world.counts.calls,
  }
}
