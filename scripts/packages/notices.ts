import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../bundling.ts'

const packageFolder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/

/** The licences of the packages that these files are of, for whoever gets a bundle of them; may be empty. */
export async function noticesOf(inputs: Iterable<string>): Promise<string> {
  const notices = await Promise.all(foldersOf(inputs).map(noticeOf))
  // Most of them share one text.
  const byText = Map.groupBy(notices, ({ text }) => text)
  const groups = [...byText].map(([text, of]) => {
    const names = [...new Set(of.map(({ name }) => name))].toSorted()
    return `${names.join('\n')}\n${text === '' ? '' : `\n${text}\n`}`
  })
  return groups.toSorted().join(`\n${'-'.repeat(80)}\n\n`)
}

/** The folders of the packages that these files are of, each once. */
export function foldersOf(inputs: Iterable<string>): readonly string[] {
  return [...new Set([...inputs].flatMap((input) => packageFolder.exec(input)?.[0] ?? []))]
}

/** What is used of a package.json. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
}

export async function manifestIn(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8')) as Manifest
}

async function noticeOf(folder: string): Promise<{ name: string; text: string }> {
  const path = join(root, folder)
  const { name, version, license } = await manifestIn(folder)
  const file = (await readdir(path)).find((name) => /^licen[cs]e(\.\w+)?$/i.test(name))
  const text = file === undefined ? '' : (await readFile(join(path, file), 'utf8')).trim()
  return { name: `${name} ${version} (${license ?? 'unstated'})`, text }
}
