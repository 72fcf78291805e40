import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { commands } from '../../cli/commands.ts'
import { exitCodes, meanings } from '../../cli/exit-codes.ts'
import { cli, deployed, json } from '../support/cli.ts'

vi.setConfig({ testTimeout: 60_000 })

const region = { AWS_REGION: 'eu-west-1' }
const names = commands.map(({ name }) => name)

describe('--help', () => {
  test('tells every command with its summary, every option of all, and every exit code', async () => {
    const { code, stdout, stderr } = await cli({ args: ['--help'] })
    for (const { name } of commands) expect(stdout).toMatch(new RegExp(`^  ${name} +\\S`, 'm'))
    for (const { summary } of commands) expect(stdout.replaceAll(/\s+/g, ' ')).toContain(summary)
    for (const exitCode of Object.values(exitCodes))
      expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`${exitCode} ${meanings[exitCode]}`)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  test.each(commands.map((command) => [command.name, command] as const))(
    'of %s tells its usage, its options and examples, and asks AWS nothing',
    async (name, { summary, operands, options, about, examples }) => {
      const { code, stdout, stderr } = await cli({ args: [name, '--help'] })
      const flat = stdout.replaceAll(/\s+/g, ' ')
      expect(stdout.startsWith(`${summary}.\n`)).toBe(true)
      expect(flat).toContain(`npx dfns-rotator ${name} [options] ${operands.usage}`.trim())
      for (const [option, { says, value }] of Object.entries(options))
        expect(flat).toContain(`--${option}${value === undefined ? '' : ` ${value}`} ${says}`)
      for (const text of about) expect(flat).toContain(text)
      for (const example of examples) expect(stdout).toContain(`  npx dfns-rotator ${example}\n`)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    },
  )

  test.each(names)('of %s has lines of at most 100 columns', async (name) => {
    const { stdout } = await cli({ args: [name, '--help'] })
    expect(
      stdout.split('\n').filter((line) => line.length > 100 && !line.includes('npx dfns-rotator')),
    ).toEqual([])
  })

  test('every example is one that the parser takes', async () => {
    for (const { name, examples } of commands) {
      for (const example of examples) {
        expect(example.split(' ')[0]).toBe(name)
        const words = example.replace(/ <.*$/, '').split(' ')
        const { stderr } = await cli({ args: [...words, '--help'] })
        expect(stderr).toBe('')
      }
    }
  })
})

describe('a command line that is not understood ends with 2, and tells why in one line', () => {
  test.each([
    ['no command', [], ''],
    ['an unknown command', ['rotat'], /^dfns-rotator: USAGE: "rotat" is none of the commands /],
    ['an unknown option', ['status', '--jsn'], /^dfns-rotator: USAGE: Unknown option '--jsn'/],
    [
      'an option without its value',
      ['status', '--region'],
      /^dfns-rotator: USAGE: Option '--region <value>' argument missing/,
    ],
    [
      'a value that is none of those',
      ['adopt', 'x', '--kind', 'Key'],
      /--kind is one of ServiceAccountKey, /,
    ],
    ['an operand too few', ['adopt'], /adopt takes SECRET, and not 0 of it/],
    ['an operand too many', ['adopt', 'a', 'b'], /adopt takes SECRET, and not 2 of it/],
    ['an endpoint that is none', ['status', '--endpoint-url', 'x'], /--endpoint-url is not a URL/],
  ])('%s', async (_, args, says) => {
    const { code, stderr } = await cli({ args, env: region })
    expect(stderr).toMatch(says)
    expect(stderr.split('\n').length).toBeLessThanOrEqual(2)
    expect(code).toBe(2)
  })

  test('and is one JSON document, too', async () => {
    const { code, result } = await json<object>({ args: ['status', '--jsn'] })
    expect(result).toMatchObject({ error: { code: 'USAGE', retryable: false } })
    expect(code).toBe(2)
  })
})

describe('AWS is found as the aws CLI finds it', () => {
  const credentials = { AWS_ACCESS_KEY_ID: 'sandbox', AWS_SECRET_ACCESS_KEY: 'sandbox' }
  const away = { AWS_EC2_METADATA_DISABLED: 'true' }

  test('without a region it says so before it asks', async () => {
    const { code, stderr } = await cli({ args: ['status'], env: credentials })
    expect(stderr).toMatch(/^dfns-rotator: AWS_UNAVAILABLE: no AWS region is known: say --region/)
    expect(code).toBe(5)
  })

  test('without credentials it says so before it asks', async () => {
    const { code, stderr } = await cli({ args: ['status', '--region', 'eu-west-1'], env: away })
    expect(stderr).toMatch(/AWS_UNAVAILABLE: no AWS credentials are found: say --profile/)
    expect(code).toBe(5)
  })

  test('--region and --endpoint-url are enough beside credentials', async () => {
    const { scene, arn } = await deployed()
    const endpoint = ['--region', 'eu-west-1', '--endpoint-url', scene.sandbox.urls.aws]
    const { code, stdout } = await cli({ args: ['status', '--json', ...endpoint], env: credentials })
    expect(stdout).toContain(arn)
    expect(code).toBe(0)
  })

  test('an AWS that does not answer is 5, and can be tried again', async () => {
    const args = ['status', '--endpoint-url', 'http://127.0.0.1:9']
    const { code, result } = await json<object>({ args, env: { ...credentials, ...region } })
    expect(result).toMatchObject({ error: { retryable: true } })
    expect(code).toBe(5)
  })

  test('a profile is read from the configuration files, and comes before the variables', async () => {
    const { scene, arn } = await deployed()
    const folder = mkdtempSync(join(tmpdir(), 'aws-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const text = `[profile here]\nregion = eu-west-1\naws_access_key_id = profiled\naws_secret_access_key = x\nendpoint_url = ${scene.sandbox.urls.aws}\n`
    writeFileSync(`${folder}/config`, text)
    const env = {
      ...credentials,
      AWS_CONFIG_FILE: `${folder}/config`,
      AWS_SHARED_CREDENTIALS_FILE: `${folder}/none`,
    }
    const { stdout, stderr } = await cli({ args: ['status', '--json', '--profile', 'here'], env })
    expect(stdout).toContain(arn)
    expect(stderr).toBe('')
    const asked = scene.sandbox.wire.calls.map(({ request }) => request.headers['authorization'])
    expect(asked.some((header) => header?.includes('Credential=profiled/'))).toBe(true)
  })
})

test('there are no colours off a terminal, whatever TERM says', async () => {
  const { scene } = await deployed()
  const { stdout, stderr } = await cli({ scene, args: ['status'], env: { TERM: 'xterm-256color' } })
  expect(`${stdout}${stderr}`).not.toContain('\u001b')
})

test('--verbose tells what is being done on standard error, and standard output stays one document', async () => {
  const { scene, arn } = await deployed({ tags: { 'dfns-rotator:grace': 'a day' } })
  const { stderr } = await json<object>({ scene, args: ['status', arn, '--verbose'] })
  expect(stderr).toContain(
    'warning: a tag is not understood, the defaults count reason="tag dfns-rotator:grace ',
  )
  expect((await json<object>({ scene, args: ['status', arn] })).stderr).toBe('')
})

test('AWS_DEFAULT_REGION, which the aws CLI knows and the SDK does not, is enough, also beside an empty AWS_REGION', async () => {
  const { scene, arn } = await deployed()
  const { AWS_ENDPOINT_URL = '' } = scene.sandbox.environment
  const env = {
    AWS_ENDPOINT_URL,
    AWS_REGION: '',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  }
  expect((await cli({ args: ['status', '--json'], env })).stdout).toContain(arn)
})

test('an empty region is none, and that is said', async () => {
  const env = { AWS_REGION: '', AWS_DEFAULT_REGION: '', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' }
  for (const args of [['status'], ['status', '--region', '']]) {
    const { code, stderr } = await cli({ args, env })
    expect(code).toBe(5)
    expect(stderr).toContain('AWS_UNAVAILABLE: no AWS region is known')
  }
})

describe('docs/cli.md', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'cli.md'), 'utf8')

  test('has a section for every command, and names each of its options', () => {
    for (const { name, options } of commands) {
      const section = new RegExp(`^## ${name}\n([^]*?)(?=^## |$(?![^]))`, 'm').exec(page)?.[1] ?? ''
      expect([name, section]).not.toEqual([name, ''])
      for (const option of Object.keys(options)) expect(section).toContain(`--${option}`)
    }
  })

  test('lists every exit code in the words of --help', () => {
    const rows = [...page.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(([, code, says]) => [Number(code), says])
    expect(rows).toEqual(Object.values(exitCodes).map((code) => [code, meanings[code]]))
  })

  test("lists every finding that is doctor's own", () => {
    const files = ['doctor/secret.ts', 'doctor/webhook.ts', 'doctor/deployment.ts']
    const code = files.map((name) => readFileSync(join(import.meta.dirname, '..', '..', 'cli', name), 'utf8'))
    const types = code.flatMap((text) => [...text.matchAll(/type: '([\w-]+)'/g)].map(([, type = '']) => type))
    expect(types.length).toBeGreaterThan(10)
    for (const type of types.filter((one) => one !== 'shared-credential'))
      expect(page).toContain(`| \`${type}\` |`)
  })
})
