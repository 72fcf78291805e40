import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { given } from '../../cli/arguments.ts'
import type { Outcome } from '../../cli/command.ts'
import { commands } from '../../cli/commands.ts'
import { contextOf } from '../../cli/context.ts'
import { activeIds, currentId, type Staged } from '../support/graces.ts'
import { deployed } from '../support/cli.ts'

// Each rotates in a sandbox over HTTP.
vi.setConfig({ testTimeout: 60_000 })

const hour = 3_600_000
const secret = 'prod/dfns'

/**
 * A command whose question is answered after so many milliseconds, and whose first look at a rotation has to
 * be followed by another one after so many: on its clock, and nobody waits.
 */
async function late(of: {
  staged: Staged
  argv: readonly [string, ...string[]]
  answerMs?: number
  lookMs?: number
}): Promise<Outcome> {
  const { staged, argv, answerMs = 0, lookMs = 0 } = of
  const { environment } = staged.scene.sandbox
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  const [name, ...rest] = argv
  const command = commands.find((one) => one.name === name)
  if (command === undefined) throw new Error(`there is no command ${name}`)
  const said = given({ command, argv: rest })
  const process = { env: {}, stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
  const context = await contextOf({ given: said, process, isLocal: false })
  let passed = 0
  let hasLooked = false
  const time = {
    ...context.time,
    now: () => context.time.now() + passed,
    sleep: async (ms: number) => {
      passed += hasLooked ? ms : Math.max(ms, lookMs)
      hasLooked = true
      await delay(50)
    },
  }
  const confirm = async () => {
    passed += answerMs
  }
  return command.run({ ...context, time, confirm }, said)
}

test.each(['rollback', 'decommission'])(
  '%s acts with all of its time, however late the answer came',
  async (name) => {
    const staged = await deployed()
    const { scene, account, arn } = staged
    await scene.rotate(arn)
    expect(await late({ staged, argv: [name, secret], answerMs: 2 * hour })).toMatchObject({ exitCode: 0 })
    expect((await currentId(staged)) === account.credId).toBe(name === 'rollback')
  },
)

test('abandon acts with all of its time, however late the answer came', async () => {
  const staged = await deployed({ dfnsSwitches: {} })
  await staged.scene.rotate(staged.arn)
  const argv = ['abandon', secret] as const
  expect(await late({ staged, argv, answerMs: 2 * hour })).toMatchObject({ exitCode: 0 })
})

test.each([
  ['at the question', { answerMs: 2 * hour }],
  ['over the rotation', { lookMs: hour }],
])('rotate --retire-now ends every grace, however long somebody waited %s', async (_, waits) => {
  const staged = await deployed()
  const argv = ['rotate', secret, '--retire-now', '--timeout', '2h'] as const
  const { result, exitCode } = await late({ staged, argv, ...waits })
  expect(result).toMatchObject({ outcome: 'rotated', retired: [{ outcome: 'retired' }], failure: undefined })
  expect(exitCode).toBe(0)
  expect(activeIds(staged)).toEqual([await currentId(staged)])
})
