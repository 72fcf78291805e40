import type { MiddlewareObj } from '@middy/core'
import { type ErrorCode, longestMessage, RotationError } from '../errors.ts'
import { type Log, type LogFields, logOf } from '../ports/log.ts'
import { readEvent, type RotationEvent } from './event.ts'

// There is nothing to give up: the event is not of a rotation, or its secret or version is not there.
const withoutRotation: readonly ErrorCode[] = [
  'ERR_EVENT_INVALID',
  'ERR_NOT_ENABLED',
  'ERR_NOT_STAGED',
  'ERR_SECRET_GONE',
]

/**
 * The last thing that sees an error before Lambda prints it: whatever is not one of ours is reduced to its
 * class and place, because its message may quote what it choked on.
 */
export function reportErrors(fieldsOf = rotationFields): MiddlewareObj<unknown, void, Error> {
  return {
    onError: (request) => {
      const event = eventOf(request.event)
      const log = logOf(fieldsOf(request.event))
      const { error } = request
      const known = asKnown({ error, log })
      request.error = event === undefined ? known : withWayOut({ error: known, event })
      const { code, retryable, message } = request.error as RotationError
      log.error('phase failed', { code, retryable, reason: message })
    },
  }
}

function rotationFields(input: unknown): LogFields {
  const event = eventOf(input)
  return event === undefined ? {} : logFields(event)
}

/** What every line of a rotation's log carries. The RotationToken is not among it. */
export function logFields({ step, secretId, token }: RotationEvent): LogFields {
  return { step, secretId, versionId: token }
}

function eventOf(input: unknown): RotationEvent | undefined {
  try {
    return readEvent(input)
  } catch {
    return undefined
  }
}

/** An error of ours as it is; any other is told to the log by its class and place, and is a defect. */
export function asKnown({ error, log }: { error: unknown; log: Log }): RotationError {
  return error instanceof RotationError ? error : unexpected({ error, log })
}

function unexpected({ error, log }: { error: unknown; log: Log }): RotationError {
  const name = error instanceof Error ? error.constructor.name : typeof error
  log.error('unexpected error', { name, frames: error instanceof Error ? framesOf(error) : '' })
  const problem = `an unexpected ${name}, which is a defect of dfns-rotator`
  return new RotationError(
    'ERR_DFNS_RESPONSE',
    `${problem}: please report the line «unexpected error» of this log`,
  )
}

/** Where an error comes from. The stack begins with the message, which may look like a frame. */
function framesOf({ stack = '', message }: Error): string {
  const at = stack.indexOf(message)
  const frames = at < 0 ? [] : (stack.slice(at + message.length).match(/^ +at .+$/gm) ?? [])
  return frames.slice(0, 12).join('\n')
}

/** A permanent error says how to leave the rotation that cannot go on. */
function withWayOut({ error, event }: { error: RotationError; event: RotationEvent }): RotationError {
  const { code, message, retryable } = error
  if (retryable || withoutRotation.includes(code)) return error
  const wayOut = `To give this rotation up: npx dfns-rotator abandon ${event.secretId}`
  const sentence = message.slice(0, longestMessage - wayOut.length - 2).replace(/([^.])$/, '$1.')
  return new RotationError(code, `${sentence} ${wayOut}`, { retryable })
}
