import { Problem } from './problems.ts'

/** A JSON object whose fields have not been looked at yet. */
export type Fields = Readonly<Record<string, unknown>>

/** What a field must be; throws `unreadable` for anything else. */
export type Reader<T> = (value: unknown) => T

const unreadable = (): Problem => new Problem('unreadable')

export const object: Reader<Fields> = (value) => {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw unreadable()
}

/** A string, which may be empty. */
export const text: Reader<string> = (value) => {
  if (typeof value === 'string') return value
  throw unreadable()
}

/** A string of at least one character. */
export const filled: Reader<string> = (value) => {
  if (typeof value === 'string' && value !== '') return value
  throw unreadable()
}

export const flag: Reader<boolean> = (value) => {
  if (typeof value === 'boolean') return value
  throw unreadable()
}

export const number: Reader<number> = (value) => {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw unreadable()
}

/** An ISO date, in milliseconds. */
export const date: Reader<number> = (value) => number(Date.parse(text(value)))

/** One of these strings. */
export function oneOf<T extends string>(...among: readonly T[]): Reader<T> {
  return (value) => {
    const found = among.find((known) => known === value)
    if (found === undefined) throw unreadable()
    return found
  }
}

export function listOf<T>(item: Reader<T>): Reader<readonly T[]> {
  return (value) => {
    if (Array.isArray(value)) return value.map((each: unknown) => item(each))
    throw unreadable()
  }
}

/** A field that may be left out; null counts as left out. */
export function optional<T>(reader: Reader<T>): Reader<T | undefined> {
  return (value) => (value === undefined || value === null ? undefined : reader(value))
}
