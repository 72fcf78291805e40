import { describe, expect, it } from 'vitest'
import { ARN, createWorld, DAY, errorOf, functionOf, HOUR, MINUTE, version, type World } from './world.ts'

const fail = () => {
  throw new Error('refused')
}

function demo(engine: NonNullable<Parameters<typeof createWorld>[0]>['engine'] = {}): World {
  const world = createWorld({ engine })
  world.createDemo()
  return world
}

const describeDemo = (world: World) => world.call('DescribeSecret', { SecretId: 'demo' })
const nextRotation = (world: World) =>
  new Date(Number(describeDemo(world).NextRotationDate) * 1000).toISOString()
const move = (world: World, from: number, to?: number, label = 'AWSCURRENT') =>
  world.call('UpdateSecretVersionStage', {
    SecretId: 'demo',
    VersionStage: label,
    RemoveFromVersionId: version(from),
    ...(to !== undefined && { MoveToVersionId: version(to) }),
  })

describe('RotateSecret', () => {
  it('returns at once; the steps run when the clock is asked', async () => {
    const world = demo()
    expect(world.rotate()).toMatchObject({ Name: 'demo', VersionId: version(2) })
    expect(world.invocations).toEqual([])
    await world.engine.settled()
    expect(world.invocations).toHaveLength(4)
  })

  it('uses what was saved when nothing else is given', async () => {
    const world = demo()
    world.rotate({ RotationRules: { AutomaticallyAfterDays: 30 } })
    await world.engine.settled()
    world.rotate({ RotationLambdaARN: undefined })
    await world.engine.settled()
    expect(world.labels()).toEqual({ v2: ['AWSPREVIOUS'], v3: ['AWSCURRENT'] })
    expect(describeDemo(world).RotationRules).toEqual({ AutomaticallyAfterDays: 30 })
  })

  it('a function that rejects and one that reports an error are the same failure, told to the display', async () => {
    const world = demo()
    world.script.setSecret = () => {
      throw Object.assign(new Error('it broke'), { name: 'ERR_BROKEN' })
    }
    world.rotate()
    await world.engine.settled()
    const about = { token: version(2), attempt: 1, step: 'setSecret' }
    expect(world.engine.progress.items.slice(2)).toMatchObject([
      { ...about, type: 'step-started' },
      {
        ...about,
        type: 'step-ended',
        ok: false,
        errorType: 'ERR_BROKEN',
        errorMessage: 'it broke',
        ms: expect.any(Number),
      },
    ])
    expect(world.engine.progress.items[1]).toMatchObject({
      type: 'step-ended',
      ok: true,
      step: 'createSecret',
    })
  })

  it('the return value of a step is ignored', async () => {
    const world = demo()
    const usual = world.functions.get(ARN)
    world.functions.set(ARN, {
      arn: ARN,
      invoke: async (event) => {
        await usual?.invoke(event)
        return { ok: true, payload: { error: 'not an error' } }
      },
    })
    world.rotate()
    await world.engine.settled()
    expect(world.eventNames().at(-1)).toBe('RotationSucceeded')
  })

  it('repeated with the token under way it is refused, or accepted: a switch', async () => {
    const world = demo({ repeatedToken: 'accepted' })
    world.rotate({ ClientRequestToken: version(7) })
    expect(world.rotate({ ClientRequestToken: version(7) }).VersionId).toBe(version(7))
    await world.engine.settled()
    expect(world.invocations).toHaveLength(4)
  })

  it('with the token of a version that exists it is refused', () => {
    const world = demo()
    expect(errorOf(() => world.rotate({ ClientRequestToken: version(1) })).code).toBe(
      'ResourceExistsException',
    )
    expect(describeDemo(world)).not.toHaveProperty('RotationEnabled')
  })

  it('a function that has gone meanwhile is a failed attempt', async () => {
    const world = demo()
    world.rotate()
    world.functions.delete(ARN)
    await world.engine.settled()
    expect(world.eventNames()).toEqual(['RotationStarted', 'RotationFailed'])
  })

  it('two secrets rotate beside each other', async () => {
    const world = demo()
    world.call('CreateSecret', { Name: 'other', SecretString: 'one', ClientRequestToken: version(50) })
    world.rotate()
    world.rotate({ SecretId: 'other' })
    await world.engine.settled()
    expect(world.eventNames().filter((name) => name === 'RotationSucceeded')).toHaveLength(2)
  })

  it('a step may call Secrets Manager and let time pass', async () => {
    const world = demo()
    world.script.testSecret = async () => {
      await world.clock.advance(MINUTE)
    }
    world.rotate()
    await world.engine.settled()
    expect(describeDemo(world).LastRotatedDate).toBe(Date.parse('2026-01-05T00:01:00Z') / 1000)
  })

  it('settled also waits for what another advance has started', async () => {
    const world = demo()
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    world.script.setSecret = () => gate
    world.rotate()
    const advance = world.clock.advance(0)
    const settled = world.engine.settled()
    release()
    await settled
    expect(world.eventNames().at(-1)).toBe('RotationSucceeded')
    await advance
  })
})

