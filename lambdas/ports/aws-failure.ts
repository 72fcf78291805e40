import { type ErrorCode, RotationError } from '../errors.ts'

const transient: readonly string[] = [
  'ThrottlingException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'InternalServiceError',
  'InternalServerError',
  'ServiceUnavailable',
  'AbortError',
  'TimeoutError',
]

/**
 * The error's class as AWS names it (`AccessDeniedException`). It comes from a reply, so only a name is let
 * through.
 */
export function awsErrorName(error: unknown): string {
  const name = error instanceof Error ? error.name : ''
  return /^[A-Za-z]{1,64}$/.test(name) ? name : 'UnknownError'
}

/**
 * Turns an AWS SDK error into one of ours. Neither its message nor the error itself is kept: an SDK error
 * carries the request, and the request may carry the secret.
 */
export function awsFailure(failure: {
  code: ErrorCode
  error: unknown
  action: string
  on: string
}): RotationError {
  const { code, error, action, on } = failure
  const name = awsErrorName(error)
  const retryable = isTransient(error)
  const kms = error instanceof Error && /\bKMS\b/.test(error.message) ? ' from KMS' : ''
  return new RotationError(code, `${action} on ${on}: ${name}${kms}`, { retryable })
}

/** Whether the same call may succeed a moment later. */
export function isTransient(error: unknown): boolean {
  if (transient.includes(awsErrorName(error))) return true
  const status = (error as { $metadata?: { httpStatusCode?: unknown } } | undefined)?.$metadata
    ?.httpStatusCode
  // Without a status no reply came.
  return typeof status !== 'number' || status >= 500
}
