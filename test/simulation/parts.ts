// First: whatever draws at random has to draw from the seed.
import './seeded-crypto.ts'
import { type AskedLine, askedSoFar } from '../support/asked.ts'
import { tryOut } from './breakage.ts'
import { breakages } from './breakages.ts'
import { explore, type Explored } from './exploring.ts'
import { failed, pairParts, replay, type Shard, somePairs } from './fault-pairs.ts'
import { callFaults } from './faults.ts'
import {
  described,
  dyingTokens,
  edits,
  isStrike,
  otherKinds,
  type Outcome,
  run,
  type Scenario,
  scenarios,
  shortGrace,
  singles,
  slow,
  type Trouble,
} from './matrix.ts'
import { operationCases } from './operation-matrix.ts'
import { commandPart } from './command-parts.ts'
import { pairs } from './pairs.ts'
import type { SimulatedKind } from './secrets.ts'
import { type PairResult, runPair } from './races.ts'

/** A share of what is proved, which one thread runs. */
export interface Part {
  readonly name: string
  /** `progress` hears of every schedule that is done. */
  readonly run: (progress: (done: { of: number }) => void) => Promise<Result>
}

/** A share of the matrix: one world, and every trouble of one sort in it. */
interface Share {
  readonly scenario: Scenario
  /** The troubles, given the world's run without any. */
  readonly troubles: (calm: Outcome) => readonly Trouble[]
}

export interface Result {
  /** Of two that race; absent for a share of the matrix. */
  readonly race?: PairResult
  /** Schedules that were run. */
  readonly schedules: number
  /** One text for each that did not converge, or broke an invariant on the way. */
  readonly failures: readonly string[]
  /** Calls of the two functions. */
  readonly calls: number
  /** Of a share of every pair of faults, which are not all run by themselves. */
  readonly explored?: Explored
}

/** What came of a part, and all that IAM would have been asked in its thread by then. */
export type PartResult = Result & { readonly asked: readonly AskedLine[] }

const part =
  (sort: string, troubles: Share['troubles']) =>
  (scenario: Scenario): Part => ({
    name: `${sort}: ${scenario.name}`,
    run: (progress) => runShare({ scenario, troubles }, progress),
  })

const withoutDuplicates = scenarios.filter(({ duplicates }) => duplicates === 'refuse')

/** Every single fault at every call, in every world, each from its beginning to its end. */
const wholeSingles: readonly Part[] = [...scenarios, ...otherKinds].map(
  part('single faults from beginning to end', singles),
)

/**
 * The same for the tests: a fault at a call is run from the state in which it strikes to one whose end is known
 * (exploring.ts), what strikes no single call from beginning to end.
 */
const singlesOf = (scenario: Scenario): Part => ({
  name: `single faults: ${scenario.name}`,
  run: async (progress) => {
    let strikes = 0
    const troubles = (calm: Outcome) => {
      const all = singles(calm)
      strikes = all.filter(isStrike).length
      return all.filter((trouble) => !isStrike(trouble))
    }
    const whole = await runShare({ scenario, troubles }, progress)
    const { explored } = await explore(scenario, {
      faults: 1,
      progress: ({ runs }) => progress({ of: runs }),
    })
    const { firsts, calls, failures } = explored
    if (firsts !== strikes) throw new Error(`${firsts} faults at calls were run, of ${strikes}`)
    return {
      schedules: whole.schedules + firsts,
      failures: [...whole.failures, ...failures.map((failure) => failed(scenario, failure))],
      calls: whole.calls + calls,
    }
  },
})

export const singleFaults: readonly Part[] = scenarios.map(singlesOf)

export const otherSinglesOf = (kind: SimulatedKind): readonly Part[] =>
  otherKinds.filter((one) => one.kind === kind).map(singlesOf)

/** One in nine of them, spread over all faults and all calls, through the AWS SDK's own clients. */
const throughSdk: readonly Part[] = [...scenarios, ...otherKinds].map((scenario) =>
  part('single faults through the SDK', (calm) => singles(calm).filter((_, index) => index % 9 === 4))({
    ...scenario,
    through: 'sdk',
  }),
)

/** An administrator's edit between any two calls. */
export const edited: readonly Part[] = withoutDuplicates.map(part('edits', edits))

/** A call that takes long. */
export const slowed: readonly Part[] = [...withoutDuplicates, shortGrace].map(part('slow calls', slow))

/**
 * Every fault at every call from the promotion to the first retirement that is undone, and at every later undoing: what
 * comes between is the same once more, for as long as anybody retries.
 */
export const dying: readonly Part[] = dyingTokens.map(
  part('retirements undone', ({ calls }) => {
    const isFirst = (name: string, call: number) => call < 70 && /^(finishSecret|retire) /.test(name)
    const isUndoing = (name: string) => /^(finishSecret|retire) PUT .auth.credentials.activate$/.test(name)
    return callFaults.flatMap((fault) =>
      calls.flatMap((name, call): Trouble[] =>
        isFirst(name, call) || isUndoing(name) ? [{ fault, call }] : [],
      ),
    )
  }),
)