describe('switches for what AWS leaves unsaid', () => {
  it('finishSecret may succeed without a move', async () => {
    const world = demo({ succeedsWithoutMove: true })
    world.script.finishSecret = () => {}
    world.rotate()
    await world.engine.settled()
    expect(world.eventNames().at(-1)).toBe('RotationSucceeded')
    expect(world.labels()).toEqual({ v1: ['AWSCURRENT'] })
  })

  it('ListSecretVersionIds omits the version without a value, or shows it', () => {
    const counts = [false, true].map((listsEmptyVersions) => {
      const world = createWorld({ vault: { listsEmptyVersions } })
      world.createDemo()
      world.rotate()
      const input = { SecretId: 'demo', IncludeDeprecated: true }
      return (world.call('ListSecretVersionIds', input).Versions as unknown[]).length
    })
    expect(counts).toEqual([1, 2])
  })
})

describe('test rotation (rotation-protocol 1.2)', () => {
  it('emits its own events and saves the configuration', async () => {
    const world = demo()
    world.rotate({ RotateImmediately: false, RotationRules: { AutomaticallyAfterDays: 30 } })
    await world.engine.settled()
    expect(world.eventNames()).toEqual(['TestRotationStarted', 'TestRotationSucceeded'])
    expect(describeDemo(world)).toMatchObject({
      RotationEnabled: true,
      RotationRules: { AutomaticallyAfterDays: 30 },
    })
    expect(describeDemo(world)).not.toHaveProperty('LastRotatedDate')
  })

  it('that fails leaves nothing behind, is not retried, and the configuration stays', async () => {
    const world = demo()
    world.script.testSecret = fail
    world.rotate({ RotateImmediately: false })
    await world.clock.advance(DAY)
    expect(world.eventNames()).toEqual(['TestRotationStarted', 'TestRotationFailed'])
    expect(world.labels()).toEqual({ v1: ['AWSCURRENT'] })
    expect(describeDemo(world).RotationEnabled).toBe(true)
  })

  it('may come without a token: a switch', async () => {
    const world = demo({ testToken: 'absent' })
    world.rotate({ RotateImmediately: false })
    await world.engine.settled()
    expect(world.invocations[0]).not.toHaveProperty('ClientRequestToken')
    expect(world.invocations[0]).toHaveProperty('RotationToken')
  })

  it('leaves the rotation that a rate had planned before, but not one that cron() replaces', async () => {
    const firstAfter = async (ScheduleExpression: string, keepsEarlierRotation = true) => {
      const world = demo({ keepsEarlierRotation })
      const rules = (expression: string) => ({
        RotationRules: { ScheduleExpression: expression },
        RotateImmediately: false,
      })
      world.rotate(rules('rate(2 days)'))
      await world.engine.settled()
      world.rotate(rules(ScheduleExpression))
      await world.engine.settled()
      await world.clock.advance(3 * DAY)
      return world.eventNames().includes('RotationSucceeded')
    }
    expect(await firstAfter('rate(30 days)')).toBe(true)
    expect(await firstAfter('rate(30 days)', false)).toBe(false)
    expect(await firstAfter('cron(0 8 1 * ? *)')).toBe(false)
  })
})

