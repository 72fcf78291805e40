import type { Delivery } from '../../sandbox/dfns/webhook-model.ts'
import { type Chances, strikeByLot, type Struck } from './faults.ts'
import type { Lambdas } from './lambdas.ts'
import { receiverUrl, webhookEvents } from './secrets.ts'
import { createSimulation, type SimulatedCall, type Simulation } from './world.ts'

/** What came of one run. */
export interface WebhookRun {
  readonly problems: readonly string[]
  readonly rotations: number
  readonly calls: number
  /** Attempts to tell the receiver of an event; pings are none. */
  readonly deliveries: number
  readonly faults: number
}

const minutes = 60_000
const hours = 60 * minutes

/** Dfns tries an event five times. From the first attempt to each, in milliseconds. */
const attempts = [0, 1 * minutes, 12 * minutes, 2 * hours, 24 * hours]

/** A rotation has five repetitions: one that succeeds is left, also where strays have to grow old before. */
const faultsPerRotation = 3
/** The last one is calm: it finds all that the others may have left. */
const rotationsPerRun = 3

/** What goes wrong between the questions of createSecret and its put. */
const chances: Chances = {
  'timed out': 0.05,
  'reply lost': 0.1,
  'killed before': 0.05,
  'killed after': 0.1,
  overtaken: 0.1,
}

/**
 * Rotates the secret of a webhook several times, with faults and twins around Create Webhook, while events happen that its
 * receiver may take at once, later or never.
 */
export async function runWebhooks(of: { seed: number; lambdas?: Lambdas }): Promise<WebhookRun> {
  const { seed } = of
  const isAtOnce = seed % 2 === 0
  const grace = isAtOnce ? 'PT0S' : 'PT26H'
  // What setSecret does not see of its rotation's strays, because a list lags, the next rotation removes.
  const switches = { webhookListLag: Math.floor(seed / 2) % 3 }
  const world = createSimulation({ ...of, switches, grace: { default: grace, adopted: grace } })
  try {
    const { arn } = await world.addSecret({
      name: 'prod/hook',
      kind: 'webhook',
      first: isAtOnce ? 'adopted' : 'own',
      ...(isAtOnce && { grace }),
    })
    const { dfns, orgId } = world
    const foreign = `somebody else's dfns-rotator ${'0'.repeat(24)} ${'0'.repeat(32)} ${'0'.repeat(8)}`
    const settings = { url: 'https://other.test/hook', events: [...webhookEvents], description: foreign }
    const stranger = dfns.createWebhook({ orgId, ...settings })
    const town = receiverOf(world)
    const struck: Struck[] = []
    for (let rotation = 0; rotation < rotationsPerRun; rotation++) {
      town.happenFor(48 * hours)
      await world.advance(Math.floor(world.random() * 6 * hours))
      if (rotation < rotationsPerRun - 1) strikeRotation(world, struck)
      await world.rotateNow(arn)
      await world.advance(4 * hours)
      world.plan = undefined
      world.delivery = undefined
      await world.advance((40 + Math.floor(world.random() * 20)) * hours)
    }
    await world.advance(60 * hours)
    const current = currentId(world, arn)
    const problems = [
      ...world.findings.map(({ invariant, problem, during }) => `${invariant}: ${problem} (${during})`),
      ...world.checkers.unconverged(arn),
      ...othersThan({ world, expected: [stranger.webhookId, current] }),
      ...town.untold(),
    ]
    const { calls, rotations } = world.counts
    return { problems, rotations, calls, deliveries: town.deliveries(), faults: struck.length }
  } finally {
    world.close()
  }
}

/** Strikes by lot, and a few times at most, what comes after the questions of createSecret. */
function strikeRotation(world: Simulation, struck: Struck[]): void {
  const last = struck.length + faultsPerRotation
  const byLot = strikeByLot({ world, chances, struck })
  const isMaking = makingOf()
  world.plan = (call) => (isMaking(call) && struck.length < last ? byLot(call) : undefined)
  let twins = 0
  world.delivery = ({ phase }) =>
    phase === 'createSecret' && world.random() < 0.3 && twins++ < 1 ? 'at-once' : undefined
}

/** Whether a call is the creation of a webhook, the signature for it, or anything after it in that invocation. */
function makingOf(): (call: SimulatedCall) => boolean {
  const begun = new WeakSet<object>()
  return ({ invocation, request }) => {
    if (invocation.phase !== 'createSecret') return false
    const { path, operation, body } = request
    const isSignature = path.startsWith('/auth/action') && body.includes('"/webhooks"')
    if (isSignature || operation === 'POST /webhooks') begun.add(invocation)
    return begun.has(invocation)
  }
}

const currentId = ({ vault, dfns, orgId }: Simulation, arn: string): string => {
  const version = [...vault.find(arn).versions.values()].find(({ labels }) => labels.has('AWSCURRENT'))
  const text = version?.value && 'SecretString' in version.value ? version.value.SecretString : '{}'
  const { webhookId = '' } = JSON.parse(text) as { webhookId?: string }
  return dfns.webhooks({ orgId }).some((one) => one.webhookId === webhookId && one.status === 'Enabled')
    ? webhookId
    : 'none'
}

function othersThan({ world, expected }: { world: Simulation; expected: readonly string[] }): string[] {
  const { dfns, orgId } = world
  const ids = dfns.webhooks({ orgId }).map(({ webhookId }) => webhookId)
  const isSame = ids.toSorted().join() === expected.toSorted().join()
  return isSame ? [] : [`webhooks ${ids.join(', ')} are there, not ${expected.join(', ')}`]
}

/**
 * A receiver that is up and down by turns, for minutes or for a day, and the events that it is to hear of. Pings are of
 * another sort: what handles events is behind what answers them, and only now and then refuses one.
 */
function receiverOf(world: Simulation) {
  const { clock, dfns, orgId, random } = world
  const outages: { readonly from: number; readonly to: number }[] = []
  const isUp = (time: number) => !outages.some(({ from, to }) => from <= time && time < to)
  const told = new Set<number>()
  const happened: number[] = []
  let deliveries = 0
  const respond = ({ body }: Delivery) => {
    if (body.includes('webhook.ping')) return { status: random() < 0.2 ? 503 : 200 }
    deliveries += 1
    if (!isUp(clock.now())) return random() < 0.5 ? ('no answer' as const) : { status: 503 }
    told.add((JSON.parse(body) as { data: { n: number } }).data.n)
    return { status: 200 }
  }
  dfns.receive({ url: receiverUrl, respond })
  const happen = () => {
    const n = happened.push(clock.now()) - 1
    return dfns.emit({ orgId, kind: webhookEvents[0], data: { n } })
  }
  return {
    deliveries: () => deliveries,
    /** Events from now on, each some minutes to hours after the last, and outages of the receiver. */
    happenFor(ms: number): void {
      const end = clock.now() + ms
      for (let at = clock.now(); at < end; at += Math.ceil(random() * 6 * hours)) clock.at(at, happen)
      for (let from = clock.now(); from < end; from += Math.ceil(random() * 24 * hours)) {
        const lasts = random() < 0.3 ? 22 * hours : random() * 3 * hours
        outages.push({ from, to: from + Math.ceil(lasts) })
      }
    },
    /** Events of which the receiver has never heard although it was up at one of Dfns's attempts. */
    untold: (): string[] =>
      happened.flatMap((at, n) =>
        told.has(n) || !attempts.some((delay) => at + delay <= clock.now() && isUp(at + delay))
          ? []
          : [`event ${n} was never delivered`],
      ),
  }
}
