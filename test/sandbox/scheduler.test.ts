import {
  ConflictException,
  DeleteScheduleCommand,
  ListSchedulesCommand,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  ValidationException,
} from '@aws-sdk/client-scheduler'
import { describe, expect, it } from 'vitest'
import { createWire } from '../../sandbox/faults.ts'
import type { Fault } from '../../sandbox/wire.ts'
import {
  ARN,
  DAY,
  failure,
  HOUR,
  inTime,
  MINUTE,
  QUEUE,
  ROLE,
  START,
  start,
  target,
} from './scheduler-world.ts'

describe('CreateSchedule and GetSchedule', () => {
  it('give back the schedule, with the defaults of the system', async () => {
    const { create, get } = await start()
    const { ScheduleArn } = await create()
    expect(ScheduleArn).toBe('arn:aws:scheduler:eu-west-1:000000000000:schedule/default/one')
    const { $metadata, ...found } = await get()
    expect($metadata.httpStatusCode).toBe(200)
    expect(found).toEqual({
      Arn: ScheduleArn,
      Name: 'one',
      GroupName: 'default',
      State: 'ENABLED',
      ScheduleExpression: 'at(2026-01-05T01:00:00)',
      ScheduleExpressionTimezone: 'UTC',
      FlexibleTimeWindow: { Mode: 'OFF' },
      ActionAfterCompletion: 'NONE',
      Target: { ...target, RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 } },
      CreationDate: new Date(START),
      LastModificationDate: new Date(START),
    })
  })

  it('give back every setting', async () => {
    const { create, get } = await start()
    const settings = {
      GroupName: 'rotator',
      State: 'DISABLED',
      ScheduleExpressionTimezone: 'UTC',
      ActionAfterCompletion: 'DELETE',
      Description: 'retires a key',
      KmsKeyArn: 'arn:aws:kms:eu-west-1:000000000000:key/1',
      StartDate: new Date(START + DAY),
      EndDate: new Date(START + 2 * DAY),
      Target: {
        ...target,
        RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 },
        DeadLetterConfig: { Arn: QUEUE },
      },
    } as const
    await create(settings)
    expect(await get('one', 'rotator')).toMatchObject(settings)
  })

  it('keep names apart by group', async () => {
    const { create, get } = await start()
    await create({ Description: 'a' })
    await create({ Description: 'b', GroupName: 'rotator' })
    expect((await get('one')).Description).toBe('a')
    expect((await get('one', 'rotator')).Description).toBe('b')
  })

  it('take every character that a name may have', async () => {
    const { create, get } = await start()
    const Name = `aZ09-_.${'x'.repeat(57)}`
    await create({ Name })
    expect((await get(Name)).Name).toBe(Name)
  })

  it('answer ConflictException, 409, to a name that is taken', async () => {
    const { create, get } = await start()
    await create({ ClientToken: 'a' })
    const error = await failure(create({ ClientToken: 'b' }))
    expect(error).toBeInstanceOf(ConflictException)
    expect(error).toMatchObject({
      $metadata: { httpStatusCode: 409 },
      message: 'Schedule one already exists.',
    })
    expect(await failure(create({ ClientToken: 'a', Description: 'other' }))).toBeInstanceOf(
      ConflictException,
    )
    expect(await get()).not.toHaveProperty('Description')
  })

  it('take the same ClientToken with the same parameters for the same request', async () => {
    const { create, runs, clock } = await start()
    const first = await create({ ClientToken: 'a' })
    expect((await create({ ClientToken: 'a' })).ScheduleArn).toBe(first.ScheduleArn)
    await clock.advance(DAY)
    expect(runs).toHaveLength(1)
  })

  it.each([
    ['create', { GroupName: 'nowhere' }],
    ['update', { GroupName: 'nowhere' }],
    ['update', {}],
  ] as const)('%s answers ResourceNotFoundException, 404, for %o', async (operation, input) => {
    const error = await failure((await start())[operation](input))
    expect(error).toBeInstanceOf(ResourceNotFoundException)
    expect(error).toMatchObject({ $metadata: { httpStatusCode: 404 } })
  })

  it('answer ServiceQuotaExceededException, 402, when the quota is used up', async () => {
    const { create } = await start({ schedulerSwitches: { quota: 1 } })
    await create()
    const error = await failure(create({ Name: 'two' }))
    expect(error).toBeInstanceOf(ServiceQuotaExceededException)
    expect(error).toMatchObject({ $metadata: { httpStatusCode: 402 } })
  })

  it.each<[string, object]>([
    ['a name of 65 characters', { Name: 'x'.repeat(65) }],
    ['a name with another character', { Name: 'a b' }],
    ['a group with another character', { GroupName: 'a/b' }],
    ['no expression', { ScheduleExpression: undefined }],
    ['a day that no calendar has', { ScheduleExpression: 'at(2026-02-30T00:00:00)' }],
    ['a time with fractions', { ScheduleExpression: 'at(2026-02-03T00:00:00.000)' }],
    ['a time with an offset', { ScheduleExpression: 'at(2026-02-03T00:00:00Z)' }],
    ['cron', { ScheduleExpression: 'cron(0 0 * * ? *)' }],
    ['a rate of nothing', { ScheduleExpression: 'rate(0 minutes)' }],
    ['a rate in weeks', { ScheduleExpression: 'rate(1 week)' }],
    ['a rate with a start', { ScheduleExpression: 'rate(1 day)', StartDate: new Date(START) }],
    ['another time zone', { ScheduleExpressionTimezone: 'Europe/Berlin' }],
    ['no window', { FlexibleTimeWindow: undefined }],
    ['a flexible window', { FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 } }],
    ['an unknown state', { State: 'PAUSED' }],
    ['an unknown action', { ActionAfterCompletion: 'KEEP' }],
    ['a token with another character', { ClientToken: 'a b' }],
    ['a description of 513 characters', { Description: 'x'.repeat(513) }],
    ['no target', { Target: undefined }],
    ['no role', { Target: { Arn: ARN } }],
    ['what is not a role', { Target: { Arn: ARN, RoleArn: ARN } }],
    ['input that is not JSON', { Target: { ...target, Input: '{' } }],
    ['input of more than 256 KB', { Target: { ...target, Input: `"${'x'.repeat(262_144)}"` } }],
    ['186 retries', { Target: { ...target, RetryPolicy: { MaximumRetryAttempts: 186 } } }],
    ['an age of 59 seconds', { Target: { ...target, RetryPolicy: { MaximumEventAgeInSeconds: 59 } } }],
    ['an age of 86,401 s', { Target: { ...target, RetryPolicy: { MaximumEventAgeInSeconds: 86_401 } } }],
    ['what is not a queue', { Target: { ...target, DeadLetterConfig: { Arn: ARN } } }],
    ['a FIFO queue', { Target: { ...target, DeadLetterConfig: { Arn: `${QUEUE}.fifo` } } }],
  ])('refuse %s with ValidationException, 400', async (_, input) => {
    const { create, update, sandbox } = await start()
    const error = await failure(create(input))
    expect(error).toBeInstanceOf(ValidationException)
    expect(error).toMatchObject({ $metadata: { httpStatusCode: 400 } })
    expect(sandbox.scheduler.list()).toEqual([])
    await create()
    expect(await failure(update(input))).toBeInstanceOf(ValidationException)
  })
})

