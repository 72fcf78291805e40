import { type Interleaving, interleavings, race, type Raced } from './interleaving.ts'
import type { Lambdas } from './lambdas.ts'
import type { Pair } from './pairs.ts'
import { seededRandom } from './random.ts'
import { dayMs, holder, hourMs, operate, problemsOf, type Setting } from './setting.ts'

export interface RaceOutcome extends Raced {
  readonly problems: readonly string[]
}

/** One interleaving, then everything that comes by itself: retries, schedules, and audit every day. */
async function runRace(of: {
  pair: Pair
  order: 'as named' | 'reversed'
  interleaving?: Interleaving | undefined
  lambdas?: Lambdas | undefined
}): Promise<RaceOutcome> {
  const { pair, order, interleaving, lambdas } = of
  const opened = await pair.open({ kind: pair.kind, ...(lambdas && { lambdas }) })
  const { setting } = opened
  const [one, other] = opened.racers
  const racers = order === 'as named' ? ([one, other] as const) : ([other, one] as const)
  try {
    const raced = await race({ setting, racers, interleaving })
    const wrong = racers.flatMap(({ name }, index) => {
      const code = raced.codes[index] ?? ''
      return pair.codes[name]?.includes(code) ? [] : [`${name} ended with ${code}`]
    })
    const refused = problemsOf(setting).filter((problem) => problem.startsWith('AWSCURRENT is refused'))
    if (refused.length === 0 && pair.transient) setting.world.checkers.excuse(pair.transient)
    await settle({ setting, pair })
    const left = problemsOf(setting).filter(
      (problem) => !problem.startsWith('dead letter') && pair.isLeft?.({ problem, setting }) !== true,
    )
    return { ...raced, problems: [...wrong, ...refused, ...left, ...wrongLetters({ setting, pair })] }
  } finally {
    setting.world.close()
  }
}

/** What lies where an alarm looks, and should not. */
function wrongLetters({ setting, pair }: { setting: Setting; pair: Pair }): readonly string[] {
  const { queues, deadLetterArn } = setting.world
  const codes = queues.messages(deadLetterArn).map(({ body }) => {
    const { responsePayload } = JSON.parse(body) as { responsePayload?: { errorType?: string } }
    return responsePayload?.errorType ?? 'no code'
  })
  return codes.filter((code) => pair.letters?.includes(code) !== true).map((code) => `dead letter: ${code}`)
}

async function settle({ setting, pair }: { setting: Setting; pair: Pair }): Promise<void> {
  const { world } = setting
  await world.advance(2 * hourMs)
  for (let day = 0; day < 4; day++) {
    await world.audit()
    await world.advance(dayMs)
  }
  const versionId = holder(setting, 'AWSPENDING')
  if (pair.sticks === true && versionId !== undefined) await operate(setting, 'abandon', { versionId })
}

export interface PairResult {
  readonly name: string
  readonly interleavings: number
  readonly failures: readonly string[]
}

/** Every place of one switch, and a share of all pairs of places for two, drawn by a seed; 1: every pair. */
export async function runPair(of: {
  pair: Pair
  share: number
  seed?: number
  /** Takes one in so many of those with one switch. */
  every?: number
  onRace?: (of: number) => void
  lambdas?: Lambdas | undefined
}): Promise<PairResult> {
  const { pair, share, seed = 1, every = 1, onRace = () => {}, lambdas } = of
  const random = seededRandom(seed)
  const failures: string[] = []
  let count = 0
  for (const order of ['as named', 'reversed'] as const) {
    // A client's first call takes more turns than the next ones.
    await runRace({ pair, order, lambdas })
    const calm = await runRace({ pair, order, lambdas })
    if (calm.calls[0].length === 0) continue
    const all: readonly (Interleaving | undefined)[] = [
      undefined,
      ...interleavings({ calls: calm.calls, every, isChosen: () => random() < share }),
    ]
    for (const interleaving of all) {
      const outcome = await runRace({ pair, order, interleaving, lambdas })
      count += 1
      onRace(all.length)
      if (outcome.problems.length > 0) failures.push(described({ pair, order, interleaving, outcome }))
    }
  }
  return { name: pair.name, interleavings: count, failures }
}

function described(of: {
  pair: Pair
  order: string
  interleaving: Interleaving | undefined
  outcome: RaceOutcome
}): string {
  const { pair, order, interleaving, outcome } = of
  const { at = -1, until = -1 } = interleaving ?? {}
  const [first, second] = outcome.calls
  const where = `${order}, first until ${at} (${first[at]}), second until ${until} (${second[until] ?? 'its end'})`
  const codes = outcome.codes.join(' and ')
  return `${pair.name}: ${where}: ${codes}\n${outcome.problems.map((problem) => `    ${problem}`).join('\n')}`
}

/** The line that a proof of races ends with. */
export function racesLine(results: readonly PairResult[]): string {
  const sum = (count: (result: PairResult) => number) => results.reduce((all, one) => all + count(one), 0)
  const all = sum((one) => one.interleavings)
  const kept = all - sum(({ failures }) => failures.length)
  const each = results.map(
    (one) => `${one.name} ${one.interleavings - one.failures.length} of ${one.interleavings}`,
  )
  return `races: ${kept} of ${all} interleavings keep every promise (${each.join(', ')})`
}
