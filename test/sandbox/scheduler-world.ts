import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  GetScheduleCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler'
import { onTestFinished } from 'vitest'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import { type SandboxOptions, startSandbox } from '../../sandbox/sandbox.ts'

export const ARN = 'arn:aws:lambda:eu-west-1:000000000000:function:retire'
export const ROLE = 'arn:aws:iam::000000000000:role/scheduler'
export const QUEUE = 'arn:aws:sqs:eu-west-1:000000000000:dead-letters'
export const START = Date.parse('2026-01-05T00:00:00Z')
export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** An `at` expression, `ms` after the start of the sandbox's time. */
export const inTime = (ms: number) => `at(${new Date(START + ms).toISOString().slice(0, 19)})`

export const target = { Arn: ARN, RoleArn: ROLE, Input: '{"v":1}' }
const schedule = (input: Partial<CreateScheduleCommandInput> = {}): CreateScheduleCommandInput => ({
  Name: 'one',
  ScheduleExpression: inTime(HOUR),
  FlexibleTimeWindow: { Mode: 'OFF' },
  Target: target,
  ...input,
})

/** A sandbox with a function that notes each run: seconds since the start, and the event. */
export async function start(options: SandboxOptions = {}) {
  const sandbox = await startSandbox({ scheduleGroups: ['rotator'], ...options })
  onTestFinished(() => sandbox.stop())
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const client = new SchedulerClient({
    endpoint: sandbox.urls.aws,
    region: 'eu-west-1',
    credentials,
    maxAttempts: 1,
  })
  const runs: [number, unknown][] = []
  const invoke = async (event: unknown): Promise<InvocationResult> => {
    runs.push([(sandbox.clock.now() - START) / SECOND, event])
    await Promise.resolve()
    return { ok: true, payload: null }
  }
  const addTarget = () => sandbox.functions.set(ARN, { arn: ARN, invoke })
  addTarget()
  return {
    sandbox,
    clock: sandbox.clock,
    client,
    runs,
    addTarget,
    create: (input?: Partial<CreateScheduleCommandInput>) =>
      client.send(new CreateScheduleCommand(schedule(input))),
    update: (input?: Partial<CreateScheduleCommandInput>) =>
      client.send(new UpdateScheduleCommand(schedule(input))),
    get: (Name = 'one', GroupName?: string) => client.send(new GetScheduleCommand({ Name, GroupName })),
    remove: (Name = 'one', GroupName?: string) => client.send(new DeleteScheduleCommand({ Name, GroupName })),
  }
}

export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )
