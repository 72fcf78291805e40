/**
 * What has to have been answered before a call may be made. Only the reason differs: a call waits for all
 * three alike.
 */
export interface Dependencies {
  /** Calls whose reply stands in the request. */
  readonly needs?: readonly string[]
  /** Calls whose answer may forbid this one: it has an effect, signs one, or hands a token to an origin. */
  readonly guardedBy?: readonly string[]
  /** Calls whose effect this one is made to look at. */
  readonly after?: readonly string[]
}

/** Name of a call → what it depends on. */
export type DependencyTable = Readonly<Record<string, Dependencies>>

/** A call with its name; times in milliseconds. */
export interface Step {
  readonly name: string
  readonly start: number
  readonly end: number
}

function dependenciesOf(table: DependencyTable, name: string): readonly string[] {
  const { needs = [], guardedBy = [], after = [] } = table[name] ?? {}
  return [...needs, ...guardedBy, ...after]
}

/** The longest chain of calls of which each depends on the one before. Throws where one depends on itself. */
export function longestChain(names: readonly string[], table: DependencyTable): readonly string[] {
  const known = new Map<string, readonly string[]>()
  const chainTo = (name: string, behind: readonly string[]): readonly string[] => {
    if (behind.includes(name)) throw new Error(`${name} depends on itself`)
    const found = known.get(name)
    if (found) return found
    const before = dependenciesOf(table, name)
      .filter((one) => names.includes(one))
      .map((one) => chainTo(one, [...behind, name]))
    const chain = [...longest(before), name]
    known.set(name, chain)
    return chain
  }
  return longest(names.map((name) => chainTo(name, [])))
}

function longest(chains: readonly (readonly string[])[]): readonly string[] {
  return chains.reduce((best, chain) => (chain.length > best.length ? chain : best), [])
}

/**
 * Where a recording and the table do not fit: a call that the table does not know, one that it knows and that
 * was not made, and a dependency that is none, since the call began before the other was answered.
 */
export function misfits(steps: readonly Step[], table: DependencyTable): readonly string[] {
  const byName = new Map(steps.map((step) => [step.name, step]))
  const unknown = steps
    .filter(({ name }) => !(name in table))
    .map(({ name }) => `${name} is not in the table`)
  const missing = Object.keys(table).filter((name) => !byName.has(name))
  const disproved = steps.flatMap(({ name, start }) =>
    dependenciesOf(table, name)
      .filter((one) => (byName.get(one)?.end ?? 0) > start)
      .map((one) => `${name} does not wait for ${one}`),
  )
  return [...unknown, ...missing.map((name) => `${name} was not made`), ...disproved]
}

/** How many calls were made one after the other: the most of which no two overlap. */
export function callsInOrder(steps: readonly Pick<Step, 'start' | 'end'>[]): number {
  let count = 0
  let last = Number.NEGATIVE_INFINITY
  for (const { start, end } of steps.toSorted((a, b) => a.end - b.end)) {
    if (start < last) continue
    count++
    last = end
  }
  return count
}

/** A call that began later than it could have. */
export interface NeedlessWait {
  readonly name: string
  /** The call it began right after, without depending on it. */
  readonly behind: string
  readonly ms: number
}

/** The calls that began `leastMs` or more after all that they depend on was answered, behind another call. */
export function needlessWaits(recorded: {
  steps: readonly Step[]
  table: DependencyTable
  start: number
  leastMs: number
}): readonly NeedlessWait[] {
  const { steps, table, start, leastMs } = recorded
  return steps.flatMap((step) => {
    const dependencies = dependenciesOf(table, step.name)
    const ends = steps.filter(({ name }) => dependencies.includes(name)).map(({ end }) => end)
    const ms = step.start - Math.max(start, ...ends)
    const before = steps.filter(({ end }) => end <= step.start).toSorted((a, b) => b.end - a.end)[0]
    // Late after what it depends on: then it did not wait for a call, the caller was slow.
    if (before === undefined || dependencies.includes(before.name) || ms < leastMs) return []
    return [{ name: step.name, behind: before.name, ms }]
  })
}
