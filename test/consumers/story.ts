/** What happened to each secret of late, whoever did it: what a failure prints. */
export interface Story {
  tell(arn: string, line: string): void
  of(arn: string): readonly string[]
}

const longest = 60

export function storyOf({ now }: { now: () => number }): Story {
  const lines = new Map<string, string[]>()
  return {
    tell: (arn, line) => {
      const told = lines.get(arn) ?? []
      lines.set(arn, told)
      told.push(`${new Date(now()).toISOString()} ${line}`)
      if (told.length > longest) told.shift()
    },
    of: (arn) => [...(lines.get(arn) ?? [])],
  }
}
