import { expect } from 'vitest'
import { ways } from '../../sandbox/demo/subjects.ts'
import type { FaultPlan } from '../../sandbox/wire.ts'
import { type AskedLine, askedSoFar } from '../support/asked.ts'
import { away, hour } from '../support/graces.ts'
import { closeScene, watchedScene } from '../support/scene.ts'

/**
 * One rotation of each kind and strategy by the built bundles, and the end of every grace. Each function is
 * killed once it has written its first schedule: the next attempt writes over it. Of two
 * secrets the schedule is spoilt, or deleted: one audit writes the first anew, another retires what the
 * second was for. Returns what was asked of IAM.
 */
export async function record(): Promise<readonly AskedLine[]> {
  const scene = await watchedScene()
  const { wire, clock } = scene.sandbox
  const secrets: string[] = []
  for (const way of ways) {
    const { document, orgId } = await way.open(scene)
    const tags = { 'dfns-rotator:grace': 'PT26H' }
    secrets.push(await scene.keepSecret({ name: `prod/dfns/${orgId}`, document, tags }))
  }
  wire.plan = killedAfterFirst('CreateSchedule')
  for (const arn of secrets) await scene.rotate(arn)
  await clock.advance(3 * hour)
  await scene.sandbox.engine.settled()
  const [first, second] = secrets
  for (const { group, name, settings } of schedulesOf({ scene, secret: first })) {
    const Target = { ...settings.Target, Input: '{}' }
    scene.sandbox.scheduler.update({ group, name, settings: { ...settings, Target } })
  }
  await scene.audit()
  for (const lost of schedulesOf({ scene, secret: second })) scene.sandbox.scheduler.delete(lost)
  const isKilled = killedAfterFirst('CreateSchedule')
  // Dfns is away: a retirement has to wait, and writes its successor.
  wire.plan = (call) => (call.service === 'dfns' ? away : isKilled(call))
  await clock.advance(26.5 * hour)
  wire.plan = undefined
  await clock.advance(24 * hour)
  await scene.audit()
  await closeScene(scene)
  return askedSoFar()
}

type WatchedScene = Awaited<ReturnType<typeof watchedScene>>

/** The event of a schedule tells of which secret it is. */
function schedulesOf(of: { scene: WatchedScene; secret: string | undefined }) {
  const all = of.scene.sandbox.scheduler.list()
  const found = all.filter(({ settings }) => settings.Target.Input?.includes(`"${of.secret}"`))
  expect(found.length).toBeGreaterThan(0)
  return found
}

function killedAfterFirst(operation: string): FaultPlan {
  let isKilled = false
  return (call) => {
    if (isKilled || call.operation !== operation) return undefined
    isKilled = true
    return 'killed-after'
  }
}
