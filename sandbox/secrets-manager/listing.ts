import { invalidParameter } from './errors.ts'
import { type Input, integer, requiredText, structures, text, texts } from './input.ts'
import type { Secret } from './secret.ts'

/** One page of a list; NextToken is the index of the next entry. */
export function page<T>({ input, entries }: { input: Input; entries: readonly T[] }) {
  const size = integer(input, 'MaxResults', { min: 1, max: 100 }) ?? 100
  const first = Number(text(input, 'NextToken') ?? 0)
  if (!Number.isInteger(first) || first < 0) throw invalidParameter('NextToken is not valid.')
  const more = first + size < entries.length
  return { entries: entries.slice(first, first + size), ...(more && { NextToken: String(first + size) }) }
}

/** The texts of a secret that a filter key looks at. */
function haystack({ secret, key }: { secret: Secret; key: string }): string[] {
  const { name, description = '', tags } = secret
  if (key === 'name') return [name]
  if (key === 'description') return [description]
  if (key === 'tag-key') return [...tags.keys()]
  if (key === 'tag-value') return [...tags.values()]
  if (key === 'all') return [name, description, ...tags.keys(), ...tags.values()]
  throw invalidParameter(`The filter key ${key} is not known here.`)
}

/** A value matches the beginning of a text; with `!` in front, whatever does not begin with it. */
function matchesValue({ texts: found, value }: { texts: readonly string[]; value: string }): boolean {
  const wanted = value.replace(/^!/, '')
  const hit = found.some((candidate) => candidate.startsWith(wanted))
  return value.startsWith('!') ? !hit : hit
}

/** ListSecrets' Filters: every filter must match, by one of its values. */
export function matchesFilters({ input, secret }: { input: Input; secret: Secret }): boolean {
  return (structures(input, 'Filters') ?? []).every((filter) => {
    const found = haystack({ secret, key: requiredText(filter, 'Key') })
    const values = texts(filter, 'Values', { entries: 10, max: 512 }) ?? []
    return values.some((value) => matchesValue({ texts: found, value }))
  })
}
