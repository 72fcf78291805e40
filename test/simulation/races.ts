import { type Interleaving, interleavings, race, type Raced, type Racer } from './interleaving.ts'
import type { Lambdas } from './lambdas.ts'
import { aSecondBefore, audit, cancel, put, retire, rollbackTo, rotate } from './racers.ts'
import { seededRandom } from './random.ts'
import type { SimulatedKind } from './secrets.ts'
import {
  dayMs,
  documentOf,
  held,
  holder,
  hourMs,
  openSetting,
  operate,
  problemsOf,
  rotatedSetting,
  type Setting,
  stick,
} from './setting.ts'
import type { Finding } from './watched.ts'

/** Two that race, in a world in which both have something to do. */
export interface Pair {
  readonly name: string
  readonly kind: SimulatedKind
  readonly open: (options: { kind: SimulatedKind; lambdas?: Lambdas }) => Promise<Opened>
  /** Of all pairs of places that two switches may have; all places of one switch are taken. */
  readonly share: number
  /** What may end how: anything else is a problem. */
  readonly codes: Readonly<Record<string, readonly string[]>>
  /** What may be found while both are under way, and must be over when both have ended. */
  readonly transient?: (finding: Finding) => boolean
  /** Codes of a retirement that is given up on purpose, which somebody is told by a dead letter. */
  readonly letters?: readonly string[]
  /** A rotation may be left that cannot go on, until somebody gives it up. */
  readonly sticks?: boolean
  /** What is as it should be, whoever calls it left. */
  readonly isLeft?: (of: { problem: string; setting: Setting }) => boolean
}

interface Opened {
  readonly setting: Setting
  readonly racers: readonly [Racer, Racer]
}

type Open = Pair['open']

const openRollback: Open = async (options) => {
  const setting = await rotatedSetting(options)
  return { setting, racers: [rotate, rollbackTo(held(setting, 'AWSPREVIOUS'))] }
}

const openRetire: Open = async (options) => {
  const setting = await rotatedSetting(options)
  await aSecondBefore(setting)
  return { setting, racers: [rotate, retire] }
}

const openRetireAndRollback: Open = async (options) => {
  const { setting } = await openRetire(options)
  return { setting, racers: [retire, rollbackTo(held(setting, 'AWSPREVIOUS'))] }
}

/** A grace that is over, whose schedule was lost: there is something that audit retires. */
const openAudits: Open = async (options) => {
  const setting = await rotatedSetting(options)
  const { world } = setting
  for (const { group, name } of world.scheduler.list()) world.scheduler.delete({ group, name })
  await world.advance(dayMs + hourMs)
  return { setting, racers: [{ ...audit, name: 'the other audit' }, audit] }
}

/** A key that was registered and never promoted, and a label that somebody took away by hand. */
const openAudit: Open = async (options) => {
  const setting = await openSetting(options)
  const { world, arn } = setting
  await stick(setting, 'testSecret')
  await cancel.start(setting)
  await world.secretsManager('UpdateSecretVersionStage', {
    SecretId: arn,
    VersionStage: 'AWSPENDING',
    RemoveFromVersionId: held(setting, 'AWSPENDING'),
  })
  await world.advance(3 * hourMs)
  return { setting, racers: [rotate, audit] }
}

const openDeed =
  (deed: Racer): Open =>
  async (options) => {
    const setting = await openSetting(options)
    await setting.world.rotateBy(setting.arn, { AutomaticallyAfterDays: 30 })
    return { setting, racers: [rotate, deed] }
  }

/** AWSPREVIOUS is on another version with the credential that AWSCURRENT has: nothing is to be retired. */
function isSameCredential({ problem, setting }: { problem: string; setting: Setting }): boolean {
  const [, versionId] = /^AWSPREVIOUS on (\S+) is left$/.exec(problem) ?? []
  if (versionId === undefined) return false
  const { credId } = documentOf(setting, versionId)
  return credId === documentOf(setting, held(setting, 'AWSCURRENT')).credId
}

/** Whoever is cancelled has nobody to take AWSPENDING from what became current. */
const isLeftover = ({ problem, setting }: { problem: string; setting: Setting }): boolean =>
  problem === `AWSPENDING on ${held(setting, 'AWSCURRENT')} is left`

const isRefusal = ({ invariant }: Finding) => invariant === 'AWSCURRENT authenticates'

const kind = 'ServiceAccountKey'

/** A rotation makes some forty calls: every place of the first, and a third of those of the second. */
const third = 1 / 3

const rotateAndRetire: Omit<Pair, 'kind'> = {
  name: 'rotate × retire',
  open: openRetire,
  share: third,
  codes: { rotate: ['begun'], retire: ['done'] },
}

// Not invoked: its schedule was called off.
const anyRetirement = ['done', 'ERR_RETIRE_UNDONE', 'ERR_RETIRE_REFUSED', 'not invoked']

const retireAndRollback: Omit<Pair, 'kind'> = {
  name: 'retire × rollback',
  open: openRetireAndRollback,
  share: 1,
  codes: { retire: anyRetirement, rollback: ['done', 'ERR_CURRENT_CHANGED'] },
  // retire deactivates what rollback names a moment later, and one of them activates it again.
  transient: isRefusal,
  letters: ['ERR_RETIRE_UNDONE', 'ERR_RETIRE_REFUSED'],
}

export const pairs: readonly Pair[] = [
  {
    name: 'rotate × rollback',
    kind,
    open: openRollback,
    share: third,
    codes: { rotate: ['begun'], rollback: ['done', 'ERR_CURRENT_CHANGED'] },
  },
  { ...rotateAndRetire, kind },
  {
    name: 'rotate × audit',
    kind,
    open: openAudit,
    share: third,
    codes: { rotate: ['begun'], audit: ['done'] },
  },
  { ...retireAndRollback, kind },
  {
    name: 'audit × audit',
    kind,
    open: openAudits,
    share: 1,
    codes: { audit: ['done'], 'the other audit': ['done'] },
  },
  {
    name: 'rotate × manual PutSecretValue',
    kind,
    open: openDeed(put),
    share: 1,
    codes: { rotate: ['begun'], 'manual PutSecretValue': ['done'] },
    // What is put between two calls of createSecret is followed by the value of a rotation that has ended.
    sticks: true,
    isLeft: isSameCredential,
    // The schedule that finishSecret wrote is about the credential that the put value names.
    letters: ['ERR_RETIRE_REFUSED'],
  },
  {
    name: 'rotate × CancelRotateSecret',
    kind,
    open: openDeed(cancel),
    share: 1,
    codes: { rotate: ['begun'], CancelRotateSecret: ['done'] },
    sticks: true,
    isLeft: isLeftover,
  },
  { ...retireAndRollback, name: 'retire × rollback of a replaced account', kind: 'replaced account' },
  {
    ...retireAndRollback,
    name: 'retire × rollback of a webhook',
    kind: 'webhook',
    // What is deleted stays deleted: then AWSCURRENT stays where it was, or comes back there.
    codes: {
      ...retireAndRollback.codes,
      retire: [...anyRetirement, 'ERR_VERIFY'],
      // Dfns knows nothing of what is deleted between a question about it and the next.
      rollback: ['done', 'ERR_VERIFY', 'ERR_DFNS_RESPONSE'],
    },
    letters: ['ERR_VERIFY', 'ERR_RETIRE_REFUSED'],
  },
  { ...rotateAndRetire, name: 'rotate × retire of a replaced account', kind: 'replaced account' },
]

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
