import { describe, expect, test } from 'vitest'
import { findings, types, typesIn } from '../support/audits.ts'
import {
  activeIds,
  currentId,
  hour,
  holder,
  minute,
  rotated,
  schedules,
  type Staged,
  stage,
  type StageOptions,
  timeOf,
} from '../support/graces.ts'

const quietEngine = { reattemptsStuckPending: false, retryDelaysMs: [] }
const sixHours = { grace: { default: 'PT6H', adopted: 'PT6H' } }

/** A rotation that registered its key and got no further, given up by taking AWSPENDING away. */
async function abandoned(options: StageOptions = {}): Promise<Staged> {
  const staged = await stage({ engineSwitches: quietEngine, ...options })
  const { scene, arn } = staged
  // Versions of the same moment could not be told apart by their dates.
  await scene.clock.advance(minute)
  scene.sandbox.wire.plan = ({ operation }) => (operation === 'CreateSchedule' ? 'refused' : undefined)
  await scene.rotate(arn)
  scene.sandbox.wire.plan = undefined
  const RemoveFromVersionId = holder(staged, 'AWSPENDING')?.id
  const VersionStage = 'AWSPENDING'
  await scene.secretsManager('UpdateSecretVersionStage', { SecretId: arn, VersionStage, RemoveFromVersionId })
  expect(activeIds(staged)).toHaveLength(2)
  return staged
}

/** Takes the schedules away, as a stack that was destroyed does. */
function loseSchedules({ scene }: Staged): void {
  for (const { group, name } of scene.sandbox.scheduler.list())
    scene.sandbox.scheduler.delete({ group, name })
}

describe('a credential that was registered and never promoted has no grace', () => {
  test('it is retired after two hours, and not before', async () => {
    const staged = await abandoned(sixHours)
    const { scene, account } = staged
    await scene.clock.advance(2 * hour - minute)
    expect(await types(staged)).toEqual([])
    expect(activeIds(staged)).toHaveLength(2)
    await scene.clock.advance(2 * minute)
    expect(await findings(staged)).toMatchObject([
      { type: 'untracked', outcome: 'retired', secretId: staged.arn },
    ])
    expect(activeIds(staged)).toEqual([account.credId])
    expect(await types(staged)).toEqual([])
  })

  test('also where its version is gone from Secrets Manager', async () => {
    const staged = await abandoned(sixHours)
    const { scene, arn, account } = staged
    const { versions } = scene.sandbox.vault.find(arn)
    for (const { id, labels } of versions.values()) if (labels.size === 0) versions.delete(id)
    await scene.clock.advance(2 * hour + minute)
    expect(await findings(staged)).toMatchObject([{ type: 'untracked', outcome: 'retired' }])
    expect(activeIds(staged)).toEqual([account.credId])
  })

  test('also where another value was put as AWSCURRENT meanwhile', async () => {
    const staged = await abandoned(sixHours)
    const { scene, arn, account } = staged
    const SecretString = JSON.stringify({ ...account.document, note: 'by hand' })
    const put = { SecretId: arn, ClientRequestToken: 'f'.repeat(32), SecretString }
    await scene.clock.advance(minute)
    await scene.secretsManager('PutSecretValue', put)
    await scene.clock.advance(2 * hour + minute)
    expect(await findings(staged)).toMatchObject([{ type: 'untracked', outcome: 'retired' }])
    expect(activeIds(staged)).toEqual([account.credId])
  })

  test('while AWSPENDING is on it, it is not touched, however old', async () => {
    const staged = await stage({ engineSwitches: quietEngine })
    const { scene, arn } = staged
    scene.sandbox.wire.plan = ({ operation }) => (operation === 'CreateSchedule' ? 'refused' : undefined)
    await scene.rotate(arn)
    scene.sandbox.wire.plan = undefined
    await scene.clock.advance(5 * hour)
    expect(await types(staged)).toEqual(['stuck-pending'])
    expect(activeIds(staged)).toHaveLength(2)
  })
})

