import { SchedulerClient } from '@aws-sdk/client-scheduler'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isCode } from '../../lambdas/errors.ts'
import { scheduleGroupOf } from '../../lambdas/ports/schedule-group.ts'
import { startSandbox } from '../../sandbox/sandbox.ts'
import { settingsOf } from '../../sandbox/scheduler/validation.ts'
import type { Fault } from '../../sandbox/wire.ts'
import { fakeTime } from '../support/time.ts'

const group = 'dfns-rotator'

const settings = settingsOf({
  ScheduleExpression: 'at(2027-01-01T00:00:00)',
  FlexibleTimeWindow: { Mode: 'OFF' },
  Target: {
    Arn: 'arn:aws:lambda:eu-west-1:000000000000:function:retire',
    RoleArn: 'arn:aws:iam::000000000000:role/scheduler',
    Input: '{}',
  },
})

async function open(names: readonly string[] = []) {
  const sandbox = await startSandbox({ scheduleGroups: [group, 'others'] })
  onTestFinished(() => sandbox.stop())
  const credentials = { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' }
  const config = { endpoint: sandbox.urls.aws, region: 'eu-west-1', credentials, maxAttempts: 1 }
  const client = new SchedulerClient(config)
  for (const name of names) sandbox.scheduler.create({ group, name, settings })
  sandbox.scheduler.create({ group: 'others', name: 'other', settings })
  return { sandbox, schedules: scheduleGroupOf({ client, group, time: fakeTime() }) }
}

describe('the names of a group', () => {
  test('are told from every page, and none of another group', async () => {
    const names = Array.from({ length: 205 }, (_, index) => `n-${String(index).padStart(3, '0')}`)
    const { sandbox, schedules } = await open(names)
    expect([...(await schedules.names())].toSorted()).toEqual(names)
    expect(sandbox.wire.calls).toHaveLength(3)
  })

  test('are those that begin so, where that is asked', async () => {
    const { schedules } = await open(['a-1', 'a-2', 'ab', 'b-1'])
    expect(await schedules.names('a-')).toEqual(['a-1', 'a-2'])
    expect(await schedules.names('c')).toEqual([])
  })
})

test('a schedule is removed, once or twice', async () => {
  const { sandbox, schedules } = await open(['a', 'b'])
  await schedules.remove('a')
  await schedules.remove('a')
  expect(sandbox.scheduler.list({ group }).map(({ name }) => name)).toEqual(['b'])
})

test.each([
  ['refused', false],
  ['throttled', true],
  ['lost-before', true],
] as const satisfies readonly [Fault, boolean][])(
  'a failure, %s, is ERR_SCHEDULER and names what failed; retryable: %s',
  async (fault, retryable) => {
    const { sandbox, schedules } = await open(['a'])
    sandbox.wire.plan = () => fault
    for (const [action, call] of [
      ['ListSchedules', schedules.names()],
      ['DeleteSchedule', schedules.remove('a')],
    ] as const) {
      const error: unknown = await call.catch((reason: unknown) => reason)
      expect(isCode(error, 'ERR_SCHEDULER')).toBe(true)
      expect(error).toMatchObject({ retryable })
      expect(String(error)).toContain(action)
    }
  },
)
