import { expect, test } from 'vitest'
import { rotated, stage, type Staged } from '../support/graces.ts'

const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret']

/** The last line of each step that ended well, the test rotation's left out. */
function lastLines({ scene }: Staged): Record<string, unknown>[] {
  const output = scene.sandbox.bundled.get(scene.functionArn)?.output ?? []
  const lines = output.map((line) => JSON.parse(line) as Record<string, unknown>)
  return lines.filter(({ message }) => message === 'phase done').slice(-4)
}

test('the last line of each step tells kind, duration, calls and repetitions, for a metric filter', async () => {
  const lines = lastLines(await rotated())
  expect(lines.map(({ step }) => step)).toEqual(steps)
  for (const line of lines) {
    expect(line).toMatchObject({ kind: 'ServiceAccountKey', retries: 0 })
    expect(line['durationMs']).toBeTypeOf('number')
  }
})

test('it counts the calls to Dfns that were made, and each repetition', async () => {
  const staged = await stage()
  const { wire } = staged.scene.sandbox
  let throttled = 0
  wire.plan = ({ service, operation }) => {
    const isFirst = service === 'dfns' && operation === 'POST /auth/credentials' && throttled === 0
    if (isFirst) throttled += 1
    return isFirst ? 'throttled' : undefined
  }
  const before = wire.calls.length
  await staged.scene.rotate(staged.arn)
  const made = wire.calls.slice(before).filter(({ request }) => request.service === 'dfns').length
  const lines = lastLines(staged)
  expect(throttled).toBe(1)
  expect(lines.reduce((sum, line) => sum + Number(line['dfnsCalls']), 0)).toBe(made)
  expect(lines.map(({ step, retries }) => [step, retries])).toEqual(
    steps.map((step) => [step, step === 'setSecret' ? 1 : 0]),
  )
})
