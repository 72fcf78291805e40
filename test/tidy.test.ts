import { describe, expect, test } from 'vitest'
import {
  inexactVersions,
  type Lockfile,
  type Manifest,
  missingFromLockfile,
  resolvedByHost,
} from './tidy/packages.ts'
import {
  cliStandsOnTop,
  clientStandsAlone,
  everyTestCounts,
  filesAreShort,
  layersAreKept,
  linesAreShort,
  noBarrel,
  noDefaultExport,
  noMachinePath,
  noRegistryHost,
  nothingUnfinished,
  type Rule,
  pageStandsAlone,
  sandboxStandsAlone,
} from './tidy/rules.ts'
import { readTree, type SourceFile } from './tidy/tree.ts'

const tree = readTree()

interface Case {
  readonly sentence: string
  readonly rule: Rule
  /** Breaches: each must be found. Strings are put together so that this file itself is clean. */
  readonly bad: readonly SourceFile[]
  /** Near misses: none may be found. */
  readonly good: readonly SourceFile[]
}

const at = (path: string, text = ''): SourceFile => ({ path, text })
const importing = (path: string, ...targets: string[]) =>
  at(path, targets.map((target) => `import { x } from '${target}'\n`).join(''))

const cases: readonly Case[] = [
  {
    sentence: 'a file of lambdas/ imports from its own layer or from the left, and only from lambdas/',
    rule: layersAreKept,
    bad: [
      importing('lambdas/errors.ts', './crypto/keys.ts'),
      importing('lambdas/crypto/keys.ts', '../ports/dfns.ts'),
      importing('lambdas/ports/dfns.ts', '../credentials/index.ts'),
      importing('lambdas/credentials/a.ts', '../rotation/phases.ts'),
      importing('lambdas/rotation/phases.ts', '../rotate.ts'),
      at('lambdas/ports/dfns.ts', "export type { X } from '../rotation/phases.ts'"),
      at('lambdas/ports/dfns.ts', "const x = await import('../rotation/phases.ts')"),
      at('lambdas/ports/dfns.ts', "import '../rotation/phases.ts'"),
      at('lambdas/ports/dfns.ts', "import {\n  x,\n} from\n  '../rotation/phases.ts'"),
      ...['sandbox', 'infra', 'test', 'client', 'cli', 'web'].map((other) =>
        importing('lambdas/rotate.ts', `../${other}/x.ts`),
      ),
      at('lambdas/helpers.ts'),
      at('lambdas/utils/strings.ts'),
    ],
    good: [
      importing(
        'lambdas/rotate.ts',
        './rotation/phases.ts',
        './errors.ts',
        './retire.ts',
        'node:crypto',
        'valibot',
      ),
      importing('lambdas/crypto/keys.ts', './base64url.ts', '../errors.ts'),
      importing('lambdas/ports/dfns.ts', '../vendor/cross-fetch/index.cjs', 'cross-fetch'),
      importing('infra/app.ts', './rotator-stack.ts'),
    ],
  },
  {
    sentence: 'web/ imports itself alone, and web/core/ nothing of the page around it',
    rule: pageStandsAlone,
    bad: [
      importing('web/main.ts', 'valibot'),
      importing('web/view/a.ts', '../../sandbox/wire.ts'),
      importing('web/core/a.ts', '../view/page.ts'),
      importing('web/core/a.ts', 'node:crypto'),
    ],
    good: [importing('web/view/a.ts', '../core/app.ts'), importing('web/core/a.ts', './app.ts')],
  },
  {
    sentence: "sandbox/ imports Node's own modules and itself, nothing else",
    rule: sandboxStandsAlone,
    bad: [
      importing('sandbox/a.ts', '../lambdas/crypto/keys.ts'),
      importing('sandbox/dfns/a.ts', '../../lambdas/crypto/keys.ts'),
      importing('sandbox/a.ts', '@dfns/sdk'),
    ],
    good: [
      importing('sandbox/dfns/a.ts', '../wire.ts', 'node:http'),
      importing('test/a.ts', '../lambdas/rotate.ts'),
    ],
  },
  {
    sentence: 'cli/ imports from lambdas/ and sandbox/, and only a picture of it imports from cli/',
    rule: cliStandsOnTop,
    bad: [
      importing('cli/a.ts', '../infra/app.ts'),
      importing('cli/a.ts', '../lambdas/rotate.ts'),
      importing('cli/a.ts', '../lambdas/rotation/deployment.ts'),
      importing('lambdas/rotation/a.ts', '../../cli/output.ts'),
      importing('scripts/a.ts', '../cli/output.ts'),
    ],
    good: [
      importing('cli/commands/a.ts', '../output.ts', '../../lambdas/errors.ts', '../../sandbox/scene.ts'),
      importing('test/cli/a.test.ts', '../../cli/output.ts'),
      importing('scripts/recording/a.ts', '../../cli/run.ts'),
    ],
  },
  {
    sentence: "client/ imports Node's own modules, its peers, lambdas/crypto/ and itself, nothing else",
    rule: clientStandsAlone,
    bad: [
      importing('client/a.ts', '../lambdas/credentials/document.ts'),
      importing('client/a.ts', '../sandbox/clock.ts'),
      importing('client/a.ts', 'valibot'),
      importing('client/a.ts', '@dfns/sdk-browser'),
    ],
    good: [
      importing(
        'client/a.ts',
        './b.ts',
        '../lambdas/crypto/key.ts',
        'node:crypto',
        '@dfns/sdk/baseAuthApi.js',
      ),
      importing('test/a.ts', '../client/a.ts'),
    ],
  },
  {
    sentence: 'a production file has at most 250 lines',
    rule: filesAreShort,
    bad: ['lambdas', 'infra', 'sandbox', 'scripts'].map((folder) => at(`${folder}/a.ts`, 'x\n'.repeat(251))),
    good: [at('sandbox/a.ts', 'x\n'.repeat(250)), at('test/a.ts', 'x\n'.repeat(251))],
  },
  {
    sentence: 'a production line has at most 110 columns',
    rule: linesAreShort,
    bad: [at('scripts/a.ts', `\n${'x'.repeat(111)}`)],
    good: [at('scripts/a.ts', 'é'.repeat(110)), at('docs/a.md', 'x'.repeat(111))],
  },
  {
    sentence: 'no file names a path of the machine it was written on',
    rule: noMachinePath,
    bad: ['work', 'root', 'home', 'Users'].map((name) => at('docs/a.md', `see ${['', name, 'a'].join('/')}`)),
    good: [
      at(
        'docs/a.md',
        ['https://example.org/work/a, ./home/a, `${x}/ro', 'ot/a`, /var/task/index.mjs'].join(''),
      ),
    ],
  },
  {
    sentence: "no file names a package registry's host",
    rule: noRegistryHost,
    bad: [at('.npmrc', `registry=https://${['registry', 'npmjs', 'org'].join('.')}/`)],
    good: [at('docs/a.md', 'npm, Debian, https://docs.aws.amazon.com/')],
  },
  {
    sentence: 'production code marks nothing as unfinished',
    rule: nothingUnfinished,
    bad: ['TO' + 'DO: x', 'FIX' + 'ME', "throw new Error('not implement" + "ed')"].map((text) =>
      at('lambdas/a.ts', text),
    ),
    good: [at('lambdas/a.ts', 'const todos = 1'), at('docs/a.md', 'TO' + 'DO')],
  },
  {
    sentence: 'no test is focused, skipped, only planned or empty',
    rule: everyTestCounts,
    bad: [
      ...['only', 'skip', 'todo', 'skipIf'].map((word) => `test.${word}('x')`),
      `expect(${true}).toBe(true)`,
    ].map((text) => at('test/a.test.ts', text)),
    good: [at('test/a.test.ts', "test('skips what is done', () => {})")],
  },
  {
    sentence: 'only a config file has a default export',
    rule: noDefaultExport,
    bad: ['export ' + 'default x', 'export ' + 'default function x() {}', 'export { x as ' + 'default }'].map(
      (text) => at('scripts/a.ts', text),
    ),
    good: [
      at('vitest.config.ts', 'export ' + 'default x'),
      at('lambdas/vendor/a/index.d.ts', 'export ' + 'default x'),
    ],
  },
  {
    sentence: 'there is no barrel but the registry of credential kinds',
    rule: noBarrel,
    bad: [at('lambdas/ports/index.ts'), at('sandbox/index.ts'), at('test/index.ts')],
    good: [
      at('lambdas/credentials/index.ts'),
      at('lambdas/vendor/a/index.cjs'),
      at('lambdas/ports/reindex.ts'),
    ],
  },
]

