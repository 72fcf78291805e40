import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createScreen } from '../sandbox/demo/screen.ts'

const demo = fileURLToPath(new URL('../sandbox/demo.ts', import.meta.url))
const run = promisify(execFile)

describe('npm start, where nobody watches', () => {
  test('shows three rotations in plain lines, nothing secret among them, and exits with 0', {
    timeout: 60_000,
  }, async () => {
    const { stdout, stderr } = await run(process.execPath, [demo], { env: {} })
    expect(stderr).toBe('')
    const steps = stdout.match(/^ {2}[✓✗] (createSecret|setSecret|testSecret|finishSecret|retire)/gm)
    const marks = steps?.map((line) => line.trim().replace('Secret', '')).join(' ')
    const first = '✓ test ✓ create ✓ set ✓ test ✓ finish ✓ retire'
    const second = '✓ create ✗ set ✓ create ✓ set ✓ test ✓ finish ✓ retire'
    expect(marks).toBe(`${first} ${second} ✓ test ✗ create`)
    expect(stdout).not.toContain('NOT SEEN')
    expect(stdout).toContain('ERR_NOT_ALLOWED')
    expect(stdout).toContain('All of it was seen')
    expect(stdout).not.toContain('\u001b')
    expect(stdout).not.toContain('\r')
    expect(stdout).not.toMatch(/PRIVATE KEY|eyJ[\w-]{10}|RotationToken/)
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
