import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../bundling.ts'
import type { Format, Package } from './package.ts'

interface RootManifest {
  readonly version: string
  readonly license: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

/** The name of an entry point's file, without its ending. */
export const moduleName = (entry: string) => (entry === '.' ? 'index' : entry.replace(/^\.\//, ''))

/** Its package.json; version, license and ranges are those of this repository's. */
export async function manifestOf(of: { source: Package; hasNotices: boolean }): Promise<string> {
  const { source, hasNotices } = of
  const ours = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as RootManifest
  const { name, description, keywords, node, exports, bin = {}, formats, hasFunctions } = source
  const { optionalPeers = [], ranges = {} } = source
  const { version, license } = ours
  const commands = Object.keys(bin)
  const manifest = {
    name,
    version,
    description,
    keywords,
    license,
    type: 'module',
    sideEffects: false,
    engines: { node: `>=${node}` },
    ...(formats.includes('cjs') && '.' in exports && { main: './cjs/index.js', types: './cjs/index.d.ts' }),
    exports: {
      ...Object.fromEntries(Object.keys(exports).map((entry) => [entry, conditionsOf({ entry, formats })])),
      './package.json': './package.json',
    },
    ...(commands.length > 0 && {
      bin: Object.fromEntries(commands.map((command) => [command, `esm/${command}.js`])),
    }),
    files: [
      ...formats,
      ...(hasFunctions ? ['dist'] : []),
      ...(hasNotices ? ['THIRD-PARTY-NOTICES.txt'] : []),
    ],
    ...rangesOf({ field: 'dependencies', names: source.dependencies, ours }),
    ...rangesOf({ field: 'peerDependencies', names: source.peerDependencies, ours, ranges }),
    ...(optionalPeers.length > 0 && {
      peerDependenciesMeta: Object.fromEntries(optionalPeers.map((peer) => [peer, { optional: true }])),
    }),
  }
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/** Types stand beside the module that they are of: each format has its own. */
function conditionsOf({ entry, formats }: { entry: string; formats: readonly Format[] }) {
  const file = moduleName(entry)
  const conditions = { esm: 'import', cjs: 'require' } as const
  return Object.fromEntries(
    formats.map((format) => [
      // Node 20 and 22 require an ES module where there is no other, so that `default` serves both.
      formats.length === 1 ? 'default' : conditions[format],
      { types: `./${format}/${file}.d.ts`, default: `./${format}/${file}.js` },
    ]),
  )
}

function rangesOf(of: {
  field: string
  names: readonly string[]
  ours: RootManifest
  ranges?: Readonly<Record<string, string>>
}) {
  const { field, names, ours, ranges = {} } = of
  if (names.length === 0) return {}
  const range = (name: string) => {
    const version = ours.dependencies[name] ?? ours.devDependencies[name]
    if (version === undefined) throw new Error(`package.json names no version of ${name}`)
    return ranges[name] ?? `^${version}`
  }
  return { [field]: Object.fromEntries(names.map((name) => [name, range(name)])) }
}
