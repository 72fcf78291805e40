import { isCode, RotationError } from '../lambdas/errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { remedies } from './remedies.ts'

/** Why a command ended before its end. */
export class CliFailure extends Error {
  readonly exitCode: ExitCode
  /** In capitals, as the lambdas' codes are: `USAGE`, `NOT_CONFIRMED`, … */
  readonly code: string

  constructor(of: { exitCode: ExitCode; code: string; message: string }) {
    super(of.message)
    this.exitCode = of.exitCode
    this.code = of.code
    this.name = of.code
  }
}

/** A command line that is not understood. One sentence: what is wrong. */
export function usage(message: string): CliFailure {
  return new CliFailure({ exitCode: exitCodes.usage, code: 'USAGE', message })
}

/** What cannot be done as things are, though nothing failed. One line: what is wrong, and what to do. */
export function refusal(message: string): CliFailure {
  return new CliFailure({ exitCode: exitCodes.refused, code: 'REFUSED', message })
}

/** An error as it is told: no stack, no cause, and of an unknown one nothing but its class. */
export interface ToldError {
  readonly exitCode: ExitCode
  readonly code: string
  readonly message: string
  /** Whether the same command may succeed later, with nothing else changed. */
  readonly retryable: boolean
  /** What to do, in one line. */
  readonly remedy?: string
}

const tryAgain = 'try again; nothing was decided'

export function told(error: unknown): ToldError {
  if (error instanceof CliFailure) {
    const { exitCode, code, message } = error
    return { exitCode, code, message, retryable: exitCode === exitCodes.unavailable }
  }
  if (error instanceof RotationError) {
    const { code, message, retryable } = error
    const isAway =
      retryable && isCode(error, 'ERR_STORE', 'ERR_SCHEDULER', 'ERR_POLICY', 'ERR_DFNS_UNAVAILABLE')
    const exitCode = isAway ? exitCodes.unavailable : exitCodes.refused
    return { exitCode, code, message, retryable, remedy: isAway ? tryAgain : remedies[code] }
  }
  // Its message may quote what it choked on.
  const name = error instanceof Error ? error.constructor.name : typeof error
  const message = `an unexpected ${name}: please report it, with the command and its options`
  return { exitCode: exitCodes.defect, code: 'DEFECT', message, retryable: false }
}
