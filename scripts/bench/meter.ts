import { setTimeout as delay } from 'node:timers/promises'
import type { Wire } from '../../sandbox/faults.ts'
import type { LambdaFunction } from '../../sandbox/lambda/invocation.ts'
import type { WireRequest, WireResponse } from '../../sandbox/wire.ts'

/** One request and its reply as the services saw them. Times in milliseconds of performance.now(). */
export interface TimedCall {
  readonly request: Pick<WireRequest, 'service' | 'operation' | 'body'> &
    Partial<Pick<WireRequest, 'headers' | 'path'>>
  readonly reply: Pick<WireResponse, 'status' | 'body' | 'headers'>
  /** The request has arrived. */
  readonly start: number
  /** The reply leaves. */
  readonly end: number
}

/** The steps of Secrets Manager, and the end of a grace. */
export const phases = ['createSecret', 'setSecret', 'testSecret', 'finishSecret', 'retire'] as const
export type Phase = (typeof phases)[number]

/** One invocation of a function. */
export interface PhaseRun {
  readonly phase: Phase
  readonly start: number
  readonly wallMs: number
  readonly calls: readonly TimedCall[]
}

/** Stands in the way of every call and every invocation, and notes when each began and ended. */
export interface Meter {
  /** Milliseconds by which every reply is late. */
  delayMs: number
  /** The invocations since the last `take`. */
  take(): PhaseRun[]
}

/** Puts a meter between functions and services. An invocation that fails is thrown. */
export function meterOf({ wire, functions }: { wire: Wire; functions: Map<string, LambdaFunction> }): Meter {
  const runs: PhaseRun[] = []
  const calls: TimedCall[] = []
  const meter: Meter = { delayMs: 0, take: () => runs.splice(0) }

  const dispatch = wire.dispatch.bind(wire)
  wire.dispatch = async (request) => {
    const start = performance.now()
    const reply = await dispatch(request)
    if (meter.delayMs > 0) await delay(meter.delayMs)
    if (reply !== 'broken') calls.push({ request, reply, start, end: performance.now() })
    return reply
  }

  for (const [arn, target] of functions) {
    const invoke: LambdaFunction['invoke'] = async (event) => {
      calls.length = 0
      const start = performance.now()
      const result = await target.invoke(event)
      const phase = phaseOf(event)
      if (!result.ok) throw new Error(`${phase}: ${result.errorType}: ${result.errorMessage}`)
      const made = calls.toSorted((a, b) => a.start - b.start)
      runs.push({ phase, start, wallMs: performance.now() - start, calls: made })
      return result
    }
    functions.set(arn, { arn, invoke })
  }
  return meter
}

function phaseOf(event: unknown): Phase {
  const step = typeof event === 'object' && event !== null && 'Step' in event ? event.Step : 'retire'
  return phases.find((phase) => phase === step) ?? 'retire'
}
