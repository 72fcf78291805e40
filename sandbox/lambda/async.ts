import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Queues } from '../queues.ts'
import { createFeed, type Feed } from '../secrets-manager/feed.ts'
import { duplicated } from './duplicate.ts'
import type { InvocationResult, LambdaFunction } from './invocation.ts'
import { failureRecord, type GivenUp, type QueuedEvent } from './queued-event.ts'

/**
 * What Lambda decides about asynchronous invocations.
 * - `retryDelaysMs`: pauses before the second attempt and the third ("How Lambda handles errors and retries
 *   with asynchronous invocation").
 * - `deliversTwice`: the queue is eventually consistent, so an event may reach the function twice although it
 *   returned no error: one after the other, or both at once.
 */
export interface AsyncSwitches {
  retryDelaysMs: readonly number[]
  deliversTwice: false | 'in-turn' | 'at-once'
}

/** A function's settings for asynchronous invocation, as PutFunctionEventInvokeConfig takes them. */
export interface EventInvokeConfig {
  /** 0 to 2; 2 unless told otherwise. */
  readonly maximumRetryAttempts?: number
  /** 60 to 21,600; 21,600 unless told otherwise. */
  readonly maximumEventAgeInSeconds?: number
  /** ARN of the queue that hears of an event given up; without one it is dropped. */
  readonly onFailure?: string
}

/** One attempt of the queue to run a function, once it has ended. */
export interface AsyncAttempt {
  readonly arn: string
  readonly requestId: string
  readonly event: unknown
  /** From 1. */
  readonly attempt: number
  readonly at: number
  readonly result: InvocationResult
}

/** Invoke with InvocationType `Event`, on the virtual clock. */
export interface AsyncInvocations {
  readonly switches: AsyncSwitches
  readonly attempts: Feed<AsyncAttempt>
  /** Sets a function's configuration, in place of the one before. */
  configure(config: EventInvokeConfig & { readonly arn: string }): void
  /**
   * Queues the event and returns the request id; the clock's next advance runs it. Nothing is queued, and
   * nothing returned, when there is no such function.
   */
  invoke(invocation: { arn: string; event: unknown }): string | undefined
}

interface State {
  readonly clock: Clock
  readonly functions: ReadonlyMap<string, LambdaFunction>
  readonly queues: Queues
  readonly switches: AsyncSwitches
  readonly configs: Map<string, EventInvokeConfig>
  readonly attempts: Feed<AsyncAttempt>
}

interface Work {
  readonly state: State
  readonly queued: QueuedEvent
}

const DEFAULTS = { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 21_600 }

const configOf = ({ state, queued }: Work) => ({ ...DEFAULTS, ...state.configs.get(queued.arn) })

async function invokeOnce({ state, queued, target }: Work & { target: LambdaFunction }) {
  const { deliversTwice: how } = state.switches
  try {
    return await (how ? duplicated({ target, how }) : target).invoke(queued.event)
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    return { ok: false, errorType: name, errorMessage: message } as const
  }
}

function giveUp({ state, queued, ...why }: Work & Pick<GivenUp, 'condition' | 'failure'>): void {
  const { onFailure: arn } = configOf({ state, queued })
  if (arn === undefined) return
  const record = failureRecord({ queued, ...why, now: state.clock.now() })
  state.queues.send({ arn, body: JSON.stringify(record) })
}

/** Age ends an event when it is reached, not at the attempt that would come after it. */
function retryOrGiveUp({ state, queued, failure }: Work & Pick<GivenUp, 'failure'>): void {
  const { clock, switches } = state
  const { maximumRetryAttempts, maximumEventAgeInSeconds } = configOf({ state, queued })
  if (queued.invokeCount > maximumRetryAttempts) {
    giveUp({ state, queued, failure, condition: 'RetriesExhausted' })
    return
  }
  const delay = switches.retryDelaysMs[queued.invokeCount - 1] ?? switches.retryDelaysMs.at(-1) ?? 0
  const retryAt = clock.now() + delay
  const expiresAt = queued.queuedAt + maximumEventAgeInSeconds * 1000
  if (retryAt <= expiresAt) clock.at(retryAt, () => run({ state, queued }), queued)
  else clock.at(expiresAt, () => giveUp({ state, queued, failure, condition: 'EventAgeExceeded' }), queued)
}

async function run({ state, queued }: Work): Promise<void> {
  const { arn, requestId, event } = queued
  const target = state.functions.get(arn)
  // A function's queue and its settings go with it: nobody is left to be told.
  if (!target) return
  const attempt = ++queued.invokeCount
  const at = state.clock.now()
  const result = await invokeOnce({ state, queued, target })
  state.attempts.push({ arn, requestId, event, attempt, at, result })
  if (!result.ok) retryOrGiveUp({ state, queued, failure: result })
}

/** Makes Lambda's queue for asynchronous invocations. `functions` may change at any time. */
export function createAsyncInvocations(parts: {
  clock: Clock
  functions: ReadonlyMap<string, LambdaFunction>
  queues: Queues
  switches?: Partial<AsyncSwitches>
}): AsyncInvocations {
  const { clock, functions, queues } = parts
  const switches = { retryDelaysMs: [60_000, 120_000], deliversTwice: false as const, ...parts.switches }
  const state: State = { clock, functions, queues, switches, configs: new Map(), attempts: createFeed() }
  return {
    switches,
    attempts: state.attempts,
    configure: ({ arn, ...config }) => {
      state.configs.set(arn, config)
    },
    invoke: ({ arn, event }) => {
      if (!functions.has(arn)) return undefined
      const queued = { arn, event, requestId: randomUUID(), queuedAt: clock.now(), invokeCount: 0 }
      clock.at(clock.now(), () => run({ state, queued }), queued)
      return queued.requestId
    },
  }
}
