import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { deadLetterArn, guideWorld, newKey } from '../../sandbox/scene.ts'
import type { Fault } from '../../sandbox/wire.ts'
import {
  activeIds,
  anHour,
  currentId,
  day,
  holder,
  hour,
  inputOf,
  minute,
  outcomes,
  rotated,
  schedules,
  type Staged,
  type StageOptions,
  stage,
  timeOf,
  worldOf,
} from '../support/graces.ts'

const sha256 = (text: string, length: number) =>
  createHash('sha256').update(text).digest('hex').slice(0, length)

/** The functions' own calls, in the order in which they arrived. */
const operations = ({ scene }: Staged) => scene.sandbox.wire.calls.map(({ request }) => request.operation)

const isOneOf =
  (...names: readonly string[]) =>
  (operation: string) =>
    names.includes(operation)

const writes = isOneOf('CreateSchedule', 'UpdateSchedule', 'UpdateSecretVersionStage')

/** Strikes the first call of an operation. */
function first(operation: string, fault: Fault) {
  let struck = false
  return (call: { operation: string }): Fault | undefined => {
    if (struck || call.operation !== operation) return undefined
    struck = true
    return fault
  }
}

const always = (operation: string, fault: Fault) => (call: { operation: string }) =>
  call.operation === operation ? fault : undefined

describe('the schedule of a retirement', () => {
  test('has its documented form, and the name of what is superseded', async () => {
    const staged = await rotated()
    const { scene, arn, account } = staged
    const [schedule] = schedules(staged)
    const superseded = holder(staged, 'AWSPREVIOUS')?.id
    const promoted = holder(staged, 'AWSCURRENT')?.id
    expect(schedules(staged)).toHaveLength(1)
    expect(schedule).toMatchObject({
      name: `${sha256(arn, 16)}-${sha256(account.credId, 24)}`,
      group: 'dfns-rotator',
      settings: {
        ScheduleExpression: expect.stringMatching(/^at\(2026-01-05T01:00:\d\d\)$/),
        ScheduleExpressionTimezone: 'UTC',
        FlexibleTimeWindow: { Mode: 'OFF' },
        State: 'ENABLED',
        ActionAfterCompletion: 'DELETE',
        Target: {
          Arn: scene.retireArn,
          RoleArn: 'arn:aws:iam::000000000000:role/dfns-rotator-scheduler',
          DeadLetterConfig: { Arn: deadLetterArn },
        },
      },
    })
    expect(schedule?.name).toMatch(/^[0-9a-f]{16}-[0-9a-f]{24}$/)
    expect(schedule && inputOf(schedule)).toStrictEqual({
      v: 1,
      secretArn: arn,
      kind: 'ServiceAccountKey',
      superseded,
      promoted,
      what: { credentialUuids: [account.credentialUuid] },
    })
  })

  test('names every credential under the superseded id', async () => {
    const staged = await stage({ dfnsSwitches: { ...guideWorld, duplicateCredId: 'allow' } })
    const { scene, account, arn } = staged
    const { userId, credId } = account
    const twin = scene.dfns.addCredential({ userId, credId, name: 'twin', publicKey: newKey().publicKey })
    await scene.rotate(arn)
    const [schedule] = schedules(staged)
    expect(schedule && inputOf(schedule)).toMatchObject({
      what: { credentialUuids: [account.credentialUuid, twin.credentialUuid] },
    })
  })

  test('is written before AWSCURRENT moves', async () => {
    const staged = await rotated()
    expect(operations(staged).filter(writes)).toEqual(['CreateSchedule', 'UpdateSecretVersionStage'])
  })

  test('both keys work as long as it stands', async () => {
    const staged = await rotated()
    const { scene, account, arn } = staged
    await scene.clock.advance(hour - minute)
    expect(await scene.signingStatus(account.document)).toBe(200)
    expect(await scene.signingStatus(await scene.documentOf(arn, 'AWSCURRENT'))).toBe(200)
    expect(schedules(staged)).toHaveLength(1)
  })

  test.each([
    ['killed-after', 'CreateSchedule'],
    ['killed-before', 'UpdateSecretVersionStage'],
    ['lost-before', 'UpdateSecretVersionStage'],
  ] as const)('stands, with nothing moved, where finishSecret is %s at %s', async (fault, operation) => {
    const staged = await stage()
    const { scene, arn, account } = staged
    scene.sandbox.wire.plan = always(operation, fault)
    await scene.rotate(arn)
    expect(schedules(staged)).toHaveLength(1)
    expect(await currentId(staged)).toBe(account.credId)
    expect(await scene.signingStatus(account.document)).toBe(200)
    const [early] = schedules(staged)
    scene.sandbox.wire.plan = undefined
    await scene.clock.advance(5 * minute)
    const [late] = schedules(staged)
    expect(await currentId(staged)).not.toBe(account.credId)
    expect(schedules(staged)).toHaveLength(1)
    expect(late?.name).toBe(early?.name)
    expect(operations(staged)).toContain('UpdateSchedule')
    expect(timeOf(late!)).toBeGreaterThanOrEqual(timeOf(early!) + minute)
  })

  test('is in the group default, and without a dead-letter queue, where none is named', async () => {
    const functionEnv = { DFNS_ROTATOR_SCHEDULE_GROUP: '', DFNS_ROTATOR_DEAD_LETTER_ARN: '' }
    const [schedule] = schedules(await rotated({ functionEnv }))
    expect(schedule?.group).toBe('default')
    expect(schedule?.settings.Target).not.toHaveProperty('DeadLetterConfig')
  })

  test('of several secrets begin differently, even where their versions have one id', async () => {
    const staged = await stage()
    const { scene, account, arn } = staged
    const other = scene.openAccount({ orgId: account.document.orgId, name: 'other' })
    const second = await scene.keepSecret({ name: 'prod/other', document: other.document })
    const ClientRequestToken = 'one-token-for-all-of-a-script-00001'
    for (const SecretId of [arn, second])
      await scene.secretsManager('RotateSecret', { SecretId, ClientRequestToken })
    await scene.sandbox.engine.settled()
    const names = schedules(staged).map(({ name }) => name.slice(0, 16))
    expect(names.toSorted()).toEqual([sha256(arn, 16), sha256(second, 16)].toSorted())
  })
})

