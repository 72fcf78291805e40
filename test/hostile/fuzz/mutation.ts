/** Stands in texts that must not be printed, whatever they were put into. */
export const hostileText = 'hostile text, not to be printed'

/** One change of a JSON text, as data: it can be printed, shrunk and run again. */
export interface Mutation {
  /** Counts every place of the text, those in texts that are JSON themselves included; modulo their number. */
  readonly place: number
  readonly change: Change
}

export type Change =
  | { readonly how: 'drop' }
  | { readonly how: 'rename'; readonly to: string }
  /** An item twice, or a field twice in one object: the second time with a value that is written as it is. */
  | { readonly how: 'double'; readonly raw: string }
  /** Any text in place of the value, JSON or not. */
  | { readonly how: 'put'; readonly raw: string }
  /** The value so many times, in a list. */
  | { readonly how: 'many'; readonly count: number }
  /** The value under so many levels. */
  | { readonly how: 'nest'; readonly depth: number; readonly around: 'list' | 'object' }
  /** One of the texts that the world offers: ids of others, what was sent. */
  | { readonly how: 'swap'; readonly pick: number }
  /** The value of another place. */
  | { readonly how: 'copy'; readonly from: number }
  /** The first characters of a text, or of the whole. */
  | { readonly how: 'cut'; readonly at: number }

type Json = string | number | boolean | null | Json[] | JsonObject
interface JsonObject {
  [name: string]: Json
}

/** From the root to a value: names, indices, and `asJson` where a text is read as JSON. */
type Path = readonly (string | number | typeof asJson)[]
const asJson = Symbol('as JSON')

const isContainer = (value: unknown): value is Json[] | JsonObject =>
  value !== null && typeof value === 'object'

function read(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

function readInner(value: Json): Json | undefined {
  const inner = typeof value === 'string' && value.startsWith('{') ? read(value) : undefined
  return isContainer(inner) ? inner : undefined
}

/** What stands deeper is not told apart. */
const deepest = 12

function pathsIn(value: Json, path: Path = []): Path[] {
  if (path.length > deepest) return [path]
  const inner = readInner(value)
  const nested = isContainer(value)
    ? Object.entries(value).flatMap(([name, one]) =>
        pathsIn(one, [...path, Array.isArray(value) ? Number(name) : name]),
      )
    : []
  return [path, ...nested, ...(inner === undefined ? [] : pathsIn(inner, [...path, asJson]).slice(1))]
}

function valueAt(value: Json, [step, ...rest]: Path): Json {
  if (step === undefined) return value
  const next = step === asJson ? readInner(value) : (value as JsonObject)[step]
  return valueAt(next ?? null, rest)
}

/** Stand in a text that is being written for what JSON.stringify does not write. */
const rawMark = '@raw@'
const nameMark = '@name@'

interface Writing {
  readonly change: Change
  readonly whole: Json
  readonly pool: readonly string[]
}

/** The text after a mutation. What is no JSON can only be cut. */
export function mutated(text: string, { place, change }: Mutation, pool: readonly string[] = []): string {
  const whole = read(text)
  if (whole === undefined) return change.how === 'cut' ? text.slice(0, change.at % (text.length + 1)) : text
  const paths = pathsIn(whole)
  const path = paths[place % paths.length] ?? []
  const { how } = change
  if (path.length === 0 && how === 'cut') return text.slice(0, change.at % (text.length + 1))
  if (path.length === 0) return rawOf({ change, value: whole, whole, pool })
  return write(edited(whole, path, { change, whole, pool }), {
    change,
    value: valueAt(whole, path),
    whole,
    pool,
  })
}

function write(value: Json, raw: Writing & { value: Json }): string {
  const text = JSON.stringify(value)
  return text.replaceAll(new RegExp(`${nameMark}\\d*`, 'g'), '').replaceAll(`"${rawMark}"`, () => rawOf(raw))
}

/** A copy of the value in which what stands at a path is changed. */
function edited(value: Json, [step, ...rest]: Path, writing: Writing): Json {
  if (step === asJson) {
    const inner = readInner(value) ?? null
    return write(edited(inner, rest, writing), { ...writing, value: valueAt(inner, rest) })
  }
  if (step === undefined) return value
  if (rest.length > 0) {
    const next = edited((value as JsonObject)[step] ?? null, rest, writing)
    return Array.isArray(value) ? value.with(Number(step), next) : { ...(value as JsonObject), [step]: next }
  }
  return Array.isArray(value)
    ? editedList(value, Number(step), writing)
    : editedObject(value as JsonObject, String(step), writing)
}

function editedList(list: Json[], index: number, { change }: Writing): Json {
  if (change.how === 'drop') return list.toSpliced(index, 1)
  if (change.how === 'double') return list.toSpliced(index, 0, list[index] ?? null)
  return list.with(index, rawMark)
}

function editedObject(object: JsonObject, name: string, { change }: Writing): Json {
  const entries = Object.entries(object).flatMap(([key, value]): [string, Json][] => {
    if (key !== name) return [[key, value]]
    if (change.how === 'drop') return []
    if (change.how === 'rename') return [[`${nameMark}${change.to}`, value]]
    if (change.how === 'double')
      return [
        [key, value],
        [`${nameMark}${key}`, rawMark],
      ]
    return [[key, rawMark]]
  })
  return Object.fromEntries(entries)
}

function rawOf({ change, value, whole, pool }: Writing & { value: Json }): string {
  const text = JSON.stringify(value)
  switch (change.how) {
    case 'put':
    case 'double':
      return change.raw
    case 'many':
      return `[${Array.from({ length: change.count }, () => text).join(',')}]`
    case 'nest': {
      const [open, close] = change.around === 'list' ? ['[', ']'] : ['{"a":', '}']
      return open.repeat(change.depth) + text + close.repeat(change.depth)
    }
    case 'swap':
      return JSON.stringify(pool[change.pick % Math.max(1, pool.length)] ?? '')
    case 'copy': {
      const paths = pathsIn(whole)
      return JSON.stringify(valueAt(whole, paths[change.from % paths.length] ?? []))
    }
    case 'cut':
      return JSON.stringify(typeof value === 'string' ? value.slice(0, change.at % (value.length + 1)) : null)
    case 'drop':
      return ''
    case 'rename':
      return text
  }
}
