/** An option of a command. With a `value` it takes one, and that word stands for it in `--help`. */
export interface Option {
  readonly says: string
  readonly value?: string
  /** One letter. */
  readonly short?: string
  /** The only values that it takes. */
  readonly oneOf?: readonly string[]
}

export type Options = Readonly<Record<string, Option>>

/** What the command line said. */
export interface Given {
  readonly operands: readonly string[]
  flag(name: string): boolean
  text(name: string): string | undefined
}
