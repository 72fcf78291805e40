import { newKey } from '../../sandbox/scene.ts'
import { seedCrypto } from '../simulation/seeded-crypto.ts'
import { createSimulation, type Simulation } from '../simulation/world.ts'
import { type Desk, openDesk } from './desk.ts'
import { diceOf } from './dice.ts'
import { graceOf, graces, type Habit, habits, policy } from './habits.ts'
import { createLedger, type Finding, stranger } from './ledger.ts'
import { days, type Outcome } from './outcome.ts'
import { count, edit, operate, randomEdit, sign, type Town } from './people.ts'
import { recorderOf } from './recorder.ts'
import { skyOver } from './weather.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** The last days are calm, so that every grace that began in a storm ends in calm. */
const calmDays = 9

/** Lives through 90 days. `storyOf` is the beginning of the names (`prod/07`) of which everything is told. */
export async function runLong({ seed, storyOf }: { seed: number; storyOf?: string }): Promise<Outcome> {
  seedCrypto(seed)
  const dice = diceOf({ seed, name: 'town' })
  const duplicateCredId = dice.pick(['refuse', 'allow'] as const)
  const world = createSimulation({
    seed,
    switches: { duplicateCredId },
    grace: policy,
    keepsHistory: false,
    through: 'direct',
  })
  const ledger = createLedger(world)
  const sky = skyOver({ world, dice: diceOf({ seed, name: 'weather' }) })
  const record = recorderOf({ world, storyOf })
  const town: Town = {
    world,
    ledger,
    dice,
    sky,
    secrets: [],
    deeds: new Map(),
    stuck: new Set(),
    tell: record.tell,
  }
  const desk = openDesk({ town, record })
  for (const [index, habit] of habits.entries()) await settle({ town, index, habit })
  const end = world.clock.now() + days * dayMs
  begin({ town, desk, end })
  await world.advance(days * dayMs)
  ledger.look()
  world.close()
  const { rotations, calls, retirements } = world.counts
  return {
    seed,
    rotations,
    retirements,
    calls,
    findings: [...ledger.findings, ...leaksIn(world)],
    faults: Object.fromEntries(sky.struck),
    deeds: Object.fromEntries(town.deeds),
    strays: ledger.strays(),
    hash: record.digest(),
    story: record.story,
  }
}

/** What the simulation's own checkers look at when an invocation ends, and the ledger does not. */
function leaksIn({ findings }: Simulation): Finding[] {
  return findings
    .filter(({ invariant }) => invariant === 'no secret in a log line or an error')
    .map(({ at, problem }) => ({ at, arn: '', rule: 'leak', text: problem }))
}

/** One more secret, its account at Dfns, and its rotation. */
async function settle(adding: { town: Town; index: number; habit: readonly Habit[] }): Promise<void> {
  const { town, index, habit } = adding
  const { world, ledger, dice, secrets } = town
  const tag = dice.pick(graces)
  const { arn, userId } = await world.addSecret({
    name: `prod/${String(index).padStart(2, '0')}`,
    first: dice.pick(['adopted', 'own']),
    ...(tag !== undefined && { grace: tag }),
    fields: { note: 'as it was' },
  })
  ledger.keep({ arn, userId, graceMs: graceOf(tag) })
  if (dice.chance(0.3)) world.dfns.addCredential({ userId, name: stranger, publicKey: newKey().publicKey })
  secrets.push(arn)
  for (const { day, rate } of habit) {
    const change = () => world.rotateBy(arn, { ScheduleExpression: `rate(${rate})` }).catch(later)
    // Refused while a rotation is not complete.
    const later = () => void world.clock.at(world.clock.now() + hourMs, change)
    if (day === 0) await change()
    else world.clock.at(world.clock.now() + day * dayMs, change)
  }
}

function begin({ town, desk, end }: { town: Town; desk: Desk; end: number }): void {
  const { world, sky, dice } = town
  const calmFrom = end - calmDays * dayMs
  sky.begin({
    end: calmFrom,
    onStorm: (length) => {
      for (let some = dice.whole(0, 1); some > 0; some--)
        rotateAt(town, world.clock.now() + dice.next() * length)
    },
  })
  operate(town, { end })
  keepFresh(world)
  live({ town, desk, end: calmFrom })
}

function rotateAt(town: Town, at: number): void {
  const { world, dice, secrets, tell } = town
  world.clock.at(Math.ceil(at), async () => {
    const arn = dice.pick(secrets as [string, ...string[]])
    tell(arn, 'by hand: rotate now')
    count(town, `rotate now, ${await world.rotateNow(arn)}`)
  })
}

/** What people and applications do at random moments, until `end`. */
function live({ town, desk, end }: { town: Town; desk: Desk; end: number }): void {
  const { world, dice, secrets, ledger } = town
  const anywhere = () => dice.pick(secrets as [string, ...string[]])
  const often = (meanMs: number, act: () => void | Promise<void>) => {
    const at = world.clock.now() + Math.ceil(-Math.log(1 - dice.next()) * meanMs)
    if (at >= end) return
    world.clock.at(at, async () => {
      await act()
      often(meanMs, act)
    })
  }
  often(24 * hourMs, () => rotateAt(town, world.clock.now() + 1))
  often(10 * hourMs, () => edit(town, { arn: anywhere(), what: randomEdit(town) }))
  often(10 * hourMs, () => desk.interrupt(anywhere()))
  often(12 * hourMs, async () => {
    const arn = anywhere()
    for (const status of await sign(town, arn)) if (status !== 200) ledger.refused(arn, status)
  })
}

/**
 * A stale read is one within five seconds of a write, however few reads there are; the sandbox counts reads. And what
 * Dfns issued and nobody used is forgotten every hour, between two invocations.
 */
function keepFresh({ clock, vault, dfns }: Simulation): void {
  vault.changes.listen(({ secret }) => {
    if (vault.staleReads === 0) return
    clock.at(clock.now() + 5_000, () => {
      for (let left = 3; left > 0; left--) vault.view(secret)
    })
  })
  const forget = () => {
    dfns.state.challenges.clear()
    dfns.state.userActions.clear()
    clock.at(clock.now() + hourMs, forget)
  }
  forget()
}
