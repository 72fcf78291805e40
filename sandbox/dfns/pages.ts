import { queryOf } from './body.ts'
import type { Call } from './call.ts'
import { Refusal } from './errors.ts'

const longest = 100

/** One page of a list, by the query's `limit` and `paginationToken`. */
export function pageOf<T extends { readonly id: string }>({
  call,
  items,
}: {
  call: Call
  items: readonly T[]
}): { items: readonly T[]; nextPageToken?: string } {
  const query = queryOf(call.request)
  const limit = Number(query.get('limit') ?? call.organisation.switches.pageSize)
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > longest) {
    throw new Refusal(400, 'Invalid query: limit')
  }
  const start = startOf({ items, token: query.get('paginationToken') })
  const page = items.slice(start, start + limit)
  const last = page.at(-1)
  const more = last !== undefined && start + limit < items.length
  return more ? { items: page, nextPageToken: Buffer.from(last.id).toString('base64url') } : { items: page }
}

/** A token is the id of the last item it comes after, so that what is added meanwhile is not lost. */
function startOf({ items, token }: { items: readonly { id: string }[]; token: string | null }): number {
  if (token === null) return 0
  const last = Buffer.from(token, 'base64url').toString('utf8')
  const index = items.findIndex(({ id }) => id === last)
  if (index < 0) throw new Refusal(400, 'Invalid query: paginationToken')
  return index + 1
}