describe('the grace of a superseded credential', () => {
  /** Whole minutes from the rotation to the schedule's time; the function itself has less than one. */
  async function graceAfter(staged: Staged): Promise<number> {
    const { scene, arn } = staged
    const known = new Set(schedules(staged).map(({ name }) => name))
    const start = scene.clock.now()
    await scene.rotate(arn)
    const [schedule] = schedules(staged).filter(({ name }) => !known.has(name))
    if (schedule === undefined) throw new Error('no schedule was written')
    return Math.floor((timeOf(schedule) - start) / minute) * minute
  }

  const defaults = {}
  const cases: readonly (readonly [string, StageOptions, number, number])[] = [
    ['without tags and policy', { grace: defaults }, 7 * day, day],
    ["is the policy's", { grace: { default: 'PT2H', adopted: 'PT3H' } }, 3 * hour, 2 * hour],
    ["is the tag's", { grace: defaults, tags: { 'dfns-rotator:grace': 'P2D' } }, 2 * day, 2 * day],
    ["is the kind's", { grace: { byKind: { ServiceAccountKey: 'PT5H' } } }, 7 * day, 5 * hour],
    ["is not another kind's", { grace: { byKind: { WebhookSecret: 'PT5H' } } }, 7 * day, day],
    ['is at most the max', { grace: { max: 'PT2H' } }, 2 * hour, 2 * hour],
    ['is at least the min', { grace: { ...anHour, min: 'PT3H' } }, 3 * hour, 3 * hour],
    [
      'may be the max by tag',
      { grace: defaults, tags: { 'dfns-rotator:grace': 'P30D' } },
      30 * day,
      30 * day,
    ],
  ]
  test.each(cases)('%s: of the first credential, and of the next', async (_, options, adopted, own) => {
    const staged = await stage(options)
    expect(await graceAfter(staged)).toBe(adopted)
    expect(await graceAfter(staged)).toBe(own)
  })

  test.each(['PT59M', 'PT121M'])(
    'of %s by tag, outside of min and max, stops createSecret',
    async (grace) => {
      const limits = { default: 'PT90M', min: 'PT1H', max: 'PT2H' }
      const staged = await rotated({ grace: limits, tags: { 'dfns-rotator:grace': grace } })
      expect(outcomes(staged).at(-1)).toBe('createSecret ERR_TAG')
      expect(schedules(staged)).toEqual([])
      expect(await currentId(staged)).toBe(staged.account.credId)
    },
  )

  test('of PT0S deactivates at once, and a schedule five minutes later is the net', async () => {
    const staged = await stage({ tags: { 'dfns-rotator:grace': 'PT0S' } })
    expect(await graceAfter(staged)).toBe(5 * minute)
    expect(activeIds(staged)).toEqual([await currentId(staged)])
    await staged.scene.clock.advance(6 * minute)
    expect(schedules(staged)).toEqual([])
    expect(holder(staged, 'AWSPREVIOUS')).toBeUndefined()
    expect(activeIds(staged)).toEqual([await currentId(staged)])
  })

  test('of PT0S: the net catches what a killed finishSecret left undone', async () => {
    const staged = await stage({
      tags: { 'dfns-rotator:grace': 'PT0S' },
      engineSwitches: { maxAttempts: 1 },
    })
    const { scene, arn } = staged
    scene.sandbox.wire.plan = first('PUT /auth/credentials/deactivate', 'killed-before')
    await scene.rotate(arn)
    expect(activeIds(staged)).toHaveLength(2)
    await scene.clock.advance(6 * minute)
    expect(activeIds(staged)).toEqual([await currentId(staged)])
  })

  test('changed by tag after the promotion does not change its schedule', async () => {
    const staged = await rotated()
    const [before] = schedules(staged)
    const Tags = [{ Key: 'dfns-rotator:grace', Value: 'PT2H' }]
    await staged.scene.secretsManager('TagResource', { SecretId: staged.arn, Tags })
    expect(schedules(staged)).toEqual([before])
  })
})

