/**
 * Every code that can end a phase. Lambda reports the code as `errorType`. What each one means and what to do
 * about it stands in `docs/operations.md`.
 */
export const errorCodes = [
  'ERR_EVENT_INVALID',
  'ERR_NOT_ENABLED',
  'ERR_NOT_STAGED',
  'ERR_POLICY',
  'ERR_TAG',
  'ERR_DOCUMENT',
  'ERR_BASE_URL',
  'ERR_ORG',
  'ERR_SIGNER',
  'ERR_TOKEN_EXPIRED',
  'ERR_NOT_ALLOWED',
  'ERR_CANNOT_RETIRE',
  'ERR_CURRENT_CHANGED',
  'ERR_PREVIOUS_IN_GRACE',
  'ERR_WEBHOOK_CAP',
  'ERR_RECEIVER',
  'ERR_APPROVAL_PENDING',
  'ERR_APPROVAL_DENIED',
  'ERR_VERIFY',
  'ERR_DFNS_UNAVAILABLE',
  'ERR_DFNS_RESPONSE',
  'ERR_STORE',
  'ERR_SCHEDULER',
  'ERR_RETIRE_REFUSED',
  'ERR_RETIRE_UNDONE',
  'ERR_SECRET_GONE',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** Characters of a message; what is longer is cut. */
export const longestMessage = 1_500

/**
 * Why a phase stopped. The message holds names, ids, labels and status codes only: never a document, a
 * header, or the text of a reply. There is no `cause`: Lambda prints it, and an SDK's error may hold the
 * whole request.
 */
export class RotationError extends Error {
  readonly code: ErrorCode
  /** Whether repeating the phase, with nothing else changed, may succeed. */
  readonly retryable: boolean

  constructor(code: ErrorCode, message: string, { retryable = false }: { retryable?: boolean } = {}) {
    super(printable(message))
    this.code = code
    this.retryable = retryable
    // Lambda's runtime reports `name` as errorType.
    this.name = code
  }
}

/**
 * Ids and names in a message may be chosen by others: no line breaks, no terminal or bidirectional controls.
 */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?').slice(0, longestMessage)
}

export function isCode(error: unknown, ...codes: readonly ErrorCode[]): error is RotationError {
  return error instanceof RotationError && codes.includes(error.code)
}
