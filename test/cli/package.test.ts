import { execFile } from 'node:child_process'
import { constants, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cli, deployed } from '../support/cli.ts'

const timeout = 120_000
const execute = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')
const repository = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }

/** This Node.js, and any other that the machine has which the package promises to run on. */
const folders = ['/usr/bin', '/usr/local/bin', ...(process.env['PATH'] ?? '').split(delimiter)]
const candidates = [process.execPath, ...folders.map((path) => join(path, 'node'))].filter(existsSync)
const nodes = [...new Set(candidates.map((path) => realpathSync(path)))]

let folder: string
let files: readonly string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-'))
  const pack = ['pack', join(root, 'dist', 'npm', 'cli'), '--json', '--pack-destination', folder]
  const [archive] = JSON.parse((await execute('npm', pack, { cwd: folder })).stdout) as {
    filename: string
    files: { path: string }[]
  }[]
  files = archive?.files.map(({ path }) => path) ?? []
  const install = ['install', '--offline', '--no-audit', '--no-fund', '--no-package-lock', '--prefix', folder]
  await execute('npm', [...install, join(folder, archive?.filename ?? '')], { cwd: folder })
}, timeout)
afterAll(() => rmSync(folder, { recursive: true }))

const command = () => join(folder, 'node_modules', '.bin', 'dfns-rotator')

test('holds its code, the functions that the sandbox runs, and nothing of the sources', () => {
  const others = files.filter((path) => !/^esm\/[\w.-]+\.js$/.test(path))
  expect(others.filter((path) => !/^[A-Z.-]+(md|txt)?$/.test(path)).toSorted()).toEqual(
    expect.arrayContaining([
      'dist/audit/index.mjs',
      'dist/retire/index.mjs',
      'dist/rotate/index.mjs',
      'package.json',
    ]),
  )
  expect(files.filter((path) => /\.(m?ts|map)$/.test(path))).toEqual([])
})

test('can be run where it was built, after every build', () => {
  const program = join(root, 'dist', 'npm', 'cli', 'esm', 'dfns-rotator.js')
  expect(statSync(program).mode & constants.S_IXUSR).toBe(constants.S_IXUSR)
})

describe.each(nodes)('under %s', (node) => {
  const PATH = [dirname(node), process.env['PATH']].join(delimiter)

  test(
    'npx --no-install dfns-rotator --help',
    async () => {
      const { stdout } = await execute('npx', ['--no-install', 'dfns-rotator', '--help'], {
        cwd: folder,
        env: { ...process.env, PATH },
      })
      expect(stdout).toContain('npx dfns-rotator COMMAND [options]')
    },
    timeout,
  )

  test('tells the version of this repository', async () => {
    const { stdout } = await cli({ args: ['--version'], command: [node, command()] })
    expect(stdout).toBe(`${repository.version}\n`)
  })

  test(
    'looks at a secret, with a test rotation',
    async () => {
      const { scene, arn } = await deployed()
      const { code, stdout, stderr } = await cli({ scene, args: ['doctor', arn], command: [node, command()] })
      expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: `✓ ${arn}  test rotation: passed\n` })
    },
    timeout,
  )

  test(
    'adopts a secret whose numbers are none of JavaScript',
    async () => {
      const { scene } = await deployed()
      const { orgId } = scene.dfns.createOrganisation()
      const { kind: _, ...document } = scene.openAccount({ orgId, name: 'x' }).document
      const text = `{"big":12345678901234567890,${JSON.stringify(document).slice(1)}`
      const secret = { Name: 'own/x', SecretString: text, ClientRequestToken: crypto.randomUUID() }
      const { ARN: SecretId } = await scene.secretsManager<{ ARN: string }>('CreateSecret', secret)
      const args = ['adopt', SecretId, '--kind', 'ServiceAccountKey', '--yes']
      const { code, stderr } = await cli({ scene, args, command: [node, command()] })
      expect({ code, stderr }).toMatchObject({ code: 0 })
      const { SecretString } = await scene.secretsManager<{ SecretString: string }>('GetSecretValue', {
        SecretId,
      })
      expect(SecretString).toContain('"big":12345678901234567890')
    },
    timeout,
  )
})
