import { posix } from 'node:path'
import type { SourceFile } from './tree.ts'

/** Looks at the whole tree and returns one sentence per breach, led by the file (and line) it stands in. */
export type Rule = (files: readonly SourceFile[]) => string[]

const vendored = (path: string) => path.startsWith('lambdas/vendor/')
const isCode = ({ path }: SourceFile) => /\.[cm]?[jt]s$/.test(path) && !vendored(path)
const isTest = ({ path }: SourceFile) => path.startsWith('test/')
const isProduction = (file: SourceFile) =>
  isCode(file) && /^(lambdas|infra|sandbox|scripts|client|cli|web)\//.test(file.path)

/** From left to right: a file of `lambdas/` imports from its own layer or from one further left. */
const layers = [
  'errors',
  'crypto',
  'ports',
  'credentials',
  'rotation',
  'operations',
  'auditing',
  'entry points',
] as const
type Layer = (typeof layers)[number]
const entryPoints = ['lambdas/rotate.ts', 'lambdas/retire.ts', 'lambdas/audit.ts']

function layerOf(path: string): Layer | undefined {
  if (entryPoints.includes(path)) return 'entry points'
  if (path === 'lambdas/errors.ts') return 'errors'
  const folder = /^lambdas\/([^/]+)\//.exec(path)?.[1]
  return layers.find((layer) => layer === folder && layer !== 'errors')
}

const specifier = /(?:\bfrom|\bimport)\s*\(?\s*(['"])([^'"\n]+)\1/g

const importsOf = ({ text }: SourceFile): string[] =>
  [...text.matchAll(specifier)].map((match) => match[2] ?? '')

/** The repository paths that a file imports; packages are left out. */
const relativeImportsOf = (file: SourceFile): string[] =>
  importsOf(file)
    .filter((target) => target.startsWith('.'))
    .map((target) => posix.join(posix.dirname(file.path), target))

function lambdaImports(file: SourceFile): string[] {
  const from = layerOf(file.path)
  if (!from) return [`${file.path} stands in no layer`]
  return relativeImportsOf(file)
    .filter((target) => !vendored(target))
    .flatMap((target) => {
      if (!target.startsWith('lambdas/')) return [`${file.path} imports ${target}, which is outside lambdas/`]
      const to = layerOf(target)
      if (!to) return [`${file.path} imports ${target}, which stands in no layer`]
      if (layers.indexOf(to) <= layers.indexOf(from)) return []
      return [`${file.path} (${from}) imports ${target} (${to}), which is further right`]
    })
}

/** `errors → crypto → ports → credentials → rotation → rotate, retire, audit`, and nothing from beside `lambdas/`. */
export const layersAreKept: Rule = (files) =>
  files.filter((file) => isCode(file) && file.path.startsWith('lambdas/')).flatMap(lambdaImports)

/** A judge does not share the defendant's code, nor its libraries. */
export const sandboxStandsAlone: Rule = (files) =>
  files
    .filter((file) => isCode(file) && file.path.startsWith('sandbox/'))
    .flatMap((file) =>
      [
        ...relativeImportsOf(file).filter((target) => !target.startsWith('sandbox/')),
        ...importsOf(file).filter((target) => !target.startsWith('.') && !target.startsWith('node:')),
      ].map((target) => `${file.path} imports ${target}`),
    )

const cliReaches = /^(cli|lambdas|sandbox)\//

/**
 * The commands stand on everything else, and nothing stands on them, but what draws a picture of them; a
 * function's entry point is no module.
 */
export const cliStandsOnTop: Rule = (files) =>
  files
    .filter((file) => isProduction(file))
    .flatMap((file) =>
      relativeImportsOf(file)
        .filter((target) =>
          file.path.startsWith('cli/')
            ? !cliReaches.test(target) || entryPoints.includes(target) || target === deployed
            : target.startsWith('cli/') && !file.path.startsWith('scripts/recording/'),
        )
        .map((target) => `${file.path} imports ${target}`),
    )

/** Makes its clients of the functions' own environment. */
const deployed = 'lambdas/rotation/deployment.ts'

const ofClient = ['@aws-sdk/client-secrets-manager', '@dfns/sdk', '@middy/core']

/** What applications install holds no part of the rotator but how a key is read and signs. */
export const clientStandsAlone: Rule = (files) =>
  files
    .filter((file) => isCode(file) && file.path.startsWith('client/'))
    .flatMap((file) =>
      [
        ...relativeImportsOf(file).filter((target) => !/^(client|lambdas\/crypto)\//.test(target)),
        ...importsOf(file).filter(
          (target) =>
            !/^(\.|node:)/.test(target) && !ofClient.some((peer) => `${target}/`.startsWith(`${peer}/`)),
        ),
      ].map((target) => `${file.path} imports ${target}`),
    )

/** What a browser loads is ours to the last line; and what the page decides knows nothing of how it looks. */
export const pageStandsAlone: Rule = (files) =>
  files
    .filter((file) => isCode(file) && file.path.startsWith('web/'))
    .flatMap((file) => {
      const home = file.path.startsWith('web/core/') ? 'web/core/' : 'web/'
      return [
        ...relativeImportsOf(file).filter((target) => !target.startsWith(home)),
        ...importsOf(file).filter((target) => !target.startsWith('.')),
      ].map((target) => `${file.path} imports ${target}`)
    })

const maxLines = 250
const maxColumns = 110

/** Every line of the chosen files that the pattern matches, as `path:line: …`. */
function linesThat(files: readonly SourceFile[], breach: (line: string) => string | undefined): string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const found = breach(line)
      return found === undefined ? [] : [`${path}:${index + 1}: ${found}`]
    }),
  )
}

