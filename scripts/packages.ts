import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { build, type OutputFile } from 'esbuild'
import { bundling, root } from './bundling.ts'
import { cdk } from './packages/cdk.ts'
import { cli } from './packages/cli.ts'
import { client } from './packages/client.ts'
import { declarationsOf } from './packages/declarations.ts'
import { manifestOf, moduleName } from './packages/manifest.ts'
import { noticesOf } from './packages/notices.ts'
import type { Files, Format, Package } from './packages/package.ts'

/** What a build made, and the files of this repository and of its packages that went into it. */
interface Built {
  readonly outputs: readonly OutputFile[]
  readonly inputs: readonly string[]
}

/** What others install, by its folder below dist/npm/. */
const packages: Readonly<Record<string, Package>> = { cdk, cli, client }

/** Every file of every package, by its path below dist/npm/; nothing is written. */
export async function packageFiles({ functions }: { functions: Built }): Promise<Files> {
  const all = await Promise.all(
    Object.entries(packages).map(async ([folder, source]) => {
      const files = await filesOf({ source, functions })
      return [...files].map(([path, content]) => [`${folder}/${path}`, content] as const)
    }),
  )
  return new Map(all.flat())
}

/** The files, of this repository and its packages, that go into what others install beside the functions. */
export async function packageInputs(): Promise<readonly string[]> {
  const built = Object.values(packages).flatMap((source) =>
    source.formats.map(async (format) => (await modulesOf({ source, format })).inputs),
  )
  return (await Promise.all(built)).flat()
}

/** Takes the place of dist/npm/, once all of it is written. */
export async function writePackages(files: Files): Promise<void> {
  const folder = join(root, 'dist', 'npm')
  const written = `${folder}.new`
  await rm(written, { recursive: true, force: true })
  for (const [path, content] of files) {
    const file = join(written, path)
    await mkdir(dirname(file), { recursive: true })
    // npx makes a program executable when it links the package, and not again after the next build.
    await writeFile(file, content, { mode: isProgram(content) ? 0o755 : 0o644 })
  }
  await rm(folder, { recursive: true, force: true })
  await rename(written, folder)
}

async function filesOf({ source, functions }: { source: Package; functions: Built }): Promise<Files> {
  const [license, readme, types, ...modules] = await Promise.all([
    readFile(join(root, 'LICENSE')),
    readFile(join(root, source.readme)),
    declarations(source),
    ...source.formats.map((format) => modulesOf({ source, format })),
  ])
  const bundled = [...modules, ...(source.hasFunctions ? [functions] : [])]
  const notices = await noticesOf(bundled.flatMap(({ inputs }) => inputs))
  const files = new Map<string, string | Uint8Array>([
    ['package.json', await manifestOf({ source, hasNotices: notices !== '' })],
    ['LICENSE', license],
    ['README.md', readme],
    ...types,
  ])
  for (const { path, contents } of bundled.flatMap(({ outputs }) => outputs))
    files.set(slashed(relative(root, path)), contents)
  if (notices !== '') files.set('THIRD-PARTY-NOTICES.txt', notices)
  // The package says that its modules are ES modules; these are not.
  if (source.formats.includes('cjs')) files.set('cjs/package.json', '{ "type": "commonjs" }\n')
  return files
}

/** The module of each entry point, in one file with what it imports of this repository. */
async function modulesOf({ source, format }: { source: Package; format: Format }): Promise<Built> {
  const { exports, bin = {}, programs = {}, node, dependencies, peerDependencies } = source
  const entries = Object.entries(exports).map(([entry, file]) => [moduleName(entry), file])
  const external = [...dependencies, ...peerDependencies]
  const { outputFiles, metafile } = await build({
    // What brings its libraries with it is bundled as the functions are.
    ...(external.length === 0 && bundling),
    absWorkingDir: root,
    entryPoints: Object.fromEntries([
      ...entries,
      ...(format === 'esm' ? Object.entries({ ...bin, ...programs }) : []),
    ]),
    outdir: format,
    bundle: true,
    splitting: format === 'esm',
    format,
    platform: 'node',
    target: `node${node}`,
    external: external.flatMap((name) => [name, `${name}/*`]),
    // The one thing of an ES module's `import.meta` that is used.
    ...(format === 'cjs' && { define: { 'import.meta.dirname': '__dirname' } }),
    logLevel: 'warning',
    metafile: true,
    write: false,
  })
  return { outputs: outputFiles, inputs: Object.keys(metafile.inputs) }
}

/** The types of each entry point, beside its module. */
async function declarations({ exports, formats }: Package): Promise<Files> {
  const files = await declarationsOf(Object.values(exports))
  const entries = Object.entries(exports).map(([entry, source]) => {
    const text = `export * from './${source.replace(/\.ts$/, '.js')}'\n`
    return [`${moduleName(entry)}.d.ts`, text] as const
  })
  const all = [...files, ...entries]
  return new Map(formats.flatMap((format) => all.map(([path, text]) => [`${format}/${path}`, text] as const)))
}

const isProgram = (content: string | Uint8Array) => Buffer.from(content).subarray(0, 2).toString() === '#!'

const slashed = (path: string) => path.replaceAll('\\', '/')
