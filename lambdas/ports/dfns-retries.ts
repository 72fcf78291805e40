import { DfnsFailure } from './dfns-transport.ts'
import type { Time } from './time.ts'

const attempts = 4
/** Of too many requests: where Dfns names the moment from which on there is room, and where it does not. */
const tooMany = {
  told: { attempts: 12, longestSpreadMs: 16_000 },
  untold: { attempts: 4, longestSpreadMs: 4_000 },
}

export function isUnavailable(error: unknown): error is DfnsFailure {
  return error instanceof DfnsFailure && error.code === 'ERR_DFNS_UNAVAILABLE'
}

/**
 * Only where it is certain that `creation`, method and path, made nothing: another request failed before it,
 * or Dfns counted too many. A second one would make a second object.
 */
export function isNotMade(creation: string): (error: unknown) => error is DfnsFailure {
  return (error): error is DfnsFailure =>
    isUnavailable(error) && (error.endpoint !== creation || error.status === 429)
}

/** Calls until it succeeds, or fails with what `when` does not repeat, or no time is left. */
export async function retrying<T>(retry: {
  time: Time
  call: () => Promise<T>
  when: (error: unknown) => error is DfnsFailure
}): Promise<T> {
  const { time, call, when } = retry
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (!when(error) || attempt >= mostAttempts(error)) throw error
      const pause = pauseBefore({ error, attempt, random: time.random() })
      // No use in waiting for a moment that this invocation will not see.
      if (pause >= time.remaining()) throw error
      await time.sleep(pause)
      time.repeated?.()
    }
  }
}

function mostAttempts({ status, retryAfterMs }: DfnsFailure): number {
  if (status !== 429) return attempts
  return limitsOf(retryAfterMs).attempts
}

const limitsOf = (retryAfterMs: number) => (retryAfterMs > 0 ? tooMany.told : tooMany.untold)

/**
 * Exponential, and never before the moment that Dfns named. Whom it refuses because there are too many would
 * all come back at that moment, take one request each, and none would get through its step: so they are
 * spread.
 */
function pauseBefore(of: { error: DfnsFailure; attempt: number; random: number }): number {
  const { error, attempt, random } = of
  const { status, retryAfterMs } = error
  if (status === 429)
    return retryAfterMs + random * Math.min(limitsOf(retryAfterMs).longestSpreadMs, 250 * 4 ** attempt)
  return Math.max(retryAfterMs, 200 * 2 ** attempt * (0.5 + random / 2))
}

/**
 * Calls with the caller's token. Where Dfns refuses it (401, so nothing was done) and a new session gives
 * another, once more with that.
 */
export async function withToken<T>(by: {
  dfns: { authToken(refused?: string): Promise<string> }
  call: (authToken: string) => Promise<T>
}): Promise<T> {
  const { dfns, call } = by
  const authToken = await dfns.authToken()
  try {
    return await call(authToken)
  } catch (error) {
    if (!(error instanceof DfnsFailure) || error.status !== 401) throw error
    const next = await dfns.authToken(authToken)
    if (next === authToken) throw error
    return call(next)
  }
}
