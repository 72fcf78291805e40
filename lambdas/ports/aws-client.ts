import type { Time } from './time.ts'

/**
 * A request that hangs is given up in time for another; by default the SDK waits without an end. What is
 * throttled is tried again for some seconds: an account may read 40 parameters a second (Parameter Store),
 * and a thousand functions that begin at once all read the policy. Milliseconds.
 */
export const awsClientOptions = {
  maxAttempts: 5,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 8_000, throwOnRequestTimeout: true },
}

/** All attempts of a call together take less. Milliseconds. */
const longestMs = 60_000

/**
 * Ends a call with the invocation. A signal is kept, with its request, until its time has come: in an audit,
 * which makes thousands of calls, that must not be the end of the invocation.
 */
export function deadlineOf(time: Time): AbortSignal {
  return AbortSignal.timeout(Math.max(1, Math.min(longestMs, time.remaining())))
}
