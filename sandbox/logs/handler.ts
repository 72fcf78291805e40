import type { BundledFunction } from '../lambda/function.ts'
import { ServiceError } from '../secrets-manager/errors.ts'
import { createAwsJsonHandler } from '../secrets-manager/handler.ts'
import { type Input, integer, requiredText, text } from '../secrets-manager/input.ts'
import type { Operation } from '../secrets-manager/operation.ts'
import type { WireHandler } from '../wire.ts'

const mostEvents = 10_000

/** A pattern is one term in quotation marks here: what contains it, to the letter. */
function termIn(input: Input): string {
  const pattern = text(input, 'filterPattern', { max: 1024 }) ?? ''
  const term = /^"([^"\\]*)"$/.exec(pattern)?.[1] ?? (pattern === '' ? '' : undefined)
  if (term !== undefined) return term
  const message = `The sandbox knows a filter pattern of one quoted term, not ${pattern}`
  throw new ServiceError({ code: 'InvalidParameterException', message })
}

function logOf({ functions, input }: { functions: ReadonlyMap<string, BundledFunction>; input: Input }) {
  const group = requiredText(input, 'logGroupName', { max: 512 })
  const found = [...functions.values()].find(({ settings }) => settings.logGroup === group)
  if (found) return found.log
  const message = 'The specified log group does not exist.'
  throw new ServiceError({ code: 'ResourceNotFoundException', message })
}

/** `nextToken` is the number of events that were looked at. */
function filterLogEvents(of: { functions: ReadonlyMap<string, BundledFunction>; input: Input }) {
  const { input } = of
  const log = logOf(of)
  const term = termIn(input)
  const from = integer(input, 'startTime') ?? 0
  const until = integer(input, 'endTime') ?? Number.POSITIVE_INFINITY
  const limit = integer(input, 'limit', { min: 1, max: mostEvents }) ?? mostEvents
  const after = Number(text(input, 'nextToken') ?? 0)
  const found = log
    .map((event, index) => ({ ...event, index }))
    .slice(after)
    .filter(({ timestamp, message }) => timestamp >= from && timestamp <= until && message.includes(term))
  const last = found.length > limit ? found[limit - 1] : undefined
  return {
    events: found.slice(0, limit).map(({ timestamp, message, index }) => ({
      eventId: String(index).padStart(20, '0'),
      logStreamName: 'sandbox/[$LATEST]',
      timestamp,
      ingestionTime: timestamp,
      message,
    })),
    searchedLogStreams: [],
    ...(last && { nextToken: String(last.index + 1) }),
  }
}

/** FilterLogEvents of CloudWatch Logs on the wire, over what the functions print. */
export function createLogsHandler(functions: ReadonlyMap<string, BundledFunction>): WireHandler {
  return createAwsJsonHandler(
    new Map<string, Operation>([['FilterLogEvents', (input) => filterLogEvents({ functions, input })]]),
  )
}
