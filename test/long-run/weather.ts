import type { Fault } from '../../sandbox/wire.ts'
import type { SimulatedCall, Simulation } from '../simulation/world.ts'
import type { Dice } from './dice.ts'

const hourMs = 3_600_000

/** A call is struck with this probability, and an invocation doubled. */
interface Weather {
  readonly name: 'calm' | 'storm' | 'Dfns is away'
  readonly strikes: number
  readonly doubles: number
}

const calm: Weather = { name: 'calm', strikes: 0, doubles: 0 }
const away: Weather = { name: 'Dfns is away', strikes: 0, doubles: 0 }

const kinds = [
  'refused',
  'throttled',
  'lost-before',
  'lost-after',
  'killed-before',
  'killed-after',
  'unavailable',
] as const satisfies readonly [Fault | 'unavailable', ...(Fault | 'unavailable')[]]

/** A 503, as a gateway answers it. */
const unavailable: Fault = { reply: { status: 503, headers: { 'content-type': 'text/html' }, body: '' } }

/** Longer than an invocation lasts. */
const gone: Fault = {
  reply: { status: 503, headers: { 'retry-after': '3600', 'content-type': 'text/html' }, body: '' },
}

/** The faults of 90 days: storms of an hour to four in which every kind strikes, and calm of six hours to thirty. */
export interface Sky {
  readonly now: () => Weather['name']
  /** How many faults struck, by kind. */
  readonly struck: ReadonlyMap<string, number>
  /** The fault that strikes a call, if one does. */
  strike(call: SimulatedCall): Fault | undefined
  /** Lets weather change until `end`; from then on it is calm. `onStorm` hears of each storm and how long it lasts. */
  begin(until: { end: number; onStorm: (ms: number) => void }): void
}

export function skyOver({ world, dice }: { world: Simulation; dice: Dice }): Sky {
  const struck = new Map<string, number>()
  let weather = calm
  const turn = (next: Weather) => {
    weather = next
    const isStormy = next.name === 'storm'
    world.vault.staleReads = isStormy ? dice.whole(0, 2) : 0
    const { orgId } = world
    const lags = { listLag: isStormy ? dice.whole(1, 2) : 1, acceptanceLag: isStormy ? dice.whole(0, 3) : 1 }
    world.dfns.setSwitches({ orgId, switches: lags })
    world.asyncInvocations.switches.deliversTwice =
      isStormy && dice.chance(next.doubles) ? dice.pick(['in-turn', 'at-once']) : false
  }
  const count = (kind: string) => void struck.set(kind, (struck.get(kind) ?? 0) + 1)

  world.delivery = ({ phase }) => {
    // Scheduler's queue doubles by itself.
    if (phase === 'retire' || !dice.chance(weather.doubles)) return undefined
    count('doubled')
    return dice.pick(['in-turn', 'at-once'])
  }

  return {
    now: () => weather.name,
    struck,
    strike({ request }) {
      if (weather === away && request.service === 'dfns') {
        count('Dfns away')
        return gone
      }
      if (!dice.chance(weather.strikes)) return undefined
      const kind = dice.pick(kinds)
      const fault = kind === 'unavailable' ? unavailable : kind
      // AWS's own answer to the same: one that it gives too often is not known to its SDK as a 503 in HTML.
      const suited = kind === 'unavailable' && request.service !== 'dfns' ? 'throttled' : fault
      count(typeof suited === 'string' ? suited : kind)
      return suited
    },
    begin({ end, onStorm }) {
      const { clock } = world
      const storm = () => {
        if (clock.now() + 4 * hourMs >= end) return
        const isAway = dice.chance(0.2)
        const length = isAway ? 3 * hourMs : Math.round((1 + 3 * dice.next()) * hourMs)
        turn(
          isAway
            ? away
            : { name: 'storm', strikes: dice.pick([0.02, 0.05, 0.12]), doubles: dice.pick([0, 0.2]) },
        )
        onStorm(length)
        clock.at(clock.now() + length, pause)
      }
      const pause = () => {
        turn(calm)
        clock.at(clock.now() + Math.round((6 + 24 * dice.next()) * hourMs), storm)
      }
      pause()
    },
  }
}
