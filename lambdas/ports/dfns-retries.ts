import { DfnsFailure } from './dfns-transport.ts'
import type { Time } from './time.ts'

const attempts = 4

export function isUnavailable(error: unknown): error is DfnsFailure {
  return error instanceof DfnsFailure && error.code === 'ERR_DFNS_UNAVAILABLE'
}

// A second one of these would make a second object.
const creations: readonly string[] = ['POST /auth/credentials', 'POST /webhooks']

/**
 * Only where it is certain that nothing was made: another request failed before it, or Dfns counted too many.
 */
export function isNotCreated(error: unknown): error is DfnsFailure {
  return isUnavailable(error) && (!creations.includes(error.endpoint) || error.status === 429)
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
    }
  }
}
