import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../bundling.ts'

const packageFolder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/

/** The licences of the packages that these files are of, for whoever gets a bundle of them; may be empty. */
export async function noticesOf(inputs: Iterable<string>): Promise<string> {
  const folders = new Set([...inputs].flatMap((input) => packageFolder.exec(input)?.[0] ?? []))
  const notices = await Promise.all([...folders].map(noticeOf))
  // Most of them share one text.
  const byText = Map.groupBy(notices, ({ text }) => text)
  const groups = [...byText].map(([text, of]) => {
    const names = [...new Set(of.map(({ name }) => name))].toSorted()
    return `${names.join('\n')}\n${text === '' ? '' : `\n${text}\n`}`
  })
  return groups.toSorted().join(`\n${'-'.repeat(80)}\n\n`)
}

async function noticeOf(folder: string): Promise<{ name: string; text: string }> {
  const path = join(root, folder)
  const manifest = JSON.parse(await readFile(join(path, 'package.json'), 'utf8')) as Record<string, string>
  const file = (await readdir(path)).find((name) => /^licen[cs]e(\.\w+)?$/i.test(name))
  const text = file === undefined ? '' : (await readFile(join(path, file), 'utf8')).trim()
  return { name: `${manifest['name']} ${manifest['version']} (${manifest['license'] ?? 'unstated'})`, text }
}
