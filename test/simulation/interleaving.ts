import type { Invocation, Phase } from './invocation.ts'
import type { Setting } from './setting.ts'
import type { SimulatedCall } from './world.ts'

/** One of two that race for a secret. */
export interface Racer {
  readonly name: string
  /** The phases whose calls are its own; none where it is done in one stroke. */
  readonly phases: readonly Phase[]
  /** Runs it whole, and says what it came to. */
  readonly start: (setting: Setting) => Promise<string>
}

/**
 * The first runs up to its call `at`; then the second, whole, or up to its call `until`; then the first to its
 * end; then the second to its end. Counted from 0.
 */
export interface Interleaving {
  readonly at: number
  readonly until?: number
}

export interface Raced {
  readonly codes: readonly [first: string, second: string]
  /** Calls of each, as they came. */
  readonly calls: readonly [first: readonly string[], second: readonly string[]]
}

/** Whose invocation it is: two of one phase are told apart by which of the racers has none yet. */
function ownersOf(racers: readonly [Racer, Racer]) {
  const owners = new Map<Invocation, Racer>()
  const started: Racer[] = []
  return {
    starts: (racer: Racer): void => void started.push(racer),
    ownerOf: ({ invocation }: SimulatedCall): Racer | undefined => {
      const known = owners.get(invocation)
      if (known !== undefined) return known
      const may = started.filter(({ phases }) => phases.includes(invocation.phase))
      const taken = [...owners.values()]
      const owner = may.findLast((racer) => !taken.includes(racer)) ?? may[0]
      if (owner !== undefined && racers.includes(owner)) owners.set(invocation, owner)
      return owner
    },
  }
}

/** Lets two race in exactly one way. Without `interleaving` the second begins when the first has ended. */
export async function race(of: {
  setting: Setting
  racers: readonly [Racer, Racer]
  interleaving?: Interleaving | undefined
}): Promise<Raced> {
  const { setting, racers, interleaving } = of
  const [first, second] = racers
  const { world } = setting
  const { starts, ownerOf } = ownersOf(racers)
  const calls = { first: [] as string[], second: [] as string[] }
  const paused = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  let running: Promise<string> | undefined
  const begin = () => {
    starts(second)
    running = second.start(setting)
    return running
  }
  world.plan = (call) => {
    const owner = ownerOf(call)
    const name = `${call.invocation.phase} ${call.request.operation}`
    if (owner === first) {
      const isHere = calls.first.push(name) - 1 === interleaving?.at
      return isHere
        ? { meanwhile: async () => void (await Promise.race([begin(), paused.promise])) }
        : undefined
    }
    if (owner !== second) return undefined
    const isHere = calls.second.push(name) - 1 === interleaving?.until
    if (!isHere) return undefined
    paused.resolve()
    return { meanwhile: () => ended.promise }
  }
  starts(first)
  const firstCode = await first.start(setting)
  ended.resolve()
  const secondCode = await (running ?? begin())
  world.plan = undefined
  return { codes: [firstCode, secondCode], calls: [calls.first, calls.second] }
}

/** Interleavings with one switch, and with two a share of the places of the second one. */
export function interleavings(of: {
  calls: Raced['calls']
  /** Takes one in so many of those with one switch. */
  every: number
  /** Whether a pair of places is among the share. */
  isChosen: () => boolean
}): readonly Interleaving[] {
  const [first, second] = of.calls
  const whole = first.map((_, at) => ({ at })).filter(({ at }) => at % of.every === of.every >> 1)
  // A stop before its very first call is the same as no start.
  const both = first.flatMap((_, at) => second.slice(1).map((__, until) => ({ at, until: until + 1 })))
  return [...whole, ...both.filter(of.isChosen)]
}
