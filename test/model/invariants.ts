import { later } from './explore.ts'
import { step } from './programs.ts'
import type { Rules } from './rules.ts'
import { type Generation, isActive, isRotating, isScheduled, type Run, type World } from './world.ts'

/** The names are those of the simulation's checkers (test/simulation/checkers.ts). */
type Invariant =
  | 'AWSCURRENT authenticates'
  | 'AWSPREVIOUS works through its grace'
  | 'every active credential of ours is named'
  | 'a rollback stands'
  | 'what a person put is not overwritten'
  | 'it converges'

/** Those that do not hold in this world. */
export function invariantsOf(world: World, rules: Rules): readonly Invariant[] {
  const broken: Invariant[] = []
  if (!isActive(world, world.current) && !isBeingMended(world)) broken.push('AWSCURRENT authenticates')
  if (world.inGrace.some((of) => of !== world.current && !isActive(world, of)))
    broken.push('AWSPREVIOUS works through its grace')
  if (world.rejected.includes(world.current)) broken.push('a rollback stands')
  if (isOverwritten(world)) broken.push('what a person put is not overwritten')
  if (world.runs.length > 0) return broken
  if (!world.isForgetful && unnamed(world).length > 0) broken.push('every active credential of ours is named')
  if (!converges(world, rules)) broken.push('it converges')
  return broken
}

/** The successor of something else has taken AWSCURRENT from it. */
const isOverwritten = ({ current, previous, adopted, stored, rejected }: World): boolean =>
  previous !== undefined &&
  adopted.includes(previous) &&
  !adopted.includes(current) &&
  !rejected.includes(previous) &&
  stored[current] !== previous

/** What works, is neither current nor pending, and has no schedule: nothing but the audit would end it. */
const unnamed = (world: World): readonly Generation[] =>
  world.atDfns.flatMap((state, of) => {
    const isNamed = of === world.current || of === world.pending || isScheduled(world, of)
    return state === 'active' && !isNamed ? [of] : []
  })

/** docs/known-defects.md: a rollback that meets the retirement of what it goes back to. */
function isBeingMended({ current, runs }: World): boolean {
  const isRetired = (run: Run) => run.program === 'retire' && run.of === current && run.at !== 'labels'
  const isGoneBackTo = (run: Run) => run.program === 'rollback' && run.of === current && run.at !== 'where'
  return runs.some((run) => isRetired(run) || isGoneBackTo(run))
}

/** What happens once faults have stopped: one thing after another, as time goes by. */
function converges(from: World, rules: Rules): boolean {
  let world = from
  for (let round = 0; round < 6; round++) {
    if (isRotating(world)) world = attempt(world, rules)
    world = later(world)
    for (const { superseded: of, promoted } of world.schedules)
      world = toItsEnd(world, { program: 'retire', at: 'labels', of, promoted }, rules)
    world = toItsEnd(world, { program: 'audit', at: 'list', of: 0 }, rules)
    if (isQuiet(world)) return isActive(world, world.current)
  }
  return false
}

/** Secrets Manager tries again; what cannot succeed somebody abandons. */
function attempt(world: World, rules: Rules): World {
  const of = world.pending ?? 0
  const tried = toItsEnd(world, { program: 'rotate', at: 'createSecret', of }, rules)
  return isRotating(tried) ? toItsEnd(tried, { program: 'abandon', at: 'label', of }, rules) : tried
}

function toItsEnd(from: World, run: Run, rules: Rules): World {
  let world: World = from
  for (let next: Run | undefined = run, steps = 0; next !== undefined && steps < 20; steps++) {
    const taken = step(world, next, rules)
    world = taken.world
    next = taken.next
  }
  return world
}

/** Nothing is active but AWSCURRENT, and what a person made and a person replaced. */
function isQuiet(world: World): boolean {
  const { current, adopted, schedules, atDfns } = world
  const mayStay = (of: Generation) => of === current || (adopted.includes(of) && adopted.includes(current))
  return (
    !isRotating(world) &&
    schedules.length === 0 &&
    atDfns.every((state, of) => state !== 'active' || mayStay(of) || isScheduled(world, of))
  )
}
