import { describe, expect, it } from 'vitest'
import { createAsyncInvocations } from '../../sandbox/lambda/async.ts'
import { duplicated } from '../../sandbox/lambda/duplicate.ts'
import { createQueues } from '../../sandbox/queues.ts'
import { createSchedules } from '../../sandbox/scheduler/schedules.ts'
import { settingsOf } from '../../sandbox/scheduler/validation.ts'
import { ARN, createWorld, DAY, errorOf, functionOf, HOUR, MINUTE, stringOf, version } from './world.ts'

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret']
const fail = () => {
  throw new Error('refused')
}

describe('the invariants of an emulator (rotation-protocol 6.2)', () => {
  it('1: the version id is registered with AWSPENDING and no value before step 1', () => {
    const world = createWorld()
    world.createDemo()
    world.rotate()
    expect(world.labels()).toEqual({ v1: ['AWSCURRENT'], v2: ['AWSPENDING'] })
    const reads = [{ VersionStage: 'AWSPENDING' }, { VersionId: version(2) }]
    for (const read of [...reads, Object.assign({}, ...reads)]) {
      const error = errorOf(() => world.call('GetSecretValue', { SecretId: 'demo', ...read }))
      expect(error.code).toBe('ResourceNotFoundException')
    }
    expect(world.invocations).toEqual([])
  })

  it('2: a label has one holder', () => {
    const world = createWorld()
    world.createDemo()
    const put = (n: number, labels: string[]) =>
      world.call('PutSecretValue', {
        SecretId: 'demo',
        SecretString: String(n),
        ClientRequestToken: version(n),
        VersionStages: labels,
      })
    put(2, ['AWSPENDING', 'mine'])
    put(3, ['mine', 'AWSPENDING'])
    expect(world.labels()).toEqual({ v1: ['AWSCURRENT'], v3: ['AWSPENDING', 'mine'] })
  })

  it('4: RotateSecret is refused while pending differs from current, also when only the configuration changes', async () => {
    const world = createWorld()
    world.createDemo()
    world.script.setSecret = fail
    world.rotate({ RotationRules: { AutomaticallyAfterDays: 30 } })
    await world.engine.settled()
    const change = { RotationRules: { AutomaticallyAfterDays: 5 }, RotateImmediately: false }
    for (const input of [{}, change]) {
      expect(errorOf(() => world.rotate(input)).message).toBe(
        "A previous rotation isn't complete. That rotation will be reattempted.",
      )
    }
    expect(world.call('DescribeSecret', { SecretId: 'demo' }).RotationRules).toEqual({
      AutomaticallyAfterDays: 30,
    })
  })

  it('4: nothing is saved when the function cannot be invoked', () => {
    const world = createWorld()
    world.createDemo()
    errorOf(() => world.rotate({ RotationLambdaARN: `${ARN}-unknown` }))
    const described = world.call('DescribeSecret', { SecretId: 'demo' })
    expect(Object.keys(described).filter((key) => key.startsWith('Rotation'))).toEqual([])
    expect(world.labels()).toEqual({ v1: ['AWSCURRENT'] })
  })

  it('4: AWSPENDING on the current version, or on none, lets a new rotation start', async () => {
    const world = createWorld({ engine: { clearsPending: false } })
    world.createDemo()
    world.rotate()
    await world.engine.settled()
    expect(world.labels()).toEqual({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT', 'AWSPENDING'] })
    world.rotate()
    await world.engine.settled()
    expect(world.labels()).toEqual({ v2: ['AWSPREVIOUS'], v3: ['AWSCURRENT', 'AWSPENDING'] })
  })

  it('5: the steps run strictly one after the other, with the ARN and the version id', async () => {
    const world = createWorld()
    const arn = world.createDemo()
    const atWork: string[] = []
    let most = 0
    world.functions.set(
      ARN,
      functionOf(ARN, async (event) => {
        world.invocations.push(event)
        atWork.push(event.Step)
        most = Math.max(most, atWork.length)
        await Promise.resolve()
        world.perform(event)
        atWork.pop()
      }),
    )
    world.rotate()
    await world.engine.settled()
    expect(world.invocations.map((event) => event.Step)).toEqual(STEPS)
    expect(new Set(world.invocations.map((event) => event.SecretId))).toEqual(new Set([arn]))
    expect(new Set(world.invocations.map((event) => event.ClientRequestToken))).toEqual(new Set([version(2)]))
    expect(most).toBe(1)
  })

  it('5: an attempt stops at the first error', async () => {
    const world = createWorld()
    world.createDemo()
    world.script.setSecret = fail
    world.rotate()
    await world.engine.settled()
    expect(world.invocations.map((event) => event.Step)).toEqual(['createSecret', 'setSecret'])
    expect(world.labels()).toEqual({ v1: ['AWSCURRENT'], v2: ['AWSPENDING'] })
  })

  it('5: the same token is retried from createSecret on the schedule of the switch', async () => {
    const world = createWorld({ engine: { retryDelaysMs: [MINUTE, 5 * MINUTE] } })
    world.createDemo()
    const times: number[] = []
    const start = world.clock.now()
    world.script.createSecret = (event) => {
      times.push((world.clock.now() - start) / MINUTE)
      world.perform(event)
    }
    world.script.testSecret = fail
    world.rotate()
    await world.clock.advance(DAY)
    expect(times).toEqual([0, 1, 6])
    expect(new Set(world.invocations.map((event) => event.ClientRequestToken))).toEqual(new Set([version(2)]))
  })

  it('5: retries stay inside their window, and go on in the next one', async () => {
    const world = createWorld({ engine: { retryDelaysMs: [40 * MINUTE, 40 * MINUTE] } })
    world.createDemo()
    world.rotate({ RotateImmediately: false, RotationRules: { ScheduleExpression: 'rate(6 hours)' } })
    await world.engine.settled()
    world.invocations.length = 0
    const start = world.clock.now()
    const hours: number[] = []
    world.script.createSecret = () => {
      hours.push((world.clock.now() - start) / HOUR)
      fail()
    }
    await world.clock.advance(13 * HOUR)
    expect(hours.map((hour) => Math.round(hour * 100) / 100)).toEqual([6, 6.67, 12, 12.67])
    expect(new Set(world.invocations.map((event) => event.ClientRequestToken)).size).toBe(1)
  })

  it('5: the number of attempts is a switch', async () => {
    const world = createWorld({ engine: { maxAttempts: 2, retryDelaysMs: [1, 1, 1, 1] } })
    world.createDemo()
    world.script.createSecret = fail
    world.rotate()
    await world.clock.advance(HOUR)
    expect(world.invocations).toHaveLength(2)
  })

  it('5: a retry may resume at the step that failed', async () => {
    const world = createWorld({ engine: { resumesFrom: 'failedStep' } })
    world.createDemo()
    world.script.testSecret = fail
    world.rotate()
    await world.engine.settled()
    delete world.script.testSecret
    await world.clock.advance(MINUTE)
    expect(world.invocations.map((event) => event.Step)).toEqual([
      ...STEPS.slice(0, 3),
      'testSecret',
      'finishSecret',
    ])
    expect(world.labels()).toEqual({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'] })
  })

  it('6: a test rotation has a temporary pending version with the current value, testSecret only, and removes it', async () => {
    const world = createWorld()
    world.createDemo()
    world.rotate({ RotateImmediately: false, RotationRules: { AutomaticallyAfterDays: 30 } })
    let seen: unknown
    world.script.testSecret = () => {
      seen = world.call('GetSecretValue', { SecretId: 'demo', VersionStage: 'AWSPENDING' })
    }
    await world.engine.settled()
    expect(seen).toMatchObject({ SecretString: 'one', VersionId: version(2), VersionStages: ['AWSPENDING'] })
    expect(world.invocations.map((event) => event.Step)).toEqual(['testSecret'])
    expect(world.labels()).toEqual({ v1: ['AWSCURRENT'] })
    const all = world.call('ListSecretVersionIds', { SecretId: 'demo', IncludeDeprecated: true })
    expect(all.Versions).toHaveLength(1)
  })

  it('7: the RotationToken is random and distinct from the version id', async () => {
    const world = createWorld()
    world.createDemo()
    for (let n = 0; n < 2; n++) {
      world.rotate()
      await world.engine.settled()
    }
    const tokens = new Set(world.invocations.map((event) => event.RotationToken))
    expect(tokens.size).toBe(2)
    for (const token of tokens) expect(token).toMatch(/^[a-zA-Z0-9-]{36,256}$/)
    expect(tokens.has(version(2)) || tokens.has(version(3))).toBe(false)
  })

  const writeWithoutToken = (world: ReturnType<typeof createWorld>) => () => {
    world.call('PutSecretValue', {
      SecretId: 'demo',
      SecretString: 'two',
      ClientRequestToken: version(2),
      VersionStages: ['AWSPENDING'],
    })
  }

  it('7: strict mode refuses a pending version that was written without the RotationToken', async () => {
    const world = createWorld()
    const arn = world.createDemo()
    world.script.createSecret = writeWithoutToken(world)
    world.rotate()
    await world.engine.settled()
    expect(world.invocations.map((event) => event.Step)).toEqual(['createSecret'])
    expect(world.engine.events.items.at(-1)?.detail).toMatchObject({
      eventName: 'RotationFailed',
      errorMessage:
        `Pending secret version ${version(2)} for Secret ${arn} was not created by Lambda ${ARN}. ` +
        'Remove the AWSPENDING staging label and restart rotation',
    })
  })

  it('7: without strict mode any writer is accepted', async () => {
    const world = createWorld({ engine: { strictWriter: false } })
    world.createDemo()
    world.script.createSecret = writeWithoutToken(world)
    world.rotate()
    await world.engine.settled()
    expect(world.labels()).toEqual({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'] })
  })

  it('8: a new current value in mid-rotation abandons the rotation and takes AWSPENDING away', async () => {
    const world = createWorld()
    world.createDemo()
    world.script.setSecret = () => {
      const put = { SecretString: 'by hand', ClientRequestToken: version(9) }
      world.call('PutSecretValue', { SecretId: 'demo', ...put })
    }
    world.rotate()
    await world.clock.advance(DAY)
    expect(world.invocations.map((event) => event.Step)).toEqual(['createSecret', 'setSecret'])
    expect(world.labels()).toEqual({ v1: ['AWSPREVIOUS'], v9: ['AWSCURRENT'] })
    expect(world.eventNames()).toEqual(['RotationStarted', 'RotationAbandoned'])
  })

  it('9: success requires AWSCURRENT on the token', async () => {
    const world = createWorld()
    world.createDemo()
    world.script.finishSecret = () => {}
    world.rotate()
    await world.engine.settled()
    expect(world.eventNames()).toEqual(['RotationStarted', 'RotationFailed'])
    expect(world.call('DescribeSecret', { SecretId: 'demo' })).not.toHaveProperty('LastRotatedDate')
    delete world.script.finishSecret
    await world.clock.advance(MINUTE)
    expect(world.eventNames().at(-1)).toBe('RotationSucceeded')
  })

  it('9: after success AWSPENDING is cleared, LastRotatedDate set and NextRotationDate computed', async () => {
    const world = createWorld()
    world.createDemo()
    await world.clock.advance(3 * HOUR)
    world.rotate({ RotationRules: { ScheduleExpression: 'rate(10 days)', Duration: '2h' } })
    await world.engine.settled()
    expect(world.labels()).toEqual({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'] })
    expect(world.call('DescribeSecret', { SecretId: 'demo' })).toMatchObject({
      RotationEnabled: true,
      RotationLambdaARN: ARN,
      RotationRules: { ScheduleExpression: 'rate(10 days)', Duration: '2h', AutomaticallyAfterDays: 10 },
      LastRotatedDate: Date.parse('2026-01-05T03:00:00Z') / 1000,
      NextRotationDate: Date.parse('2026-01-15T02:00:00Z') / 1000,
    })
  })

  it('10: the service events and the native label event are emitted', async () => {
    const world = createWorld()
    const arn = world.createDemo()
    const heard: unknown[] = []
    world.engine.events.listen((event) => heard.push(event))
    world.rotate()
    await world.engine.settled()
    expect(heard).toMatchObject([
      {
        'detail-type': 'AWS Service Event via CloudTrail',
        source: 'aws.secretsmanager',
        detail: {
          eventName: 'RotationStarted',
          eventType: 'AwsServiceEvent',
          requestID: `Rotation-${arn}-${version(2)}`,
          additionalEventData: { SecretId: arn },
        },
      },
      {
        'detail-type': 'Secret Label Updated',
        resources: [arn],
        detail: { name: 'demo', labelUpdated: 'AWSCURRENT', versionId: version(2) },
      },
      { detail: { eventName: 'RotationSucceeded' } },
    ])
  })

  it.each(['in-turn', 'at-once'] as const)('11: duplicate invocations, %s, are a combinator', async (how) => {
    const world = createWorld()
    world.createDemo()
    const target = world.functions.get(ARN)
    if (!target) throw new Error('no function')
    world.functions.set(ARN, duplicated({ target, how }))
    world.rotate()
    await world.engine.settled()
    expect(world.invocations.map((event) => event.Step)).toEqual(STEPS.flatMap((step) => [step, step]))
    expect(world.eventNames().at(-1)).toBe('RotationSucceeded')
  })

  it('11: a read may be stale for as many reads as the switch says', async () => {
    const world = createWorld()
    world.createDemo()
    world.vault.staleReads = 2
    const put = { SecretId: 'demo', SecretString: 'two', ClientRequestToken: version(2) }
    world.call('PutSecretValue', put)
    const read = () => world.call('GetSecretValue', { SecretId: 'demo' }).SecretString
    expect([read(), read(), read()]).toEqual(['one', 'one', 'two'])
  })

  it('11: finishSecret may fail after the move; the retry meets a finished state and succeeds', async () => {
    const world = createWorld()
    world.createDemo()
    world.script.finishSecret = (event) => {
      world.perform(event)
      if (world.eventNames().length === 1) fail()
    }
    world.rotate()
    await world.engine.settled()
    expect(world.labels()).toEqual({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT', 'AWSPENDING'] })
    await world.clock.advance(MINUTE)
    expect(world.labels()).toEqual({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'] })
    expect(world.eventNames()).toEqual([
      'RotationStarted',
      'RotationFailed',
      'RotationStarted',
      'RotationSucceeded',
    ])
  })

  it('12: windows run on the virtual clock', async () => {
    const world = createWorld()
    world.createDemo()
    world.rotate({ RotationRules: { AutomaticallyAfterDays: 7 } })
    const created: string[] = []
    world.script.createSecret = (event) => {
      created.push(new Date(world.clock.now()).toISOString())
      world.perform(event)
    }
    await world.clock.advance(15 * DAY)
    expect(created).toEqual([
      '2026-01-05T00:00:00.000Z',
      '2026-01-12T00:00:00.000Z',
      '2026-01-19T00:00:00.000Z',
    ])
    const current = world.call('GetSecretValue', { SecretId: 'demo' })
    expect(stringOf(current, 'SecretString')).toBe(`made for ${stringOf(current, 'VersionId')}`)
  })

  it('12: Scheduler’s at() runs on the virtual clock', async () => {
    const { clock } = createWorld()
    const fired: [string, unknown][] = []
    const invoke = async (event: unknown) => {
      await Promise.resolve()
      fired.push([new Date(clock.now()).toISOString(), event])
      return { ok: true, payload: null } as const
    }
    const queues = createQueues(clock)
    const functions = new Map([[ARN, { arn: ARN, invoke }]])
    const invocations = createAsyncInvocations({ clock, functions, queues })
    const schedules = createSchedules({ clock, invocations, queues })
    const settings = settingsOf({
      ScheduleExpression: 'at(2026-02-05T12:30:00)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      ActionAfterCompletion: 'DELETE',
      Target: { Arn: ARN, RoleArn: 'arn:aws:iam::000000000000:role/scheduler', Input: '{"v":1}' },
    })
    schedules.create({ group: 'default', name: 'retire', settings })
    await clock.advance(31 * DAY + 12 * HOUR)
    expect(fired).toEqual([])
    await clock.advance(DAY)
    expect(fired).toEqual([['2026-02-05T12:30:00.000Z', { v: 1 }]])
    expect(schedules.list()).toEqual([])
  })
})
