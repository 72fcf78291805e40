// First: whatever draws at random has to draw from the seed.
import { seedCrypto } from '../simulation/seeded-crypto.ts'
import { createHash, randomUUID } from 'node:crypto'
import { RotationWindow } from '../../infra/rotation-window.ts'
import type { RotationRules, Secret } from '../../sandbox/secrets-manager/secret.ts'
import { deadLetterArn } from '../../sandbox/scene.ts'
import { addSecret, type SimulatedSecret } from '../simulation/secrets.ts'
import { arns } from '../simulation/work.ts'
import { type Account, openAccount } from './account.ts'
import type { Counts } from './counts.ts'
import { secretNumbered } from './mix.ts'
import { awsQuotas, scaledQuotas } from './quotas.ts'

export const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** When a fleet is rotated: in its windows over the week; all by hand; or all in one window of four hours. */
export type Occasion = 'spread' | 'pressed' | 'one window'

export interface FleetOptions {
  readonly secrets: number
  readonly occasion: Occasion
  readonly tells?: 'limits' | 'nothing'
  readonly seed?: number
  readonly rotateTimeoutMs?: number
  /** Functions that run at once; Lambda's default quota, in proportion to the fleet. */
  readonly concurrency?: number
  readonly progress?: (done: { rotated: number; of: number; at: number }) => void
}

/** The fleet that everything here is in proportion to. */
const whole = 10_000

/** Monday. */
const start = new Date('2026-01-05T00:00:00Z')

export interface FleetFigures {
  readonly secrets: number
  /** Milliseconds from the beginning of its window, or from RotateSecret, until AWSCURRENT had moved: each, sorted. */
  readonly waits: readonly number[]
  /** Attempts of the engine for each rotation, sorted. */
  readonly attempts: readonly number[]
  readonly counts: Counts
  /** When each rotation was done, in minutes since the beginning. */
  readonly doneAt: readonly number[]
  readonly deadLetters: number
  /** What the checkers found, and what is not as it has to be in the end. */
  readonly problems: readonly string[]
}

interface Course {
  readonly dueAt: Map<string, number>
  readonly doneAt: Map<string, number>
  readonly attempts: Map<string, number>
}

/** Lives through the rotation of every secret of a fleet, and through every grace after it. */
export async function runFleet(options: FleetOptions): Promise<FleetFigures> {
  const { secrets, occasion, tells = 'limits', seed = 1, rotateTimeoutMs = 5 * minuteMs, progress } = options
  seedCrypto(seed)
  const quotas = secrets === whole ? awsQuotas : scaledQuotas(secrets / whole)
  const account = openAccount({
    start,
    seed,
    perMinute: secrets / 10,
    tells,
    quotas: { ...quotas, ...(options.concurrency !== undefined && { concurrency: options.concurrency }) },
    grace: { default: 'PT24H', adopted: 'P7D' },
    timeoutsMs: { rotate: rotateTimeoutMs, retire: minuteMs },
  })
  const all = await settle({ account, secrets })
  await turnOn({ account, all, occasion })
  const course = follow({ account, all, occasion })
  if (occasion === 'pressed') pressAll({ account, all, course })
  for (let hours = 0; hours < 24 * 7 * 20 && course.doneAt.size < all.length; hours++) {
    await account.clock.advance(hourMs)
    progress?.({ rotated: course.doneAt.size, of: all.length, at: account.clock.now() - start.getTime() })
  }
  await account.clock.advance(9 * dayMs)
  account.close()
  return figuresOf({ account, all, course })
}

/** Every secret with what it holds at Dfns. */
async function settle({ account, secrets }: { account: Account; secrets: number }) {
  const { options, dfns } = account
  const { grace } = options
  const all: SimulatedSecret[] = []
  const { administrator } = account
  const making = { ...account, grace, administrator }
  const signer = await addSecret({ ...making, secret: { name: 'fleet-administrator', kind: 'UserKey' } })
  for (let index = 0; index < secrets; index++) {
    const secret = secretNumbered({ index, signer })
    all.push(await addSecret({ ...making, secret }))
  }
  dfns.state.effects.length = 0
  return all
}

const windows = new Map<string, RotationWindow>()

