/** An error as the runtime reports it to the caller. */
export interface ErrorSummary {
  readonly errorType: string
  readonly errorMessage: string
}

/** Lambda's Node runtime takes the error's name and message; what is not an Error is named by its type. */
export function summarize(thrown: unknown): ErrorSummary {
  if (thrown instanceof Error) return { errorType: thrown.name, errorMessage: thrown.message }
  return { errorType: typeof thrown, errorMessage: String(thrown) }
}

/**
 * The error as CloudWatch would show it: name, message, stack, every own enumerable property, its cause and
 * its parts. Deliberately complete, since a leak test has to see whatever a log might.
 */
function reportOf(thrown: unknown, seen: ReadonlySet<unknown> = new Set()): unknown {
  if (!(thrown instanceof Error)) return thrown
  if (seen.has(thrown)) return '[circular]'
  const within = new Set(seen).add(thrown)
  const cause = thrown.cause === undefined ? [] : [['cause', thrown.cause] as const]
  const parts = thrown instanceof AggregateError ? [['errors', thrown.errors] as const] : []
  const nested: (readonly [string, unknown])[] = [...Object.entries(thrown), ...parts, ...cause]
  const report = (value: unknown): unknown =>
    Array.isArray(value) ? value.map((entry: unknown) => report(entry)) : reportOf(value, within)
  return {
    ...summarize(thrown),
    stackTrace: (thrown.stack ?? '').split('\n'),
    ...Object.fromEntries(nested.map(([key, value]) => [key, report(value)])),
  }
}

/** One line of JSON, also for what JSON cannot hold. */
export function errorLine({ thrown, requestId }: { thrown: unknown; requestId: string | undefined }): string {
  const line = { timestamp: new Date().toISOString(), level: 'ERROR', requestId }
  try {
    return JSON.stringify({ ...line, message: reportOf(thrown) })
  } catch {
    return JSON.stringify({ ...line, message: summarize(thrown) })
  }
}
