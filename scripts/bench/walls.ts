import type { WireRequest } from '../../sandbox/wire.ts'
import { callsInOrder, longestChain, type NeedlessWait, needlessWaits, type Step } from './chain.ts'
import { dependencies, type Grace } from './dependencies.ts'
import { sum } from './figures.ts'
import type { Phase, PhaseRun } from './meter.ts'
import { namesOf } from './names.ts'
import { type Cycle, openStage, type Stage } from './rotations.ts'

/** Calls by service, of those that a function calls. */
export type Counts = Readonly<Record<Exclude<WireRequest['service'], 'lambda' | 'logs'>, number>>

/** What became of several invocations in a row: the four of a rotation, or the one of a retirement. */
export interface Series {
  /** The fastest for each delay, in milliseconds: whatever else the machine does only ever adds. */
  readonly walls: readonly number[]
  /** Calls that were made one after the other. */
  readonly inOrder: number
  /** Calls on the longest chain of those that depend on each other. */
  readonly dependent: number
  readonly waits: readonly (NeedlessWait & { readonly phase: Phase })[]
}

export interface Walls {
  readonly grace: Grace
  readonly calls: readonly { readonly phase: Phase; readonly counts: Counts }[]
  readonly rotation: Series
  readonly retirement: Series
}

/** The calls of an invocation by their names in the dependency tables. */
export function stepsOf({ calls }: Pick<PhaseRun, 'calls'>): Step[] {
  const names = namesOf(calls)
  return calls.map(({ start, end }, index) => ({ name: names[index] ?? '', start, end }))
}

/** Rotates `cyclesWith` times with each of the delays (ms), in processes that have rotated before. */
export async function measureWalls(measure: {
  grace: Grace
  addedMs: readonly number[]
  cyclesWith: (delayMs: number) => number
}): Promise<Walls> {
  const { grace, addedMs, cyclesWith } = measure
  const stage = await openStage(grace)
  try {
    await cycles(stage, { delayMs: 0, runs: 3 })
    const byDelay: Cycle[][] = []
    for (const delayMs of addedMs) byDelay.push(await cycles(stage, { delayMs, runs: cyclesWith(delayMs) }))
    const last = byDelay.at(-1)?.at(-1)
    if (last === undefined) throw new Error('nothing was measured')
    const leastMs = (addedMs.at(-1) ?? 0) / 2
    const series = (phasesOf: (cycle: Cycle) => readonly PhaseRun[]): Series => ({
      walls: byDelay.map((some) => Math.min(...some.map((one) => wallOf(phasesOf(one))))),
      ...orderOf({ grace, phases: phasesOf(last), leastMs }),
    })
    return {
      grace,
      calls: [...last.rotation, last.retirement].map(countsOf),
      rotation: series(({ rotation }) => rotation),
      retirement: series(({ retirement }) => [retirement]),
    }
  } finally {
    await stage.close()
  }
}

async function cycles(stage: Stage, { delayMs, runs }: { delayMs: number; runs: number }): Promise<Cycle[]> {
  stage.meter.delayMs = delayMs
  const made: Cycle[] = []
  while (made.length < runs) made.push(await stage.cycle())
  return made
}

const wallOf = (phases: readonly PhaseRun[]) => sum(phases.map(({ wallMs }) => wallMs))

function orderOf(run: { grace: Grace; phases: readonly PhaseRun[]; leastMs: number }): Omit<Series, 'walls'> {
  const { grace, phases, leastMs } = run
  const orders = phases.map(({ phase, start, calls }) => {
    const steps = stepsOf({ calls })
    const table = dependencies[grace][phase]
    const waits = needlessWaits({ steps, table, start, leastMs }).map((wait) => ({ ...wait, phase }))
    const names = steps.map(({ name }) => name)
    return { inOrder: callsInOrder(steps), dependent: longestChain(names, table).length, waits }
  })
  return {
    inOrder: sum(orders.map(({ inOrder }) => inOrder)),
    dependent: sum(orders.map(({ dependent }) => dependent)),
    waits: orders.flatMap(({ waits }) => waits),
  }
}

function countsOf({ phase, calls }: PhaseRun): { phase: Phase; counts: Counts } {
  const count = (service: keyof Counts) => calls.filter(({ request }) => request.service === service).length
  const counts = {
    secretsmanager: count('secretsmanager'),
    ssm: count('ssm'),
    scheduler: count('scheduler'),
    dfns: count('dfns'),
  }
  return { phase, counts }
}
