import { AsyncLocalStorage } from 'node:async_hooks'
import type { Log } from '../../lambdas/ports/log.ts'
import type { Time } from '../../lambdas/ports/time.ts'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import type { WireRequest, WireResponse } from '../../sandbox/wire.ts'

/** What a person sets off on one secret. */
export type OperationName = 'rollback' | 'abandon' | 'decommission' | 'retireAtOnce'

/** A command that an operator runs: in a process of his own, which may be killed as any other. */
export interface OperationEvent {
  readonly operation: OperationName
  readonly secretArn: string
  /** The version that a rollback goes back to. */
  readonly to?: string
  /** The version of the rotation that is given up. */
  readonly versionId?: string
}

type Step = 'createSecret' | 'setSecret' | 'testSecret' | 'finishSecret'

/** The step of a rotation, another function, or an operator's command. */
export type Phase = Step | 'retire' | 'audit' | OperationName

interface EventFields extends Partial<OperationEvent> {
  readonly Step?: Step
  readonly SecretId?: string
  readonly RotationToken?: string
  readonly superseded?: string
}

/** What an event sets off. Only audit's names nothing. */
export function phaseOf(event: unknown): Phase {
  const { Step: step, operation, superseded } = (event ?? {}) as EventFields
  const named = step ?? operation
  // What names it otherwise than by a text is not one of ours.
  if (typeof named === 'string') return named
  return superseded === undefined ? 'audit' : 'retire'
}

/** Takes one request to a world, and rejects when no reply comes. */
export type Send = (request: WireRequest) => Promise<WireResponse>

/** One invocation of a function, from its event to its result. */
export interface Invocation {
  readonly number: number
  /** Which of the invocations of one turn of the world: others overtake the first. */
  readonly nth: number
  readonly arn: string
  readonly phase: Phase
  readonly event: unknown
  readonly secretArn: string
  readonly time: Time
  readonly log: Log
  readonly send: Send
  /** All that it printed, as one JSON line each. */
  readonly lines: string[]
  /** Values that it sent or received and must not print. */
  readonly sensitive: Set<string>
  /** Documents that it sent or received: their keys and tokens must not be printed. */
  readonly documents: Set<string>
  /** Calls that it made so far. */
  calls: number
  /** Milliseconds that it has been running, by its own clock. */
  spent: number
  /** Requests and pauses that it has not come back from. */
  underWay: number
  /** What its requests are held for before they leave, in turn. */
  readonly held: Promise<void>[]
  isDead: boolean
  /** It has answered, and nothing of it goes on. */
  isOver: boolean
  /** Its run was left in its middle, and goes on nowhere. */
  isLeft: boolean
  /** The process ends here: nothing of it goes on, and the caller hears so. */
  die(errorType: 'Runtime.ExitError' | 'Sandbox.Timedout'): void
}

/** A function's time-out (rotate is deployed with a longer one), and what a request may take. Milliseconds. */
export const limits = { invocation: 60_000, reserve: 500, dfns: 10_000, aws: 8_000 } as const

const running = new AsyncLocalStorage<Invocation>()

/** The invocation that the calling code belongs to. */
export const currentInvocation = (): Invocation | undefined => running.getStore()

/** Runs what belongs to no invocation, whoever calls it. */
export const outsideInvocations = <T>(work: () => T): T => running.exit(work)

/** What a process that has been killed waits for. */
export const never = <T>(): Promise<T> => new Promise<T>(() => {})

/**
 * The time of one invocation. Sleeping, and waiting for a reply that does not come, moves a clock of its own beside the
 * shared one and not the shared one itself: an invocation takes seconds where rotations and graces take hours, and a
 * shared clock that moved inside it would run other invocations in the middle of this one, at places that no schedule
 * chose.
 */
function timeOf(parts: { invocation: () => Invocation; now: () => number; random: () => number }): Time {
  const { invocation, now, random } = parts
  return {
    now: () => now() + invocation().spent,
    remaining: () => Math.max(0, limits.invocation - limits.reserve - invocation().spent),
    sleep: async (ms) => {
      spend(invocation(), ms)
      await busy(invocation(), turn())
      if (invocation().isDead) await never()
    },
    random,
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Nobody waits any more in a run that was left in its middle. */
async function turnOf(invocation: Invocation): Promise<void> {
  await turn()
  if (invocation.isLeft) await never()
}

/** Counts what an invocation waits for. */
export async function busy<T>(invocation: Invocation, waiting: Promise<T>): Promise<T> {
  invocation.underWay += 1
  try {
    return await waiting
  } finally {
    invocation.underWay -= 1
  }
}

/**
 * Done once an invocation that has answered does nothing any more: of requests side by side one may have failed it, and
 * the others are still repeated. A dead one does nothing.
 */
export async function quiet(invocation: Invocation): Promise<void> {
  do await turnOf(invocation)
  while (invocation.underWay > 0 && !invocation.isDead)
}

/**
 * Works while an invocation stands: one of its requests is held, and nothing else of it is under way but what is held for
 * other work, which has its turn later.
 */
export function whileStanding(invocation: Invocation, work: () => Promise<void>): Promise<void> {
  const before = invocation.held.at(-1)
  const held = (async () => {
    await before
    do await turnOf(invocation)
    while (invocation.underWay > invocation.held.length && !invocation.isDead)
    if (invocation.isDead) await never()
    await work()
    void invocation.held.shift()
  })()
  invocation.held.push(held)
  return held
}

/** Lets time pass for one invocation; past the function's time-out it is killed. */
export function spend(invocation: Invocation, ms: number): void {
  invocation.spent += Math.ceil(ms)
  if (invocation.spent >= limits.invocation) invocation.die('Sandbox.Timedout')
}

function logOf(lines: string[], common: object): Log {
  const line =
    (level: string) =>
    (event: string, fields: object = {}) =>
      void lines.push(JSON.stringify({ level, message: event, ...common, ...fields }))
  return { info: line('INFO'), warn: line('WARN'), error: line('ERROR') }
}

/** Runs `work` as one invocation that can be killed at any moment. */
export function invoke(parts: {
  number: number
  nth: number
  arn: string
  event: unknown
  send: Send
  now: () => number
  random: () => number
  work: (invocation: Invocation) => Promise<InvocationResult>
  begun: (invocation: Invocation) => void
  /** Instead of a time of its own. */
  time?: Time
}): Promise<InvocationResult> {
  const { number, nth, arn, event, send, work, begun, time, ...rest } = parts
  const { promise, resolve, reject } = Promise.withResolvers<InvocationResult>()
  const fields = (event ?? {}) as EventFields
  const phase = phaseOf(event)
  const secretArn = fields.SecretId ?? fields.secretArn ?? ''
  const lines: string[] = []
  const invocation: Invocation = {
    number,
    nth,
    arn,
    phase,
    event,
    secretArn,
    send,
    lines,
    log: logOf(lines, { phase, secretArn }),
    time: time ?? timeOf({ ...rest, invocation: () => invocation }),
    sensitive: new Set(fields.RotationToken === undefined ? [] : [fields.RotationToken]),
    documents: new Set(),
    calls: 0,
    spent: 0,
    underWay: 0,
    held: [],
    isDead: false,
    isOver: false,
    isLeft: false,
    die: (errorType) => {
      if (invocation.isDead) return
      invocation.isDead = true
      resolve({ ok: false, errorType, errorMessage: 'the process ended' })
    },
  }
  begun(invocation)
  running.run(invocation, () => {
    work(invocation).then((result) => {
      if (!invocation.isDead) resolve(result)
    }, reject)
  })
  return promise
}
