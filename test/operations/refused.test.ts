import { describe, expect, test } from 'vitest'
import type { OperationName, Phase } from '../simulation/invocation.ts'
import {
  allRefused,
  dayMs,
  deactivated,
  documentOf,
  held,
  holder,
  openSetting,
  operate,
  problemsOf,
  rotatedSetting,
  scheduledVersions,
  stateOf,
  stick,
} from '../simulation/setting.ts'

const phases = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const satisfies readonly Phase[]

test.each(phases)(
  'while a rotation stands at %s nothing is rolled back or retired at once',
  async (phase) => {
    const setting = await rotatedSetting()
    const to = held(setting, 'AWSPREVIOUS')
    await stick(setting, phase)
    const before = stateOf(setting)
    expect(await operate(setting, 'rollback', { to })).toBe('ERR_CURRENT_CHANGED')
    expect(await operate(setting, 'retireAtOnce')).toBe('ERR_CURRENT_CHANGED')
    expect(stateOf(setting)).toEqual(before)
    setting.world.close()
  },
)

test.each(phases)('before any call of %s nothing is rolled back', async (phase) => {
  const setting = await rotatedSetting()
  const { world, arn } = setting
  const to = held(setting, 'AWSPREVIOUS')
  const codes = new Set<string>()
  world.plan = ({ invocation }) => {
    if (invocation.phase !== phase) return undefined
    return {
      meanwhile: async () => {
        if (holder(setting, 'AWSPENDING') !== holder(setting, 'AWSCURRENT'))
          codes.add(await operate(setting, 'rollback', { to }))
      },
    }
  }
  await world.rotateNow(arn)
  world.plan = undefined
  expect([...codes]).toEqual(['ERR_CURRENT_CHANGED'])
  expect(world.counts.rotations).toBe(2)
  await world.advance(3 * dayMs)
  expect(problemsOf(setting)).toEqual([])
  world.close()
})

const operations: readonly OperationName[] = ['abandon', 'decommission', 'retireAtOnce']

describe.each(operations)('where Dfns does not accept AWSCURRENT', (operation) => {
  test(`${operation} changes nothing: what else works may be all that does`, async () => {
    const setting = await rotatedSetting({ tags: { 'dfns-rotator:hold-if-used': 'false' } })
    if (operation !== 'retireAtOnce') await stick(setting, 'testSecret')
    deactivated(setting, held(setting, 'AWSCURRENT'))
    const before = stateOf(setting)
    const versionId = holder(setting, 'AWSPENDING') ?? ''
    expect(await operate(setting, operation, { versionId })).toBe('ERR_VERIFY')
    expect(stateOf(setting)).toEqual(before)
    setting.world.close()
  })

  test(`${operation} changes nothing for a webhook that is gone`, async () => {
    const setting = await rotatedSetting({
      kind: 'webhook',
      tags: { 'dfns-rotator:webhook-ping': 'required' },
    })
    const { webhookId = '' } = documentOf(setting, held(setting, 'AWSCURRENT'))
    const { dfns } = setting.world
    const webhook = dfns.state.webhooks.get(webhookId)
    if (webhook) webhook.isDeleted = true
    const before = stateOf(setting)
    expect(await operate(setting, operation, { versionId: held(setting, 'AWSPREVIOUS') })).toBe('ERR_VERIFY')
    expect(stateOf(setting)).toEqual(before)
    setting.world.close()
  })
})

test('where AWSCURRENT and the old generation are both refused a rollback changes nothing', async () => {
  const setting = await rotatedSetting()
  const [bad, to] = [held(setting, 'AWSCURRENT'), held(setting, 'AWSPREVIOUS')]
  for (const versionId of [bad, to]) deactivated(setting, versionId)
  const before = stateOf(setting)
  expect(await operate(setting, 'rollback', { to })).toBe('ERR_VERIFY')
  expect(holder(setting, 'AWSCURRENT')).toBe(bad)
  expect(stateOf(setting)).toEqual(before)
  setting.world.close()
})