describe('without a schedule nothing is promoted', () => {
  const expectNotPromoted = async (staged: Staged) => {
    const { scene, account } = staged
    expect(outcomes(staged).at(-1)).toBe('finishSecret ERR_SCHEDULER')
    expect(await currentId(staged)).toBe(account.credId)
    expect(operations(staged)).not.toContain('UpdateSecretVersionStage')
    expect(await scene.signingStatus(account.document)).toBe(200)
  }

  const internal = { reply: { status: 500, body: '{"Message":"internal"}' } }
  const missing = {
    reply: {
      status: 404,
      headers: { 'content-type': 'application/json', 'x-amzn-errortype': 'ResourceNotFoundException' },
      body: '{"Message":"Schedule group dfns-rotator does not exist."}',
    },
  }
  const faults: readonly (readonly [string, Fault])[] = [
    ['refused', 'refused'],
    ['throttled', 'throttled'],
    ['unreachable', 'lost-before'],
    ['out of order', internal],
    ['without its group', missing],
  ]
  test.each(faults)('where the scheduler is %s, and it is as soon as it answers', async (_, fault) => {
    const staged = await stage()
    const { scene, arn, account } = staged
    scene.sandbox.wire.plan = ({ service }) => (service === 'scheduler' ? fault : undefined)
    await scene.rotate(arn)
    await expectNotPromoted(staged)
    scene.sandbox.wire.plan = undefined
    await scene.clock.advance(5 * minute)
    expect(outcomes(staged).at(-1)).toBe('finishSecret')
    expect(schedules(staged)).toHaveLength(1)
    expect(await currentId(staged)).not.toBe(account.credId)
  })

  test('where the name is taken and may not be updated', async () => {
    const staged = await stage()
    const { scene, arn } = staged
    scene.sandbox.wire.plan = always('UpdateSecretVersionStage', 'killed-before')
    await scene.rotate(arn)
    scene.sandbox.wire.plan = always('UpdateSchedule', 'refused')
    await scene.clock.advance(minute)
    expect(outcomes(staged).at(-1)).toBe('finishSecret ERR_SCHEDULER')
    expect(await currentId(staged)).toBe(staged.account.credId)
  })

  test('where its reply is lost, one is there all the same', async () => {
    const staged = await stage()
    const { scene, arn } = staged
    scene.sandbox.wire.plan = first('CreateSchedule', 'lost-after')
    await scene.rotate(arn)
    expect(outcomes(staged).at(-1)).toBe('finishSecret')
    expect(schedules(staged)).toHaveLength(1)
  })
})

