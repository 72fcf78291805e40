import type { Clock } from '../clock.ts'
import type { BundledFunction } from '../lambda/function.ts'
import { ServiceError } from '../secrets-manager/errors.ts'
import { createAwsJsonHandler } from '../secrets-manager/handler.ts'
import { type Input, integer, requiredText, text } from '../secrets-manager/input.ts'
import type { Operation } from '../secrets-manager/operation.ts'
import type { WireHandler } from '../wire.ts'
import { matcherOf } from './pattern.ts'

/** What the functions have printed, as CloudWatch Logs keeps it. */
export interface LogParts {
  readonly clock: Clock
  /** By ARN. */
  readonly bundled: ReadonlyMap<string, BundledFunction>
  /** Log groups that nobody may read. */
  readonly denied: ReadonlySet<string>
}

const LARGEST_PAGE = 10_000

/** FilterLogEvents on the wire (CloudWatch Logs API Reference). */
export function createLogsHandler(parts: LogParts): WireHandler {
  return createAwsJsonHandler(
    new Map<string, Operation>([['FilterLogEvents', (input) => filterLogEvents({ parts, input })]]),
  )
}

function filterLogEvents({ parts, input }: { parts: LogParts; input: Input }) {
  const group = requiredText(input, 'logGroupName', { max: 512 })
  if (parts.denied.has(group)) {
    const message = `User is not authorized to perform: logs:FilterLogEvents on ${group}`
    throw new ServiceError({ code: 'AccessDeniedException', message })
  }
  const target = [...parts.bundled.values()].find(({ arn }) => group === `/aws/lambda/${arn.split(':')[6]}`)
  if (target === undefined) {
    const message = 'The specified log group does not exist.'
    throw new ServiceError({ code: 'ResourceNotFoundException', message })
  }
  const matches = matcherOf(text(input, 'filterPattern') ?? '')
  const startTime = integer(input, 'startTime') ?? 0
  const limit = integer(input, 'limit', { min: 1, max: LARGEST_PAGE }) ?? LARGEST_PAGE
  const from = Number(text(input, 'nextToken') ?? 0)
  const events = eventsOf({ output: target.output, now: parts.clock.now() }).filter(
    ({ message, timestamp }) => timestamp >= startTime && matches(message),
  )
  const rest = from + limit < events.length ? { nextToken: String(from + limit) } : {}
  return { events: events.slice(from, from + limit), searchedLogStreams: [], ...rest }
}

/**
 * Lambda dates a line when it is printed; ours tell that moment themselves. Each invocation sets its
 * process's clock anew, and may set it back by some milliseconds: what came later is no earlier for that.
 */
function eventsOf({ output, now }: { output: readonly string[]; now: number }) {
  let latest = 0
  return output.map((message, index) => {
    const printed = Date.parse(/"timestamp":"([^"]+)"/.exec(message)?.[1] ?? '')
    if (!Number.isNaN(printed)) latest = Math.max(latest, printed)
    const timestamp = Number.isNaN(printed) ? now : latest
    return { eventId: String(index), ingestionTime: now, logStreamName: 'sandbox', message, timestamp }
  })
}
