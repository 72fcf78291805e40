import { covered, explore, type Failure } from './exploring.ts'
import { callFaults } from './faults.ts'
import { described, type Outcome, run, type Scenario, type Strike, type Trouble } from './matrix.ts'
import type { Part, Result } from './parts.ts'
import { numberOf, seededRandom } from './random.ts'

/** The pairs whose representatives one share of `of` runs; `number` is 1 to `of`. Together all of them. */
export interface Shard {
  readonly number: number
  readonly of: number
}

/** Which of a world's pairs are run. */
interface Choice {
  readonly firsts: (all: readonly Strike[]) => readonly Strike[]
  readonly seconds: (all: readonly Strike[]) => readonly Strike[]
}

type Progress = Parameters<Part['run']>[0]

const eachFaultAt = (calls: readonly number[]): readonly Strike[] =>
  calls.flatMap((call) => callFaults.map((fault) => ({ fault, call })))

/** What may go wrong first: every fault at every call of the run without any. */
const firstsOf = ({ calls }: Outcome) => eachFaultAt([...calls.keys()])

/** And after it: every fault at every later call of the run with the first one, which has calls of its own. */
const secondsOf = (first: Strike, { calls }: Outcome) =>
  eachFaultAt([...calls.keys()].filter((call) => call > first.call))

/** Of one world all that is chosen; one line for each that does not converge. */
async function runPairs(of: { scenario: Scenario; choice: Choice }, progress: Progress): Promise<Result> {
  const { scenario, choice } = of
  const calm = await run({ scenario, trouble: { fault: 'none' } })
  const failures: string[] = []
  let [schedules, calls] = [0, 0]
  for (const first of choice.firsts(firstsOf(calm))) {
    const alone = await run({ scenario, trouble: first })
    for (const second of choice.seconds(secondsOf(first, alone))) {
      const outcome = await run({ scenario, trouble: { fault: 'two', first, second } })
      schedules += 1
      calls += outcome.calls.length
      progress({ of: schedules })
      const missed = missedBy({ outcome, expected: [calm.calls[first.call], alone.calls[second.call]] })
      if (outcome.problems.length > 0 || missed !== undefined)
        failures.push([described(outcome), ...(missed ?? []), replayOf(outcome)].join('\n'))
    }
  }
  return { schedules, failures, calls }
}

/** Until they are struck, two runs make the same calls: else the pairs would not be all there are. */
function missedBy(of: {
  outcome: Outcome
  expected: readonly (string | undefined)[]
}): readonly string[] | undefined {
  const { outcome, expected } = of
  const struck = outcome.struck.map(({ phase, operation }) => `${phase} ${operation}`)
  return struck.join() === expected.join() ? undefined : [`    the calls were to be ${expected.join(', ')}`]
}

const replayOf = ({ scenario, trouble }: Outcome) => replayLine({ world: scenario.name, trouble })

const replayLine = (schedule: { world: string; trouble: Trouble }) =>
  `    npm run prove -- --replay '${JSON.stringify(schedule)}'`

/** One schedule again, as a failure prints it. */
export async function replay(of: { text: string; among: readonly Scenario[] }): Promise<Outcome> {
  const { world, trouble } = JSON.parse(of.text) as { world: string; trouble: Trouble }
  const scenario = of.among.find(({ name }) => name === world)
  if (scenario === undefined) throw new Error(`there is no world ${world}`)
  return run({ scenario, trouble })
}

/** A share of every pair of faults at every pair of calls: of the worlds that are given each a part. See exploring.ts. */
export const pairParts = (scenarios: readonly Scenario[], { number, of }: Shard): readonly Part[] =>
  scenarios.map((scenario) => ({
    name: `pairs ${number}/${of}: ${scenario.name}`,
    run: async (progress) => {
      const isOurs = (text: string) => numberOf(text) % of === number - 1
      const exploration = await explore(scenario, { isOurs, progress: ({ runs }) => progress({ of: runs }) })
      const { explored } = exploration
      const pairs = covered(exploration, isOurs)
      return {
        schedules: pairs,
        failures: explored.failures.map((failure) => failed(scenario, failure)),
        calls: explored.calls,
        explored: { ...explored, pairs },
      }
    },
  }))

/** The lines of a schedule that was explored and did not converge. */
export const failed = ({ name }: Scenario, { trouble, problems }: Failure): string =>
  [
    `${name}: ${JSON.stringify(trouble)}`,
    ...problems.map((problem) => `    ${problem}`),
    replayLine({ world: name, trouble }),
  ].join('\n')

/** Some of them by lot, the same ones for the same seed. */
export const somePairs = (scenarios: readonly Scenario[], lot: { seed: number; firsts: number }) =>
  scenarios.map((scenario): Part => {
    const drawn = (count: number, random: () => number) => (all: readonly Strike[]) =>
      Array.from({ length: count }, () => all[Math.floor(random() * all.length)]).filter(
        (one) => one !== undefined,
      )
    return {
      name: `some pairs of faults: ${scenario.name}`,
      run: (progress) => {
        const random = seededRandom(lot.seed)
        const choice = { firsts: drawn(lot.firsts, random), seconds: drawn(secondsEach, random) }
        return runPairs({ scenario, choice }, progress)
      },
    }
  })

/** Each first one costs a run by itself. */
const secondsEach = 4
