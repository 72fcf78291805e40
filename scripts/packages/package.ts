/** What one package of dist/npm/ is made of. */
export interface Package {
  readonly name: string
  readonly description: string
  readonly keywords: readonly string[]
  /** The oldest Node.js that it runs on. */
  readonly node: `${number}.${number}`
  /** The source of each entry point, by its name in `exports`: `.` or `./name`. */
  readonly exports: Readonly<Record<string, string>>
  /** The source of each command. */
  readonly bin?: Readonly<Record<string, string>>
  /** The source of what runs beside a command, in a process of its own; stands where the commands stand. */
  readonly programs?: Readonly<Record<string, string>>
  readonly formats: readonly Format[]
  /** Installed with it, in the range that begins at this repository's version; all else is bundled. */
  readonly dependencies: readonly string[]
  /** What its user has to have anyway, and of which there may be but one copy. */
  readonly peerDependencies: readonly string[]
  /** Those of them that only one of the entry points needs. */
  readonly optionalPeers?: readonly string[]
  /** Ranges of peers that begin before this repository's version. */
  readonly ranges?: Readonly<Record<string, string>>
  /** Whether the three functions come with it, as `dist/<name>/index.mjs`. */
  readonly hasFunctions: boolean
  readonly readme: string
}

/** How its modules are written: for `import`, or for `require` too. */
export type Format = 'esm' | 'cjs'

/** Contents by path, which is relative and has slashes. */
export type Files = ReadonlyMap<string, string | Uint8Array>
