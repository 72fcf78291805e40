import type { Fault } from '../../sandbox/wire.ts'
import { whileStanding } from './invocation.ts'
import type { DeliveryPlan, Simulation, SimulatedCall, SimulationPlan } from './world.ts'

// The fault model
//
// The two functions make calls: to Secrets Manager, Parameter Store, Scheduler and Dfns. Any call may
// - be refused: the service answers that the caller may not, once;
// - be throttled: the service answers that there were too many requests;
// - time out before the effect: the service never hears of it, and the caller waits as long as it is ready to;
// - lose its reply: the service does it, then the connection breaks;
// and what an SDK or a port would simply repeat may strike again at every repetition in that invocation (`… again`), so
// that the step itself fails, whatever is repeated on the way.
// The process may be killed at any call, before the effect or after it: then nothing of that invocation goes on, not even
// a reply that is under way, and the engine hears Runtime.ExitError. An invocation that uses up the function's time-out is
// killed, too.
// An event may be delivered twice: one delivery after the other, both at once, or the second one overtaking the first:
// it runs to its end while the first stands between any two of its calls.
// A read may show the state before the last write: of Secrets Manager for some reads after any write, of Dfns (a list that
// misses what was just made, a key that is not accepted yet) for some requests.
// A call may take as long as the function may, while the rest of the world goes on. An administrator may edit AWSCURRENT
// between any two calls: put another value, move the label back, put the old value once more.
// After the faults come the engine's retries, Lambda's two for asynchronous invocations, and time. What the model leaves
// out: a service that answers what is not so, and a write that takes effect after its caller has been told that it failed.

export const callFaults = [
  'refused',
  'throttled',
  'throttled again',
  'timed out',
  'timed out again',
  'reply lost',
  'reply lost again',
  'killed before',
  'killed after',
  'overtaken',
] as const

export type CallFault = (typeof callFaults)[number]

const onTheWire: Readonly<Record<Exclude<CallFault, 'overtaken'>, Fault & string>> = {
  refused: 'refused',
  throttled: 'throttled',
  'throttled again': 'throttled',
  'timed out': 'lost-before',
  'timed out again': 'lost-before',
  'reply lost': 'lost-after',
  'reply lost again': 'lost-after',
  'killed before': 'killed-before',
  'killed after': 'killed-after',
}

/** A fault that was injected, as a report names it. */
export interface Struck {
  readonly fault: string
  readonly call: number
  readonly phase: string
  readonly operation: string
}

/** Strikes one call of the world, counted from 0, and notes in `struck` what it was. */
export function strikeCall(strike: {
  world: Simulation
  fault: CallFault
  call: number
  struck: Struck[]
  overtake?: Overtake | undefined
}): SimulationPlan {
  const { world, fault, call, struck, overtake = overtaking(world) } = strike
  let target: SimulatedCall | undefined
  return (one) => {
    const { index, invocation, request } = one
    if (index === call) {
      target = one
      struck.push({ fault, call, phase: invocation.phase, operation: request.operation })
      return fault === 'overtaken' ? { meanwhile: () => overtake(one) } : onTheWire[fault]
    }
    if (target === undefined || fault === 'overtaken' || !fault.endsWith('again')) return undefined
    const isRepetition = target.invocation === invocation && target.request.operation === request.operation
    return isRepetition ? onTheWire[fault] : undefined
  }
}

/** What happens before a call at which its invocation is overtaken. */
export type Overtake = (call: SimulatedCall) => Promise<void>

/** The same event, delivered once more, runs from its beginning to its end while the call waits and nothing else goes on. */
const overtaking =
  (world: Simulation): Overtake =>
  ({ invocation }) =>
    whileStanding(invocation, async () => void (await world.again(invocation)))

/** Reads show the state before the write that this call is, `reads` times. */
export function staleAfter(stale: { world: Simulation; call: number; reads: number }): SimulationPlan {
  const { world, call, reads } = stale
  return ({ index }) => {
    world.vault.staleReads = index === call ? reads : 0
    return undefined
  }
}

/** Delivers one invocation twice. */
export function deliverTwice(twice: { number: number; how: 'in-turn' | 'at-once' }): DeliveryPlan {
  let isDone = false
  return ({ number }) => {
    if (isDone || number !== twice.number) return undefined
    isDone = true
    return twice.how
  }
}

/** Probabilities per call, each in [0, 1]; what is not named never happens. */
export type Chances = Partial<Readonly<Record<CallFault, number>>>

/**
 * Strikes calls by lot. `… again` faults strike every repetition, too. An invocation that overtakes another is not itself
 * overtaken.
 */
export function strikeByLot(lot: {
  world: Simulation
  chances: Chances
  random?: () => number
  struck?: Struck[]
}): SimulationPlan {
  const { world, chances, random = world.random, struck } = lot
  const lasting = new WeakMap<object, Map<string, Fault>>()
  let isOvertaking = false
  return (call) => {
    const { index, invocation, request } = call
    const repeated = lasting.get(invocation)?.get(request.operation)
    if (repeated !== undefined) return repeated
    const fault = drawn(chances, random())
    if (fault === undefined || (fault === 'overtaken' && isOvertaking)) return undefined
    struck?.push({ fault, call: index, phase: invocation.phase, operation: request.operation })
    if (fault === 'overtaken') {
      const overtake = overtaking(world)
      return {
        meanwhile: async () => {
          isOvertaking = true
          await overtake(call)
          isOvertaking = false
        },
      }
    }
    const strike = onTheWire[fault]
    if (fault.endsWith('again')) {
      const operations = lasting.get(invocation) ?? new Map<string, Fault>()
      lasting.set(invocation, operations.set(request.operation, strike))
    }
    return strike
  }
}

function drawn(chances: Chances, lot: number): CallFault | undefined {
  let left = lot
  for (const fault of callFaults) {
    left -= chances[fault] ?? 0
    if (left < 0) return fault
  }
  return undefined
}
