import type { Dispatched } from '../../../sandbox/faults.ts'
import type { WireRequest, WireResponse } from '../../../sandbox/wire.ts'
import { currentInvocation, type Invocation, spend } from '../../simulation/invocation.ts'
import type { Simulation } from '../../simulation/world.ts'
import { mangled, type Mangling } from './mangling.ts'

/** One reply that is not what its service answered. */
export interface Strike {
  /** Calls that are let through before it. */
  readonly after: number
  readonly mangling: Mangling
  /** The service never hears of the request: what arrives is made of an earlier reply to the like of it. */
  readonly isInstead: boolean
  /** Also whatever the same invocation asks in the same way once more. */
  readonly lasts: boolean
}

/** A strike that has been made, as a failure names it. */
export interface Struck {
  readonly phase: string
  readonly operation: string
  readonly mangling: Mangling
}

export interface Hostility {
  readonly struck: readonly Struck[]
  /** From here on every service answers as it does. */
  stop(): void
}

/** What a call costs at the least, in milliseconds of its invocation: so that nothing goes on for ever. */
const callMs = 20

/** Mangles replies of Dfns or of AWS, strike after strike. */
export function beHostile(of: {
  world: Simulation
  to: 'dfns' | 'aws'
  strikes: readonly Strike[]
  pool: readonly string[]
}): Hostility {
  const { world, to, pool } = of
  const { wire } = world
  const genuine = wire.dispatch.bind(wire)
  const left = [...of.strikes]
  const struck: Struck[] = []
  const lasting = new WeakMap<Invocation, Map<string, Mangling>>()
  const earlier = new Map<string, WireResponse>()
  let skipped = 0
  let isOver = false

  const next = (request: WireRequest, invocation: Invocation): Strike | undefined => {
    const { operation } = request
    const again = lasting.get(invocation)?.get(operation)
    // A page that its service does not have is the first one once more.
    const isInstead = again?.what === 'pages'
    if (again !== undefined) return { after: 0, mangling: again, isInstead, lasts: true }
    const [first] = left
    if (first === undefined || skipped++ < first.after) return undefined
    left.shift()
    skipped = 0
    struck.push({ phase: invocation.phase, operation, mangling: first.mangling })
    if (first.lasts || first.mangling.what === 'pages') {
      const known = lasting.get(invocation) ?? new Map<string, Mangling>()
      lasting.set(invocation, known.set(operation, first.mangling))
    }
    return first
  }

  wire.dispatch = async (request): Promise<Dispatched> => {
    const invocation = currentInvocation()
    const isTarget = (request.service === 'dfns') === (to === 'dfns')
    if (invocation === undefined) return genuine(request)
    spend(invocation, callMs)
    const strike = isOver || !isTarget ? undefined : next(request, invocation)
    const kind = likeOf(request)
    const known = strike?.isInstead === true ? earlier.get(kind) : undefined
    const reply = known ?? (await genuine(request))
    if (reply === 'broken') return reply
    if (strike === undefined || strike.mangling.what === 'pages') earlier.set(kind, reply)
    if (strike === undefined) return reply
    const given = [
      request.headers['authorization'] ?? '',
      request.headers['x-dfns-useraction'] ?? '',
      request.body,
    ]
    return mangled({ request, reply, mangling: strike.mangling, pool: [...pool, ...given] })
  }
  return {
    struck,
    stop: () => {
      isOver = true
    },
  }
}

/** The same call, whatever it is about. */
const likeOf = ({ service, operation }: WireRequest): string =>
  `${service} ${operation.replaceAll(/(?<=\/)[a-z]{2}-[\w-]+/g, '*')}`
