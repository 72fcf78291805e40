import { type Chances, strikeByLot, type Struck } from '../simulation/faults.ts'
import { seededRandom } from '../simulation/random.ts'
import { createSimulation, type SimulatedCall, type Simulation } from '../simulation/world.ts'
import { cachedSecret } from './caching.ts'
import { type Calls, callsOf, type Consumer, type Failure } from './calls.ts'
import { type Door, openDoor, type Troubles } from './door.ts'
import {
  driftingClock,
  forgetHourly,
  goAwayNowAndThen,
  someChances,
  someTroubles,
  staleReadsIn,
  tallied,
  withoutCheckers,
} from './habits.ts'
import { everyRotating, type Rotating } from './kinds.ts'
import { libraryApplication } from './library.ts'
import { plainApplication } from './plain.ts'
import { type Story, storyOf } from './story.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** A grace, and how soon the next rotation may follow, in milliseconds: at least so long, at most twice. */
export interface Pace {
  readonly grace: string
  readonly every: number
}

/** An application that reads a secret. */
export interface Reader {
  readonly sort: Consumer['sort']
  /** How long it keeps a secret. */
  readonly ttlMs: number
  /** With the library: its secret is not read anew because of a refusal. */
  readonly isDeaf?: boolean
}

export interface RunOptions {
  readonly seed: number
  /** No rotation begins once so many have succeeded. */
  readonly rotations: number
  readonly paces: readonly Pace[]
  readonly applications: number
  /** The secrets are dealt to the applications in turn, and with each round of it the next of these sorts. */
  readonly readers: readonly Reader[]
  readonly rotating?: readonly Rotating[]
  /**
   * Milliseconds from one call of an application to the next, on average: for 75 minutes after something happened to its
   * secret, and at other times. 5 and 20 minutes unless given; beside these come calls between any two calls of a function.
   */
  readonly callEvery?: { readonly busy: number; readonly calm: number }
  readonly troubles?: Troubles
  /** Whether Secrets Manager is away for applications now and then, for up to ten minutes. */
  readonly secretsManagerGoesAway?: boolean
  /** Per call of the functions. */
  readonly chances?: Chances
  /** The share of writes after which the next reads of a secret show what was before; 0.2 unless given. */
  readonly staleReads?: number
}

export interface Outcome {
  readonly seed: number
  readonly applications: number
  readonly virtualDays: number
  /** Successful rotations, by the name of what rotated. */
  readonly rotations: Readonly<Record<string, number>>
  readonly retirements: number
  readonly calls: Calls['tally']['calls']
  /** Changes that Dfns carried out. */
  readonly done: number
  readonly stoodStill: number
  readonly repeated: number
  readonly failures: readonly Failure[]
  readonly givenUp: readonly Failure[]
  /** Calls whose change was carried out more than once although no reply was lost, or not at all although it succeeded. */
  readonly miscounted: readonly string[]
  /** Faults that struck applications, and those that struck the functions, by kind. */
  readonly struck: Readonly<Record<string, number>>
  readonly hash: string
}

interface Town {
  readonly world: Simulation
  readonly door: Door
  readonly calls: Calls
  readonly story: Story
  readonly random: () => number
  readonly consumers: readonly Consumer[]
  readonly secrets: readonly Kept[]
  readonly options: RunOptions
  readonly struck: Struck[]
  /** The name of what rotated, for each rotation that succeeded. */
  readonly rotated: string[]
  /** By secret: until when something that happened to it may still show. */
  readonly busyUntil: Map<string, number>
  isOver: boolean
}

interface Kept {
  readonly arn: string
  readonly name: string
  readonly pace: Pace
  readonly rotating: Rotating
}

/** Lives through rotations of every kind and strategy while applications sign without a pause. */
export async function runConsumers(options: RunOptions): Promise<Outcome> {
  const { seed, paces } = options
  const grace = paces[0]?.grace ?? 'PT24H'
  const world = createSimulation({
    seed,
    grace: { default: grace, adopted: grace },
    keepsHistory: false,
    switches: { patCredentialBelongsToUser: true, userCredentialSignsForPat: true, rateLimit: 1_000_000 },
  })
  try {
    const town = await open(world, options)
    const begun = world.clock.now()
    await live(town)
    return outcomeOf(town, (world.clock.now() - begun) / (24 * hourMs))
  } finally {
    world.close()
  }
}

async function open(world: Simulation, options: RunOptions): Promise<Town> {
  const { seed, paces, rotating = everyRotating, troubles = someTroubles } = options
  withoutCheckers(world)
  const { dfns, orgId } = world
  const counter = { url: 'https://counter.test/', events: ['wallet.created'], status: 'Disabled' } as const
  const { webhookId } = dfns.createWebhook({ orgId, ...counter })
  const random = seededRandom(seed * 7_919 + 1)
  const door = openDoor({ world, random, troubles })
  const story = storyOf(world.clock)
  const calls = callsOf({ clock: world.clock, random, door, webhookId, story })
  const secrets: Kept[] = []
  for (const pace of paces)
    for (const one of rotating) secrets.push(await keep({ world, rotating: one, pace }))
  const consumers = Array.from({ length: options.applications }, (_, index) =>
    consumerOf({ world, door, random, secrets, options, index }),
  )
  const rotated: string[] = []
  world.engine.events.listen((event) => {
    if (!('eventName' in event.detail) || event.detail.eventName !== 'RotationSucceeded') return
    const { SecretId } = event.detail.additionalEventData
    rotated.push(secrets.find(({ arn }) => arn === SecretId)?.rotating.name ?? SecretId)
  })
  return {
    world,
    door,
    calls,
    story,
    random,
    consumers,
    secrets,
    options,
    struck: [],
    rotated,
    busyUntil: new Map(),
    isOver: false,
  }
}

