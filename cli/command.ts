import type { Context } from './context.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Given, Options } from './options.ts'
import type { Look } from './output.ts'

/** What stands behind the options: names or ARNs of secrets, as a rule. */
export interface Operands {
  /** `SECRET`, `[SECRET…]`: as it stands in the usage. */
  readonly usage: string
  readonly least: number
  readonly most: number
  readonly says: string
}

/** One command, as data: its help is generated, and one parser reads them all. */
export interface Command {
  readonly name: string
  /** One line, without a full stop. */
  readonly summary: string
  readonly operands: Operands
  readonly options: Options
  /** Paragraphs under the summary. */
  readonly about: readonly string[]
  /** Whole command lines behind `npx dfns-rotator`. */
  readonly examples: readonly string[]
  /** Whether it does without AWS: then nobody asks for a region or credentials. */
  readonly isLocal?: boolean
  run(context: Context, given: Given): Promise<Outcome>
}

/** What came of it. Both forms of output are made of the one result. */
export interface Outcome {
  /** JSON: printed as it is with `--json`. Holds no secret. */
  readonly result: object
  /** The same for people. */
  readonly text: (look: Look) => string
  readonly exitCode: ExitCode
}

export const noOperands: Operands = { usage: '', least: 0, most: 0, says: '' }

export const oneSecret: Operands = { usage: 'SECRET', least: 1, most: 1, says: 'name or ARN of the secret' }

export const anySecrets: Operands = {
  usage: '[SECRET…]',
  least: 0,
  most: Number.POSITIVE_INFINITY,
  says: 'names or ARNs of secrets; without any, every secret that dfns-rotator looks after',
}

/** A command's end: both forms of output are made of the one result. */
export function outcome<R extends object>(of: {
  result: R
  text: (result: R, look: Look) => string
  exitCode?: ExitCode
}): Outcome {
  const { result, text, exitCode = exitCodes.done } = of
  return { result, text: (look) => text(result, look), exitCode }
}
