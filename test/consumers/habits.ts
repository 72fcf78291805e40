import type { Chances } from '../simulation/faults.ts'
import type { Simulation } from '../simulation/world.ts'
import type { Door, Troubles } from './door.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** What strikes the functions, per call. */
export const someChances: Chances = {
  throttled: 0.004,
  'timed out': 0.003,
  'reply lost': 0.003,
  'reply lost again': 0.001,
  'killed before': 0.003,
  'killed after': 0.003,
  overtaken: 0.002,
}

/** What strikes applications, per request. */
export const someTroubles: Troubles = { dfns: 0.02, secretsManager: 0.05 }

/** A clock that is up to two minutes off: no two caches end at the same moment. */
export function driftingClock(of: { world: Simulation; random: () => number }): () => number {
  const { world, random } = of
  const drift = Math.round((random() - 0.5) * 4 * minuteMs)
  return () => world.clock.now() + drift
}

/** Secrets Manager is away for applications now and then, for up to ten minutes. */
export function goAwayNowAndThen(of: { world: Simulation; random: () => number; door: Door }): void {
  const { world, random, door } = of
  const later = (ms: number, act: () => void) => void world.clock.at(Math.ceil(world.clock.now() + ms), act)
  const leave = () => {
    door.isSecretsManagerAway = true
    later(random() * 10 * minuteMs, comeBack)
  }
  const comeBack = () => {
    door.isSecretsManagerAway = false
    later((0.5 + random()) * 2 * hourMs, leave)
  }
  later(hourMs, leave)
}

/**
 * After some writes the next reads show what was before, for five seconds at most. `share` of the writes are so, in
 * [0, 1]; asked before every call of the functions.
 */
export function staleReadsIn(of: { world: Simulation; random: () => number; share: number }): () => void {
  const { world, random, share } = of
  const { vault, clock } = world
  vault.changes.listen(({ secret }) => {
    if (vault.staleReads === 0) return
    clock.at(clock.now() + 5_000, () => {
      for (let left = 3; left > 0; left--) vault.view(secret)
    })
  })
  return () => {
    vault.staleReads = random() < share ? 1 + Math.floor(random() * 2) : 0
  }
}

/** What was used up and nobody asks for again. The audit log is asked for its last hours. */
export function forgetHourly({ clock, dfns }: Simulation): void {
  const { challenges, userActions, logs } = dfns.state
  const forget = () => {
    for (const [id, { used }] of challenges) if (used) challenges.delete(id)
    for (const [id, { used }] of userActions) if (used) userActions.delete(id)
    for (const [id, { at }] of logs) if (at < clock.now() - 6 * hourMs) logs.delete(id)
    clock.at(clock.now() + hourMs, forget)
  }
  forget()
}

/** The consumers are the judges here; the simulation's own checkers have their proofs elsewhere. */
export function withoutCheckers({ checkers }: Simulation): void {
  const nothing = () => {}
  const looks = { look: nothing, watch: nothing, edited: nothing }
  Object.assign(checkers, { ...looks, begun: nothing, ended: nothing, sent: nothing, received: nothing })
}

/** Counts by name, sorted. */
export function tallied(names: Iterable<string>): Record<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return Object.fromEntries([...counts].toSorted(([one], [other]) => one.localeCompare(other)))
}
