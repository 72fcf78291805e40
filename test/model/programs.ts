import type { Rules } from './rules.ts'
import {
  type Generation,
  isActive,
  isRotating,
  isScheduled,
  move,
  type Run,
  set,
  supersede,
  unlabelled,
  withSchedule,
  without,
  type World,
} from './world.ts'

/** What one effect of a run comes to: the world, and where the run goes on; nowhere if it has ended. */
export interface Step {
  readonly world: World
  readonly next?: Run
}

type Program = (world: World, run: Run, rules: Rules) => Step

const ended = (world: World): Step => ({ world })
const goOn = (world: World, run: Run, at: string, more: Partial<Run> = {}): Step => ({
  world,
  next: { ...run, at, ...more },
})

/** The four phases; a guard reads the labels before each, since anybody may have moved them. */
const rotate: Program = (world, run, rules) => {
  const { of } = run
  const isPending = world.pending === of && world.current !== of
  switch (run.at) {
    case 'createSecret': {
      if (!isPending || !isActive(world, world.current)) return ended(world)
      const stored = { [of]: world.current, ...world.stored }
      return goOn({ ...world, stored }, run, 'setSecret')
    }
    case 'setSecret':
      return isPending ? goOn(world, run, 'register') : ended(world)
    case 'register':
      // What somebody has deactivated stays so.
      if (world.atDfns[of] === 'inactive' || !maySign(world, of)) return ended(world)
      return goOn(set(world, of, 'active'), run, 'testSecret')
    case 'testSecret':
      return isPending && isActive(world, of) ? goOn(world, run, 'finishSecret') : ended(world)
    case 'finishSecret':
      if (!isPending || (rules.provesPending && !isActive(world, of))) return ended(world)
      // Its document would not follow from AWSCURRENT's.
      if (rules.compares && world.stored[of] !== world.current) return ended(world)
      return goOn(world, run, rules.scheduleFirst ? 'schedule' : 'move', { current: world.current })
    case 'schedule': {
      const superseded = run.current ?? 0
      const scheduled = withSchedule(world, { superseded, promoted: of, isDue: false })
      return rules.scheduleFirst ? goOn(scheduled, run, 'move') : ended(scheduled)
    }
    case 'move': {
      const moved = rules.compareAndSet
        ? move(world, { from: run.current ?? 0, to: of })
        : supersede(world, of)
      if (moved === undefined) return ended(world)
      return rules.scheduleFirst ? ended(moved) : goOn(moved, run, 'schedule')
    }
    default:
      return ended(world)
  }
}

/** What is registered already needs nobody to sign for it. */
const maySign = (world: World, of: Generation) => isActive(world, of) || isActive(world, world.current)

/** The end of a grace: for what `of` was superseded by, the schedule knows. */
const retire: Program = (world, run, rules) => {
  const { of } = run
  const isNamed = world.current === of || (world.pending === of && of in world.stored)
  switch (run.at) {
    case 'labels':
      // Fired before the move, or after somebody moved back: there is nothing to do.
      if (rules.readsLabels && isNamed) return ended(without(world, of))
      if (rules.asksWhetherItMoved && world.previous === of && world.current !== run.promoted)
        return ended(without(world, of))
      // Written over meanwhile, by a finishSecret that was tried again.
      if (rules.asksForLater && world.schedules.some((one) => one.superseded === of && !one.isDue))
        return ended(world)
      return goOn(world, run, 'deactivate', { current: world.current })
    case 'deactivate':
      // Signed by current: where Dfns refuses that, the retirement waits.
      if (!isActive(world, run.current ?? 0)) return ended(world)
      return goOn(isActive(world, of) ? set(world, of, 'inactive') : world, run, 'look')
    case 'look':
      if (rules.looksAgain && (isNamed || !isActive(world, run.current ?? 0))) return goOn(world, run, 'undo')
      return goOn(world, run, 'release')
    case 'release':
      if (world.previous === of) return ended(without(unlabelled(world, 'previous', of), of))
      return goOn(world, run, 'look once more')
    case 'look once more':
      return rules.looksAgain && isNamed ? goOn(world, run, 'undo') : ended(without(world, of))
    default:
      return ended(without(rules.undoes ? set(world, of, 'active') : world, of))
  }
}

