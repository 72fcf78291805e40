import { invalidNextToken } from './errors.ts'
import { type Input, integer, text } from './input.ts'

const tokenOf = (rank: string) => Buffer.from(rank).toString('base64url')

function rankIn(input: Input): string | undefined {
  const token = text(input, 'NextToken', { min: 1, max: 4096 })
  if (token === undefined) return undefined
  const rank = Buffer.from(token, 'base64url').toString()
  if (tokenOf(rank) !== token) throw invalidNextToken()
  return rank
}

/**
 * One page of a list in the order of its entries' ranks, which differ. NextToken is the rank of the last
 * entry shown, so that one deleted between two pages hides no other.
 */
export function page<T>({
  input,
  entries,
  rankOf,
  descending = false,
}: {
  input: Input
  entries: readonly T[]
  rankOf: (entry: T) => string
  descending?: boolean
}): { entries: T[]; NextToken?: string } {
  const size = integer(input, 'MaxResults', { min: 1, max: 100 }) ?? 100
  const after = rankIn(input)
  const follows = (a: string, b: string) => (descending ? a < b : a > b)
  const ranked = entries.map((entry) => ({ entry, rank: rankOf(entry) }))
  const rest = ranked.filter(({ rank }) => after === undefined || follows(rank, after))
  rest.sort((a, b) => (follows(a.rank, b.rank) ? 1 : -1))
  const shown = rest.slice(0, size)
  const last = rest.length > size ? shown.at(-1) : undefined
  return { entries: shown.map(({ entry }) => entry), ...(last && { NextToken: tokenOf(last.rank) }) }
}
