import { ValidationException } from '@aws-sdk/client-scheduler'
import { describe, expect, it } from 'vitest'
import {
  ARN,
  DAY,
  failure,
  HOUR,
  inTime,
  MINUTE,
  QUEUE,
  ROLE,
  SECOND,
  START,
  start,
  target,
} from './scheduler-world.ts'

describe('a one-time schedule', () => {
  it('fires once, at its time, with its input as the event', async () => {
    const { create, clock, runs } = await start()
    await create()
    await clock.advance(HOUR - 1)
    expect(runs).toEqual([])
    await clock.advance(1)
    expect(runs).toEqual([[3600, { v: 1 }]])
    await clock.advance(30 * DAY)
    expect(runs).toHaveLength(1)
  })

  it('is removed after its invocation by ActionAfterCompletion DELETE, and kept by NONE', async () => {
    const { create, clock, sandbox } = await start()
    await create({ Name: 'goes', ActionAfterCompletion: 'DELETE' })
    await create({ Name: 'stays', ActionAfterCompletion: 'NONE' })
    expect(sandbox.scheduler.list().map(({ name }) => name)).toEqual(['goes', 'stays'])
    await clock.advance(HOUR)
    expect(sandbox.scheduler.list().map(({ name }) => name)).toEqual(['stays'])
  })

  it('that is DISABLED does not fire until it is enabled', async () => {
    const { create, update, clock, runs } = await start()
    await create({ State: 'DISABLED', ScheduleExpression: inTime(2 * HOUR) })
    await clock.advance(HOUR)
    await update({ State: 'ENABLED', ScheduleExpression: inTime(2 * HOUR) })
    await update({ State: 'DISABLED', ScheduleExpression: inTime(2 * HOUR) })
    await clock.advance(2 * HOUR)
    expect(runs).toEqual([])
    await update({ ScheduleExpression: inTime(4 * HOUR) })
    await clock.advance(2 * HOUR)
    expect(runs).toHaveLength(1)
  })

  it('ignores StartDate and EndDate', async () => {
    const { create, clock, runs } = await start()
    await create({ StartDate: new Date(START + 2 * DAY), EndDate: new Date(START - DAY) })
    await clock.advance(DAY)
    expect(runs).toHaveLength(1)
  })

  it('in the past is accepted and fired at once', async () => {
    const { create, clock, runs } = await start()
    await create({ ScheduleExpression: inTime(-HOUR) })
    await clock.advance(0)
    expect(runs).toEqual([[0, { v: 1 }]])
  })

  it('in the past is refused where the switch says so', async () => {
    const { create, sandbox } = await start({ schedulerSwitches: { pastSchedules: 'refuse' } })
    expect(await failure(create({ ScheduleExpression: inTime(-SECOND) }))).toBeInstanceOf(ValidationException)
    await create({ ScheduleExpression: inTime(0) })
    expect(sandbox.scheduler.list()).toHaveLength(1)
  })

  it('may be late by what the switch says', async () => {
    const { create, clock, runs } = await start({ schedulerSwitches: { lateByMs: 59 * SECOND } })
    await create()
    await clock.advance(DAY)
    expect(runs).toEqual([[3659, { v: 1 }]])
  })

  it('without input sends the event of a scheduled event', async () => {
    const { create, clock, runs } = await start()
    const { ScheduleArn } = await create({ Target: { Arn: ARN, RoleArn: ROLE } })
    await clock.advance(HOUR)
    expect(runs[0]?.[1]).toMatchObject({
      'detail-type': 'Scheduled Event',
      source: 'aws.scheduler',
      time: '2026-01-05T01:00:00Z',
      resources: [ScheduleArn],
    })
  })
})

describe('a rate', () => {
  it('fires at once and then at its pace, until it is deleted', async () => {
    const { create, remove, clock, runs } = await start()
    await create({ ScheduleExpression: 'rate(2 hours)', ActionAfterCompletion: 'DELETE' })
    await clock.advance(5 * HOUR)
    await remove()
    await clock.advance(DAY)
    expect(runs.map(([seconds]) => seconds / 3600)).toEqual([0, 2, 4])
  })

  it.each([
    ['rate(1 minute)', MINUTE],
    ['rate(3 days)', 3 * DAY],
  ])('%s', async (ScheduleExpression, period) => {
    const { create, clock, runs } = await start()
    await create({ ScheduleExpression })
    await clock.advance(2 * period)
    expect(runs.map(([seconds]) => seconds * SECOND)).toEqual([0, period, 2 * period])
  })
})

