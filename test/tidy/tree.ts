import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** A text file of the repository. `path` is relative to its root, with `/`. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

const root = join(import.meta.dirname, '..', '..')

const generated = new Set(['.git', 'node_modules', 'dist', 'cdk.out', 'coverage'])

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !generated.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? walk(path) : [relative(root, path).replaceAll(sep, '/')]
    })
}

const gitList = ['ls-files', '-z', '-co', '--exclude-standard']

/** Tracked files, and those that the next `git add` would track; an archive without git is walked. */
export function pathsInTree(): string[] {
  const { status, stdout } = spawnSync('git', gitList, { cwd: root, encoding: 'utf8' })
  return status === 0 && stdout ? stdout.split('\0').filter(Boolean) : walk(root)
}

/** Every text file of the repository. One that was deleted but not yet committed is left out, and so is a binary. */
export const readTree = (): SourceFile[] =>
  pathsInTree()
    .filter((path) => statSync(join(root, path), { throwIfNoEntry: false })?.isFile())
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
    .filter(({ text }) => !text.includes('\0'))
