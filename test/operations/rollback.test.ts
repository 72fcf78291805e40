import { describe, expect, test } from 'vitest'
import { simulatedKinds } from '../simulation/secrets.ts'
import {
  dayMs,
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
  versionsOf,
} from '../simulation/setting.ts'

const unkind = { engineSwitches: { clearsPending: false } }

/** Every version that AWSCURRENT comes to, from now on. */
function follow(setting: Setting): readonly string[] {
  const promoted: string[] = []
  setting.world.vault.changes.listen(({ secret, moved, version }) => {
    if (secret.arn === setting.arn && moved.includes('AWSCURRENT') && version) promoted.push(version.id)
  })
  return promoted
}

describe.each(['kept', 'dropped'] as const)('where a leftover AWSPENDING is %s', (leftoverPending) => {
  const options = { ...unkind, vaultSwitches: { leftoverPending } }

  test('the engine never promotes again what a rollback has gone back from', async () => {
    const setting = await rotatedSetting(options)
    const { world } = setting
    const [bad, to] = [held(setting, 'AWSCURRENT'), held(setting, 'AWSPREVIOUS')]
    expect(holder(setting, 'AWSPENDING')).toBe(bad)
    expect(await operate(setting, 'rollback', { to })).toBe('done')
    const promoted = follow(setting)
    expect(holder(setting, 'AWSPENDING')).toBeUndefined()
    // All retries of one window, and two windows more, each with a failed first attempt.
    await world.advance(2 * hourMs)
    expect(holder(setting, 'AWSCURRENT')).toBe(to)
    let failing = 0
    world.plan = ({ invocation, request }) =>
      invocation.phase === 'testSecret' && request.operation === 'POST /auth/action' && failing++ % 2 === 0
        ? 'killed-before'
        : undefined
    await world.advance(65 * dayMs)
    expect(world.counts.rotations).toBeGreaterThanOrEqual(3)
    expect(promoted.length).toBeGreaterThanOrEqual(2)
    expect(promoted).not.toContain(bad)
    expect(world.findings).toEqual([])
    world.close()
  })

  test('a label that is moved back by hand is what the engine promotes again, if it is kept', async () => {
    const setting = await rotatedSetting(options)
    const { world, arn } = setting
    const [bad, to] = [held(setting, 'AWSCURRENT'), held(setting, 'AWSPREVIOUS')]
    await world.secretsManager('UpdateSecretVersionStage', {
      SecretId: arn,
      VersionStage: 'AWSCURRENT',
      RemoveFromVersionId: bad,
      MoveToVersionId: to,
    })
    await world.advance(2 * hourMs)
    // The danger that a rollback is there for: without it the test above could not fail.
    expect(holder(setting, 'AWSCURRENT')).toBe(leftoverPending === 'kept' ? bad : to)
    world.close()
  })
})

describe.each(simulatedKinds)('%s', (kind) => {
  test('inside its grace an old generation is gone back to, and the bad one has a grace of its own', async () => {
    const setting = await rotatedSetting({ kind, ...unkind })
    const { world } = setting
    const [bad, to] = [held(setting, 'AWSCURRENT'), held(setting, 'AWSPREVIOUS')]
    expect(scheduledVersions(setting)).toEqual([to])
    expect(await operate(setting, 'rollback', { to })).toBe('done')
    expect([holder(setting, 'AWSCURRENT'), holder(setting, 'AWSPREVIOUS')]).toEqual([to, bad])
    expect(scheduledVersions(setting)).toEqual([bad])
    // The checkers look whether the bad one works through its grace, and not a day longer.
    await world.advance(3 * dayMs)
    expect(problemsOf(setting)).toEqual([])
    expect(holder(setting, 'AWSCURRENT')).toBe(to)
    world.close()
  })

  test('repeated with the same version it changes nothing more', async () => {
    const setting = await rotatedSetting({ kind, ...unkind })
    const to = held(setting, 'AWSPREVIOUS')
    await operate(setting, 'rollback', { to })
    const before = stateOf(setting)
    expect(await operate(setting, 'rollback', { to })).toBe('done')
    expect(stateOf(setting)).toEqual(before)
    setting.world.close()
  })
})

describe.each(simulatedKinds.filter((kind) => kind !== 'webhook'))('%s', (kind) => {
  test('what was retired is activated again before AWSCURRENT names it', async () => {
    const setting = await openSetting({ kind })
    const { world, arn } = setting
    const to = held(setting, 'AWSCURRENT')
    await world.rotateNow(arn)
    await world.advance(3 * dayMs)
    expect(scheduledVersions(setting)).toEqual([])
    expect(await operate(setting, 'rollback', { to })).toBe('done')
    expect(holder(setting, 'AWSCURRENT')).toBe(to)
    await world.advance(3 * dayMs)
    expect(problemsOf(setting)).toEqual([])
    world.close()
  })
})

test('a version that is named is gone back to, however many have come after it', async () => {
  const setting = await openSetting()
  const { world, arn } = setting
  const to = held(setting, 'AWSCURRENT')
  for (let n = 0; n < 3; n++) await world.rotateNow(arn)
  expect(await operate(setting, 'rollback', { to })).toBe('done')
  expect(holder(setting, 'AWSCURRENT')).toBe(to)
  expect(scheduledVersions(setting)).not.toContain(to)
  await world.advance(3 * dayMs)
  expect(problemsOf(setting)).toEqual([])
  world.close()
})

test('what a person made keeps the grace of an adopted key where a rollback goes back from it', async () => {
  const grace = { default: 'PT24H', adopted: 'P7D' }
  const setting = await rotatedSetting({ first: 'adopted', grace })
  const { world } = setting
  const [own, adopted] = [held(setting, 'AWSCURRENT'), held(setting, 'AWSPREVIOUS')]
  await operate(setting, 'rollback', { to: adopted })
  await operate(setting, 'rollback', { to: own })
  expect(scheduledVersions(setting)).toEqual([adopted])
  await world.advance(9 * dayMs)
  expect(problemsOf(setting)).toEqual([])
  world.close()
})

test('after a rollback the next rotation starts from what is current again', async () => {
  const setting = await rotatedSetting()
  const { world, arn } = setting
  await operate(setting, 'rollback', { to: held(setting, 'AWSPREVIOUS') })
  expect(await world.rotateNow(arn)).toBe('begun')
  expect(versionsOf(setting)).toHaveLength(3)
  await world.advance(3 * dayMs)
  expect(problemsOf(setting)).toEqual([])
  world.close()
})
