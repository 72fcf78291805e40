import { posix } from 'node:path'
import type { Rule } from './rules.ts'
import type { SourceFile } from './tree.ts'

const isPage = ({ path }: SourceFile) => path.endsWith('.md')

/** A page without its blocks of code, whose brackets and headings are none. */
export const proseOf = ({ text }: SourceFile): string =>
  text.replaceAll(/^(`{3,})[^\n]*\n[\s\S]*?^\1$/gm, (block) => block.replaceAll(/[^\n]/g, ''))

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-')

/** Every anchor of a page; headings that are alike are numbered. */
export function anchorsIn(page: SourceFile): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of proseOf(page).matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const anchor = anchorOf(heading)
    let [candidate, count] = [anchor, 0]
    while (anchors.has(candidate)) candidate = `${anchor}-${(count += 1)}`
    anchors.add(candidate)
  }
  return anchors
}

/** What a page links to, and its pictures; in code there are no links. */
const targetsIn = (page: SourceFile): string[] =>
  [
    ...proseOf(page)
      .replaceAll(/`[^`\n]*`/g, '')
      .matchAll(/\]\(([^()\s]+)\)/g),
  ].map(([, target = '']) => target)

/** Every file of the tree, and every folder that has one. */
function placesOf(files: readonly SourceFile[]): ReadonlySet<string> {
  const places = new Set<string>()
  for (const { path } of files)
    for (let place = path; place !== '.'; place = posix.dirname(place)) places.add(place)
  return places
}

/** Whatever a page links to is there, the heading included. What is elsewhere is not asked for. */
export const linksResolve: Rule = (files) => {
  const places = placesOf(files)
  return files.filter(isPage).flatMap((page) =>
    targetsIn(page)
      .filter((target) => !/^\w+:/.test(target))
      .filter((target) => {
        const [file = '', anchor] = target.split('#')
        const path = file === '' ? page.path : posix.join(posix.dirname(page.path), file)
        if (!places.has(path.replace(/\/$/, ''))) return true
        const other = files.find((each) => each.path === path)
        return anchor !== undefined && (other === undefined || !anchorsIn(other).has(anchor))
      })
      .map((target) => `${page.path} links to ${target}`),
  )
}

const folders = /^(lambdas|infra|client|cli|sandbox|scripts|web|test|docs)\//
const layers = /^(crypto|ports|credentials|rotation|operations|auditing)\//

// In blocks, where a path stands in a command.
const fileIn = /(?<![\w./-])(?:lambdas|infra|client|cli|sandbox|scripts|web|test|docs)\/[\w./-]*\.\w+/g

/** A path that a page names is that of a file, seen from the root or from `lambdas/`. */
export const pathsExist: Rule = (files) => {
  const places = placesOf(files)
  return files.filter(isPage).flatMap((page) =>
    [...inCode(proseOf(page)).map(({ 1: path = '' }) => path), ...(page.text.match(fileIn) ?? [])]
      .map((path) => path.replace(/\/$/, ''))
      .filter((path) => (folders.test(path) && !places.has(path)) || isMissingLayer(path, places))
      .map((path) => `${page.path} names ${path}`),
  )
}

const inCode = (prose: string) => [...prose.matchAll(/`([\w./-]+\/[\w./-]*)`/g)]

const isMissingLayer = (path: string, places: ReadonlySet<string>) =>
  layers.test(path) && /\.\w+$/.test(path) && !places.has(`lambdas/${path}`)

/** A script that a page tells to run is one of package.json. */
export const scriptsExist: Rule = (files) => {
  const manifest = files.find(({ path }) => path === 'package.json')
  const { scripts = {} } = JSON.parse(manifest?.text ?? '{}') as { scripts?: Record<string, string> }
  return files.filter(isPage).flatMap(({ path, text }) =>
    [...text.matchAll(/npm run (?:--silent )?([a-z][\w:]*)/g)]
      .map(([, script = '']) => script)
      .filter((script) => !Object.hasOwn(scripts, script))
      .map((script) => `${path} runs ${script}`),
  )
}