describe('a superseded credential whose schedule was lost', () => {
  test('gets a new one inside its grace, and is retired by that', async () => {
    const staged = await rotated(sixHours)
    const { scene } = staged
    const [lost] = schedules(staged)
    loseSchedules(staged)
    await scene.clock.advance(3 * hour)
    const [finding] = await findings(staged)
    expect(finding).toMatchObject({ type: 'untracked', outcome: 'scheduled', secretId: staged.arn })
    const [schedule, ...more] = schedules(staged)
    expect([schedule?.name, more]).toEqual([lost?.name, []])
    expect(finding?.['until']).toBe(new Date(schedule ? timeOf(schedule) : 0).toISOString())
    expect(await types(staged)).toEqual(['adopted'])
    await scene.clock.advance(3 * hour + minute)
    expect(activeIds(staged)).toEqual([await currentId(staged)])
    expect(await types(staged)).toEqual([])
  })

  test('is retired at once past its grace, and AWSPREVIOUS is gone', async () => {
    const staged = await rotated(sixHours)
    loseSchedules(staged)
    await staged.scene.clock.advance(6 * hour + minute)
    expect(await findings(staged)).toMatchObject([{ type: 'previous-past-grace', outcome: 'retired' }])
    expect(activeIds(staged)).toEqual([await currentId(staged)])
    expect(holder(staged, 'AWSPREVIOUS')).toBeUndefined()
    expect(await types(staged)).toEqual([])
  })

  test('is not touched within two hours of any change of the secret', async () => {
    const staged = await rotated({ grace: { default: 'PT1M', adopted: 'PT1M' } })
    loseSchedules(staged)
    await staged.scene.clock.advance(2 * hour - minute)
    expect(await types(staged)).toEqual([])
    expect(activeIds(staged)).toHaveLength(2)
  })

  test('keeps a schedule that is a little late to fire', async () => {
    const staged = await rotated({ ...sixHours, schedulerSwitches: { lateByMs: 2 * hour } })
    await staged.scene.clock.advance(6 * hour + 50 * minute)
    expect(await types(staged)).toEqual(['adopted'])
    await staged.scene.clock.advance(20 * minute)
    expect(await types(staged)).toEqual(['previous-past-grace'])
  })

  test('without a scheduler is retired once its grace is over, and reported until then', async () => {
    const rules = { retireAtNextRotation: true }
    const staged = await rotated({ ...sixHours, rules, scheduler: false })
    await staged.scene.clock.advance(7 * hour)
    expect(await types(staged)).toEqual([])
    const policy = { allowedBaseUrls: [staged.scene.sandbox.urls.dfns], ...sixHours }
    const parameter = { name: '/dfns-rotator/policy', type: 'String', overwrite: true } as const
    staged.scene.sandbox.parameters.put({ ...parameter, value: JSON.stringify(policy) })
    expect(await types(staged)).toEqual(['previous-past-grace'])
    expect(activeIds(staged)).toEqual([await currentId(staged)])
  })
})

describe('an adopted credential that only a deprecated version names', () => {
  async function deprecated(label?: string): Promise<Staged> {
    const staged = await rotated(sixHours)
    const { scene, arn } = staged
    const first = holder(staged, 'AWSPREVIOUS')?.id
    loseSchedules(staged)
    if (label !== undefined) {
      const move = { SecretId: arn, VersionStage: label, MoveToVersionId: first }
      await scene.secretsManager('UpdateSecretVersionStage', move)
    }
    await scene.rotate(arn)
    await scene.clock.advance(3 * hour)
    return staged
  }

  test.each([undefined, 'kept-by-somebody'])(
    'is known, and retired after its grace; label: %s',
    async (label) => {
      const staged = await deprecated(label)
      const { scene, account } = staged
      expect(await findings(staged)).toMatchObject([
        { type: 'untracked', outcome: 'scheduled', credId: account.credId },
      ])
      await scene.clock.advance(3 * hour + minute)
      expect(activeIds(staged)).toEqual([await currentId(staged)])
      expect(typesIn(await findings(staged))).toEqual([])
    },
  )
})
