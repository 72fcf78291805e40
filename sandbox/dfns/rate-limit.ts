import type { Organisation } from './model.ts'
import type { Clock } from './tokens.ts'

const length = 60_000

/**
 * Counts one request of an organisation in windows of 60 seconds, each of which starts with a request. The
 * headers are Dfns's; `X-RateLimit-Reset` is read as seconds of the epoch, `Retry-After` is in seconds from
 * now.
 */
export function countRequest({ organisation, clock }: { organisation: Organisation; clock: Clock }): {
  allowed: boolean
  headers: Record<string, string>
} {
  const now = clock.now()
  if (now >= organisation.window.start + length) organisation.window = { start: now, requests: 0 }
  const { window } = organisation
  const { rateLimit } = organisation.switches
  const allowed = window.requests < rateLimit
  if (allowed) window.requests += 1
  const end = window.start + length
  const headers = {
    'x-ratelimit-limit': String(rateLimit),
    'x-ratelimit-remaining': String(Math.max(0, rateLimit - window.requests)),
    'x-ratelimit-reset': String(Math.ceil(end / 1000)),
  }
  return {
    allowed,
    headers: allowed ? headers : { ...headers, 'retry-after': String(Math.ceil((end - now) / 1000)) },
  }
}
