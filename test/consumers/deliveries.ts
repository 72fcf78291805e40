import { firstEventId } from '../../client/webhook-event.ts'
import type { Clock } from '../../sandbox/clock.ts'
import type { Answer, Delivery } from '../../sandbox/dfns/webhook-model.ts'
import { type Chances, strikeByLot, type Struck } from '../simulation/faults.ts'
import { outsideInvocations } from '../simulation/invocation.ts'
import { seededRandom } from '../simulation/random.ts'
import { receiverUrl, webhookEvents } from '../simulation/secrets.ts'
import { createSimulation, type Simulation } from '../simulation/world.ts'
import { type Door, openDoor } from './door.ts'
import { forgers, type Forging } from './forgeries.ts'
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
import { outagesOf } from './outages.ts'
import { type Inbox, inboxOf, instanceOf, type ReceivedEvent, type Verify } from './receivers.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** Dfns tries an event five times. From the first attempt to each, in milliseconds. */
const attempts = [0, 1 * minuteMs, 12 * minuteMs, 2 * hourMs, 24 * hourMs]

/** What an instance of the receiver is made of. */
export interface InstanceParts {
  readonly door: Door
  readonly arn: string
  readonly random: () => number
  readonly clock: Clock
  /** The instance's own clock. */
  readonly now: () => number
}

export interface DeliveriesOptions {
  readonly seed: number
  readonly rotations: number
  /** Between two events, on average; milliseconds. */
  readonly eventEvery: number
  readonly instances: readonly ((parts: InstanceParts) => Verify)[]
  /** By what the receiver knows an event again; the library's firstEventId unless given. */
  readonly keysOf?: (event: ReceivedEvent) => readonly string[]
  /** Whether the receiver is down now and then; for minutes and for hours, unless told otherwise. */
  readonly outages?: 'none' | 'minutes and hours'
  /** Of the webhook's ping by testSecret: `best-effort` where an instance does not know AWSPENDING. */
  readonly ping?: 'required' | 'best-effort'
  readonly chances?: Chances
}

export interface DeliveriesOutcome {
  readonly seed: number
  readonly virtualDays: number
  readonly rotations: number
  readonly events: number
  /** What reached the receiver's address: attempts of Dfns, and the copies that the network made of them. */
  readonly deliveries: number
  readonly retries: number
  readonly copies: number
  /** Genuine deliveries of what had been handled before. */
  readonly duplicates: number
  /** What genuine deliveries were answered. */
  readonly answers: Readonly<Record<string, number>>
  /** What was made up, by its sort, and which of it was answered 200. */
  readonly forged: Readonly<Record<string, number>>
  readonly accepted: readonly string[]
  /** Events that were never handled, those handled more than once, and those that nobody ever sent. */
  readonly lost: readonly string[]
  readonly twice: readonly string[]
  readonly unheard: readonly string[]
  readonly struck: Readonly<Record<string, number>>
}

interface Street {
  readonly world: Simulation
  readonly arn: string
  readonly options: DeliveriesOptions
  readonly random: () => number
  readonly inbox: Inbox
  readonly instances: readonly ((delivery: Delivery) => Promise<Answer>)[]
  readonly isDown: (time: number) => boolean
  readonly forge: Forging
  /** When each event happened. */
  readonly happened: number[]
  readonly answers: string[]
  readonly forged: string[]
  readonly accepted: string[]
  readonly struck: Struck[]
  deliveries: number
  retries: number
  copies: number
  isOver: boolean
}

/** Tells a receiver of events through many rotations of its webhook's secret, among copies, forgeries and replays. */
export async function runDeliveries(options: DeliveriesOptions): Promise<DeliveriesOutcome> {
  const { seed, ping = 'required' } = options
  const world = createSimulation({
    seed,
    grace: { default: 'PT26H', adopted: 'PT26H' },
    keepsHistory: false,
    switches: { webhookPageSize: 100, rateLimit: 1_000_000 },
  })
  try {
    withoutCheckers(world)
    const tags = { 'dfns-rotator:webhook-ping': ping }
    const { arn } = await world.addSecret({ name: 'prod/hook', kind: 'webhook', tags })
    const begun = world.clock.now()
    const street = open({ world, arn, options })
    await live(street)
    return outcomeOf(street, (world.clock.now() - begun) / (24 * hourMs))
  } finally {
    world.close()
  }
}

function open(of: { world: Simulation; arn: string; options: DeliveriesOptions }): Street {
  const { world, arn, options } = of
  const random = seededRandom(options.seed * 104_729 + 1)
  const door = openDoor({ world, random, troubles: someTroubles })
  goAwayNowAndThen({ world, random, door })
  forgetHourly(world)
  const inbox = inboxOf({
    keysOf: options.keysOf ?? ((event) => [firstEventId(event)]),
    now: () => world.clock.now(),
  })
  const instances = options.instances.map((verifyOf) => {
    const now = driftingClock({ world, random })
    return instanceOf({ verify: verifyOf({ door, arn, random, clock: world.clock, now }), inbox })
  })
  const street: Street = {
    world,
    arn,
    options,
    random,
    inbox,
    instances,
    isDown: options.outages === 'none' ? () => false : outagesOf({ clock: world.clock, random }),
    forge: forgers({ world, random }),
    happened: [],
    answers: [],
    forged: [],
    accepted: [],
    struck: [],
    deliveries: 0,
    retries: 0,
    copies: 0,
    isOver: false,
  }
  const respond = (delivery: Delivery) => outsideInvocations(() => receive(street, delivery))
  world.dfns.receive({ url: receiverUrl, respond })
  return street
}

