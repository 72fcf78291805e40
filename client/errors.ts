/** Every code that a call of this package can end with. */
export const clientErrorCodes = [
  /** The secret could not be read, and what is held is older than it may be. */
  'ERR_STORE',
  /** What was read is no document of the form that dfns-rotator keeps. */
  'ERR_DOCUMENT',
  /** The document is of another kind than asked for, or of one that this call cannot use. */
  'ERR_KIND',
  /** Dfns lists none of the keys that this secret holds among those that may sign. */
  'ERR_NOT_ALLOWED',
  /** The organisation demands single sign-on: a key cannot log in. */
  'ERR_LOGIN',
  /** No signature, or one by none of the secrets that are accepted. */
  'ERR_SIGNATURE',
  /** Signed too long ago, or in the future. */
  'ERR_REPLAY',
  /** Signed, but not an event as Dfns documents it. */
  'ERR_EVENT',
] as const

export type ClientErrorCode = (typeof clientErrorCodes)[number]

const longestMessage = 500

/**
 * Why a call ended. The message holds names, ids and status codes only: never a value of the document, a
 * header, or the text of a reply. There is no `cause`, since an SDK's error may hold the whole request.
 */
export class ClientError extends Error {
  readonly code: ClientErrorCode
  /** Whether the same call may succeed a while later, with nothing else changed. */
  readonly retryable: boolean

  constructor(code: ClientErrorCode, message: string, { retryable = false }: { retryable?: boolean } = {}) {
    super(printable(message))
    this.name = 'ClientError'
    this.code = code
    this.retryable = retryable
  }
}

/** Names in a message may be chosen by others: no line breaks, no terminal or bidirectional controls. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?').slice(0, longestMessage)
}
