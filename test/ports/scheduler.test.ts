import { inspect } from 'node:util'
import {
  ConflictException,
  CreateScheduleCommand,
  GetScheduleCommand,
  ResourceNotFoundException,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler'
import { mockClient } from 'aws-sdk-client-mock'
import 'aws-sdk-client-mock-vitest/extend'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { RotationError } from '../../lambdas/errors.ts'
import { type ScheduleTarget, schedulesOf } from '../../lambdas/ports/scheduler.ts'
import { fakeTime } from '../support/time.ts'
import { awsError, canary } from './aws-errors.ts'

const aws = mockClient(SchedulerClient)

const target: ScheduleTarget = {
  functionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:dfns-rotator-retire',
  roleArn: 'arn:aws:iam::123456789012:role/dfns-rotator-scheduler',
  group: 'dfns-rotator',
  deadLetterArn: 'arn:aws:sqs:eu-west-1:123456789012:dfns-rotator-dead-letters',
}
const name = '0123456789abcdef-0123456789abcdef01234567'
const at = new Date('2026-11-22T09:30:00Z')
const input = { v: 1, what: { credentialUuids: ['cr-1'] } }

/** What is sent for `name`, `at` and `input`. */
const sent = {
  Name: name,
  GroupName: 'dfns-rotator',
  ScheduleExpression: 'at(2026-11-22T09:30:00)',
  ScheduleExpressionTimezone: 'UTC',
  FlexibleTimeWindow: { Mode: 'OFF' },
  ActionAfterCompletion: 'DELETE',
  Target: {
    Arn: target.functionArn,
    RoleArn: target.roleArn,
    Input: '{"v":1,"what":{"credentialUuids":["cr-1"]}}',
    DeadLetterConfig: { Arn: target.deadLetterArn },
  },
}

const conflict = () =>
  new ConflictException({ Message: canary, message: canary, $metadata: { httpStatusCode: 409 } })

interface Change {
  readonly target?: ScheduleTarget
  readonly at?: Date
  readonly leftMs?: number
}

const schedules = (change: Change = {}) =>
  schedulesOf({
    client: new SchedulerClient({}),
    target: change.target ?? target,
    time: fakeTime(change.leftMs === undefined ? {} : { leftMs: change.leftMs }),
  })

const put = (change: Change = {}) => schedules(change).put({ name, at: change.at ?? at, input })

const get = () => schedules().get(name)

const inputsOf = (command: Parameters<typeof aws.commandCalls>[0]) =>
  aws.commandCalls(command).map(({ args }) => args[0].input)

async function failureOf(call: Promise<unknown>): Promise<RotationError> {
  const reason = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (reason instanceof RotationError) return reason
  throw new Error('was not refused by an error of ours')
}

afterEach(() => {
  aws.reset()
})

describe('CreateSchedule', () => {
  test('makes a one-time schedule that is deleted once it is over', async () => {
    aws.on(CreateScheduleCommand).resolves({})
    await put()
    expect(inputsOf(CreateScheduleCommand)).toStrictEqual([sent])
    expect(aws).not.toHaveReceivedCommand(UpdateScheduleCommand)
  })

  test('has no dead-letter queue where none is named', async () => {
    aws.on(CreateScheduleCommand).resolves({})
    await put({ target: { ...target, deadLetterArn: undefined } })
    const { DeadLetterConfig: _, ...rest } = sent.Target
    expect(inputsOf(CreateScheduleCommand)).toStrictEqual([{ ...sent, Target: rest }])
  })

  test.for([
    ['2026-11-22T09:30:00.000Z', '2026-11-22T09:30:00'],
    ['2026-11-22T09:30:00.001Z', '2026-11-22T09:30:01'],
    ['2026-11-22T09:30:59.999Z', '2026-11-22T09:31:00'],
    ['2026-12-31T23:59:59.001Z', '2027-01-01T00:00:00'],
    ['2028-02-28T23:59:59.500Z', '2028-02-29T00:00:00'],
    ['2026-11-22T10:30:00.000+01:00', '2026-11-22T09:30:00'],
  ] as const)('has a time in whole seconds of UTC, never an earlier one: %s', async ([asked, told]) => {
    aws.on(CreateScheduleCommand).resolves({})
    await put({ at: new Date(asked) })
    expect(inputsOf(CreateScheduleCommand)).toMatchObject([{ ScheduleExpression: `at(${told})` }])
  })
})

describe('UpdateSchedule', () => {
  test('overwrites the schedule where its name is taken', async () => {
    aws.on(CreateScheduleCommand).rejects(conflict())
    aws.on(UpdateScheduleCommand).resolves({})
    await expect(put()).resolves.toBeUndefined()
    expect(inputsOf(UpdateScheduleCommand)).toStrictEqual([sent])
  })

  test.for([
    'AccessDeniedException',
    'ValidationException',
    'ThrottlingException',
    'ServiceQuotaExceededException',
  ])('is not tried where CreateSchedule fails with %s', async (error) => {
    aws.on(CreateScheduleCommand).rejects(awsError(error))
    await failureOf(put())
    expect(aws).not.toHaveReceivedCommand(UpdateScheduleCommand)
  })

  test('fails as the whole does, and a conflict is not hidden by it', async () => {
    aws.on(CreateScheduleCommand).rejects(conflict())
    aws.on(UpdateScheduleCommand).rejects(awsError('AccessDeniedException'))
    expect(await failureOf(put())).toMatchObject({
      code: 'ERR_SCHEDULER',
      retryable: false,
      message: expect.stringContaining(`${name}: AccessDeniedException`),
    })
  })
})

describe('GetSchedule', () => {
  test('tells when a schedule fires, and its input as it was written', async () => {
    const { ScheduleExpression, Target } = sent
    aws.on(GetScheduleCommand).resolves({ ScheduleExpression, Target })
    expect(await get()).toStrictEqual({ at, input: sent.Target.Input })
    expect(inputsOf(GetScheduleCommand)).toStrictEqual([{ Name: name, GroupName: 'dfns-rotator' }])
  })

  test('tells nothing where there is none of that name', async () => {
    const absent = { Message: canary, message: canary, $metadata: { httpStatusCode: 404 } }
    aws.on(GetScheduleCommand).rejects(new ResourceNotFoundException(absent))
    expect(await get()).toBeUndefined()
  })

  test.for(['rate(1 hour)', 'cron(0 3 * * ? *)', 'at(2026-11-22)', 'at(2026-11-22T09:30:00Z)', ''])(
    'knows no time of %j',
    async (ScheduleExpression) => {
      aws.on(GetScheduleCommand).resolves({ ScheduleExpression })
      expect(await get()).toStrictEqual({ at: undefined, input: '' })
    },
  )
})

const errors: readonly (readonly [string, unknown, string, boolean])[] = [
  ['access denied', awsError('AccessDeniedException'), 'AccessDeniedException', false],
  [
    'no such group',
    awsError('ResourceNotFoundException', { status: 404 }),
    'ResourceNotFoundException',
    false,
  ],
  [
    'too many',
    awsError('ServiceQuotaExceededException', { status: 402 }),
    'ServiceQuotaExceededException',
    false,
  ],
  ['malformed', awsError('ValidationException'), 'ValidationException', false],
  ['throttled', awsError('ThrottlingException', { status: 429 }), 'ThrottlingException', true],
  [
    'an internal error',
    awsError('InternalServerException', { status: 500 }),
    'InternalServerException',
    true,
  ],
  ['no connection', Object.assign(new Error(canary), { code: 'ECONNREFUSED' }), 'Error', true],
  ['a time-out', Object.assign(new Error(canary), { name: 'TimeoutError' }), 'TimeoutError', true],
  ['a hostile name', awsError(`<script>${canary}`), 'UnknownError', false],
]

describe.each([
  ['CreateSchedule', put, () => aws.on(CreateScheduleCommand)],
  [
    'UpdateSchedule',
    put,
    () => {
      aws.on(CreateScheduleCommand).rejects(conflict())
      return aws.on(UpdateScheduleCommand)
    },
  ],
  ['GetSchedule', get, () => aws.on(GetScheduleCommand)],
] as const)(
  '%s fails with ERR_SCHEDULER, and only the name of the error is told',
  (action, call, failing) => {
    // To the others that is an answer.
    const failures = errors.filter(([why]) => action === 'CreateSchedule' || why !== 'no such group')
    test.for(failures)('%s', async ([, error, told, retryable]) => {
      failing().rejects(error as Error)
      const failure = await failureOf(call())
      expect(failure).toMatchObject({ code: 'ERR_SCHEDULER', retryable })
      expect(failure.message).toMatch(new RegExp(`^(Create|Update|Get)Schedule on ${name}: ${told}$`))
      expect(inspect(failure, { depth: null, showHidden: true })).not.toMatch(new RegExp(`${canary}|cr-1`))
    })
  },
)

test('a schedule that fires between CreateSchedule and UpdateSchedule is created anew', async () => {
  aws.on(CreateScheduleCommand).rejectsOnce(conflict()).resolves({})
  aws.on(UpdateScheduleCommand).rejects(awsError('ResourceNotFoundException', { status: 404 }))
  await put()
  expect(inputsOf(CreateScheduleCommand)).toStrictEqual([sent, sent])
})

test('is given up when the time of the invocation is over', async () => {
  aws.on(CreateScheduleCommand).rejects(conflict())
  aws.on(UpdateScheduleCommand).resolves({})
  const deadlines = vi.spyOn(AbortSignal, 'timeout')
  for (const leftMs of [0, 1_234]) await put({ leftMs })
  expect(deadlines.mock.calls).toEqual([[1], [1], [1_234], [1_234]])
  const signals = deadlines.mock.results.map(({ value }): unknown => value)
  deadlines.mockRestore()
  expect(aws.calls().map(({ args }) => (args as readonly unknown[])[1])).toEqual(
    signals.map((abortSignal) => ({ abortSignal })),
  )
})
