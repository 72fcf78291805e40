import type { Racer } from './interleaving.ts'
import type { Lambdas } from './lambdas.ts'
import { aSecondBefore, audit, cancel, put, retire, rollbackTo, rotate } from './racers.ts'
import type { SimulatedKind } from './secrets.ts'
import {
  dayMs,
  documentOf,
  held,
  hourMs,
  openSetting,
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
