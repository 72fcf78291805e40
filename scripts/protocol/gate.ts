import { setTimeout as delay } from 'node:timers/promises'
import type { Wire } from '../../sandbox/faults.ts'
import type { LambdaFunction } from '../../sandbox/lambda/invocation.ts'

/** Decides when the replies to the calls that wait go out; `let` them go, all at once. */
export interface Gatekeeper {
  /** Another call waits, the `waiting`th of the `round`th round (from 0) of the `phase`th invocation. */
  arrived(at: { phase: number; round: number; waiting: number; release: () => void }): void
}

/** Lets everything go at once: calls are told apart, but not what waits for what. */
export const openGate: Gatekeeper = { arrived: ({ release }) => release() }

/** Lets replies go once no further call has come for a while: what waits for none of them has come. */
export function quietGate(quietMs: number): Gatekeeper {
  let last = 0
  return {
    arrived: ({ release }) => {
      const mine = ++last
      void delay(quietMs).then(() => mine === last && release())
    },
  }
}

/**
 * Lets replies go once as many calls wait as a page tells, and `settle` is over: without so many it never
 * opens, and whatever comes meanwhile belongs to the round, too.
 */
export function countingGate(told: {
  sizes: readonly (readonly number[])[]
  settle: () => Promise<void>
}): Gatekeeper {
  return {
    arrived: ({ phase, round, waiting, release }) => {
      if (waiting === (told.sizes[phase]?.[round] ?? 1)) void told.settle().then(release)
    },
  }
}

/** Holds back the replies to functions, so that what they send without them comes together: a round. */
export function holdReplies(of: { wire: Wire; functions: Map<string, LambdaFunction> }): {
  /** From the next invocation on, which is number 0. */
  begin(gate: Gatekeeper): void
} {
  const { wire, functions } = of
  let gate = openGate
  let waiting: (() => void)[] = []
  let [phase, round, isRunning] = [-1, 0, false]
  const release = () => {
    const all = waiting
    waiting = []
    round++
    for (const go of all) go()
  }
  const dispatch = wire.dispatch.bind(wire)
  wire.dispatch = async (request) => {
    const reply = await dispatch(request)
    if (!isRunning) return reply
    await new Promise<void>((resolve) => {
      waiting.push(resolve)
      gate.arrived({ phase, round, waiting: waiting.length, release })
    })
    return reply
  }
  for (const [arn, target] of functions) {
    const invoke: LambdaFunction['invoke'] = async (event) => {
      phase++
      round = 0
      isRunning = true
      const result = await target.invoke(event)
      isRunning = false
      return result
    }
    functions.set(arn, { arn, invoke })
  }
  return {
    begin: (next) => {
      gate = next
      phase = -1
    },
  }
}