async function live(street: Street): Promise<void> {
  const { world, options, random, arn, struck } = street
  const byLot = strikeByLot({ world, chances: options.chances ?? someChances, random, struck })
  const mayBeStale = staleReadsIn({ world, random, share: 0.2 })
  world.plan = (call) => {
    if (street.isOver) return undefined
    mayBeStale()
    return byLot(call)
  }
  keepHappening(street)
  const rotate = () => {
    if (world.counts.rotations >= options.rotations) return undefined
    world.clock.at(Math.ceil(world.clock.now() + (28 + 4 * random()) * hourMs), rotate)
    return world.rotateNow(arn).then(() => {})
  }
  world.clock.at(world.clock.now() + hourMs, rotate)
  while (world.counts.rotations < options.rotations) await world.advance(hourMs)
  await world.advance(30 * hourMs)
  street.isOver = true
  // The last attempts of what happened last.
  await world.advance(25 * hourMs)
}

function keepHappening(street: Street): void {
  const { world, random, options, happened } = street
  const { clock, dfns, orgId } = world
  const again = () => {
    clock.at(Math.ceil(clock.now() + 2 * random() * options.eventEvery), async () => {
      if (street.isOver) return
      again()
      const n = happened.push(clock.now()) - 1
      await dfns.emit({ orgId, kind: webhookEvents[0], data: { n, note: 'zwölf €' } })
    })
  }
  again()
}

/** What arrives at the receiver's address. */
async function receive(street: Street, delivery: Delivery): Promise<Answer> {
  const { world, random, answers } = street
  if (delivery.body.includes('webhook.ping')) return hand(street, delivery)
  street.deliveries += 1
  if (delivery.body.includes('"retryOf"')) street.retries += 1
  const { clock } = world
  if (street.isDown(clock.now())) {
    answers.push('none, it was down')
    return random() < 0.5 ? 'no answer' : { status: 503 }
  }
  interfere(street, delivery)
  const answer = await hand(street, delivery)
  answers.push(answer === 'no answer' ? answer : String(answer.status))
  // The receiver took it, and Dfns does not hear so.
  return random() < 0.01 ? 'no answer' : answer
}

/** To any of the instances, each with a cache and a clock of its own. */
async function hand({ instances, random }: Street, delivery: Delivery): Promise<Answer> {
  const instance = instances[Math.floor(random() * instances.length)]
  return instance === undefined ? 'no answer' : instance(delivery)
}

/** The network makes copies, and somebody makes things up. */
function interfere(street: Street, delivery: Delivery): void {
  const { world, random, forge } = street
  const { clock } = world
  if (random() < 0.03) {
    clock.at(Math.ceil(clock.now() + random() * 2 * minuteMs), async () => {
      if (street.isDown(clock.now())) return
      street.deliveries += 1
      street.copies += 1
      await hand(street, delivery)
    })
  }
  if (random() >= 0.03) return
  const made = forge(delivery)
  clock.at(Math.ceil(made.at), async () => {
    const forged = made.delivery()
    if (forged === undefined) return
    street.forged.push(made.sort)
    const answer = await hand(street, forged)
    if (answer !== 'no answer' && answer.status === 200) street.accepted.push(`${made.sort}: ${forged.body}`)
  })
}

const iso = (time: number) => new Date(time).toISOString()

/** What Dfns knows of its attempts to tell of an event; nothing of what is older than a month. */
function attemptsOf({ dfns }: Simulation, n: number): string[] {
  return [...dfns.state.webhooks.keys()].flatMap((webhookId) =>
    dfns
      .webhookEvents({ webhookId })
      .filter(({ data }) => (data as { n?: number }).n === n)
      .map(({ deliveryAttempt, sentAt, status }) => {
        const which = `attempt ${deliveryAttempt} of ${webhookId}`
        return `${which} at ${iso(sentAt)} was answered ${status}`
      }),
  )
}

function outcomeOf(street: Street, virtualDays: number): DeliveriesOutcome {
  const { world, options, inbox, happened, isDown, struck } = street
  // Nobody reads more of these, and to look each of them up takes long.
  const named = (n: number, index: number) =>
    [`event ${n} of ${iso(happened[n] ?? 0)}`, ...(index < 10 ? attemptsOf(world, n) : [])].join(', ')
  const all = happened.map((_, n) => n)
  const untold = all.filter((n) => !inbox.handled.has(n))
  const couldHear = (n: number) => attempts.some((delay) => !isDown((happened[n] ?? 0) + delay))
  return {
    seed: options.seed,
    virtualDays,
    rotations: world.counts.rotations,
    events: happened.length,
    deliveries: street.deliveries,
    retries: street.retries,
    copies: street.copies,
    duplicates: inbox.duplicates,
    answers: tallied(street.answers),
    forged: tallied(street.forged),
    accepted: street.accepted,
    lost: untold.filter(couldHear).map(named),
    unheard: untold.filter((n) => !couldHear(n)).map(named),
    twice: [...inbox.handled]
      .filter(([n, times]) => times > 1 || n >= happened.length)
      .map(([n], index) => named(n, index)),
    struck: tallied(struck.map(({ fault }) => fault)),
  }
}
