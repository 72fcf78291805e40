import { invariantsOf } from './invariants.ts'
import { beginnings, step } from './programs.ts'
import type { Rules } from './rules.ts'
import {
  type Budget,
  isActive,
  isRotating,
  type Run,
  set,
  start,
  supersede,
  without,
  type World,
} from './world.ts'

export interface Explored {
  readonly worlds: number
  /** Each broken invariant once, by the shortest way to it. */
  readonly broken: ReadonlyMap<string, readonly string[]>
}

interface Move {
  readonly what: string
  readonly world: World
}

/**
 * Calls hang for seconds, so a run meets one other thing at most: what one that hangs for a whole rotation can do
 * stands in docs/known-defects.md.
 */
const mayMeet = ({ runs }: World): boolean => runs.every(({ hasMet }) => hasMet === undefined)
const met = (run: Run): Run => ({ ...run, hasMet: true })

/** One run more beside those that are under way. */
const beside = (runs: readonly Run[], run: Run): readonly Run[] =>
  runs.length === 0 ? [run] : sorted([...runs, run].map(met))

const spend = (world: World, what: keyof Budget): World => ({
  ...world,
  budget: { ...world.budget, [what]: world.budget[what] - 1 },
})

/** Everything that can happen next. */
function moves(world: World, rules: Rules): Move[] {
  return [...effects(world, rules), ...begun(world), ...byOthers(world), ...faults(world)]
}

function effects(world: World, rules: Rules): Move[] {
  return world.runs.map((run, index) => {
    const others = world.runs.filter((_, other) => other !== index)
    const { world: after, next } = step({ ...world, runs: others }, run, rules)
    const runs = next === undefined ? others : sorted([...others, next])
    // What retire or a rollback deletes may have been written over meanwhile.
    const isLost = /^(retire|rollback)$/.test(run.program) && run.hasMet === true && next === undefined
    const isForgetful = after.isForgetful || isLost
    return { what: `${run.program} ${run.of}: ${run.at}`, world: { ...after, isForgetful, runs } }
  })
}

const cost = { rollback: 'rollbacks', abandon: 'abandons' } as const

function begun(world: World): Move[] {
  if (!mayMeet(world)) return []
  const started = beginnings(world).map((run) => {
    const { program } = run
    const paid = program === 'rollback' || program === 'abandon' ? spend(world, cost[program]) : world
    return {
      what: `${program} ${run.of} begins`,
      world: { ...paid, runs: beside(world.runs, run) },
    }
  })
  return isRotating(world) || world.budget.rotations === 0 ? started : [...started, rotation(world)]
}

/** RotateSecret: a new version, labelled AWSPENDING and empty. */
function rotation(world: World): Move {
  const of = world.atDfns.length
  const labelled = {
    ...spend(world, 'rotations'),
    pending: of,
    atDfns: [...world.atDfns, 'unknown' as const],
  }
  return { what: `rotation ${of} is asked for`, world: labelled }
}

function byOthers(world: World): Move[] {
  const found: Move[] = []
  if (world.budget.puts > 0 && mayMeet(world)) {
    const of = world.atDfns.length
    const put: World = {
      ...spend(world, 'puts'),
      isForgetful: true,
      runs: world.runs.map(met),
      atDfns: [...world.atDfns, 'active'],
      stored: { ...world.stored, [of]: world.current },
      adopted: [...world.adopted, of],
    }
    found.push({ what: `somebody puts ${of}`, world: supersede(put, of) })
  }
  const { pending, budget } = world
  // Between the proof and the move nobody can know of it: labels and credentials are kept by two services.
  const isProved = world.runs.some(({ program, at }) => program === 'rotate' && /^(schedule|move)$/.test(at))
  const mayBe = pending !== undefined && isRotating(world) && isActive(world, pending) && !isProved
  if (mayBe && budget.deactivations > 0) {
    const off = set(spend(world, 'deactivations'), pending, 'inactive')
    found.push({ what: `somebody deactivates ${pending}`, world: off })
  }
  const isWaiting = world.inGrace.length > 0 || world.schedules.some(({ isDue }) => !isDue)
  if (world.runs.length === 0 && isWaiting) found.push({ what: 'the grace is over', world: later(world) })
  return found
}

/** Nothing of a run lasts as long as a grace. */
export const later = (world: World): World => ({
  ...world,
  inGrace: [],
  schedules: world.schedules.map((schedule) => ({ ...schedule, isDue: true })),
})

function faults(world: World): Move[] {
  const { runs, schedules, budget } = world
  const kills = budget.kills > 0 && !isMeeting(world) ? runs : []
  const losses = budget.losses > 0 ? schedules : []
  return [
    ...kills.map((run, index) => {
      const others = runs.filter((_, other) => other !== index)
      const again = repeatedFrom(run)
      const left = again === undefined ? others : sorted([...others, { ...run, at: again }])
      const what = `${run.program} ${run.of} is killed before ${run.at}`
      const isForgetful = world.isForgetful || run.hasMet === true
      return { what, world: { ...spend(world, 'kills'), isForgetful, runs: left } }
    }),
    ...losses.map(({ superseded }) => ({
      what: `the schedule of ${superseded} is lost`,
      world: without({ ...spend(world, 'losses'), isForgetful: true }, superseded),
    })),
  ]
}

/** docs/known-defects.md: what one of the two would mend stays, if that one is killed in this very moment. */
const isMeeting = ({ runs, current }: World): boolean =>
  runs.some(
    ({ program, of, at }) =>
      program === 'retire' &&
      at !== 'labels' &&
      (of === current || runs.some((other) => other.program === 'rollback' && other.of === of)),
  )

/**
 * Whoever rolls back, or abandons, repeats a command that did not say that it is done: where that goes on once the label has
 * moved.
 */
function repeatedFrom({ program, at }: Run): string | undefined {
  if (program === 'abandon' && at === 'list') return 'list'
  return program === 'rollback' && ['call off', 'prove', 'where'].includes(at) ? 'call off' : undefined
}

/** The order in which runs are remembered tells nothing. */
const sorted = (runs: readonly Run[]): readonly Run[] =>
  runs.length < 2
    ? runs
    : runs.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))

interface Reached {
  readonly world: World
  readonly what: string
  readonly from: Reached | undefined
}

function wayTo(reached: Reached): string[] {
  const way: string[] = []
  for (let at: Reached | undefined = reached; at?.from !== undefined; at = at.from) way.unshift(at.what)
  return way
}

/** Every world that can be reached, breadth first, so that each way is the shortest. */
export function explore({ budget, rules }: { budget: Budget; rules: Rules }): Explored {
  const first: Reached = { world: start(budget), what: '', from: undefined }
  const seen = new Set([JSON.stringify(first.world)])
  const broken = new Map<string, readonly string[]>()
  let ring: Reached[] = [first]
  while (ring.length > 0) {
    const next: Reached[] = []
    for (const reached of ring) {
      for (const invariant of invariantsOf(reached.world, rules))
        if (!broken.has(invariant)) broken.set(invariant, wayTo(reached))
      for (const { what, world } of moves(reached.world, rules)) {
        const name = JSON.stringify(world)
        if (seen.has(name)) continue
        seen.add(name)
        next.push({ world, what, from: reached })
      }
    }
    ring = next
  }
  return { worlds: seen.size, broken }
}