describe('where no scheduler is deployed', () => {
  const withoutScheduler: StageOptions = { scheduler: false }

  test.each([
    ['no scheduler', withoutScheduler],
    ['no role for the scheduler', { functionEnv: { DFNS_ROTATOR_SCHEDULER_ROLE_ARN: '' } }],
    ['no retire function', { functionEnv: { DFNS_ROTATOR_RETIRE_ARN: '' } }],
  ])('%s: any grace but PT0S stops createSecret, with nothing made', async (_, options) => {
    const staged = await stage(options)
    const before = worldOf(staged)
    await staged.scene.rotate(staged.arn)
    expect(outcomes(staged).at(-1)).toBe('createSecret ERR_SCHEDULER')
    expect(worldOf(staged)).toMatchObject({ credentials: before.credentials, changes: before.changes })
    expect(await currentId(staged)).toBe(staged.account.credId)
  })

  test('PT0S rotates, and deactivates at once', async () => {
    const staged = await rotated({ ...withoutScheduler, tags: { 'dfns-rotator:grace': 'PT0S' } })
    expect(outcomes(staged).at(-1)).toBe('finishSecret')
    expect(activeIds(staged)).toEqual([await currentId(staged)])
    expect(schedules(staged)).toEqual([])
  })

  describe('the policy may say retireAtNextRotation', () => {
    const options: StageOptions = { ...withoutScheduler, rules: { retireAtNextRotation: true } }

    test('then both keys work until the next rotation', async () => {
      const staged = await rotated(options)
      const { scene, account } = staged
      expect(outcomes(staged).at(-1)).toBe('finishSecret')
      await scene.clock.advance(3 * day)
      expect(await scene.signingStatus(account.document)).toBe(200)
      expect(activeIds(staged)).toHaveLength(2)
    })

    test('which, inside the grace, makes nothing, says so, and goes on when the grace is over', async () => {
      const staged = await rotated(options)
      const { scene, arn, account } = staged
      const second = await currentId(staged)
      await scene.clock.advance(30 * minute)
      const before = worldOf(staged)
      await scene.rotate(arn)
      expect(outcomes(staged).at(-1)).toBe('createSecret ERR_PREVIOUS_IN_GRACE')
      expect(worldOf(staged)).toMatchObject({ credentials: before.credentials, changes: before.changes })
      await scene.clock.advance(2 * hour)
      expect(outcomes(staged).at(-1)).toBe('finishSecret')
      expect(await scene.signingStatus(account.document)).toBe(401)
      expect(activeIds(staged)).toEqual([second, await currentId(staged)])
    })

    test('which retires AWSPREVIOUS before it makes anything', async () => {
      const staged = await rotated(options)
      const { scene, arn, account } = staged
      await scene.clock.advance(2 * hour)
      await scene.rotate(arn)
      const { userId } = account
      const kinds = scene.dfns
        .effects({ userId })
        .flatMap(({ kind }) => (kind.startsWith('credential') ? kind : []))
      expect(kinds).toEqual([
        'credential created',
        'credential created',
        'credential deactivated',
        'credential created',
      ])
      expect(activeIds(staged)).toHaveLength(2)
    })
  })
})
