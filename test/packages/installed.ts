import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

export const root = join(import.meta.dirname, '..', '..')
const modules = join(root, 'node_modules')
const execute = promisify(execFile)

/** A project of somebody else's, with one of our packages installed as it would be from a registry. */
export interface Project {
  readonly folder: string
  /** What npm put into the archive, sorted. */
  readonly files: readonly string[]
  /** Where the package is installed. */
  readonly installed: string
  write(name: string, text: string): void
  /** Runs one of its files, and returns what it printed. */
  run(file: string, ...args: readonly string[]): Promise<string>
  /** What the compiler has to say of its files; strict, and of every declaration that they reach. */
  typeErrors(checked: { module: 'nodenext' | 'node16'; files: readonly string[] }): Promise<string>
}

/** Packs `dist/npm/<name>`, and unpacks it beside what it asks for, which is this repository's. */
export async function projectWith(parts: { name: string; linked: readonly string[] }): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), `${parts.name}-`))
  const packed = ['pack', join(root, 'dist', 'npm', parts.name), '--json', '--pack-destination', folder]
  const { stdout } = await execute('npm', packed, { cwd: folder })
  const [archive] = JSON.parse(stdout) as { name: string; filename: string; files: { path: string }[] }[]
  if (archive === undefined) throw new Error('npm packed nothing')
  const installed = join(folder, 'node_modules', archive.name)
  mkdirSync(installed, { recursive: true })
  await execute('tar', ['-xzf', join(folder, archive.filename), '--strip-components=1', '-C', installed])
  for (const name of ['@types/node', ...parts.linked]) {
    const link = join(folder, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(modules, name), link)
  }
  return {
    folder,
    files: archive.files.map(({ path }) => path).toSorted(),
    installed,
    write: (name, text) => writeFileSync(join(folder, name), text),
    run: async (file, ...args) => (await execute(process.execPath, [file, ...args], { cwd: folder })).stdout,
    typeErrors: async ({ module, files }) => {
      const options = ['--ignoreConfig', '--noEmit', '--strict', '--module', module, '--types', 'node']
      const compiler = join(modules, 'typescript', 'bin', 'tsc')
      const command = [compiler, ...options, ...files]
      return execute(process.execPath, command, { cwd: folder }).then(
        ({ stdout: said }) => said,
        (error: { stdout: string }) => error.stdout,
      )
    },
  }
}

/** Every file below a folder. */
export function filesBelow(folder: string): { path: string; text: string }[] {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true })
  return all
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => ({ path: name, text: readFileSync(join(parentPath, name), 'utf8') }))
}
