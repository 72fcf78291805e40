import type { InvocationResult } from './invocation.ts'

/** An event in Lambda's own queue. */
export interface QueuedEvent {
  readonly arn: string
  readonly requestId: string
  readonly event: unknown
  readonly queuedAt: number
  invokeCount: number
}

/** An event that Lambda gives up: why, when, and what the function reported last. */
export interface GivenUp {
  readonly queued: QueuedEvent
  readonly condition: 'RetriesExhausted' | 'EventAgeExceeded'
  readonly failure: InvocationResult & { readonly ok: false }
  readonly now: number
}

/**
 * The record that an on-failure destination receives in place of the event ("Capturing records of Lambda
 * asynchronous invocations").
 */
export function failureRecord({ queued, condition, failure, now }: GivenUp): object {
  const { arn, requestId, event, invokeCount } = queued
  const functionArn = `${arn}:$LATEST`
  return {
    version: '1.0',
    timestamp: new Date(now).toISOString(),
    requestContext: { requestId, functionArn, condition, approximateInvokeCount: invokeCount },
    requestPayload: event,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: { errorType: failure.errorType, errorMessage: failure.errorMessage },
  }
}
