import { createInterface } from 'node:readline/promises'
import { CliFailure } from './failure.ts'
import { exitCodes } from './exit-codes.ts'

/** Asks before something that cannot be undone. */
export type Confirm = (question: string) => Promise<void>

interface Asking {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  /** Standard error: standard output is the result's. */
  readonly output: NodeJS.WritableStream
  /** `--yes`. */
  readonly isSure: boolean
}

/**
 * Resolves when the answer is yes. Anything else ends the command with nothing changed; and where there is
 * no terminal nobody is asked: a pipe that happens to say `y` is no answer.
 */
export function confirmOf({ input, output, isSure }: Asking): Confirm {
  return async (question) => {
    if (isSure) return
    if (input.isTTY !== true) throw notConfirmed('there is no terminal to ask on: say --yes')
    const lines = createInterface({ input, output })
    try {
      // An input that ends (Ctrl-D) gives no answer, and would be waited for without an end.
      const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
      const answer = await Promise.race([lines.question(`${question} [y/N] `), ended])
      if (!/^\s*y(es)?\s*$/i.test(answer)) throw notConfirmed('the answer was not yes')
    } finally {
      lines.close()
    }
  }
}

function notConfirmed(why: string): CliFailure {
  const message = `not confirmed: ${why}. Nothing was changed.`
  return new CliFailure({ exitCode: exitCodes.notConfirmed, code: 'NOT_CONFIRMED', message })
}