const rollback: Program = (world, run, rules) => {
  const { of, current: bad = 0 } = run
  switch (run.at) {
    case 'net': {
      if (isActive(world, of) || isScheduled(world, of) || !rules.schedulesActivation)
        return goOn(world, run, 'activate')
      return goOn(withSchedule(world, { superseded: of, promoted: bad, isDue: false }), run, 'activate')
    }
    case 'activate':
      return goOn(set(world, of, 'active'), run, 'clear')
    case 'clear':
      return goOn(rules.clearsPending ? unlabelled(world, 'pending', bad) : world, run, 'schedule')
    case 'schedule':
      return goOn(withSchedule(world, { superseded: bad, promoted: of, isDue: false }), run, 'move')
    case 'move': {
      const moved = move(world, { from: bad, to: of })
      if (moved === undefined) return ended(world)
      const rejected = [...new Set([...moved.rejected, bad])].filter((each) => each !== of)
      return goOn({ ...moved, rejected }, run, 'call off')
    }
    case 'call off':
      return goOn(without(world, of), run, 'prove')
    case 'prove':
      return goOn(rules.provesLast ? set(world, of, 'active') : world, run, 'where')
    default:
      if (world.current === of) return ended(world)
      return ended(withSchedule(world, { superseded: of, promoted: world.current, isDue: false }))
  }
}

const abandon: Program = (world, run, rules) => {
  const { of } = run
  if (run.at === 'label') return goOn(unlabelled(world, 'pending', of), run, 'list')
  // Five seconds: what was under way as the label went is over by then.
  const isUnderWay = world.runs.some((other) => other.program === 'rotate' && other.of === of)
  if (rules.abandonWaits && isUnderWay) return goOn(world, run, 'list')
  // What a schedule names was current once, and is left to that.
  const isSpared = world.current === of || world.previous === of || isScheduled(world, of)
  return ended(isSpared || !isActive(world, of) ? world : set(world, of, 'inactive'))
}

/** Reads Dfns first, the labels after. */
const audit: Program = (world, run, rules) => {
  const active = world.atDfns.flatMap((state, of) => (state === 'active' ? [of] : []))
  if (run.at === 'list') return goOn(world, run, 'labels', { listed: active })
  const named = namedIn(world)
  const due = (run.listed ?? []).filter((of) => !named.includes(of) && isForAudit({ world, of, rules }))
  return ended(
    due.reduce(
      (next, superseded) => withSchedule(next, { superseded, promoted: world.current, isDue: true }),
      world,
    ),
  )
}

/** What a label or a schedule names; AWSPREVIOUS alone ends no grace. */
const namedIn = ({ current, pending, schedules }: World): readonly Generation[] => [
  current,
  ...(pending === undefined ? [] : [pending]),
  ...schedules.map(({ superseded }) => superseded),
]

function isForAudit(of: { world: World; of: Generation; rules: Rules }): boolean {
  const { world, rules, of: left } = of
  const isYoung = world.runs.some((run) => run.program === 'rotate' && run.of === left)
  if (rules.sparesTheYoung && (isYoung || world.inGrace.includes(left))) return false
  // What a person made and a person replaced is left to a person.
  return !world.adopted.includes(left) || !world.adopted.includes(world.current)
}

const programs = { rotate, retire, rollback, abandon, audit } satisfies Record<Run['program'], Program>

/** The next effect of a run. */
export const step: Program = (world, run, rules) => programs[run.program](world, run, rules)

/** What may begin now, each once. */
export function beginnings(world: World): readonly Run[] {
  const { current, pending, schedules, budget } = world
  const runs: Run[] = schedules
    .filter(({ isDue }) => isDue)
    .map(({ superseded: of, promoted }) => ({ program: 'retire', at: 'labels', of, promoted }))
  if (pending !== undefined && isRotating(world)) {
    runs.push({ program: 'rotate', at: 'createSecret', of: pending })
    if (budget.abandons > 0) runs.push({ program: 'abandon', at: 'label', of: pending })
  } else if (budget.rollbacks > 0 && !isHanging(world)) {
    const others = Object.keys(world.stored).map(Number)
    for (const of of others.filter((each) => each !== current && world.atDfns[each] !== 'unknown'))
      runs.push({ program: 'rollback', at: 'net', of, current })
  }
  runs.push({ program: 'audit', at: 'list', of: 0 })
  return runs
}

/** docs/known-defects.md: a finishSecret that hangs while somebody rolls back what another attempt promoted. */
const isHanging = ({ runs, current }: World): boolean =>
  runs.some(({ program, of }) => program === 'rotate' && of === current)