const lotsPerWorld = 500

/** Two faults in one rotation, by lot: for the tests, which have two minutes. */
export const someFaultPairs: readonly Part[] = somePairs([...scenarios, ...otherKinds], {
  seed: 1,
  firsts: 6,
})

/** Every world in which each pair of faults is tried. */
const everyPair = (shard: Shard): readonly Part[] => pairParts([...scenarios, ...otherKinds], shard)

/** One call in ten goes wrong, for two hours. */
const byLot: readonly Part[] = scenarios.map(
  part('faults by lot', () =>
    Array.from({ length: lotsPerWorld }, (_, seed): Trouble => ({ fault: 'by lot', seed: seed + 1 })),
  ),
)

/** Every fault at every call of a command, on every kind. */
const commands: readonly Part[] = operationCases.map(commandPart('commands', 1))

/** Two at once, in every way; see there for which share of the pairs of places is taken. */
const races: readonly Part[] = pairs.map((pair) => ({
  name: `races: ${pair.name}`,
  run: async (progress) => {
    const race = await runPair({ pair, share: pair.share, onRace: (of) => progress({ of }) })
    return { race, schedules: race.interleavings, failures: race.failures, calls: 0 }
  },
}))

/** All that `npm run prove` runs beside the pairs of faults, the longest shares first. */
const everyOtherPart: readonly Part[] = [
  ...byLot,
  ...wholeSingles,
  ...throughSdk,
  ...dying,
  ...edited,
  ...slowed,
  ...races,
  ...commands,
]

/** All that `npm run prove` runs, with so many of the pairs of faults. */
export const everyPart = (shard: Shard): readonly Part[] => [...everyPair(shard), ...everyOtherPart]

/** A part by its name, which says of the pairs which they are. */
export function partNamed(name: string): Part | undefined {
  const [, number, of] = /^pairs (\d+)\/(\d+): /.exec(name) ?? []
  return everyPart({ number: Number(number ?? 1), of: Number(of ?? 1) }).find((one) => one.name === name)
}

/** One schedule again, as a failure of a pair prints it. */
export const replayed = (text: string): Promise<Outcome> =>
  replay({ text, among: [...scenarios, ...otherKinds] })

/** Runs a part. */
export async function runPart(
  part: Part,
  progress: (done: { of: number }) => void = () => {},
): Promise<PartResult> {
  const result = await withoutStacks(() => part.run(progress))
  return { ...result, asked: askedSoFar() }
}

/**
 * Many schedules end with errors, which are told by code and message alone: gathering their stacks takes a tenth of the
 * time.
 */
async function withoutStacks<T>(work: () => Promise<T>): Promise<T> {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return await work()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

async function runShare(share: Share, progress: (done: { of: number }) => void): Promise<Result> {
  const { scenario, troubles } = share
  // A client's first call takes more turns than the next ones, and comes after others then.
  await run({ scenario, trouble: { fault: 'none' } })
  const calm = await run({ scenario, trouble: { fault: 'none' } })
  const failures = calm.problems.length > 0 ? [described(calm)] : []
  const chosen = troubles(calm)
  let calls = calm.calls.length
  for (const trouble of chosen) {
    const outcome = await run({ scenario, trouble })
    calls += outcome.calls.length
    const strayed = strayedFrom(calm, outcome)
    if (outcome.problems.length > 0 || strayed !== undefined)
      failures.push(described(outcome) + (strayed ?? ''))
    progress({ of: chosen.length + 1 })
  }
  return { schedules: chosen.length + 1, failures, calls }
}

/** Until it is struck, a run makes the calls of the calm one: else the schedules would not be all there are. */
function strayedFrom(calm: Outcome, outcome: Outcome): string | undefined {
  const [first] = outcome.struck
  if (first === undefined || outcome.trouble.fault === 'by lot' || first.call >= calm.calls.length)
    return undefined
  const made = `${first.phase} ${first.operation}`
  const expected = calm.calls[first.call]
  return made === expected ? undefined : `    call ${first.call} was to be ${expected}`
}

/** Breaks the functions on purpose, and reports the breakages that the matrix does not find. */
export async function runBreakages(): Promise<Result> {
  const failures: string[] = []
  for (const breakage of breakages) {
    const { broken, asItIs } = await tryOut(breakage)
    if (!breakage.caughtBy.test(broken.join('\n'))) failures.push(`not found: ${breakage.name}`)
    if (asItIs.length > 0) failures.push(`found without it: ${breakage.name}: ${asItIs.join('; ')}`)
  }
  return { schedules: breakages.length, failures, calls: 0 }
}

/** What a share of every pair of faults ends with. */
export const coverage = ({ firsts, pairs, runs, calls, states, failures }: Explored): string =>
  `${pairs} pairs, ${firsts} first faults: ${failures.length} failures in ${runs} runs and ${calls} calls, ${states} states`

/** The line that a part ends with. */
export const convergence = ({ schedules, failures }: Pick<Result, 'schedules' | 'failures'>): string =>
  `${schedules - failures.length} of ${schedules} schedules converge`
