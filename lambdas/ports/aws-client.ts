/**
 * A request that hangs is given up in time for another; by default the SDK waits without an end.
 * Milliseconds.
 */
export const awsClientOptions = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 8_000, throwOnRequestTimeout: true },
}
