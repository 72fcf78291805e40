/** All that can keep an action of the page from its end; `words.ts` says each to the person. */
export type ProblemCode =
  // The person and their passkeys.
  | 'prompt-ended'
  | 'stopped'
  | 'already-here'
  | 'wrong-domain'
  | 'unsupported'
  | 'wrong-passkey'
  // What Dfns answers.
  | 'user-unknown'
  | 'no-passkey'
  | 'account-deactivated'
  | 'sso'
  | 'session-over'
  | 'signature-refused'
  | 'challenge-over'
  | 'code-over'
  | 'expiration-refused'
  | 'already-done'
  | 'awaiting-approval'
  | 'throttled'
  | 'refused'
  // What keeps its answer from us.
  | 'unreachable'
  | 'unreadable'
  | 'failed-there'
  // What the page finds.
  | 'not-changed'
  | 'changed-elsewhere'
  | 'last-passkey'
  | 'unclear'
  | 'defect'

/** Thrown for whatever keeps an action from its end. It never carries a text of somebody else's. */
export class Problem extends Error {
  readonly code: ProblemCode
  /** The HTTP status, where there was one. */
  readonly status: number | undefined

  constructor(code: ProblemCode, status?: number) {
    super(status === undefined ? code : `${code} (${status})`)
    this.code = code
    this.status = status
  }
}

const withoutAnswer: readonly ProblemCode[] = ['unreachable', 'unreadable', 'failed-there']

/** Whether a request may have been carried out although it failed: look before it is repeated. */
export function mayHaveHappened(error: unknown): error is Problem {
  return error instanceof Problem && withoutAnswer.includes(error.code)
}

/** Whether an error is this problem. */
export function isProblem(error: unknown, ...codes: readonly ProblemCode[]): error is Problem {
  return error instanceof Problem && codes.includes(error.code)
}
