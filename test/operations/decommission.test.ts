import { describe, expect, test } from 'vitest'
import { newKey } from '../../sandbox/scene.ts'
import type { SimulatedKind } from '../simulation/secrets.ts'
import {
  dayMs,
  documentOf,
  held,
  openSetting,
  operate,
  problemsOf,
  rotatedSetting,
  scheduledVersions,
  type Setting,
  stateOf,
  stick,
  versionsOf,
} from '../simulation/setting.ts'

const tags = { 'dfns-rotator:hold-if-used': 'false', team: 'payments' }

/** What the next audit says of the secret. */
async function audited({ world }: Setting): Promise<readonly string[]> {
  const before = world.counted.length
  expect(await world.audit()).toMatchObject({ ok: true })
  const since = world.counted.slice(before)
  return since.flatMap(({ name, type = name }) => (name === 'Findings' ? [type] : []))
}

const labels = (setting: Setting) => versionsOf(setting).flatMap((version) => [...version.labels])

const kinds = [
  'ServiceAccountKey',
  'UserKey',
  'PersonalAccessTokenKey',
  'signed token',
  'replaced account',
] as const satisfies readonly SimulatedKind[]

describe.each(kinds)('%s', (kind) => {
  test('rotation is off, nothing superseded is active, our tags are gone and audit is silent', async () => {
    const setting = await rotatedSetting({ kind, tags })
    const { world, arn } = setting
    const current = held(setting, 'AWSCURRENT')
    await stick(setting, 'testSecret')
    expect(await operate(setting, 'decommission')).toBe('done')
    const secret = world.vault.find(arn)
    expect(secret.rotation?.enabled).toBe(false)
    expect([...secret.tags]).toEqual([['team', 'payments']])
    expect(labels(setting).toSorted()).toEqual(['AWSCURRENT', 'dfns-decommissioned'])
    expect(held(setting, 'AWSCURRENT')).toBe(current)
    expect(scheduledVersions(setting)).toEqual([])
    expect(problemsOf(setting)).toEqual([])
    expect(await audited(setting)).toEqual([])
    // No window of the engine and no schedule comes back to it.
    const rotations = world.counts.rotations
    await world.advance(40 * dayMs)
    expect(world.counts.rotations).toBe(rotations)
    expect(await audited(setting)).toEqual([])
    expect(problemsOf(setting)).toEqual([])
    world.close()
  })
})

test('repeated it changes nothing more', async () => {
  const setting = await rotatedSetting({ tags })
  await operate(setting, 'decommission')
  const before = stateOf(setting)
  expect(await operate(setting, 'decommission')).toBe('done')
  expect(stateOf(setting)).toEqual(before)
  setting.world.close()
})

test('a webhook that may still have events to deliver is waited for, and then let go', async () => {
  const setting = await rotatedSetting({ kind: 'webhook', tags: { 'dfns-rotator:webhook-ping': 'required' } })
  const { world, arn } = setting
  expect(await operate(setting, 'decommission')).toBe('ERR_PREVIOUS_IN_GRACE')
  expect(world.vault.find(arn).rotation?.enabled).toBe(false)
  expect(labels(setting)).not.toContain('dfns-decommissioned')
  // Audit still looks after what was not let go.
  expect(await audited(setting)).toContain('rotation-cancelled')
  await world.advance(3 * dayMs)
  expect(await operate(setting, 'decommission')).toBe('done')
  expect(problemsOf(setting)).toEqual([])
  expect(await audited(setting)).toEqual([])
  world.close()
})

test('where rotation is turned on again audit looks after it again', async () => {
  const setting = await rotatedSetting()
  const { world, arn } = setting
  await operate(setting, 'decommission')
  await world.rotateNow(arn)
  await world.advance(dayMs / 2)
  await world.secretsManager('CancelRotateSecret', { SecretId: arn })
  // A schedule names it, whatever its label says.
  expect(await audited(setting)).toContain('rotation-cancelled')
  await world.advance(2 * dayMs)
  expect(await operate(setting, 'decommission')).toBe('done')
  expect(await audited(setting)).toEqual([])
  expect(problemsOf(setting)).toEqual([])
  world.close()
})

test('a key that was registered and never promoted goes as well, though no label names it', async () => {
  const setting = await openSetting({ tags })
  const { world, arn } = setting
  await stick(setting, 'testSecret')
  await world.secretsManager('UpdateSecretVersionStage', {
    SecretId: arn,
    VersionStage: 'AWSPENDING',
    RemoveFromVersionId: held(setting, 'AWSPENDING'),
  })
  expect(problemsOf(setting)).toHaveLength(1)
  expect(await operate(setting, 'decommission')).toBe('done')
  expect(problemsOf(setting)).toEqual([])
  world.close()
})

test('what a person put a value over, before its rotation moved AWSCURRENT, ends with the rest', async () => {
  const setting = await openSetting({ first: 'adopted', tags })
  const { world, arn } = setting
  const adopted = held(setting, 'AWSCURRENT')
  world.plan = ({ invocation, request }) =>
    invocation.phase === 'finishSecret' && request.operation === 'UpdateSecretVersionStage'
      ? 'killed-before'
      : undefined
  await world.rotateNow(arn)
  world.plan = undefined
  expect(scheduledVersions(setting)).toEqual([adopted])
  const { credId = '', ...document } = documentOf(setting, adopted)
  const credentials = [...world.dfns.state.credentials.values()]
  const { userId = '' } = credentials.find(({ credentialId }) => credentialId === credId) ?? {}
  const { publicKey, privateKey } = newKey()
  const byHand = world.dfns.addCredential({ userId, name: 'emergency', publicKey }).credId
  await world.secretsManager('PutSecretValue', {
    SecretId: arn,
    ClientRequestToken: 'c'.repeat(32),
    SecretString: JSON.stringify({ ...document, credId: byHand, privateKey }),
  })
  expect(held(setting, 'AWSPREVIOUS')).toBe(adopted)
  expect(await operate(setting, 'decommission')).toBe('done')
  const active = [...world.dfns.state.credentials.values()].filter(
    (one) => one.userId === userId && one.isActive,
  )
  expect(active.map(({ credentialId }) => credentialId)).toEqual([byHand])
  expect(scheduledVersions(setting)).toEqual([])
  world.close()
})
