import { createHash } from 'node:crypto'
import { partsOf } from './moments.ts'
import type { Simulation } from './world.ts'

// When two moments of a world are the same for all that comes. Everything that the world remembers is written down as it
// stands, byte by byte, ids and keys and times included; nothing is renamed. So nothing has to be believed of how the code
// treats what it does not know, but for what is left out:
// - `accessedAt`, `changedAt` of a secret: audit alone reads them, and it is not run here; the vault's stale reads would,
//   and are off;
// - `failedStep`: the engine begins every attempt anew (resumesFrom);
// - `created` of a schedule: with which token it was made, which only the repetition of that very request has again;
// - the requests of this minute at Dfns, and since when: they are told apart only at its limit, and `tame` holds that no run
//   comes near it;
// - what was signed, in Dfns's log: its list, which is all that the functions read, does not show it;
// - sessions that users opened: each is known to the invocation that opened it, and that is over;
// - which invocations are under way: before an invocation none is, and in its middle whoever compares knows;
// - how many calls and invocations there were: they name what a report names.
// A function stands for whatever it will do: of a task of the clock the text says which it is, and `about` for what.

const leftOut: Readonly<Record<string, readonly string[] | 'all'>> = {
  secrets: ['accessedAt', 'changedAt'],
  runs: ['failedStep'],
  schedules: ['created'],
  organisations: ['window', 'switches'],
  logs: ['assertion', 'actionToken'],
  counts: 'all',
  begun: 'all',
}

const leftOutWithin: typeof leftOut = { schedules: [] }

/** What a test leaves out beside, to see it found out. */
export type Forgotten = Readonly<Record<string, readonly string[]>>

/**
 * A text that two moments have in common only if nothing tells them apart. `within` an invocation its sessions, and what it
 * may repeat, are still its own.
 */
export function likenessOf(
  world: Simulation,
  options: { forgotten?: Forgotten; within?: boolean } = {},
): string {
  const { forgotten = {}, within = false } = options
  const hash = createHash('sha256')
  const writing = { numbers: new Map<object, number>(), within }
  for (const [name, part] of Object.entries(partsOf(world))) {
    const out = (within ? leftOutWithin[name] : undefined) ?? leftOut[name] ?? []
    if (out === 'all') continue
    const without = new Set([...out, ...(forgotten[name] ?? [])])
    hash.update(`\n${name}: ${written({ ...writing, value: part, without })}`)
  }
  return hash.digest('base64url').slice(0, 22)
}

interface Writing {
  readonly numbers: Map<object, number>
  readonly within: boolean
  readonly without: ReadonlySet<string>
}

/** What was written before is written as its number: the same object is not the same as one that looks like it. */
function written({ value, ...writing }: Writing & { value: unknown }): string {
  if (typeof value === 'function') return value.toString()
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  const { numbers, without, within } = writing
  const known = numbers.get(value)
  if (known !== undefined) return `#${known}`
  numbers.set(value, numbers.size)
  const inner = (one: unknown) => written({ ...writing, value: one })
  if (value instanceof Map) {
    const entries = [...value].filter(([, one]) => within || !isSession(one))
    return `{${entries.map(([key, one]) => `${inner(key)}>${inner(one)}`).join()}}`
  }
  if (value instanceof Set) return `<${[...value].map(inner).join()}>`
  if (Array.isArray(value))
    return `[${value
      .filter((one) => within || !isSession(one))
      .map(inner)
      .join()}]`
  const fields = Object.entries(value).filter(([name]) => !without.has(name))
  return `(${fields.map(([name, one]) => `${name}:${inner(one)}`).join()})`
}

const isSession = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'Token'
