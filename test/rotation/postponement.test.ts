import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SSMClient } from '@aws-sdk/client-ssm'
import { describe, expect, test } from 'vitest'
import { RotationError } from '../../lambdas/errors.ts'
import type { Log, LogFields } from '../../lambdas/ports/log.ts'
import type { OneTimeSchedule, Schedules } from '../../lambdas/ports/scheduler.ts'
import { postpone } from '../../lambdas/rotation/postponement.ts'
import { type RetireEvent, successorName } from '../../lambdas/rotation/retire-event.ts'
import { fakeTime } from '../support/time.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const start = Date.parse('2026-11-22T09:30:00Z')

const event: RetireEvent = {
  v: 1,
  secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/dfns/robot-AbCdEf',
  kind: 'ServiceAccountKey',
  superseded: 'a'.repeat(32),
  promoted: 'b'.repeat(32),
  what: { credentialUuids: ['cr-1'] },
  attempt: 0,
  held: false,
}
const name = successorName(event, '').slice(0, -1)
const error = new RotationError('ERR_DFNS_UNAVAILABLE', 'Dfns GET /auth/credentials: status 503', {
  retryable: true,
})

const get = () => Promise.reject(new Error('nobody may ask for this'))

/** Postpones at `start`, or so many milliseconds after it, and tells what was written and logged. */
async function postponed(given: {
  event?: Partial<RetireEvent>
  heldMs?: number
  afterMs?: number
  schedules?: Schedules | undefined
}) {
  const written: OneTimeSchedule[] = []
  const lines: [string, string, LogFields | undefined][] = []
  const hear = (level: string) => (line: string, fields?: LogFields) => void lines.push([level, line, fields])
  const log: Log = { info: hear('info'), warn: hear('warn'), error: hear('error') }
  const put = async (schedule: OneTimeSchedule) => void written.push(schedule)
  const schedules = 'schedules' in given ? given.schedules : { put, get }
  const opening = {
    event: { ...event, ...given.event },
    clients: { secretsManager: new SecretsManagerClient({}), ssm: new SSMClient({}) },
    policyName: undefined,
    schedules,
    time: fakeTime({ start: start + (given.afterMs ?? 0) }),
    log,
  }
  const reason = given.heldMs === undefined ? { error } : { heldMs: given.heldMs }
  await postpone({ opening, ...reason })
  return { written, lines }
}

describe('after a failure', () => {
  test.for([
    [0, 15],
    [1, 30],
    [2, 60],
    [3, 120],
    [4, 240],
    [5, 360],
    [6, 360],
    [60, 360],
    [5_000, 360],
  ] as const)('attempt %i is followed by another %i minutes later', async ([attempt, minutes]) => {
    const since = new Date(start).toISOString()
    const { written } = await postponed({ event: { attempt, since } })
    expect(written).toStrictEqual([
      {
        name: `${name}-${attempt + 1}`,
        at: new Date(start + minutes * minute),
        input: { ...event, attempt: attempt + 1, since },
      },
    ])
  })

  test('the first notes since when, the others keep it', async () => {
    const { written } = await postponed({})
    expect(written[0]?.input).toMatchObject({ since: '2026-11-22T09:30:00.000Z', attempt: 1 })
    const since = '2026-11-21T09:30:00.000Z'
    const later = await postponed({ event: { attempt: 7, since } })
    expect(later.written[0]?.input).toMatchObject({ since, attempt: 8 })
  })

  test('14 days are the last moment at which another one may begin', async () => {
    const since = new Date(start).toISOString()
    const last = { event: { attempt: 20, since }, afterMs: 14 * day - 6 * hour }
    expect((await postponed(last)).written).toHaveLength(1)
    await expect(postponed({ ...last, afterMs: last.afterMs + 1 })).rejects.toBe(error)
  })

  test('a retirement that is held stays so', async () => {
    const { written } = await postponed({ event: { held: true } })
    expect(written[0]?.input).toMatchObject({ held: true, attempt: 1 })
  })

  test('it is a warning, with the code and no more than the message', async () => {
    const { lines } = await postponed({})
    const until = '2026-11-22T09:45:00.000Z'
    const fields = { until, code: 'ERR_DFNS_UNAVAILABLE', reason: error.message }
    expect(lines).toEqual([['warn', 'retirement is postponed', fields]])
  })

  test('without a scheduler the failure is the result', async () => {
    await expect(postponed({ schedules: undefined })).rejects.toBe(error)
  })

  test('a schedule that cannot be written is the result, and nothing claims otherwise', async () => {
    const refused = new RotationError('ERR_SCHEDULER', 'CreateSchedule: AccessDeniedException')
    const schedules: Schedules = { put: () => Promise.reject(refused), get }
    await expect(postponed({ schedules })).rejects.toBe(refused)
  })
})

describe('while it is held', () => {
  test('it waits as long as it is told, under a name of its own, and is not counted as an attempt', async () => {
    const { written, lines } = await postponed({ heldMs: 7 * day, event: { attempt: 2 } })
    expect(written).toStrictEqual([
      { name: `${name}-held`, at: new Date(start + 7 * day), input: { ...event, attempt: 2, held: true } },
    ])
    expect(lines).toMatchObject([['warn', 'retirement is postponed', { code: 'held' }]])
  })

  test('it may wait for longer than a failure may: the owner chose its grace', async () => {
    const since = new Date(start - 13 * day).toISOString()
    const { written } = await postponed({ heldMs: 30 * day, event: { attempt: 9, since } })
    expect(written).toHaveLength(1)
  })

  test('without a scheduler that is an error: nobody would come back', async () => {
    await expect(postponed({ heldMs: hour, schedules: undefined })).rejects.toMatchObject({
      code: 'ERR_SCHEDULER',
    })
  })
})
