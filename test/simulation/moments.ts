import type { Simulation } from './world.ts'

// Taking a world back to an earlier moment. What a world remembers is in plain objects, arrays, maps and sets that are
// reached from a few of its parts (tasks of the clock hold the same ones). A moment keeps the contents of each; taking
// the world back puts them back into the very same objects, so that every reference that anybody holds stays right.
//
// A moment is between two turns of the world. In the middle of an invocation what its code holds is nowhere to be found.

/** All that a world remembers, by name. What is left out here never changes, or is emptied by `forget`. */
export function partsOf(world: Simulation): Readonly<Record<string, object>> {
  const { vault, engine, scheduler, queues, dfns, checkers, clock, turns, counts } = world
  const { runs, due, handedOut } = engine.state
  const { organisations, identities, tokens, credentials, codes, permissions, assignments } = dfns.state
  const { policies, approvals, logs, webhooks } = dfns.state
  const { watched, findings, reported, foreign, queued, begun } = checkers.state
  return {
    secrets: vault.list(),
    runs,
    due,
    handedOut,
    schedules: scheduler.entries,
    queues: queues.state,
    organisations,
    identities,
    tokens,
    credentials,
    codes,
    permissions,
    assignments,
    policies,
    approvals,
    logs,
    webhooks,
    watched,
    findings,
    reported,
    foreign,
    queued,
    begun,
    clock: clock.state,
    turns: turns.state,
    counts,
  }
}

/**
 * Empties what only grows and nobody looks at any more: what happened, and the challenges and signed actions of
 * invocations that are over, whose ids nobody else has.
 */
export function forget({ wire, engine, vault, asyncInvocations, dfns, checkers }: Simulation): void {
  const { challenges, userActions, effects } = dfns.state
  if (checkers.state.effects !== effects.length)
    throw new Error('the checkers have not seen all that was done')
  const lists: readonly (readonly unknown[])[] = [
    wire.calls,
    engine.events.items,
    engine.progress.items,
    vault.changes.items,
    asyncInvocations.attempts.items,
    effects,
  ]
  for (const list of lists) (list as unknown[]).length = 0
  checkers.state.effects = 0
  challenges.clear()
  userActions.clear()
}

type PutBack = () => void

/** What a world remembers now. */
export type Moment = readonly PutBack[]

/** Keeps the moment; the world must be between two turns. */
export function keep(world: Simulation): Moment {
  const seen = new Set<object>()
  const moment: PutBack[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    moment.push(contentsOf(value, visit))
  }
  for (const part of Object.values(partsOf(world))) visit(part)
  return moment
}

/**
 * The same in the middle of a turn, while one invocation stands and has no request under way: what it holds itself, and
 * what it has drawn, stays.
 */
export function putBackWithin(moment: Moment): void {
  for (const put of moment) put()
}

export function putBack(world: Simulation, moment: Moment): void {
  // What another run left, which went another way.
  world.dfns.state.effects.length = world.checkers.state.effects
  for (const put of moment) put()
  forget(world)
  world.engine.state.working.clear()
  for (const invocation of world.live) invocation.isLeft = true
  world.live.clear()
  world.turns.resume()
}

function contentsOf(value: object, visit: (inner: unknown) => void): PutBack {
  if (value instanceof Map) {
    const entries = [...value]
    for (const [key, inner] of entries) {
      visit(key)
      visit(inner)
    }
    return () => {
      value.clear()
      for (const [key, inner] of entries) value.set(key, inner)
    }
  }
  if (value instanceof Set) {
    const members = [...value]
    members.forEach(visit)
    return () => {
      value.clear()
      for (const member of members) value.add(member)
    }
  }
  if (Array.isArray(value)) {
    const items: unknown[] = [...value]
    items.forEach(visit)
    return () => {
      value.length = 0
      for (const item of items) value.push(item)
    }
  }
  return fieldsOf(value as Record<string, unknown>, visit)
}

function fieldsOf(value: Record<string, unknown>, visit: (inner: unknown) => void): PutBack {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    throw new Error(`a moment cannot keep a ${value.constructor?.name}`)
  const fields = Object.entries(value)
  for (const [, inner] of fields) visit(inner)
  return () => {
    const names = Object.keys(value)
    // In the order that they had: what is written down as it stands shows it.
    const isOrdered = fields.every(([name], index) => names[index] === name)
    for (const name of isOrdered ? names.slice(fields.length) : names) delete value[name]
    for (const [name, inner] of fields) if (value[name] !== inner) value[name] = inner
  }
}
