/** What cdk is called with; without the context it would look at another stack than the file's. */
export function cdkArguments(of: { command: string; file: string; rest: readonly string[] }): string[] {
  const { command, file, rest } = of
  return [command, '--context', `config=${file}`, ...rest]
}

/** Takes `--config FILE` (or `--config=FILE`) out of a command's arguments; the rest is cdk's. */
export function configIn(given: readonly string[]): { config: string | undefined; rest: string[] } {
  const at = given.findIndex((each) => each === '--config' || each.startsWith('--config='))
  if (at < 0) return { config: undefined, rest: [...given] }
  const [, inline] = /^--config=(.*)$/s.exec(given[at] ?? '') ?? []
  const taken = inline === undefined ? 2 : 1
  return { config: inline ?? given[at + 1], rest: given.toSpliced(at, taken) }
}
