/** Takes `--config FILE` (or `--config=FILE`) out of a command's arguments; the rest is cdk's. */
export function configIn(given: readonly string[]): { config: string | undefined; rest: string[] } {
  const at = given.findIndex((each) => each === '--config' || each.startsWith('--config='))
  if (at < 0) return { config: undefined, rest: [...given] }
  const [, inline] = /^--config=(.*)$/s.exec(given[at] ?? '') ?? []
  const taken = inline === undefined ? 2 : 1
  return { config: inline ?? given[at + 1], rest: given.toSpliced(at, taken) }
}