describe('UpdateSchedule', () => {
  it('overwrites every field, and puts absent ones back to their defaults', async () => {
    const { create, update, get, clock } = await start()
    await create({
      State: 'DISABLED',
      ActionAfterCompletion: 'DELETE',
      Description: 'gone',
      Target: { ...target, RetryPolicy: { MaximumRetryAttempts: 0 }, DeadLetterConfig: { Arn: QUEUE } },
    })
    await clock.advance(MINUTE)
    const Target = { Arn: `${ARN}-2`, RoleArn: ROLE }
    await update({ ScheduleExpression: inTime(DAY), Target })
    const { $metadata, ...found } = await get()
    expect($metadata.httpStatusCode).toBe(200)
    expect(found).toEqual({
      Arn: 'arn:aws:scheduler:eu-west-1:000000000000:schedule/default/one',
      Name: 'one',
      GroupName: 'default',
      State: 'ENABLED',
      ScheduleExpression: 'at(2026-01-06T00:00:00)',
      ScheduleExpressionTimezone: 'UTC',
      FlexibleTimeWindow: { Mode: 'OFF' },
      ActionAfterCompletion: 'NONE',
      Target: { ...Target, RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 } },
      CreationDate: new Date(START),
      LastModificationDate: new Date(START + MINUTE),
    })
  })

  it('moves the time: the schedule fires once, at the new one, with the new input', async () => {
    const { create, update, clock, runs } = await start()
    await create()
    await update({ ScheduleExpression: inTime(3 * HOUR), Target: { ...target, Input: '{"v":2}' } })
    await clock.advance(DAY)
    expect(runs).toEqual([[3 * 3600, { v: 2 }]])
  })

  it('arms a schedule again that has fired and was kept', async () => {
    const { create, update, clock, runs } = await start()
    await create()
    await clock.advance(2 * HOUR)
    await update({ ScheduleExpression: inTime(3 * HOUR) })
    await clock.advance(DAY)
    expect(runs.map(([seconds]) => seconds)).toEqual([3600, 3 * 3600])
  })

  it('that is refused leaves the schedule as it was', async () => {
    const { create, update, clock, runs } = await start({ schedulerSwitches: { pastSchedules: 'refuse' } })
    await create()
    expect(await failure(update({ ScheduleExpression: inTime(-HOUR) }))).toBeInstanceOf(ValidationException)
    await clock.advance(DAY)
    expect(runs).toEqual([[3600, { v: 1 }]])
  })
})

