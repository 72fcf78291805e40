import type { Clock } from '../../sandbox/clock.ts'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import { guideWorld, openScene, type Scene } from '../../sandbox/scene.ts'
import type { Time } from '../../lambdas/ports/time.ts'

/** Virtual milliseconds that the function takes for each step. */
const takesMs: Readonly<Record<string, number>> = {
  createSecret: 640,
  setSecret: 480,
  testSecret: 1_310,
  finishSecret: 390,
}

/** What is recorded: an account with a grace of a day, and one secret of it, about to be rotated. */
export async function openRecordedScene(): Promise<Scene> {
  const grace = { default: 'PT24H', adopted: 'P7D' }
  const scene = await openScene({
    dfnsSwitches: guideWorld,
    auditsDaily: true,
    policy: (dfnsUrl) => JSON.stringify({ allowedBaseUrls: [dfnsUrl], grace }),
  })
  const { orgId } = scene.dfns.createOrganisation()
  const { document } = scene.openAccount({ orgId, name: 'payments' })
  const DFNS_PRIVATE_KEY = document.privateKey.replaceAll('\n', '\\n')
  await scene.keepSecret({ name: 'prod/payments', document: { ...document, DFNS_PRIVATE_KEY } })
  await scene.clock.advance(60_000)
  await scene.sandbox.engine.settled()
  slowDown(scene)
  return scene
}

/** Its work takes the time of the virtual clock, and its log says so. */
function slowDown({ sandbox, clock, functionArn }: Scene): void {
  const target = sandbox.functions.get(functionArn)
  if (target === undefined) throw new Error('there is no rotation function')
  const invoke = async (event: unknown): Promise<InvocationResult> => {
    const { Step = '' } = event as { Step?: string }
    await clock.advance(takesMs[Step] ?? 0)
    return target.invoke(event)
  }
  sandbox.functions.set(functionArn, { arn: functionArn, invoke })
  const dispatch = sandbox.wire.dispatch.bind(sandbox.wire)
  sandbox.wire.dispatch = async (request) => {
    const reply = await dispatch(request)
    if (request.service !== 'logs' || reply === 'broken') return reply
    return { ...reply, body: reply.body.replaceAll(phaseDone, timed) }
  }
}

/** Of a line in the JSON of a reply: the step, and how long this machine took. */
const phaseDone = /(\\"step\\":\\"(\w+)\\"(?:(?!\\n).)*?\\"durationMs\\":)\d+/g

const timed = (_: string, before: string, step: string): string => `${before}${takesMs[step] ?? 0}`

export interface Driven {
  readonly time: Time
  /** Runs it by the clock: nothing but sleep takes time, and while it works no time passes. */
  run<T>(work: () => Promise<T>): Promise<T>
}

/** A command in this process, whose pauses let the scene's time pass. */
export function drivenBy(clock: Clock): Driven {
  let rested = Promise.withResolvers<void>()
  const time: Time = {
    now: () => clock.now(),
    remaining: () => Number.MAX_SAFE_INTEGER,
    random: () => 0.5,
    sleep: (ms) =>
      new Promise((resolve) => {
        // Whoever moves the clock waits until it is asleep again, or has ended.
        clock.at(clock.now() + ms, () => {
          rested = Promise.withResolvers()
          resolve()
          return rested.promise
        })
        rested.resolve()
      }),
  }
  return {
    time,
    async run(work) {
      let isDone = false
      rested = Promise.withResolvers()
      const ended = work().finally(() => {
        isDone = true
        rested.resolve()
      })
      await rested.promise
      while (!isDone) await clock.advance(Math.max(0, (clock.next() ?? clock.now()) - clock.now()))
      return ended
    },
  }
}
