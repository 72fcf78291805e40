import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler'
import {
  CancelRotateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  UntagResourceCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { GetParameterCommand } from '@aws-sdk/client-ssm'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createClock } from '../../sandbox/clock.ts'
import { createWire } from '../../sandbox/faults.ts'
import { createAsyncInvocations } from '../../sandbox/lambda/async.ts'
import { createQueues } from '../../sandbox/queues.ts'
import { createSchedulerHandler } from '../../sandbox/scheduler/handler.ts'
import { createSchedules } from '../../sandbox/scheduler/schedules.ts'
import { createSecretsManagerHandler } from '../../sandbox/secrets-manager/handler.ts'
import { createEngine } from '../../sandbox/secrets-manager/rotation.ts'
import { createVault } from '../../sandbox/secrets-manager/vault.ts'
import { createSsmHandler } from '../../sandbox/ssm/handler.ts'
import { createParameters } from '../../sandbox/ssm/parameters.ts'
import type { Fault, WireRequest, WireResponse } from '../../sandbox/wire.ts'
import { directClients } from './direct-clients.ts'
import { seedCrypto } from './seeded-crypto.ts'
import { type AwsClients, connectionLost, sdkClients } from './transport.ts'

const secretId = 'prod/dfns'
const token = '00000000-0000-4000-8000-000000000001'
const next = '00000000-0000-4000-8000-000000000002'

/** One account with a secret of two versions, a binary one, a parameter and a schedule. */
async function openAccount() {
  seedCrypto(1)
  const clock = createClock()
  const functions = new Map()
  const queues = createQueues(clock)
  const invocations = createAsyncInvocations({ clock, functions, queues, switches: {} })
  const groups = ['dfns-rotator']
  const schedules = createSchedules({ clock, invocations, queues, groups, switches: {} })
  const vault = createVault({ clock, switches: {} })
  const engine = createEngine({ clock, vault, functions, switches: {} })
  const parameters = createParameters(clock)
  parameters.put({ name: '/policy', value: '{"a":"ä"}', type: 'String', overwrite: true })
  const handlers = {
    secretsmanager: createSecretsManagerHandler({ clock, vault, engine }),
    scheduler: createSchedulerHandler(schedules),
    ssm: createSsmHandler(parameters),
  }
  const wire = createWire({ handlers })
  const put = (operation: string, input: object) => {
    const headers = { 'x-amz-target': `secretsmanager.${operation}` }
    const rest = { method: 'POST', path: '/', headers, body: JSON.stringify(input) }
    return wire.dispatch({ service: 'secretsmanager', operation, ...rest })
  }
  const Tags = [{ Key: 'dfns-rotator:grace', Value: 'PT1H' }]
  await put('CreateSecret', { Name: secretId, ClientRequestToken: token, SecretString: '{"ü":1}', Tags })
  await put('CreateSecret', { Name: 'binary', ClientRequestToken: token, SecretBinary: 'AAEC/w==' })
  await put('PutSecretValue', { SecretId: secretId, ClientRequestToken: next, SecretString: 'two' })
  return wire
}

interface Seen {
  readonly requests: readonly object[]
  readonly outcomes: readonly unknown[]
}

type Steps = (clients: AwsClients) => readonly (() => Promise<unknown>)[]

/** What a client sends, and what comes of it, where every request meets the fault. */
async function seenOf(of: { through: 'sdk' | 'direct'; steps: Steps; fault?: Fault }): Promise<Seen> {
  const { through, steps, fault } = of
  const wire = await openAccount()
  const requests: object[] = []
  const send = async (request: WireRequest): Promise<WireResponse> => {
    requests.push(essence(request))
    wire.plan = () => fault
    const reply = await wire.dispatch(request)
    if (reply === 'broken') throw connectionLost()
    return reply
  }
  const clients = through === 'sdk' ? sdkClients(send) : (directClients(send) as unknown as AwsClients)
  const outcomes: unknown[] = []
  for (const step of steps(clients)) outcomes.push(await step().then(withoutMetadata, failureOf))
  return { requests, outcomes }
}

const drawn = /[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g

/** Everything that a service reads; a token that the client draws is another each time. */
function essence({ service, operation, method, path, headers, body }: WireRequest): object {
  const [pathname, query] = path.split('?')
  const parameters = Object.fromEntries(
    new URLSearchParams(query?.replace(/(?<=clientToken=)[^&]+/, 'drawn')),
  )
  const sent = body === '' ? {} : (JSON.parse(body.replaceAll(drawn, 'drawn')) as object)
  const target = headers['x-amz-target']
  return { service, operation, method, pathname, parameters, target, sent }
}

function withoutMetadata(reply: unknown): unknown {
  const { $metadata: _, ...rest } = reply as Record<string, unknown>
  return rest
}

function failureOf(error: unknown): object {
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } }
  return { name, message, status: $metadata?.httpStatusCode }
}

