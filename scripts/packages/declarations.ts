import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../bundling.ts'
import type { Files } from './package.ts'

/** Where a declaration names a file of this repository. */
const relativeImport = /(?<=(?:from |import\(|import )["'])(\.{1,2}\/[^"']+)\.ts(?=["'])/g

const declarationOf = (source: string) => source.replace(/\.ts$/, '.d.ts')

/** The declarations of sources and of what they import, by path in this repository; types are not checked. */
export async function declarationsOf(sources: readonly string[]): Promise<Files> {
  if (sources.length === 0) return new Map()
  const folder = await mkdtemp(join(tmpdir(), 'declarations-'))
  try {
    await emit({ folder, sources })
    return await reached({ folder, sources })
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function emit({ folder, sources }: { folder: string; sources: readonly string[] }): Promise<void> {
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      noCheck: true,
      stripInternal: true,
      rootDir: root,
      outDir: folder,
      typeRoots: [join(root, 'node_modules', '@types')],
    },
    files: sources.map((source) => join(root, source)),
    include: [],
  }
  const file = join(folder, 'tsconfig.json')
  await writeFile(file, JSON.stringify(config))
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  await promisify(execFile)(process.execPath, [compiler, '-p', file])
}

/** Of what the compiler wrote, what the declarations of these sources name. */
async function reached({ folder, sources }: { folder: string; sources: readonly string[] }): Promise<Files> {
  const files = new Map<string, string>()
  const waiting = sources.map(declarationOf)
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (files.has(path)) continue
    const text = await readFile(join(folder, path), 'utf8')
    const from = posix.dirname(path)
    for (const [, name] of text.matchAll(relativeImport)) waiting.push(posix.join(from, `${name}.d.ts`))
    files.set(path, text.replaceAll(relativeImport, '$1.js'))
  }
  return files
}
