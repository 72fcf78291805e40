import { describe, expect, test } from 'vitest'
import { race, type Racer } from '../simulation/interleaving.ts'
import type { Phase } from '../simulation/invocation.ts'
import { cancel, rotate } from '../simulation/racers.ts'
import { simulatedKinds } from '../simulation/secrets.ts'
import {
  dayMs,
  documentOf,
  held,
  holder,
  hourMs,
  openSetting,
  operate,
  problemsOf,
  rotatedSetting,
  scheduledVersions,
  type Setting,
  stateOf,
  stick,
} from '../simulation/setting.ts'

const phases = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const satisfies readonly Phase[]

describe.each(simulatedKinds)('%s', (kind) => {
  test.each(phases)('a rotation that stands at %s is given up, and the next one can begin', async (phase) => {
    const setting = await openSetting({ kind })
    const { world, arn } = setting
    const current = held(setting, 'AWSCURRENT')
    await stick(setting, phase)
    const versionId = held(setting, 'AWSPENDING')
    expect(await operate(setting, 'abandon', { versionId })).toBe('done')
    expect(holder(setting, 'AWSPENDING')).toBeUndefined()
    // No retry comes back to it, and what had to wait is over.
    await world.advance(3 * dayMs)
    expect(holder(setting, 'AWSCURRENT')).toBe(current)
    expect(problemsOf(setting)).toEqual([])
    expect(await world.rotateNow(arn)).toBe('begun')
    expect(world.counts.rotations).toBe(1)
    world.close()
  })
})

describe.each([
  ['webhook', 'POST /webhooks'],
  ['replaced account', 'POST /auth/service-accounts'],
  ['replaced token', 'POST /auth/pats'],
] as const)('%s', (kind, making) => {
  test('what was made and never stored is found by its mark, and goes too', async () => {
    const setting = await openSetting({ kind })
    const { world, arn } = setting
    const made = () => world.dfns.effects().filter(({ kind: what }) => what.endsWith('created')).length
    const before = made()
    world.plan = ({ invocation, request }) =>
      invocation.phase === 'createSecret' && request.operation === making ? 'killed-after' : undefined
    await world.rotateNow(arn)
    world.plan = undefined
    expect(made()).toBeGreaterThan(before)
    await operate(setting, 'abandon', { versionId: held(setting, 'AWSPENDING') })
    await world.advance(3 * dayMs)
    expect(problemsOf(setting)).toEqual([])
    world.close()
  })
})

describe('what was current once', () => {
  test('keeps its grace, and loses a leftover AWSPENDING alone', async () => {
    const setting = await rotatedSetting({
      engineSwitches: { clearsPending: false, reattemptsStuckPending: false },
    })
    const { world, arn } = setting
    const [versionId, old] = [held(setting, 'AWSCURRENT'), held(setting, 'AWSPREVIOUS')]
    const move = { RemoveFromVersionId: versionId, MoveToVersionId: old }
    await world.secretsManager('UpdateSecretVersionStage', {
      SecretId: arn,
      VersionStage: 'AWSCURRENT',
      ...move,
    })
    expect(holder(setting, 'AWSPENDING')).toBe(versionId)
    const { credId } = documentOf(setting, versionId)
    expect(await operate(setting, 'abandon', { versionId })).toBe('done')
    expect(holder(setting, 'AWSPENDING')).toBeUndefined()
    const found = [...world.dfns.state.credentials.values()].find(
      ({ credentialId }) => credentialId === credId,
    )
    expect(found?.isActive).toBe(true)
    world.close()
  })

  test('is left to its schedule where no label names it any more', async () => {
    const setting = await openSetting()
    const { world, arn } = setting
    const versionId = held(setting, 'AWSCURRENT')
    await world.rotateNow(arn)
    await world.rotateNow(arn)
    expect(scheduledVersions(setting)).toContain(versionId)
    const before = stateOf(setting)
    expect(await operate(setting, 'abandon', { versionId })).toBe('done')
    expect(stateOf(setting)).toEqual(before)
    expect(problemsOf(setting).filter((problem) => problem.startsWith('AWS'))).toEqual([
      `AWSPREVIOUS on ${holder(setting, 'AWSPREVIOUS')} is left`,
    ])
    world.close()
  })
})

describe('AWSCURRENT', () => {
  test('is not given up, also where AWSPENDING was left on it', async () => {
    const setting = await rotatedSetting({ engineSwitches: { clearsPending: false } })
    const versionId = held(setting, 'AWSCURRENT')
    expect(holder(setting, 'AWSPENDING')).toBe(versionId)
    const before = stateOf(setting)
    expect(await operate(setting, 'abandon', { versionId })).toBe('ERR_CURRENT_CHANGED')
    expect(stateOf(setting)).toEqual(before)
    setting.world.close()
  })

  test('keeps its credential where AWSPENDING is a copy of it', async () => {
    const setting = await openSetting()
    const { world, arn } = setting
    const versionId = '00000000-0000-4000-8000-000000000002'
    const copy = documentOf(setting, held(setting, 'AWSCURRENT'))
    const put = {
      ClientRequestToken: versionId,
      SecretString: JSON.stringify(copy),
      VersionStages: ['AWSPENDING'],
    }
    await world.secretsManager('PutSecretValue', { SecretId: arn, ...put })
    expect(await operate(setting, 'abandon', { versionId })).toBe('done')
    await world.advance(hourMs)
    expect(problemsOf(setting)).toEqual([])
    world.close()
  })
})

test('a rotation that was cancelled is given up', async () => {
  const setting = await openSetting()
  await stick(setting, 'testSecret')
  await cancel.start(setting)
  expect(await operate(setting, 'abandon', { versionId: held(setting, 'AWSPENDING') })).toBe('done')
  expect(problemsOf(setting)).toEqual([])
  setting.world.close()
})

/** Of the rotation that is under way by then. */
const abandonPending: Racer = {
  name: 'abandon',
  phases: ['abandon'],
  start: (setting: Setting) => operate(setting, 'abandon', { versionId: held(setting, 'AWSPENDING') }),
}

test('a finishSecret that moves AWSCURRENT before the last look of an abandon keeps its key', async () => {
  const racers = [rotate, abandonPending] as const
  const calm = await race({ setting: await openSetting(), racers: [rotate, cancel] })
  const at = calm.calls[0].indexOf('finishSecret UpdateSecretVersionStage')
  const whole = await race({ setting: await openSetting(), racers, interleaving: { at } })
  const last = whole.calls[1].findLastIndex((call) => call === 'abandon GetSecretValue')
  expect(last).toBeGreaterThan(10)
  for (let until = 1; until < last; until++) {
    const setting = await openSetting()
    await race({ setting, racers, interleaving: { at, until } })
    const refused = problemsOf(setting).filter((problem) => problem.startsWith('AWSCURRENT is refused'))
    expect([until, refused]).toEqual([until, []])
    setting.world.close()
  }
})
