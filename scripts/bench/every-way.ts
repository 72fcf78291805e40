import { type Way, ways } from '../../sandbox/demo/subjects.ts'
import { openScene, type Scene } from '../../sandbox/scene.ts'
import { callsInOrder, longestChain } from './chain.ts'
import { sum } from './figures.ts'
import { derivedTable } from './limit.ts'
import { type Meter, meterOf, type PhaseRun } from './meter.ts'
import { stepsOf } from './walls.ts'

/** A rotation of one way, beside the longest chain that `derivedTable` leaves of its calls. */
export interface WayFigures {
  readonly name: string
  readonly grace: string
  readonly calls: number
  /** Calls that were made one after the other. */
  readonly inOrder: number
  /** Calls of which each has to wait for the one before. */
  readonly dependent: number
  /** Wall time ÷ the time of those. */
  readonly ratio: number
}

const hourMs = 3_600_000
const atOnce = { listLag: 0, acceptanceLag: 0, webhookListLag: 0 }
const graces = ['PT26H', 'PT0S'] as const

/** Each way with each grace, twice in processes that stay warm; the second time counts. */
export async function measureEveryWay(measure: {
  delayMs: number
  ways?: readonly Way[]
  onWay?: (name: string) => void
}): Promise<readonly WayFigures[]> {
  const all: WayFigures[] = []
  for (const way of measure.ways ?? ways) {
    const name = way.strategy === undefined ? way.kind : `${way.kind}, ${way.strategy}`
    measure.onWay?.(name)
    const scene = await openScene()
    try {
      const meter = meterOf(scene.sandbox)
      for (const grace of graces) {
        const phases = await rotated({ scene, meter, way, grace, delayMs: measure.delayMs })
        all.push({ name, grace, ...figuresOf(phases, measure.delayMs) })
      }
    } finally {
      await scene.sandbox.stop()
    }
  }
  return all
}

async function rotated(of: {
  scene: Scene
  meter: Meter
  way: Way
  grace: string
  delayMs: number
}): Promise<readonly PhaseRun[]> {
  const { scene, meter, way, grace, delayMs } = of
  const { document } = await way.open(scene, atOnce)
  const tags = { ...way.tags, 'dfns-rotator:grace': grace }
  const secretArn = await scene.keepSecret({ name: `prod/${grace}`, document, tags })
  await scene.rotate(secretArn)
  await scene.clock.advance(27 * hourMs)
  meter.take()
  meter.delayMs = delayMs
  await scene.rotate(secretArn)
  meter.delayMs = 0
  const phases = meter.take()
  // Before another rotation with another grace.
  await scene.clock.advance(27 * hourMs)
  meter.take()
  return phases
}

function figuresOf(phases: readonly PhaseRun[], delayMs: number) {
  const chains = phases.map(({ calls }) => {
    const table = derivedTable(calls)
    return longestChain(Object.keys(table), table).length
  })
  const dependent = sum(chains)
  return {
    calls: sum(phases.map(({ calls }) => calls.length)),
    inOrder: sum(phases.map((phase) => callsInOrder(stepsOf(phase)))),
    dependent,
    ratio: sum(phases.map(({ wallMs }) => wallMs)) / (dependent * delayMs),
  }
}
