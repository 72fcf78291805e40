import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { cli, deployed, startCli, type Started } from './support/cli.ts'
import type { Staged } from './support/graces.ts'

// One sandbox for a whole page, and every command of it.
vi.setConfig({ testTimeout: 120_000 })

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Pages whose commands are to be pasted. */
const pages = ['README.md', 'cli/README.md', 'docs/cli.md'].filter((path) => existsSync(join(root, path)))

/** The lines of a page's blocks of `sh`, without what is said beside them. */
function linesOf(path: string): readonly string[] {
  const blocks = [...read(path).matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
  return (
    blocks
      .flatMap((block) => block.replaceAll('\\\n', '').split('\n'))
      .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
      // As long as the package is not published.
      .map((line) => line.replace(/^npx \.\/dist\/npm\/cli /, npx))
      .filter((line) => line !== '')
  )
}

const npx = 'npx dfns-rotator '
const sandbox = 'npm run sandbox -- --quiet'

/** What no test here runs, and who does. CI itself is the clean clone in which these come first. */
const elsewhere: Readonly<Record<string, string>> = {
  'npm ci && npm start': 'npm start',
  'npm start -- --kind WebhookSecret': 'test/demo.test.ts',
  'npm cit': 'npm cit',
}

test('README.md says how it begins', () => {
  expect(linesOf('README.md')).toEqual(expect.arrayContaining(Object.keys(elsewhere)))
})

test.each(pages)('every command of %s is run here, or by whom is known', (path) => {
  const others = linesOf(path).filter((line) => !line.startsWith(npx) && line !== sandbox)
  expect(others.filter((line) => !(line in elsewhere))).toEqual([])
})

test('who runs the others does: CI, and the tests of the demo', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  expect(scripts['start']).toContain('node sandbox/demo.ts')
  // npm cit is npm ci and npm test.
  expect(scripts['test']).toBe('npm run --silent check')
  for (const who of Object.values(elsewhere)) {
    const isPage = who.startsWith('test/')
    expect(isPage ? read(who) : read('.ci/run')).toContain(isPage ? 'sandbox/demo.ts' : who)
  }
})

/** The secrets that the pages speak of, beside the scene's own. */
async function openPage(): Promise<Staged> {
  const staged = await deployed()
  const { scene, account } = staged
  const { orgId } = account.document
  for (const name of ['demo/dfns', 'prod/payments', 'prod/dfns/payments']) {
    const { document } = scene.openAccount({ orgId, name })
    await scene.keepSecret({ name, document })
  }
  return staged
}

/** One that goes on until somebody ends it. */
async function begunAndEnded(running: Started): Promise<number | null> {
  await running.shows('Ctrl-C ends.')
  running.child.kill('SIGINT')
  return (await running.ended).code
}

test('README.md keeps a sandbox running', async () => {
  expect(linesOf('README.md')).toContain(sandbox)
  const command = [process.execPath, join(root, 'sandbox', 'main.ts')] as const
  expect(await begunAndEnded(startCli({ args: ['--quiet'], command }))).toBe(0)
})

describe.each(pages)('%s', (path) => {
  test('its commands do as they stand there, one after the other', async () => {
    const { scene } = await openPage()
    const ended: [string, number | null][] = []
    const commands = linesOf(path).filter((line) => line.startsWith(npx))
    for (const line of commands) {
      const args = line.slice(npx.length).split(/\s+/)
      // A person at a terminal would say yes.
      const code =
        args[0] === 'sandbox'
          ? await begunAndEnded(startCli({ args }))
          : (await cli({ args: [...args, '--yes'], scene })).code
      ended.push([line, code])
    }
    expect(ended).toEqual(commands.map((line) => [line, 0]))
  })
})