describe('the delivery to the target', () => {
  const deadLetter = (RetryPolicy: object) => ({
    Target: { ...target, RetryPolicy, DeadLetterConfig: { Arn: QUEUE } },
  })

  it('ends with Lambda’s queue: a function that fails is Lambda’s to retry, not Scheduler’s', async () => {
    const { create, clock, sandbox } = await start()
    const invoke = () => Promise.reject(new Error('always'))
    sandbox.functions.set(ARN, { arn: ARN, invoke })
    await create({ ...deadLetter({ MaximumRetryAttempts: 5 }), ActionAfterCompletion: 'DELETE' })
    await clock.advance(HOUR)
    expect(sandbox.scheduler.list()).toEqual([])
    await clock.advance(DAY)
    expect(sandbox.invocations.attempts.items).toHaveLength(3)
    expect(sandbox.queues.messages(QUEUE)).toEqual([])
  })

  it('to a function that is not there is retried, and the schedule lives until it succeeds', async () => {
    const { create, clock, sandbox, runs, addTarget } = await start()
    sandbox.functions.delete(ARN)
    await create({ ActionAfterCompletion: 'DELETE' })
    await clock.advance(HOUR + 2 * MINUTE)
    expect(sandbox.scheduler.list()).toHaveLength(1)
    addTarget()
    await clock.advance(DAY)
    expect(runs).toEqual([[3600 + 3 * 60, { v: 1 }]])
    expect(sandbox.scheduler.list()).toEqual([])
  })

  it.each([0, 2])('is given up after %i retries, and the dead-letter queue is told', async (retries) => {
    const { create, clock, sandbox } = await start()
    sandbox.functions.delete(ARN)
    const policy = deadLetter({ MaximumRetryAttempts: retries })
    const { ScheduleArn } = await create({ ...policy, ActionAfterCompletion: 'DELETE' })
    await clock.advance(HOUR + 3 * MINUTE)
    expect(sandbox.queues.messages(QUEUE)).toEqual([
      {
        messageId: expect.any(String),
        sentAt: START + HOUR + (retries === 0 ? 0 : 3 * MINUTE),
        body: '{"v":1}',
        attributes: {
          ERROR_CODE: 'ResourceNotFoundException',
          ERROR_MESSAGE: `Function not found: ${ARN}`,
          EXECUTION_ID: expect.stringMatching(/^[0-9a-f]{16}$/),
          EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
          IS_PAYLOAD_TRUNCATED: 'false',
          RETRY_ATTEMPTS: String(retries),
          SCHEDULED_TIME: '2026-01-05T01:00:00Z',
          SCHEDULE_ARN: ScheduleArn,
          TARGET_ARN: ARN,
        },
      },
    ])
    expect(sandbox.scheduler.list()).toEqual([])
  })

  it('is given up when the event is too old', async () => {
    const { create, clock, sandbox } = await start()
    sandbox.functions.delete(ARN)
    await create(deadLetter({ MaximumEventAgeInSeconds: 120 }))
    await clock.advance(DAY)
    expect(sandbox.queues.messages(QUEUE)).toMatchObject([
      {
        sentAt: START + HOUR + 2 * MINUTE,
        attributes: { EXHAUSTED_RETRY_CONDITION: 'MaximumEventAgeInSeconds', RETRY_ATTEMPTS: '1' },
      },
    ])
  })

  it('is given up in silence without a dead-letter queue', async () => {
    const { create, clock, sandbox } = await start()
    sandbox.functions.delete(ARN)
    await create({ ActionAfterCompletion: 'DELETE' })
    await clock.advance(2 * DAY)
    expect(sandbox.scheduler.list()).toEqual([])
    expect(sandbox.queues.messages(QUEUE)).toEqual([])
  })

  it('that completes does not remove a schedule that was updated in the meantime', async () => {
    const { create, update, clock, sandbox, runs, addTarget } = await start()
    sandbox.functions.delete(ARN)
    await create({ ActionAfterCompletion: 'DELETE' })
    await clock.advance(HOUR)
    await update({ ActionAfterCompletion: 'DELETE', ScheduleExpression: inTime(5 * HOUR) })
    addTarget()
    await clock.advance(HOUR)
    expect(sandbox.scheduler.list()).toHaveLength(1)
    await clock.advance(DAY)
    expect(runs.map(([seconds]) => seconds)).toEqual([3660, 5 * 3600])
    expect(sandbox.scheduler.list()).toEqual([])
  })

  it('goes on although the schedule was deleted after it had fired', async () => {
    const { create, remove, clock, sandbox, runs, addTarget } = await start()
    sandbox.functions.delete(ARN)
    await create()
    await clock.advance(HOUR)
    await remove()
    addTarget()
    await clock.advance(HOUR)
    expect(runs).toHaveLength(1)
  })
})

describe('a schedule of a bundle', () => {
  it('runs it, and its Date shows the time of the schedule', async () => {
    const { create, clock, sandbox } = await start()
    const Arn = sandbox.addFunction({
      name: 'bundle',
      bundle: new URL('./fixtures/function.mjs', import.meta.url),
    })
    await create({ Target: { ...target, Arn, Input: '{"act":"echo"}' } })
    await clock.advance(2 * HOUR)
    const [attempt] = sandbox.invocations.attempts.items
    expect(attempt?.result).toMatchObject({
      ok: true,
      payload: {
        event: { act: 'echo' },
        context: { invokedFunctionArn: Arn },
        constructed: expect.stringMatching(/^2026-01-05T01:/),
      },
    })
  })
})