describe('DeleteSchedule', () => {
  it('removes the schedule, which then does not fire', async () => {
    const { create, remove, get, clock, runs } = await start()
    await create()
    await remove()
    await clock.advance(DAY)
    expect(runs).toEqual([])
    expect(await failure(get())).toBeInstanceOf(ResourceNotFoundException)
    await create({ ScheduleExpression: inTime(2 * DAY) })
  })

  it('takes a ClientToken, and refuses one with another character', async () => {
    const { create, client, get } = await start()
    await create()
    const remove = (ClientToken: string) =>
      client.send(new DeleteScheduleCommand({ Name: 'one', ClientToken }))
    expect(await failure(remove('a b'))).toBeInstanceOf(ValidationException)
    expect((await get()).Name).toBe('one')
    await remove('a-b')
    expect(await failure(remove('a-b'))).toBeInstanceOf(ResourceNotFoundException)
  })

  it('looks in the group that is named', async () => {
    const { create, remove, get } = await start()
    await create({ GroupName: 'rotator' })
    expect(await failure(remove())).toBeInstanceOf(ResourceNotFoundException)
    await remove('one', 'rotator')
    expect(await failure(get('one', 'rotator'))).toBeInstanceOf(ResourceNotFoundException)
  })
})

describe('ListSchedules', () => {
  async function startWithFive() {
    const parts = await start()
    for (const Name of ['b-2', 'a-1', 'b-1']) await parts.create({ Name })
    await parts.create({ Name: 'b-3', State: 'DISABLED' })
    await parts.create({ Name: 'b-1', GroupName: 'rotator' })
    const list = async (input: object = {}) => {
      const { Schedules = [], NextToken } = await parts.client.send(new ListSchedulesCommand(input))
      return { names: Schedules.map(({ GroupName, Name }) => `${GroupName}/${Name}`), NextToken }
    }
    return { ...parts, list }
  }

  it.each([
    [{}, ['default/a-1', 'default/b-1', 'default/b-2', 'default/b-3', 'rotator/b-1']],
    [{ GroupName: 'rotator' }, ['rotator/b-1']],
    [{ GroupName: 'default', NamePrefix: 'b-' }, ['default/b-1', 'default/b-2', 'default/b-3']],
    [{ NamePrefix: 'b-1' }, ['default/b-1', 'rotator/b-1']],
    [{ NamePrefix: '-1' }, []],
    [{ State: 'DISABLED' }, ['default/b-3']],
    [{ State: 'ENABLED', NamePrefix: 'a' }, ['default/a-1']],
  ])('filters by %o', async (input, names) => {
    const { list } = await startWithFive()
    expect(await list(input)).toEqual({ names, NextToken: undefined })
  })

  it('shows a summary of each', async () => {
    const { create, client } = await start()
    const { ScheduleArn: Arn } = await create()
    const { Schedules } = await client.send(new ListSchedulesCommand({}))
    const dates = { CreationDate: new Date(START), LastModificationDate: new Date(START) }
    const summary = {
      Arn,
      Name: 'one',
      GroupName: 'default',
      State: 'ENABLED',
      Target: { Arn: ARN },
      ...dates,
    }
    expect(Schedules).toEqual([summary])
  })

  it('goes page by page, and misses none when one is deleted in between', async () => {
    const { list, remove } = await startWithFive()
    const first = await list({ MaxResults: 2 })
    expect(first.names).toEqual(['default/a-1', 'default/b-1'])
    await remove('a-1')
    const second = await list({ MaxResults: 2, NextToken: first.NextToken })
    expect(second.names).toEqual(['default/b-2', 'default/b-3'])
    const third = await list({ MaxResults: 2, NextToken: second.NextToken })
    expect(third).toEqual({ names: ['rotator/b-1'], NextToken: undefined })
  })

  it('has no further token when the last page is full', async () => {
    const { list } = await startWithFive()
    expect(await list({ MaxResults: 5 })).toMatchObject({ NextToken: undefined })
  })

  it.each([
    [{ MaxResults: 0 }, ValidationException],
    [{ MaxResults: 101 }, ValidationException],
    [{ State: 'PAUSED' }, ValidationException],
    [{ NamePrefix: 'a b' }, ValidationException],
    [{ NextToken: 'x' }, ValidationException],
    [{ GroupName: 'nowhere' }, ResourceNotFoundException],
  ] as const)('refuses %o', async (input, type) => {
    const { client } = await start()
    expect(await failure(client.send(new ListSchedulesCommand(input as object)))).toBeInstanceOf(type)
  })
})

