import { DfnsFailure } from './dfns-transport.ts'
import type { Time } from './time.ts'

const attempts = 4

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
      if (attempt === attempts || !when(error)) throw error
      // Exponential, half of it random, and never before the moment that Dfns named.
      const pause = Math.max(error.retryAfterMs, 200 * 2 ** attempt * (0.5 + time.random() / 2))
      // No use in waiting for a moment that this invocation will not see.
      if (pause >= time.remaining()) throw error
      await time.sleep(pause)
      time.repeated?.()
    }
  }
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