/** One secret under rotation; whoever holds its credential may make the change that applications ask for. */
async function keep(of: { world: Simulation; rotating: Rotating; pace: Pace }): Promise<Kept> {
  const { world, rotating, pace } = of
  const { kind, strategy } = rotating
  const name = `${rotating.name}-${pace.grace}`
  const { arn, userId } = await world.addSecret({
    name: `prod/${name}`,
    kind,
    grace: pace.grace,
    tags: { 'dfns-rotator:strategy': strategy },
  })
  const { dfns } = world
  const [token] = kind === 'replaced token' ? tokensOf(world, userId) : []
  const operations = ['Webhooks:Update']
  dfns.assignPermission({ userId, operations, ...(token !== undefined && { tokenId: token }) })
  return { arn, name, pace, rotating }
}

const tokensOf = ({ dfns }: Simulation, userId: string) =>
  [...dfns.state.tokens.values()]
    .filter((token) => token.userId === userId && token.kind === 'Pat')
    .map(({ tokenId }) => tokenId)

function consumerOf(of: {
  world: Simulation
  door: Door
  random: () => number
  secrets: readonly Kept[]
  options: RunOptions
  index: number
}): Consumer {
  const { world, door, random, secrets, options, index } = of
  const secret = secrets[index % secrets.length]
  const reader = options.readers[Math.floor(index / secrets.length) % options.readers.length]
  if (secret === undefined || reader === undefined) throw new Error('nothing to read')
  const { arn, rotating } = secret
  const { sort, ttlMs, isDeaf = false } = reader
  const now = driftingClock({ world, random })
  const application =
    sort === 'library'
      ? libraryApplication({ arn, ttlMs, door, clock: world.clock, now, kind: rotating.document, isDeaf })
      : plainApplication({ secret: cachedSecret({ arn, ttlMs, now, random, door }), now })
  return { name: `${secret.name}/${sort}-${index}`, arn, sort, application }
}

async function live(town: Town): Promise<void> {
  const { world, calls, consumers, secrets, options } = town
  world.plan = planOf(town)
  for (const consumer of consumers) keepCalling(town, consumer)
  for (const secret of secrets) keepRotating(town, secret)
  if (options.secretsManagerGoesAway) goAwayNowAndThen(town)
  forgetHourly(town.world)
  while (world.counts.rotations < options.rotations) await world.advance(10 * minuteMs)
  // The last retirements, and all that caches may still hold.
  await world.advance(3 * hourMs)
  town.isOver = true
  await calls.finish()
}

/** Faults strike the functions, and between any two of their calls applications go on. */
function planOf(town: Town) {
  const { world, random, options, struck, calls, consumers, story } = town
  const byLot = strikeByLot({ world, chances: options.chances ?? someChances, random, struck })
  const mayBeStale = staleReadsIn({ world, random, share: options.staleReads ?? 0.2 })
  const meanwhile = async ({ invocation }: SimulatedCall) => {
    const { secretArn: arn } = invocation
    if (random() < 0.6 && (await calls.goOn(arn))) return
    const among = consumers.filter((consumer) => consumer.arn === arn)
    const one = among[Math.floor(random() * among.length)]
    if (one !== undefined) await calls.begin(one, 0.4)
  }
  return (call: SimulatedCall) => {
    if (town.isOver) return undefined
    mayBeStale()
    // As long as any cache may hold what was before, and a while.
    town.busyUntil.set(call.invocation.secretArn, world.clock.now() + 75 * minuteMs)
    const fault = byLot(call)
    const { invocation, request } = call
    const shown = fault === undefined || 'meanwhile' in Object(fault) ? '' : `, ${JSON.stringify(fault)}`
    story.tell(invocation.secretArn, `${invocation.phase}: ${request.operation}${shown}`)
    if (fault !== undefined || random() >= 0.5) return fault
    return { meanwhile: () => meanwhile(call) }
  }
}

function keepCalling(town: Town, consumer: Consumer): void {
  const { world, random, calls, options, busyUntil } = town
  const { busy, calm } = options.callEvery ?? { busy: 5 * minuteMs, calm: 20 * minuteMs }
  const again = () => {
    const isBusy = (busyUntil.get(consumer.arn) ?? 0) > world.clock.now()
    const pause = (isBusy ? busy : calm) * (0.5 + random())
    world.clock.at(Math.ceil(world.clock.now() + pause), async () => {
      if (town.isOver) return
      again()
      await calls.begin(consumer, 0.03)
    })
  }
  again()
}

function keepRotating(town: Town, { arn, pace }: Kept): void {
  const { world, random, options } = town
  const again = (soonest: number) => {
    world.clock.at(Math.ceil(world.clock.now() + soonest * (1 + random())), async () => {
      if (world.counts.rotations >= options.rotations) return
      again(pace.every)
      await world.rotateNow(arn)
    })
  }
  again(minuteMs * 5)
}

function outcomeOf(town: Town, virtualDays: number): Outcome {
  const { world, door, calls, consumers, options, struck } = town
  const { tally } = calls
  return {
    seed: options.seed,
    applications: consumers.length,
    virtualDays,
    rotations: tallied(town.rotated),
    retirements: world.counts.retirements,
    calls: tally.calls,
    done: door.done.size,
    stoodStill: tally.stoodStill,
    repeated: tally.repeated,
    failures: tally.failures,
    givenUp: tally.givenUp,
    miscounted: tally.miscounted,
    struck: {
      ...Object.fromEntries(door.struck),
      ...tallied(struck.map(({ fault }) => `functions, ${fault}`)),
    },
    hash: calls.digest(),
  }
}