const schedule = {
  Name: 'dfns-a b',
  GroupName: 'dfns-rotator',
  ScheduleExpression: 'at(2026-02-01T00:00:00)',
  ScheduleExpressionTimezone: 'UTC',
  FlexibleTimeWindow: { Mode: 'OFF' },
  ActionAfterCompletion: 'DELETE',
  Target: {
    Arn: 'arn:aws:lambda:eu-west-1:000000000000:function:f',
    RoleArn: 'arn:aws:iam::000000000000:role/r',
    Input: '{}',
  },
} as const
const named = { ...schedule, Name: 'dfns-a' } as const
const SecretId = secretId

const everyCall: Steps = ({ secretsManager, ssm, scheduler }) => [
  () => secretsManager.send(new DescribeSecretCommand({ SecretId })),
  () => secretsManager.send(new DescribeSecretCommand({ SecretId: 'none' })),
  () => secretsManager.send(new GetSecretValueCommand({ SecretId, VersionStage: 'AWSPREVIOUS' })),
  () => secretsManager.send(new GetSecretValueCommand({ SecretId, VersionStage: 'AWSPENDING' })),
  () => secretsManager.send(new GetSecretValueCommand({ SecretId: 'binary' })),
  () =>
    secretsManager.send(
      new PutSecretValueCommand({
        SecretId,
        ClientRequestToken: '00000000-0000-4000-8000-000000000003',
        SecretString: 'drei: ß',
        VersionStages: ['AWSPENDING'],
      }),
    ),
  () =>
    secretsManager.send(
      new PutSecretValueCommand({ SecretId, ClientRequestToken: token, SecretString: 'another' }),
    ),
  () =>
    secretsManager.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: 'AWSCURRENT',
        RemoveFromVersionId: next,
        MoveToVersionId: token,
      }),
    ),
  () =>
    secretsManager.send(
      new UpdateSecretVersionStageCommand({ SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: next }),
    ),
  () => secretsManager.send(new ListSecretVersionIdsCommand({ SecretId, IncludeDeprecated: true })),
  () => secretsManager.send(new ListSecretsCommand({ MaxResults: 1 })),
  () => secretsManager.send(new UntagResourceCommand({ SecretId, TagKeys: ['dfns-rotator:grace'] })),
  () => secretsManager.send(new CancelRotateSecretCommand({ SecretId })),
  () => ssm.send(new GetParameterCommand({ Name: '/policy', WithDecryption: true })),
  () => ssm.send(new GetParameterCommand({ Name: '/none', WithDecryption: true })),
  () => scheduler.send(new CreateScheduleCommand(named)),
  () => scheduler.send(new CreateScheduleCommand(named)),
  () => scheduler.send(new CreateScheduleCommand(schedule)),
  () =>
    scheduler.send(new UpdateScheduleCommand({ ...named, ScheduleExpression: 'at(2026-03-01T00:00:00)' })),
  () => scheduler.send(new GetScheduleCommand({ Name: 'dfns-a', GroupName: 'dfns-rotator' })),
  () => scheduler.send(new GetScheduleCommand({ Name: 'none', GroupName: 'dfns-rotator' })),
  () =>
    scheduler.send(
      new ListSchedulesCommand({ GroupName: 'dfns-rotator', MaxResults: 100, NamePrefix: 'dfns-' }),
    ),
  () => scheduler.send(new DeleteScheduleCommand({ Name: 'dfns-a', GroupName: 'dfns-rotator' })),
  () => scheduler.send(new DeleteScheduleCommand({ Name: 'dfns-a', GroupName: 'dfns-rotator' })),
]

const unavailable: Fault = {
  reply: {
    status: 503,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': 'ServiceUnavailable' },
    body: JSON.stringify({ message: 'later' }),
  },
}

const faults: readonly (readonly [string, Fault | undefined])[] = [
  ['none', undefined],
  ['refused', 'refused'],
  ['throttled', 'throttled'],
  ['lost-before', 'lost-before'],
  ['lost-after', 'lost-after'],
  ['unavailable', unavailable],
]

describe("the simulation's clients send what the AWS SDK's send, as often, and answer what those answer", () => {
  test.each(faults)('at every call of the functions, each struck by: %s', async (_, fault) => {
    const struck = { steps: everyCall, ...(fault !== undefined && { fault }) }
    const [sdk, direct] = [
      await seenOf({ through: 'sdk', ...struck }),
      await seenOf({ through: 'direct', ...struck }),
    ]
    expect(direct).toEqual(sdk)
    expect(sdk.outcomes.length).toBe(everyCall({} as AwsClients).length)
  })

  test('every call of the functions is among them', () => {
    const root = join(import.meta.dirname, '..', '..', 'lambdas')
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    )
    const called = files.flatMap((name) => [
      ...readFileSync(join(root, name), 'utf8').matchAll(/new (\w+)Command\(/g),
    ])
    const here = readFileSync(import.meta.filename, 'utf8')
    const missing = called.filter(([text]) => !here.includes(text))
    expect(called.length).toBeGreaterThan(10)
    expect(missing.map(([text]) => text)).toEqual([])
  })
})
