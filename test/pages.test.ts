import { describe, expect, test } from 'vitest'
import { anchorsIn, linksResolve, pathsExist, scriptsExist } from './tidy/pages.ts'
import type { Rule } from './tidy/rules.ts'
import { pathsInTree, readTree, type SourceFile } from './tidy/tree.ts'

const texts = readTree()
// Pictures are linked to as well.
const others = pathsInTree().filter((path) => !texts.some((each) => each.path === path))
const tree = [...texts, ...others.map((path) => ({ path, text: '' }))]

interface Case {
  readonly sentence: string
  readonly rule: Rule
  /** A page at docs/a.md, each of which is a breach. */
  readonly bad: readonly string[]
  readonly good: readonly string[]
}

const sample: readonly SourceFile[] = [
  { path: 'README.md', text: '# Read me\n\n## What `it` is, and why\n\n## Twice\n\n## Twice\n' },
  { path: 'docs/b.md', text: '# B\n\n```md\n# No heading\n```\n' },
  { path: 'docs/picture.svg', text: '<svg/>' },
  { path: 'lambdas/rotation/phases.ts', text: '' },
  { path: 'package.json', text: '{"scripts":{"build":"x","verify:live":"y"}}' },
]

const cases: readonly Case[] = [
  {
    sentence: 'every link and picture of a page leads somewhere',
    rule: linksResolve,
    bad: [
      '[x](c.md)',
      '![x](no-picture.svg)',
      '[x](#none)',
      '[x](b.md#no-heading)',
      '[x](../README.md#twice-2)',
      '[x](../lambdas/ports/)',
      '[x](picture.svg#part)',
      '| [x](b.md) | [y](c.md) |',
    ],
    good: [
      '# Here\n[x](#here)',
      '[x](b.md) [y](b.md#b)',
      '[x](../README.md#what-it-is-and-why) [y](../README.md#twice-1)',
      '[x](../lambdas/rotation) ![y](picture.svg)',
      '[x](https://docs.dfns.co/none#none)',
      '```ts\n[x](c.md)\n```',
      '`[x](c.md)`',
    ],
  },
  {
    sentence: 'every path that a page names is there',
    rule: pathsExist,
    bad: [
      '```sh\nnpx vitest run test/none.test.ts\n```',
      '`lambdas/none.ts`',
      '`rotation/none.ts`',
      '`docs/none/`',
      '`test/none/`',
    ],
    good: [
      '`lambdas/rotation/phases.ts`',
      '`rotation/phases.ts`',
      '`lambdas/`',
      '`dist/none/`',
      'https://example.org/docs/none.html',
      '`prod/dfns/payments`',
    ],
  },
  {
    sentence: 'every script that a page runs is there',
    rule: scriptsExist,
    bad: ['`npm run none`', '```sh\nnpm run --silent none\n```', '`npm run verify`'],
    good: ['`npm run build`', '`npm run verify:live -- --secret ID`', '`npm run --silent build`'],
  },
]

describe.each(cases)('$sentence', ({ rule, bad, good }) => {
  const page = (text: string) => [...sample, { path: 'docs/a.md', text }]

  test('in this tree', () => {
    expect(rule(tree)).toEqual([])
  })

  test('which finds every bad sample', () => {
    expect(bad.filter((text) => rule(page(text)).length === 0)).toEqual([])
  })

  test('which lets good ones be', () => {
    expect(good.flatMap((text) => rule(page(text)))).toEqual([])
  })
})

test('the pages are all there, with their headings', () => {
  const pages = tree.filter(({ path }) => path.endsWith('.md'))
  expect(pages.length).toBeGreaterThan(15)
  expect(pages.filter((page) => anchorsIn(page).size === 0).map(({ path }) => path)).toEqual([])
})

/** What is there more than once. */
const repeated = (all: readonly string[]) => all.filter((one, index) => all.indexOf(one) !== index)

test('no decision and no change is told twice', () => {
  const text = (path: string) => tree.find((each) => each.path === path)?.text ?? ''
  const titles = [...text('docs/decisions.md').matchAll(/^\*\*(.+?)\*\*/gm)].map(([title]) => title)
  const changes = [...text('CHANGELOG.md').matchAll(/^- (.{40})/gm)].map(([, begin = '']) => begin)
  expect(titles.length).toBeGreaterThan(100)
  expect(changes.length).toBeGreaterThan(10)
  expect([...repeated(titles), ...repeated(changes)]).toEqual([])
})
