/** Every exit code, so that scripts need not read what was printed. A contract: `docs/cli.md` lists them. */
export const exitCodes = {
  done: 0,
  found: 1,
  usage: 2,
  notConfirmed: 3,
  refused: 4,
  unavailable: 5,
  defect: 70,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What each one says, in the words of `--help`. */
export const meanings: Readonly<Record<ExitCode, string>> = {
  0: 'done, and nothing is wrong',
  1: 'done, and something is wrong: the result tells what',
  2: 'the command line was not understood',
  3: 'not confirmed: nothing was changed',
  4: 'refused, with a code: the secret, Dfns or a policy does not allow it',
  5: 'AWS or Dfns did not answer, or there are no AWS credentials: try again',
  70: 'a defect of dfns-rotator',
  130: 'Ctrl-C: what was begun at AWS goes on',
}
