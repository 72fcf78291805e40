import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createScreen } from '../sandbox/demo/screen.ts'
import { kinds, ways } from '../sandbox/demo/subjects.ts'

const demo = fileURLToPath(new URL('../sandbox/demo.ts', import.meta.url))
const run = promisify(execFile)
const start = (...args: string[]) => run(process.execPath, [demo, ...args], { env: {} })

/** The kinds in the rows of the table, where every phase has its mark. */
const rowsIn = (stdout: string) =>
  [...stdout.matchAll(/^ {2}(\w+) +(?:its own key|the signer) +✓ ✓ ✓ ✓ /gm)].map(([, kind]) => kind)

describe('npm start, where nobody watches', () => {
  test('shows the acts in plain lines, nothing secret among them, and exits with 0', {
    timeout: 60_000,
  }, async () => {
    const { stdout, stderr } = await start()
    expect(stderr).toBe('')
    const steps = stdout.match(/^ {2}[✓✗] (createSecret|setSecret|testSecret|finishSecret|retire)/gm)
    const marks = steps?.map((line) => line.trim().replace('Secret', '')).join(' ')
    const first = '✓ test ✓ create ✓ set ✓ test ✓ finish ✓ retire'
    const second = '✓ create ✗ set ✓ create ✓ set ✓ test ✓ finish ✓ retire'
    expect(marks).toBe(`${first} ${second} ✓ test ✗ create`)
    expect(rowsIn(stdout)).toEqual(ways.map(({ kind }) => kind))
    expect(stdout).not.toContain('NOT SEEN')
    expect(stdout).toContain('ERR_NOT_ALLOWED')
    expect(stdout).toContain('All of it was seen')
    expect(stdout).not.toContain('\u001b')
    expect(stdout).not.toContain('\r')
    expect(stdout).not.toMatch(/PRIVATE KEY|eyJ[\w-]{10}|RotationToken/)
  })

  test.each(kinds)('shows %s alone', { timeout: 60_000 }, async (kind) => {
    const { stdout } = await start('--kind', kind)
    const strategies = ways.filter((way) => way.kind === kind)
    expect(rowsIn(stdout)).toEqual(strategies.map(() => kind))
    // After the rotation, and after the grace.
    expect(stdout.match(/^ {2}✓ /gm)).toHaveLength(2 * strategies.length)
    expect(stdout).toContain('All of it was seen')
    expect(stdout).not.toMatch(/NOT SEEN|PRIVATE KEY|eyJ[\w-]{10}|whs-/)
  })

  test.each([
    [['--kind', 'Passkey'], 'There is no kind Passkey'],
    [['--kind'], 'That is not understood'],
    [['--all'], 'That is not understood'],
    [['WebhookSecret'], 'That is not understood'],
  ])('is told the kinds when it does not understand %j', async (args, words) => {
    const failure = await start(...args).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 2, stdout: '' })
    expect(failure).toMatchObject({ stderr: expect.stringContaining(words) })
    for (const kind of kinds) expect(failure).toMatchObject({ stderr: expect.stringContaining(kind) })
  })

  test.each([
    [true, true],
    [true, false],
    [false, true],
  ])('sees all of it only if all of it was so (%s, %s)', (first, second) => {
    const written: string[] = []
    const screen = createScreen({ isTTY: false, write: (text: string) => written.push(text) > 0 })
    screen.observe(first, 'the first promise')
    screen.observe(second, 'the second promise')
    expect(screen.allSeen()).toBe(first && second)
    expect(written.join('').includes('NOT SEEN')).toBe(!(first && second))
  })
})
