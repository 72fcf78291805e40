import { describe, expect, test } from 'vitest'
import { scheduleGroupOf } from '../../lambdas/ports/schedule-group.ts'
import { schedulesOf } from '../../lambdas/ports/scheduler.ts'
import { secretsOf } from '../../lambdas/ports/secrets.ts'
import { secretStore } from '../../lambdas/ports/secrets-manager.ts'
import { getParameter } from '../../lambdas/ports/ssm.ts'
import { fakeTime } from '../support/time.ts'

const secretId = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:x-abcdef'
const target = { functionArn: 'arn:f', roleArn: 'arn:r', group: 'g', deadLetterArn: undefined }

/** Every port, over a client that answers what the SDK would make of a reply: whatever the JSON says. */
function ports(reply: unknown) {
  const parts = { client: { send: async () => reply } as never, time: fakeTime() }
  const store = secretStore({ ...parts, secretId })
  const secrets = secretsOf(parts)
  return {
    DescribeSecret: () => store.describeSecret(),
    GetSecretValue: () => store.getSecretValue({ label: 'AWSCURRENT' }),
    ListSecrets: () => secrets.listSecrets(),
    ListSecretVersionIds: () => secrets.listSecretVersionIds(secretId),
    GetParameter: () => getParameter({ ...parts, name: '/policy' }),
    GetSchedule: () => schedulesOf({ ...parts, target }).get('x'),
    ListSchedules: () => scheduleGroupOf({ ...parts, group: 'g' }).names(),
  }
}

type Operation = keyof ReturnType<typeof ports>

const malformed: readonly (readonly [Operation, object])[] = [
  ['DescribeSecret', { ARN: { a: 1 } }],
  ['DescribeSecret', { ARN: 'two\nlines' }],
  ['DescribeSecret', { Tags: 'none' }],
  ['DescribeSecret', { Tags: [null] }],
  ['DescribeSecret', { Tags: [{ Key: 'dfns-rotator:grace', Value: 7 }] }],
  ['DescribeSecret', { VersionIdsToStages: { v: 'AWSCURRENT' } }],
  ['DescribeSecret', { VersionIdsToStages: { v: [1] } }],
  ['DescribeSecret', { RotationEnabled: 'false' }],
  ['DescribeSecret', { LastRotatedDate: new Date(Number.NaN) }],
  ['DescribeSecret', { ReplicationStatus: [{ Status: 'Failed', Region: 'a region' }] }],
  ['GetSecretValue', { VersionId: 7, SecretString: '{}' }],
  ['GetSecretValue', { SecretString: { kind: 'UserKey' } }],
  ['GetSecretValue', { SecretString: '{}', CreatedDate: '2026-01-05' }],
  ['ListSecrets', { SecretList: {} }],
  ['ListSecrets', { SecretList: [{ ARN: secretId, SecretVersionsToStages: { v: null } }] }],
  ['ListSecrets', { NextToken: { a: 1 } }],
  ['ListSecretVersionIds', { Versions: [{ VersionStages: 'AWSCURRENT' }] }],
  ['ListSecretVersionIds', { Versions: 'none' }],
  ['GetParameter', { Parameter: { Value: ['{}'] } }],
  ['GetSchedule', { Target: { Input: {} } }],
  ['GetSchedule', { ScheduleExpression: 7 }],
  ['ListSchedules', { Schedules: [{ Name: 7 }] }],
  ['ListSchedules', { Schedules: [null] }],
]

describe('a reply of AWS that is not the documented one is an error of ours that may pass', () => {
  test.each(malformed)('%s: %j', async (operation, reply) => {
    const error = await ports(reply)
      [operation]()
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ retryable: true })
    expect((error as Error).message).toMatch(new RegExp(`^${operation}.* on .*: UndocumentedReply$`))
  })

  test('what is absent may be null', async () => {
    const nothing = { ARN: null, Tags: null, VersionIdsToStages: null, ReplicationStatus: null }
    const tokens = { NextToken: null, SecretList: null, Versions: null, Schedules: null }
    const all = ports({ ...nothing, ...tokens, LastChangedDate: null, SecretString: null })
    expect(await all.DescribeSecret()).toMatchObject({
      arn: secretId,
      lastChanged: undefined,
      failedRegions: [],
    })
    expect(await all.GetSecretValue()).toBeUndefined()
    expect(await all.ListSecrets()).toEqual([])
    expect(await all.ListSecretVersionIds()).toEqual([])
    expect(await all.ListSchedules()).toEqual([])
  })

  test('a moment of a schedule that no calendar has is none of ours', async () => {
    expect(await ports({ ScheduleExpression: 'at(2026-99-99T00:00:00)' }).GetSchedule()).toMatchObject({
      at: undefined,
    })
  })
})

test.each(['ListSecrets', 'ListSecretVersionIds', 'ListSchedules'] as const)(
  '%s: a list whose next page is always the same is not followed for ever',
  async (operation) => {
    await expect(ports({ NextToken: 'again' })[operation]()).rejects.toThrow(/EndlessReply$/)
  },
)