describe.each(cases)('$sentence', ({ rule, bad, good }) => {
  test('in this tree', () => {
    expect(rule(tree)).toEqual([])
  })

  test('which finds every bad sample', () => {
    expect(bad.filter((sample) => rule([sample]).length === 0)).toEqual([])
  })

  test('which lets good ones be', () => {
    expect(rule(good)).toEqual([])
  })
})

test('the tree that is looked at is the whole one', () => {
  const paths = tree.map(({ path }) => path)
  expect(paths).toEqual(
    expect.arrayContaining(['package.json', 'package-lock.json', 'test/tidy.test.ts', '.npmrc']),
  )
  expect(paths.filter((path) => /(^|\/)(node_modules|dist|\.git)\//.test(path))).toEqual([])
})

function parse<T>(path: string): T {
  const file = tree.find((each) => each.path === path)
  if (!file) throw new Error(`${path} is missing`)
  return JSON.parse(file.text) as T
}

describe('package.json', () => {
  test('names one exact version of every dependency', () => {
    expect(inexactVersions(parse<Manifest>('package.json'))).toEqual([])
  })

  test.for(['^1.0.0', '~1.0.0', '1.x', '1.0', '*', 'latest', 'npm:x@^1.0.0', '>=1.0.0', 'git+ssh://x/y'])(
    'may not say %s',
    (version) => {
      for (const field of ['dependencies', 'devDependencies', 'optionalDependencies'])
        expect(
          inexactVersions({
            [field]: { a: version, b: '1.2.3', c: 'file:lambdas/vendor/c', d: 'npm:@x/y@1.2.3' },
          }),
        ).toEqual([`a ${version}`])
    },
  )
})

describe('package-lock.json', () => {
  test('names no host', () => {
    expect(resolvedByHost(parse<Lockfile>('package-lock.json'))).toEqual([])
  })

  test('may not name a host, while a local link is fine', () => {
    const packages = {
      'node_modules/a': { resolved: 'https://example.org/a.tgz' },
      'node_modules/b': { resolved: 'lib/b' },
    }
    expect(resolvedByHost({ packages })).toEqual(['node_modules/a'])
  })

  test('holds every package that one of its packages asks for', () => {
    expect(missingFromLockfile(parse<Lockfile>('package-lock.json'))).toEqual([])
  })

  test('lacks what neither the package, nor one around it, nor the root holds', () => {
    const packages = {
      '': { devDependencies: { a: '1.0.0', gone: '1.0.0' } },
      'node_modules/a': { dependencies: { b: '1', c: '1' }, optionalDependencies: { 'a-darwin': '1' } },
      'node_modules/a/node_modules/b': { dependencies: { c: '1', d: '1' }, devDependencies: { never: '1' } },
      'node_modules/a/node_modules/d': {},
      'node_modules/c': { dependencies: { d: '1' } },
    }
    expect(missingFromLockfile({ packages })).toEqual([
      'package.json needs gone',
      'node_modules/a needs a-darwin',
      'node_modules/c needs d',
    ])
  })
})