const linesMatching = (files: readonly SourceFile[], pattern: RegExp): string[] =>
  linesThat(files, (line) => pattern.exec(line)?.[0].trim())

export const filesAreShort: Rule = (files) =>
  files.filter(isProduction).flatMap(({ path, text }) => {
    const lines = text.trimEnd().split('\n').length
    return lines > maxLines ? [`${path} has ${lines} lines`] : []
  })

export const linesAreShort: Rule = (files) =>
  linesThat(files.filter(isProduction), (line) =>
    line.length > maxColumns ? `${line.length} columns` : undefined,
  )

// In pieces, so that this file does not name what it looks for.
const machinePaths = ['work', 'farm', 'root', 'home', 'Users', `tmp/${'bash'}_jobs`].join('|')
const machinePath = new RegExp(`(?<![\\w.$})-])/(${machinePaths})/`)
const registries = [
  ['registry', 'npmjs', '(org|com)'],
  ['registry', 'yarnpkg', 'com'],
  ['npm', 'pkg', 'github', 'com'],
  ['deb', 'debian', 'org'],
  ['files', 'pythonhosted', 'org'],
  ['proxy', 'golang', 'org'],
]
const registryHost = new RegExp(registries.map((parts) => parts.join('\\.')).join('|'))

export const noMachinePath: Rule = (files) => linesMatching(files, machinePath)

export const noRegistryHost: Rule = (files) => linesMatching(files, registryHost)

const unfinished = new RegExp(
  `\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'not implement' + 'ed'].join('|')})\\b`,
  'i',
)

export const nothingUnfinished: Rule = (files) => linesMatching(files.filter(isProduction), unfinished)

const leftOut = /\.(only|skip|skipIf|todo)\(|\bx(it|test|describe)\(|expect\(true\)\.toBe\(true\)/

export const everyTestCounts: Rule = (files) =>
  linesMatching(
    files.filter((file) => isTest(file) && isCode(file)),
    leftOut,
  )

const defaultExport = /^export\s+default\b|^export\s*\{[^}]*\bas default\b/

export const noDefaultExport: Rule = (files) =>
  linesMatching(
    files.filter((file) => isCode(file) && !file.path.endsWith('.config.ts')),
    defaultExport,
  )

const registry = 'lambdas/credentials/index.ts'

export const noBarrel: Rule = (files) =>
  files
    .filter((file) => isCode(file) && /(^|\/)index\.[cm]?[jt]s$/.test(file.path) && file.path !== registry)
    .map(({ path }) => `${path} is a barrel`)
