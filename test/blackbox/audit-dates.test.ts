import { describe, expect, test } from 'vitest'
import { newKey } from '../../sandbox/scene.ts'
import { findings, types } from '../support/audits.ts'
import { day, holder, hour, minute, rotated, schedules, stage, type Staged } from '../support/graces.ts'
import { keep, worldOf } from '../support/kinds.ts'

const quietEngine = { reattemptsStuckPending: false, retryDelaysMs: [] }

/** A service account whose token ends in so many days, and the secret with it. */
async function expiring(daysValid: number): Promise<Staged> {
  const staged = await stage()
  const { scene, account, arn } = staged
  const { publicKey, privateKey } = newKey()
  const { orgId } = account.document
  const issued = scene.dfns.createServiceAccount({ orgId, name: 'short', publicKey, daysValid })
  const { authToken, credId } = issued
  const SecretString = JSON.stringify({ ...account.document, authToken, credId, privateKey })
  await scene.secretsManager('PutSecretValue', {
    SecretId: arn,
    ClientRequestToken: crypto.randomUUID(),
    SecretString,
  })
  return staged
}

describe('stuck-pending', () => {
  test('after two hours, with its version; gone when AWSPENDING is', async () => {
    const staged = await stage({ engineSwitches: quietEngine })
    const { scene, arn } = staged
    scene.sandbox.wire.plan = ({ operation }) => (operation === 'CreateSchedule' ? 'refused' : undefined)
    await scene.rotate(arn)
    scene.sandbox.wire.plan = undefined
    await scene.clock.advance(2 * hour - minute)
    expect(await types(staged)).toEqual([])
    await scene.clock.advance(2 * minute)
    const versionId = holder(staged, 'AWSPENDING')?.id
    expect(await findings(staged)).toMatchObject([{ type: 'stuck-pending', versionId }])
    const label = { SecretId: arn, VersionStage: 'AWSPENDING', RemoveFromVersionId: versionId }
    await scene.secretsManager('UpdateSecretVersionStage', label)
    expect(await types(staged)).not.toContain('stuck-pending')
  })

  test('of a version that got no value, too', async () => {
    const staged = await stage({ engineSwitches: quietEngine })
    const { scene, arn } = staged
    scene.sandbox.wire.plan = ({ operation }) => (operation === 'PutSecretValue' ? 'refused' : undefined)
    await scene.rotate(arn)
    scene.sandbox.wire.plan = undefined
    await scene.clock.advance(2 * hour + minute)
    expect(await types(staged)).toEqual(['stuck-pending'])
  })
})

describe('rotation-overdue', () => {
  test('two hours after the end of its window, gone when it rotates', async () => {
    const staged = await stage({ engineSwitches: { ...quietEngine, maxAttempts: 1 } })
    const { scene, arn } = staged
    scene.sandbox.wire.plan = ({ operation }) =>
      operation === 'POST /auth/credentials' ? 'refused' : undefined
    await scene.clock.advance(32 * day)
    scene.sandbox.wire.plan = undefined
    const secret = scene.sandbox.vault.find(arn)
    const due = new Date(secret.rotation?.nextRotationAt ?? 0).toISOString()
    expect(await findings(staged)).toContainEqual(expect.objectContaining({ type: 'rotation-overdue', due }))
    const RemoveFromVersionId = holder(staged, 'AWSPENDING')?.id
    const label = { SecretId: arn, VersionStage: 'AWSPENDING', RemoveFromVersionId }
    await scene.secretsManager('UpdateSecretVersionStage', label)
    await scene.rotate(arn)
    expect(await types(staged)).not.toContain('rotation-overdue')
  })
})

describe('token-expiring', () => {
  test.each([
    [37, ['token-expiring']],
    [39, []],
  ])('of a token of %i days, a rotation in 30 and a week to spare: %j', async (days, expected) => {
    expect(await types(await expiring(days))).toEqual(expected)
  })

  test('gone when a token that lives longer is put', async () => {
    const staged = await expiring(10)
    const { scene, arn, account } = staged
    expect(await types(staged)).toEqual(['token-expiring'])
    const SecretString = JSON.stringify(account.document)
    const put = { SecretId: arn, ClientRequestToken: crypto.randomUUID(), SecretString }
    await scene.secretsManager('PutSecretValue', put)
    expect(await types(staged)).toEqual([])
  })

  test.each([
    [37, []],
    [20, ['token-expiring']],
  ])(
    'where the next rotation replaces the token, only if it ends before that: %i days',
    async (days, expected) => {
      const staged = await stage({ dfnsSwitches: worldOf('replaced account') })
      const { scene } = staged
      const kept = await keep({ scene, kind: 'replaced account', name: 'signed', daysValid: days })
      expect(await types(staged, { arn: kept.arn })).toEqual(expected)
    },
  )
})

describe('rotation-cancelled', () => {
  test('for as long as rotation is off', async () => {
    const staged = await stage()
    const { scene, arn } = staged
    await scene.secretsManager('CancelRotateSecret', { SecretId: arn })
    expect(await findings(staged)).toMatchObject([{ type: 'rotation-cancelled', secretId: arn }])
    const rules = { RotationRules: { AutomaticallyAfterDays: 30 }, RotateImmediately: false }
    await scene.secretsManager('RotateSecret', {
      SecretId: arn,
      ClientRequestToken: crypto.randomUUID(),
      ...rules,
    })
    expect(await types(staged)).toEqual([])
  })
})

describe('secret-deleted', () => {
  test('with what its rotations registered, until it is restored', async () => {
    const staged = await rotated()
    const { scene, arn } = staged
    const { credId } = await scene.documentOf(arn, 'AWSCURRENT')
    await scene.secretsManager('DeleteSecret', { SecretId: arn, RecoveryWindowInDays: 30 })
    const [finding, ...more] = await findings(staged)
    expect([finding?.type, more]).toEqual(['secret-deleted', []])
    expect(finding?.['credentials']).toContain(credId)
    await scene.secretsManager('RestoreSecret', { SecretId: arn })
    expect(await types(staged)).toEqual(['adopted'])
  })
})

test('adopted is an info, and names when it ends; gone when that is gone', async () => {
  const staged = await rotated()
  const [schedule] = schedules(staged)
  const [finding, ...more] = await findings(staged)
  expect(more).toEqual([])
  expect(finding).toMatchObject({ type: 'adopted', level: 'INFO', credId: staged.account.credId })
  const at = /^at\((.*)\)$/.exec(schedule?.settings.ScheduleExpression ?? '')?.[1]
  expect(finding?.['until']).toBe(`${at}.000Z`)
  await staged.scene.clock.advance(2 * hour)
  expect(await types(staged)).toEqual([])
})