describe('what ends a rotation', () => {
  it('cancel turns rotation off, tells the partial version, and leaves AWSPENDING', async () => {
    const world = demo()
    world.script.setSecret = fail
    world.rotate({ RotationRules: { AutomaticallyAfterDays: 3 } })
    await world.engine.settled()
    expect(world.call('CancelRotateSecret', { SecretId: 'demo' })).toMatchObject({ VersionId: version(2) })
    expect(world.clock.next()).toBeUndefined()
    await world.clock.advance(10 * DAY)
    expect(world.invocations).toHaveLength(2)
    expect(world.labels()).toEqual({ v1: ['AWSCURRENT'], v2: ['AWSPENDING'] })
    const described = describeDemo(world)
    expect(described).toMatchObject({
      RotationEnabled: false,
      RotationLambdaARN: ARN,
      RotationRules: { AutomaticallyAfterDays: 3 },
    })
    expect(described).not.toHaveProperty('NextRotationDate')
    expect(errorOf(() => world.rotate()).code).toBe('InvalidRequestException')
    move(world, 2, undefined, 'AWSPENDING')
    delete world.script.setSecret
    world.rotate()
    await world.engine.settled()
    expect(describeDemo(world).RotationEnabled).toBe(true)
    expect(world.eventNames().at(-1)).toBe('RotationSucceeded')
  })

  it('cancel in the middle of a step lets that step end and starts no other', async () => {
    const world = demo()
    world.script.createSecret = (event) => {
      world.call('CancelRotateSecret', { SecretId: 'demo' })
      world.perform(event)
    }
    world.rotate()
    await world.clock.advance(DAY)
    expect(world.invocations).toHaveLength(1)
    expect(world.labels()).toEqual({ v1: ['AWSCURRENT'], v2: ['AWSPENDING'] })
  })

  it('removing AWSPENDING from the stuck version frees the secret', async () => {
    const world = demo()
    world.script.setSecret = fail
    world.rotate()
    await world.engine.settled()
    move(world, 2, undefined, 'AWSPENDING')
    expect(world.eventNames().at(-1)).toBe('RotationAbandoned')
    await world.clock.advance(DAY)
    expect(world.invocations).toHaveLength(2)
    world.rotate()
    await world.engine.settled()
    expect(world.labels()).toMatchObject({ v3: ['AWSPENDING'] })
  })

  it('a new current value between two attempts abandons the rotation as well', async () => {
    const world = demo()
    world.script.setSecret = fail
    world.rotate()
    await world.engine.settled()
    world.call('UpdateSecret', { SecretId: 'demo', SecretString: 'by hand', ClientRequestToken: version(9) })
    await world.clock.advance(DAY)
    expect(world.invocations).toHaveLength(2)
    expect(world.labels()).toEqual({ v1: ['AWSPREVIOUS'], v9: ['AWSCURRENT'] })
  })

  it('a version that is not to be current does not abandon it', async () => {
    const world = demo()
    world.script.setSecret = () => {
      const put = { SecretString: 'aside', ClientRequestToken: version(9), VersionStages: ['mine'] }
      world.call('PutSecretValue', { SecretId: 'demo', ...put })
    }
    world.rotate()
    await world.engine.settled()
    expect(world.labels()).toEqual({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'], v9: ['mine'] })
  })

  it('deletion of the secret', async () => {
    const world = demo()
    world.script.createSecret = fail
    world.rotate({ RotationRules: { AutomaticallyAfterDays: 1 } })
    await world.engine.settled()
    world.call('DeleteSecret', { SecretId: 'demo' })
    await world.clock.advance(40 * DAY)
    expect(world.invocations.length).toBeLessThanOrEqual(2)
    expect(world.clock.next()).toBeUndefined()
  })
})

describe('"That rotation will be reattempted"', () => {
  const rolledBack = async (reattemptsStuckPending: boolean) => {
    const world = demo({ clearsPending: false, reattemptsStuckPending })
    world.rotate()
    await world.engine.settled()
    move(world, 2, 1)
    await world.clock.advance(DAY)
    return world.labels()
  }

  it('a rollback that leaves AWSPENDING on the bad version sees it promoted again', async () => {
    expect(await rolledBack(true)).toEqual({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT', 'AWSPENDING'] })
    expect(await rolledBack(false)).toEqual({ v1: ['AWSCURRENT'], v2: ['AWSPENDING', 'AWSPREVIOUS'] })
  })

  it('a rollback that takes AWSPENDING away first lasts', async () => {
    const world = demo({ clearsPending: false })
    world.rotate()
    await world.engine.settled()
    move(world, 2, undefined, 'AWSPENDING')
    move(world, 2, 1)
    await world.clock.advance(DAY)
    expect(world.labels()).toEqual({ v1: ['AWSCURRENT'], v2: ['AWSPREVIOUS'] })
  })

  it('a pending version put by hand is not taken for the function’s', async () => {
    const world = demo()
    world.rotate()
    await world.engine.settled()
    const put = { SecretString: 'by hand', ClientRequestToken: version(9), VersionStages: ['AWSPENDING'] }
    world.call('PutSecretValue', { SecretId: 'demo', ...put })
    await world.clock.advance(MINUTE)
    expect(world.engine.events.items.at(-1)?.detail).toMatchObject({
      errorMessage: expect.stringContaining('was not created by Lambda'),
    })
    expect(world.invocations).toHaveLength(4)
  })
})

describe('schedules', () => {
  it('NextRotationDate is the end of the window, and lies in the past while the rotation fails', async () => {
    const world = demo()
    world.rotate({
      RotateImmediately: false,
      RotationRules: { ScheduleExpression: 'cron(0 8 ? * TUE *)', Duration: '2h' },
    })
    await world.engine.settled()
    expect(nextRotation(world)).toBe('2026-01-06T10:00:00.000Z')
    world.script.setSecret = fail
    await world.clock.advance(2 * DAY)
    expect(nextRotation(world)).toBe('2026-01-06T10:00:00.000Z')
    delete world.script.setSecret
    await world.clock.advance(7 * DAY)
    expect(nextRotation(world)).toBe('2026-01-20T10:00:00.000Z')
    expect(describeDemo(world).LastRotatedDate).toBe(Date.parse('2026-01-13T08:00:00Z') / 1000)
  })

  it('a manual new value counts as a rotation for the next date', async () => {
    const world = demo()
    world.rotate({ RotateImmediately: false, RotationRules: { AutomaticallyAfterDays: 10 } })
    await world.engine.settled()
    await world.clock.advance(5 * DAY)
    world.call('PutSecretValue', {
      SecretId: 'demo',
      SecretString: 'by hand',
      ClientRequestToken: version(9),
    })
    expect(nextRotation(world)).toBe('2026-01-21T00:00:00.000Z')
    await world.clock.advance(6 * DAY)
    expect(world.eventNames()).not.toContain('RotationStarted')
  })

  it('each scheduled rotation has a token of its own', async () => {
    const world = demo()
    world.rotate({ RotationRules: { ScheduleExpression: 'rate(4 hours)' } })
    await world.clock.advance(9 * HOUR)
    expect(new Set(world.invocations.map((event) => event.ClientRequestToken)).size).toBe(3)
    for (const { ClientRequestToken } of world.invocations)
      expect(ClientRequestToken?.length).toBeGreaterThan(31)
  })

  it('the last configuration decides which function is invoked', async () => {
    const world = demo()
    const other = `${ARN}-other`
    world.functions.set(
      other,
      functionOf(other, (event) => world.perform(event)),
    )
    world.rotate({ RotationRules: { AutomaticallyAfterDays: 1 } })
    await world.engine.settled()
    world.rotate({ RotationLambdaARN: other })
    await world.clock.advance(2 * DAY)
    expect(world.invocations).toHaveLength(4)
  })
})
