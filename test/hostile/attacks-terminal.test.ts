import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { commands } from '../../cli/commands.ts'
import { run } from '../../cli/run.ts'
import { newKey } from '../../sandbox/scene.ts'
import { deployed } from '../support/cli.ts'
import type { Staged } from '../support/graces.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

// Title, clipboard, screen, colours in 8 bits, the line above it, a line of its own, and the other way round.
const hostile =
  'x\u001b]0;owned\u0007\u001b]52;c;cm0gLXJm\u0007\u001b[2J\u009b31m\r\u001b[2K\u001b[1A\n  ✓ all is well\n' +
  '\u2028\u202e\u200f{"level":"ERROR","message":"forged"}\u0000\u007f'

const isTTY = true as const

/** A command in this process, on a terminal. */
async function onTerminal({ scene }: Staged, ...argv: readonly string[]) {
  for (const [name, value] of Object.entries(scene.sandbox.environment)) vi.stubEnv(name, value)
  const stdin = Object.assign(new PassThrough(), { isTTY: false })
  const stdout = Object.assign(new PassThrough(), { isTTY, columns: 200 })
  const stderr = Object.assign(new PassThrough(), { isTTY, columns: 200 })
  const all = Promise.all([text(stdout), text(stderr)])
  const process = { env: { TERM: 'xterm' }, stdin, stdout, stderr }
  const code = await run({ argv, process, commands, version: '0' })
  stdout.end()
  stderr.end()
  const [out, err] = await all
  return { code, out, err }
}

const escape = '\u001b'

/** What is left of a text without the ends of lines, the colours and the erased line that are ours. */
const controlsIn = (printed: string) =>
  printed
    .replaceAll(new RegExp(`\\n|${escape}\\[(?:1|2|22|3[1-6]|39)m|\\r${escape}\\[2K`, 'g'), '')
    .match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu) ?? []

const linesIn = (printed: string) => printed.split('\n').map((line) => line.trim())

/** An intruder’s key, whose name and id he chose, and an owner’s field with such a name. */
async function staged(): Promise<Staged> {
  const all = await deployed()
  const { scene, account, arn } = all
  const { publicKey } = newKey()
  const { userId } = account
  scene.dfns.addCredential({ userId, name: hostile, credId: `id${hostile}`, publicKey })
  scene.dfns.addCredential({ userId, name: hostile, publicKey: newKey().publicKey })
  const document = { ...account.document, [hostile]: account.credId, [`other ${hostile}`]: 'text' }
  const put = {
    SecretId: arn,
    ClientRequestToken: crypto.randomUUID(),
    SecretString: JSON.stringify(document),
  }
  await scene.secretsManager('PutSecretValue', put)
  return all
}

describe('no name from AWS or Dfns is a command to a terminal, nor a line of its own', () => {
  const texts: readonly (readonly string[])[] = [
    ['audit', '--verbose'],
    ['status'],
    ['adopt', 'prod/dfns'],
    ['rotate', 'prod/dfns', '--retire-now', '--yes'],
    ['doctor', 'prod/dfns', '--no-test'],
    [`status${hostile}`],
    ['status', `prod/${hostile}`],
    ['adopt', 'prod/dfns', '--kind', hostile],
  ]

  test('in anything that a command prints', async () => {
    const all = await staged()
    const printed = []
    for (const argv of texts) {
      const { out, err } = await onTerminal(all, ...argv)
      printed.push(out, err)
      expect({ argv, controls: [...controlsIn(out), ...controlsIn(err)] }).toEqual({ argv, controls: [] })
      expect(linesIn(out + err)).not.toContain('✓ all is well')
    }
    expect(printed.join('\n')).toMatch(/foreign-credential[^]*all is well/)
    expect(printed.join('\n')).toMatch(/Active on this identity[^]*all is well/)
  }, 60_000)

  test('in the JSON of a command, which stays one document', async () => {
    const all = await staged()
    for (const argv of [['audit'], ['status'], [`status${hostile}`], ['status', `prod/${hostile}`]]) {
      const { out, err } = await onTerminal(all, ...argv, '--json')
      expect(JSON.parse(out)).toBeTypeOf('object')
      expect(controlsIn(out + err)).toEqual([])
    }
  })

  test('--json tells a name as it is', async () => {
    const all = await staged()
    const { out } = await onTerminal(all, 'audit', '--json')
    const { findings } = JSON.parse(out) as { findings: { details: { name?: string; credId?: string } }[] }
    expect(findings.map(({ details }) => details.name)).toContain(hostile)
    expect(findings.map(({ details }) => details.credId)).toContain(`id${hostile}`)
  })
})