test('a key that Dfns does not accept is gone back from', async () => {
  const setting = await rotatedSetting()
  const [bad, to] = [held(setting, 'AWSCURRENT'), held(setting, 'AWSPREVIOUS')]
  deactivated(setting, bad)
  expect(await operate(setting, 'rollback', { to })).toBe('done')
  expect(holder(setting, 'AWSCURRENT')).toBe(to)
  await setting.world.advance(3 * dayMs)
  expect(setting.world.checkers.unconverged(setting.arn)).toEqual([])
  setting.world.close()
})

test('a webhook that was deleted is not gone back to, and nothing is changed', async () => {
  const setting = await openSetting({ kind: 'webhook' })
  const { world, arn } = setting
  const to = held(setting, 'AWSCURRENT')
  await world.rotateNow(arn)
  await world.advance(3 * dayMs)
  const before = stateOf(setting)
  expect(await operate(setting, 'rollback', { to })).toBe('ERR_VERIFY')
  expect(stateOf(setting)).toEqual(before)
  world.close()
})

test('where Dfns lets nobody activate, what was retired is not gone back to, and no label moves', async () => {
  const setting = await openSetting()
  const { world, arn } = setting
  const to = held(setting, 'AWSCURRENT')
  await world.rotateNow(arn)
  await world.advance(3 * dayMs)
  world.dfns.setSwitches({ orgId: world.orgId, switches: allRefused })
  const current = held(setting, 'AWSCURRENT')
  expect(await operate(setting, 'rollback', { to })).toMatch(/^ERR_(VERIFY|NOT_ALLOWED|CANNOT_RETIRE)$/)
  expect(holder(setting, 'AWSCURRENT')).toBe(current)
  await world.advance(dayMs)
  expect(problemsOf(setting)).toEqual([])
  world.close()
})

test.each([['a version that there is not', '00000000-0000-4000-8000-000000000000', 'ERR_NOT_STAGED']])(
  '%s is not gone back to',
  async (_, to, code) => {
    const setting = await rotatedSetting()
    const before = stateOf(setting)
    expect(await operate(setting, 'rollback', { to })).toBe(code)
    expect(stateOf(setting)).toEqual(before)
    setting.world.close()
  },
)

test('a version of another kind is not gone back to', async () => {
  const setting = await rotatedSetting()
  const { world, arn } = setting
  const to = '00000000-0000-4000-8000-000000000001'
  const document = {
    ...documentOf(setting, held(setting, 'AWSCURRENT')),
    orgId: 'or-00000-00000-0000000000000000',
  }
  await world.secretsManager('PutSecretValue', {
    SecretId: arn,
    ClientRequestToken: to,
    SecretString: JSON.stringify(document),
    VersionStages: ['ELSEWHERE'],
  })
  const before = stateOf(setting)
  expect(await operate(setting, 'rollback', { to })).toMatch(/^ERR_(DOCUMENT|ORG)$/)
  expect(stateOf(setting)).toEqual(before)
  world.close()
})

describe.each([
  ['replaced account', 'GET /auth/service-accounts'],
  ['replaced token', 'GET /auth/pats'],
] as const)('%s', (kind, list) => {
  test('where no list shows what a rollback goes back from, AWSCURRENT is not moved', async () => {
    const setting = await rotatedSetting({ kind })
    const { world } = setting
    const [bad, to] = [held(setting, 'AWSCURRENT'), held(setting, 'AWSPREVIOUS')]
    world.plan = ({ request }) => (request.operation === list ? forbidden : undefined)
    expect(await operate(setting, 'rollback', { to })).toBe('ERR_SIGNER')
    expect(holder(setting, 'AWSCURRENT')).toBe(bad)
    expect(scheduledVersions(setting)).toEqual([to])
    world.plan = undefined
    expect(await operate(setting, 'rollback', { to })).toBe('done')
    expect(holder(setting, 'AWSCURRENT')).toBe(to)
    await world.advance(3 * dayMs)
    expect(problemsOf(setting)).toEqual([])
    world.close()
  })
})

const forbidden = { reply: { status: 403, headers: {}, body: '{}' } }
