import type { Clock } from '../../sandbox/clock.ts'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import type { Time } from '../../lambdas/ports/time.ts'
import { type Invocation, invoke, limits, never, type Send } from '../simulation/invocation.ts'
import { theseLambdas } from '../simulation/lambdas.ts'
import { arns, workOf } from '../simulation/work.ts'
import type { Counts } from './counts.ts'

interface Parts {
  readonly clock: Clock
  readonly random: () => number
  readonly send: Send
  readonly counts: Counts
  /** How many functions run at once. */
  readonly concurrency: number
  readonly timeoutsMs: { readonly rotate: number; readonly retire: number }
  readonly ended: (invocation: Invocation) => void
}

type Event = { readonly arn: string; readonly event: unknown }

const noRoom: InvocationResult = {
  ok: false,
  errorType: 'TooManyRequestsException',
  errorMessage: 'Rate Exceeded.',
}

/** From Lambda's being asked to the function's first line. Milliseconds. */
const startMs = 100

/** Lambda, which runs the functions of `lambdas/` at the same time, up to the account's concurrency. */
export function createLambda(parts: Parts) {
  const { clock, counts, concurrency } = parts
  const work = workOf({ lambdas: theseLambdas, through: 'direct', counted: () => {} })
  let running = 0
  const run = async ({ arn, event }: Event): Promise<InvocationResult> => {
    running += 1
    counts.mostAtOnce = Math.max(counts.mostAtOnce, running)
    const result = await runOnce({ ...parts, work, arn, event })
    running -= 1
    return result
  }
  return {
    /** A synchronous invocation: there is room, or it is refused at once. */
    async now(given: Event): Promise<InvocationResult> {
      if (running < concurrency) return run(given)
      counts.noRoom += 1
      return noRoom
    },
    /**
     * One of Lambda's own queue, which goes on trying for hours where there is no room, from a second to five minutes
     * apart ("How Lambda handles errors and retries with asynchronous invocation").
     */
    async queued(given: Event): Promise<InvocationResult> {
      for (let pauseMs = 1_000; running >= concurrency; pauseMs = Math.min(2 * pauseMs, 300_000)) {
        counts.noRoom += 1
        await new Promise<void>((resolve) => clock.at(clock.now() + pauseMs, resolve))
      }
      return run(given)
    },
  }
}

/** A function's time is the world's: while it sleeps, or waits for a reply, the others go on. */
function timeOf(parts: { clock: Clock; end: number; random: () => number; isDead: () => boolean }): Time {
  const { clock, end, random, isDead } = parts
  return {
    now: () => clock.now(),
    remaining: () => Math.max(0, end - limits.reserve - clock.now()),
    sleep: async (ms) => {
      await new Promise<void>((resolve) => clock.at(clock.now() + ms, resolve))
      if (isDead()) await never()
    },
    random,
  }
}

async function runOnce(
  given: Parts & Event & { work: (invocation: Invocation) => Promise<InvocationResult> },
): Promise<InvocationResult> {
  const { clock, random, counts, timeoutsMs, ended, arn } = given
  await new Promise<void>((resolve) => clock.at(clock.now() + startMs, resolve))
  const timeoutMs = arn === arns.rotate ? timeoutsMs.rotate : timeoutsMs.retire
  const end = clock.now() + timeoutMs
  let invocation: Invocation | undefined
  const time = timeOf({ clock, end, random, isDead: () => invocation?.isDead === true })
  const outOfTime = clock.at(end, () => invocation?.die('Sandbox.Timedout'))
  const result = await invoke({
    ...given,
    time,
    number: counts.invocations++,
    nth: 0,
    now: () => clock.now(),
    begun: (one) => {
      invocation = one
    },
  })
  outOfTime()
  if (arn === arns.rotate && !result.ok)
    counts.failures.set(result.errorType, (counts.failures.get(result.errorType) ?? 0) + 1)
  if (arn === arns.retire && result.ok) {
    const isPostponed = invocation?.lines.some((line) => line.includes('retirement is postponed')) === true
    counts[isPostponed ? 'postponed' : 'retirements'] += 1
  }
  if (invocation) ended(invocation)
  return result
}
