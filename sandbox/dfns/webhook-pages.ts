import type { WireRequest } from '../wire.ts'
import { Refusal } from './errors.ts'

/** The parameters in a request's query. */
export function queryOf({ path }: Pick<WireRequest, 'path'>): URLSearchParams {
  return new URL(path, 'http://dfns.invalid').searchParams
}

/**
 * One page of a list, by `limit` and `paginationToken`. `all` may only ever grow at its end: a token stands
 * for a place in it, so that what is deleted between two pages moves nothing out of sight.
 */
export function pageOf<T>(list: {
  all: readonly T[]
  shows: (item: T) => boolean
  query: URLSearchParams
  size: number
}): { items: T[]; nextPageToken?: string } {
  const { all, shows, query, size } = list
  const places = all.flatMap((item, place) => (shows(item) ? [{ item, place }] : []))
  const start = startOf(query.get('paginationToken'))
  const rest = places.filter(({ place }) => place >= start)
  const page = rest.slice(0, Math.min(limitOf(query.get('limit')), size))
  const next = rest[page.length]
  const items = page.map(({ item }) => item)
  return next ? { items, nextPageToken: tokenOf(next.place) } : { items }
}

function limitOf(text: string | null): number {
  if (text === null) return Number.POSITIVE_INFINITY
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Refusal(400, 'Invalid field: limit')
  return Number(text)
}

function tokenOf(place: number): string {
  return Buffer.from(JSON.stringify({ from: place })).toString('base64url')
}

function startOf(token: string | null): number {
  if (token === null) return 0
  const place = /^\{"from":(\d{1,9})\}$/.exec(Buffer.from(token, 'base64url').toString('utf8'))?.[1]
  if (place === undefined) throw new Refusal(400, 'Invalid field: paginationToken')
  return Number(place)
}