describe('Scheduler on the wire', () => {
  it('is told by method and path, and recorded under the operation’s name', async () => {
    const { create, update, get, remove, client, sandbox } = await start()
    await create()
    await update()
    await get()
    await client.send(new ListSchedulesCommand({}))
    await remove()
    expect(
      sandbox.wire.calls.map(({ request, status }) => [request.service, request.operation, status]),
    ).toEqual(
      ['CreateSchedule', 'UpdateSchedule', 'GetSchedule', 'ListSchedules', 'DeleteSchedule'].map(
        (operation) => ['scheduler', operation, 200],
      ),
    )
  })

  it('names an error’s type in a header, and says Message', async () => {
    const { sandbox } = await start()
    const response = await fetch(`${sandbox.urls.aws}/schedules/nowhere`)
    expect(response.status).toBe(404)
    expect(response.headers.get('x-amzn-errortype')).toBe('ResourceNotFoundException')
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual({ Message: 'Schedule nowhere does not exist.' })
  })

  it.each([
    ['POST', '/schedules'],
    ['PATCH', '/schedules/one'],
    ['GET', '/schedules/one/two'],
    ['GET', '/schedules/%zz'],
    ['GET', '/schedule-groups'],
  ])('does not know %s %s', async (method, path) => {
    const { sandbox } = await start()
    const response = await fetch(`${sandbox.urls.aws}${path}`, { method })
    expect(response.status).toBe(400)
    expect(response.headers.get('x-amzn-errortype')).toBe('UnknownOperationException')
  })

  it.each<[Fault, object]>([
    ['refused', { name: 'AccessDeniedException', $metadata: { httpStatusCode: 403 } }],
    ['throttled', { name: 'ThrottlingException', $metadata: { httpStatusCode: 429 } }],
  ])('%s is answered, and nothing is done', async (fault, expected) => {
    const { create, sandbox } = await start()
    sandbox.wire.plan = () => fault
    expect(await failure(create())).toMatchObject(expected)
    expect(sandbox.scheduler.list()).toEqual([])
  })

  it.each<[Fault, number]>([
    ['lost-before', 0],
    ['lost-after', 1],
  ])('%s breaks the connection, with %i schedules made', async (fault, made) => {
    const { create, sandbox } = await start()
    sandbox.wire.plan = () => fault
    expect(await failure(create())).not.toHaveProperty('$metadata.httpStatusCode')
    expect(sandbox.scheduler.list()).toHaveLength(made)
  })

  it.each([
    ['scheduler', { status: 400, headers: { 'x-amzn-errortype': 'UnknownOperationException' } }],
    ['dfns', { status: 404, body: '{"error":{"message":"Not Found"}}' }],
  ] as const)('%s is not found where it has no handler', async (service, expected) => {
    const wire = createWire({ handlers: {} })
    const request = { service, operation: 'x', method: 'GET', path: '/x', headers: {}, body: '' }
    expect(await wire.dispatch(request)).toMatchObject(expected)
  })
})