function rulesOf({ occasion, name }: { occasion: Occasion; name: string }): RotationRules {
  if (occasion === 'one window') return { ScheduleExpression: 'cron(0 3 ? * MON *)', Duration: '4h' }
  // Whatever has the same hour has the same window: checking a cron expression takes long, and there are 168 hours.
  const hour = String(createHash('sha256').update(name).digest().readUInt32BE() % (7 * 24))
  const window = windows.get(hour) ?? RotationWindow.weekly(name)
  windows.set(hour, window)
  const { expression, durationHours } = window
  return { ScheduleExpression: expression, Duration: `${durationHours}h` }
}

/** Without the test rotations, which the tests of single secrets have. */
async function turnOn(of: { account: Account; all: readonly SimulatedSecret[]; occasion: Occasion }) {
  const { account, all, occasion } = of
  const { engine, vault, functions, clock } = account
  const rotate = functions.get(arns.rotate)
  if (rotate === undefined) throw new Error('there is no function')
  functions.set(arns.rotate, { arn: arns.rotate, invoke: async () => ({ ok: true, payload: null }) })
  for (const { arn } of all) {
    const secret = vault.find(arn)
    const rules = rulesOf({ occasion, name: secret.name })
    const asked = { lambdaArn: arns.rotate, rules, rotateImmediately: false }
    engine.rotateSecret({ secret, token: randomUUID(), ...asked })
  }
  await clock.advance(1_000)
  functions.set(arns.rotate, rotate)
}

/** Who is due when, how often it is tried, and when it is done. */
function follow({
  account,
  all,
  occasion,
}: {
  account: Account
  all: readonly SimulatedSecret[]
  occasion: Occasion
}): Course {
  const { engine, vault, clock } = account
  const course: Course = { dueAt: new Map(), doneAt: new Map(), attempts: new Map() }
  const ours = new Set(all.map(({ arn }) => arn))
  if (occasion !== 'pressed') for (const { arn } of all) course.dueAt.set(arn, windowOf(vault.find(arn)))
  engine.events.listen((event) => {
    const { detail } = event as {
      detail?: { eventName?: string; additionalEventData?: { SecretId?: string } }
    }
    const arn = detail?.additionalEventData?.SecretId ?? ''
    if (!ours.has(arn)) return
    if (detail?.eventName === 'RotationStarted') course.attempts.set(arn, (course.attempts.get(arn) ?? 0) + 1)
    if (detail?.eventName !== 'RotationSucceeded') return
    course.doneAt.set(arn, clock.now())
    // Nobody is rotated a second time.
    clock.at(clock.now(), () => void engine.cancelRotateSecret(vault.find(arn)))
  })
  return course
}

/** The window that begins first: NextRotationDate is its end. */
function windowOf({ rotation }: Secret): number {
  const hours = Number.parseInt(rotation?.rules.Duration ?? '', 10)
  return (rotation?.nextRotationAt ?? 0) - hours * hourMs
}

/** Somebody presses *Rotate secret immediately* for each, as fast as Secrets Manager lets him. */
function pressAll({
  account,
  all,
  course,
}: {
  account: Account
  all: readonly SimulatedSecret[]
  course: Course
}): void {
  const { clock, engine, vault, options } = account
  const pauseMs = 1_000 / options.quotas.rotateSecret
  for (const [index, { arn }] of all.entries()) {
    clock.at(start.getTime() + 10 * minuteMs + index * pauseMs, () => {
      course.dueAt.set(arn, clock.now())
      engine.rotateSecret({ secret: vault.find(arn), token: randomUUID(), rotateImmediately: true })
    })
  }
}

function figuresOf(of: { account: Account; all: readonly SimulatedSecret[]; course: Course }): FleetFigures {
  const { account, all, course } = of
  const { checkers, counts, queues } = account
  const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b)
  const found = checkers.findings.map(
    ({ invariant, problem, during }) => `${invariant}: ${problem} (${during})`,
  )
  const left = all.flatMap(({ arn }) => {
    const never = course.doneAt.has(arn) ? [] : ['was never rotated']
    return [...never, ...checkers.unconverged(arn)].map(
      (problem) => `${account.vault.find(arn).name}: ${problem}`,
    )
  })
  return {
    secrets: all.length,
    waits: sorted([...course.doneAt].map(([arn, at]) => at - (course.dueAt.get(arn) ?? 0))),
    attempts: sorted([...course.attempts.values()]),
    doneAt: sorted([...course.doneAt.values()].map((at) => (at - start.getTime()) / minuteMs)),
    counts,
    deadLetters: queues.messages(deadLetterArn).length,
    problems: [...found, ...left],
  }
}
