import { linesOf, summaryOf } from '../test/long-run/report.ts'
import { runSeeds } from '../test/long-run/seeds.ts'
import type { AskedLine } from '../test/support/asked.ts'

/**
 * Lives through 90 virtual days of 30 secrets for each of the seeds 1 to `seeds`, on every core. Prints each
 * seed that breaks a promise as it ends, with how to replay it, and at last what was run; resolves to whether
 * every promise was kept. The first seed is run twice: both runs have to be the same to the last call.
 */
export async function proveLongRuns(parts: {
  seeds: number
  print: (line: string) => void
  /** Hears of every seed that is done. */
  progress?: (done: { of: number }) => void
  /** Hears of everything that IAM would have been asked. */
  onAsked: (asked: readonly AskedLine[]) => void
}): Promise<boolean> {
  const { seeds, print, progress = () => {}, onAsked } = parts
  const chosen = [...Array.from({ length: seeds }, (_, index) => index + 1), 1]
  const outcomes = await runSeeds({
    seeds: chosen,
    onOutcome: (outcome) => {
      for (const line of linesOf(outcome)) print(line)
      onAsked(outcome.asked)
      progress({ of: chosen.length })
    },
  })
  const [first] = outcomes
  const replays = first?.hash === outcomes.at(-1)?.hash
  for (const line of summaryOf(outcomes.slice(0, -1))) print(line)
  print(replays ? '  seed 1 replays to the last call' : '  seed 1 does NOT replay: its two runs differ')
  return replays && outcomes.every(({ findings }) => findings.length === 0)
}

// One seed again, with the story of one secret: node scripts/prove-long.ts 7 prod/03
if (import.meta.main) await import('../test/long-run/replay.ts')
