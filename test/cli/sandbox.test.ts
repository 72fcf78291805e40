import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { assertRunsFunctions } from '../../cli/node-24.ts'
import { cli, startCli } from '../support/cli.ts'

// Each is a sandbox of its own, and the functions in it.
vi.setConfig({ testTimeout: 60_000 })

interface Opened {
  readonly environment: Readonly<Record<string, string>>
  readonly secretArn: string
}

test('sandbox serves what the other commands look at, lets time pass, and ends with Ctrl-C', async () => {
  const running = startCli({ args: ['sandbox', '--json', '--quiet'] })
  let stdout = ''
  running.child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  await running.shows('"functionArn"')
  const { environment: env, secretArn } = JSON.parse(stdout) as Opened
  const status = await cli({ args: ['status', 'demo/dfns', '--json'], env })
  expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining(secretArn) })
  running.child.stdin?.write('36h\n')
  await running.shows("The sandbox's time is")
  running.child.kill('SIGINT')
  expect(await running.ended).toMatchObject({ code: 0 })
})

test('sandbox tells people what to paste and what to run', async () => {
  const running = startCli({ args: ['sandbox', '--refuse'] })
  await running.shows('Ctrl-C ends.')
  running.child.kill('SIGTERM')
  const { code, stdout } = await running.ended
  expect(code).toBe(0)
  // A profile of the shell would come before the sandbox's credentials.
  expect(stdout).toMatch(/^unset AWS_PROFILE AWS_SESSION_TOKEN$/m)
  expect(stdout).toMatch(/^export AWS_ENDPOINT_URL=http:\/\/127\.0\.0\.1:\d+$/m)
  expect(stdout).toContain('npx dfns-rotator rotate demo/dfns')
  // What the functions log, and what Dfns refuses in that world.
  expect(stdout).toContain('"message":"phase done"')
  expect(stdout).toContain('ERR_NOT_ALLOWED')
})

test.each([
  ['sandbox', '--aws-port', '70000'],
  ['sandbox', '--dfns-port', 'none'],
  ['demo', '--kind', 'Passkey'],
])('%s %s %s is a mistake of the command line', async (...args) => {
  const { code, stdout, stderr } = await cli({ args })
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toContain(args[1])
})

test.each([
  ['--aws-port', 'x'],
  ['--aws-port', '1e3'],
  ['--dfns-port', '70000'],
])('npm run sandbox with %s %s says what a port is', async (...args) => {
  const source = fileURLToPath(new URL('../../sandbox/main.ts', import.meta.url))
  const { code, stdout, stderr } = await cli({ command: [process.execPath, source], args })
  expect(stderr).toBe(`${args[0]} is a port: a number from 0 to 65535\n`)
  expect([code, stdout]).toEqual([2, ''])
})

test('demo in the package shows what npm start shows', async () => {
  const args = ['--kind', 'UserKey']
  const source = fileURLToPath(new URL('../../sandbox/demo.ts', import.meta.url))
  const [packed, started] = await Promise.all([
    cli({ args: ['demo', ...args] }),
    cli({ command: [process.execPath, source], args }),
  ])
  expect(packed).toEqual(started)
  expect(packed).toMatchObject({ code: 0, stdout: expect.stringContaining('All of it was seen') })
})

test('with --json demo keeps standard output for its one document', async () => {
  const { code, stdout, stderr } = await cli({ args: ['demo', '--kind', 'UserKey', '--json'] })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ seen: true })
  expect(stderr).toContain('All of it was seen')
})

test('where Node.js is too old for the functions, both say which one they need', () => {
  const { node } = process.versions
  vi.spyOn(process, 'versions', 'get').mockReturnValue({ ...process.versions, node: '22.12.0' })
  expect(() => assertRunsFunctions('demo')).toThrow(
    'demo runs the functions, which need Node.js 24: this is 22.12.0',
  )
  vi.restoreAllMocks()
  expect(process.versions.node).toBe(node)
  assertRunsFunctions('demo')
})
