import type { Grace } from './dependencies.ts'
import { guideWorld, openScene, type Scene } from '../../sandbox/scene.ts'
import { type Meter, meterOf, type PhaseRun } from './meter.ts'

/** A rotation, and the retirement that its schedule brings about. */
export interface Cycle {
  readonly rotation: readonly PhaseRun[]
  readonly retirement: PhaseRun
}

/** A secret that is rotated through the built bundles, again and again, in processes that stay warm. */
export interface Stage {
  readonly meter: Meter
  cycle(): Promise<Cycle>
  close(): Promise<void>
}

// What is measured is the rotation, not how long Dfns takes to know a new key everywhere.
const world = { ...guideWorld, listLag: 0, acceptanceLag: 0 }

const graceAndMoreMs = 25 * 3_600_000

export async function openStage(grace: Grace): Promise<Stage> {
  const scene = await openScene({ dfnsSwitches: world })
  const { wire, functions } = scene.sandbox
  const meter = meterOf({ wire, functions })
  const { document } = scene.openAccount({ ...scene.dfns.createOrganisation(), name: 'bench' })
  const secretArn = await scene.keepSecret({ name: 'bench', document, tags: { 'dfns-rotator:grace': grace } })
  return {
    meter,
    cycle: () => cycle({ scene, meter, secretArn }),
    close: () => scene.sandbox.stop(),
  }
}

async function cycle({ scene, meter, secretArn }: { scene: Scene; meter: Meter; secretArn: string }) {
  meter.take()
  await scene.rotate(secretArn)
  const rotation = meter.take()
  await scene.clock.advance(graceAndMoreMs)
  const [retirement] = meter.take()
  if (rotation.length === 4 && retirement !== undefined) return { rotation, retirement }
  throw new Error(`${rotation.length} steps ran, where a rotation has 4 and a retirement follows`)
}
