import {
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  RestoreSecretCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager'
import { GetParameterCommand, ParameterNotFound, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { afterEach, describe, expect, it } from 'vitest'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/sandbox.ts'
import type { Fault } from '../../sandbox/wire.ts'

const MINUTE = 60_000
const bundle = new URL('./fixtures/rotate.mjs', import.meta.url)
const started: { stop(): Promise<void> }[] = []

async function start(options: SandboxOptions = {}) {
  const sandbox = await startSandbox(options)
  started.push(sandbox)
  const config = {
    endpoint: sandbox.urls.aws,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  }
  return { sandbox, secrets: new SecretsManagerClient(config), ssm: new SSMClient(config) }
}

async function startWithSecret(options: SandboxOptions = {}) {
  const dfnsCalls: string[] = []
  const dfns: SandboxOptions['dfns'] = ({ operation, path, body }) => {
    dfnsCalls.push(`${operation} ${path} ${body}`)
    return { status: 200, body: '{}' }
  }
  const parts = await start({ dfns, ...options })
  const { ARN = '' } = await parts.secrets.send(
    new CreateSecretCommand({ Name: 'demo', SecretString: 'one' }),
  )
  const lambdaArn = parts.sandbox.addFunction({ name: 'rotate', bundle })
  const rotate = () =>
    parts.secrets.send(new RotateSecretCommand({ SecretId: ARN, RotationLambdaARN: lambdaArn }))
  const current = async () =>
    (await parts.secrets.send(new GetSecretValueCommand({ SecretId: ARN }))).SecretString
  return { ...parts, ARN, lambdaArn, rotate, current, dfnsCalls }
}

/** Strikes the n-th call of an operation, once. */
function strikeOnce(sandbox: Sandbox, operation: string, fault: Fault): void {
  let left = 1
  sandbox.wire.plan = (call) => (call.operation === operation && left-- > 0 ? fault : undefined)
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((sandbox) => sandbox.stop()))
})

describe('the AWS SDK against the sandbox', () => {
  it('creates, reads, writes, lists, tags, deletes and restores secrets', async () => {
    const { secrets, sandbox } = await start()
    const { ARN, VersionId } = await secrets.send(
      new CreateSecretCommand({ Name: 'demo', SecretString: 'one' }),
    )
    await secrets.send(new PutSecretValueCommand({ SecretId: 'demo', SecretBinary: Uint8Array.of(0, 255) }))
    const value = await secrets.send(new GetSecretValueCommand({ SecretId: ARN }))
    expect(value.SecretBinary).toEqual(Uint8Array.of(0, 255))
    expect(value.CreatedDate).toEqual(new Date(sandbox.clock.now()))
    await secrets.send(
      new UpdateSecretCommand({ SecretId: 'demo', SecretString: 'three', Description: 'a demo' }),
    )
    await secrets.send(new TagResourceCommand({ SecretId: 'demo', Tags: [{ Key: 'a', Value: 'b' }] }))
    const described = await secrets.send(new DescribeSecretCommand({ SecretId: 'demo' }))
    expect(described).toMatchObject({ ARN, Description: 'a demo', Tags: [{ Key: 'a', Value: 'b' }] })
    expect(described.VersionIdsToStages).not.toHaveProperty(VersionId ?? '')
    const versions = { SecretId: 'demo', IncludeDeprecated: true }
    expect((await secrets.send(new ListSecretVersionIdsCommand(versions))).Versions).toHaveLength(3)
    await secrets.send(new UntagResourceCommand({ SecretId: 'demo', TagKeys: ['a'] }))
    const list = await secrets.send(new ListSecretsCommand({ Filters: [{ Key: 'name', Values: ['demo'] }] }))
    expect(list.SecretList).toMatchObject([{ ARN, SecretVersionsToStages: described.VersionIdsToStages }])
    await secrets.send(new DeleteSecretCommand({ SecretId: 'demo' }))
    await expect(secrets.send(new GetSecretValueCommand({ SecretId: 'demo' }))).rejects.toThrow(
      'marked for deletion',
    )
    await secrets.send(new RestoreSecretCommand({ SecretId: 'demo' }))
    expect((await secrets.send(new GetSecretValueCommand({ SecretId: 'demo' }))).SecretString).toBe('three')
  })

  it('sees the service’s error classes', async () => {
    const { secrets, ssm } = await start()
    const missing = secrets.send(new GetSecretValueCommand({ SecretId: 'nowhere' }))
    await expect(missing).rejects.toBeInstanceOf(ResourceNotFoundException)
    await expect(missing).rejects.toThrow("Secrets Manager can't find the specified secret.")
    await expect(ssm.send(new GetParameterCommand({ Name: 'nowhere' }))).rejects.toBeInstanceOf(
      ParameterNotFound,
    )
  })

  it('reads parameters', async () => {
    const { ssm } = await start()
    await ssm.send(new PutParameterCommand({ Name: 'policy', Value: '{}', Type: 'String' }))
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: 'policy' }))
    expect(Parameter).toMatchObject({
      Value: '{}',
      Version: 1,
      LastModifiedDate: new Date('2026-01-05T00:00:00Z'),
    })
  })
})

describe('a rotation with a bundle in a process of its own', () => {
  it('runs all four steps over HTTP', async () => {
    const { sandbox, rotate, current, dfnsCalls, lambdaArn } = await startWithSecret()
    const { VersionId } = await rotate()
    await sandbox.engine.settled()
    expect(sandbox.engine.progress.items.filter(({ type }) => type === 'step-ended')).toMatchObject(
      ['createSecret', 'setSecret', 'testSecret', 'finishSecret'].map((step) => ({ step, ok: true })),
    )
    expect(await current()).toBe(`made for ${VersionId}`)
    expect(dfnsCalls).toEqual(['POST /auth/credentials /auth/credentials?kind=Key {}'])
    expect(sandbox.bundled.get(lambdaArn)?.output).toEqual([])
  })

  it('can be cancelled over HTTP', async () => {
    const { sandbox, secrets, rotate, current } = await startWithSecret()
    const { VersionId } = await rotate()
    const cancelled = await secrets.send(new CancelRotateSecretCommand({ SecretId: 'demo' }))
    await sandbox.engine.settled()
    expect(cancelled.VersionId).toBe(VersionId)
    expect(await current()).toBe('one')
  })

  it.each(
    ['PutSecretValue', 'POST /auth/credentials', 'UpdateSecretVersionStage'].flatMap((operation) => [
      { operation, fault: 'killed-before' as const },
      { operation, fault: 'killed-after' as const },
    ]),
  )('survives a process that is $fault at $operation', async ({ operation, fault }) => {
    const { sandbox, rotate, current } = await startWithSecret()
    strikeOnce(sandbox, operation, fault)
    const { VersionId } = await rotate()
    await sandbox.engine.settled()
    expect(sandbox.engine.progress.items.at(-1)).toMatchObject({ ok: false, errorType: 'Runtime.ExitError' })
    await sandbox.clock.advance(MINUTE)
    expect(await current()).toBe(`made for ${VersionId}`)
  })

  it.each([
    ['refused', 'AccessDeniedException'],
    [
      { reply: { status: 400, headers: { 'x-amzn-errortype': 'InternalServiceError' }, body: '{}' } },
      'InternalServiceError',
    ],
  ] as const)('sees the fault %o as the SDK’s error', async (fault, errorType) => {
    const { sandbox, rotate } = await startWithSecret()
    sandbox.wire.plan = (call) => (call.operation === 'PutSecretValue' ? fault : undefined)
    await rotate()
    await sandbox.engine.settled()
    expect(sandbox.engine.progress.items.at(-1)).toMatchObject({ ok: false, errorType })
  })

  it.each(['throttled', 'lost-before', 'lost-after'] as const)(
    'the SDK repeats a call that was %s',
    async (fault) => {
      const { sandbox, rotate, current } = await startWithSecret()
      strikeOnce(sandbox, 'PutSecretValue', fault)
      const { VersionId } = await rotate()
      await sandbox.engine.settled()
      expect(await current()).toBe(`made for ${VersionId}`)
      expect(sandbox.wire.calls.filter(({ request }) => request.operation === 'PutSecretValue')).toHaveLength(
        2,
      )
    },
  )
})

describe('the servers', () => {
  it('let a page in a browser call them', async () => {
    const { sandbox } = await start({ dfns: () => ({ status: 200, body: '{"items":[]}' }) })
    for (const url of [sandbox.urls.aws, sandbox.urls.dfns]) {
      const preflight = await fetch(`${url}/wallets`, { method: 'OPTIONS' })
      expect(preflight.status).toBe(204)
      expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    }
    const reply = await fetch(`${sandbox.urls.dfns}/wallets`)
    expect([reply.headers.get('access-control-allow-origin'), await reply.text()]).toEqual([
      '*',
      '{"items":[]}',
    ])
    expect(sandbox.wire.calls).toHaveLength(1)
  })

  it('refuse a body over 1 MiB and an unknown target', async () => {
    const { sandbox } = await start()
    const large = await fetch(sandbox.urls.dfns, { method: 'POST', body: 'a'.repeat(1_048_577) })
    expect(large.status).toBe(413)
    const headers = { 'x-amz-target': 'Scheduler.CreateSchedule' }
    const unknown = await fetch(sandbox.urls.aws, { method: 'POST', headers, body: '{}' })
    expect([unknown.status, unknown.headers.get('x-amzn-errortype')]).toEqual([
      400,
      'UnknownOperationException',
    ])
    expect(sandbox.wire.calls).toEqual([])
  })

  it('answer 500 when a handler of the sandbox fails', async () => {
    const { sandbox } = await start({
      dfns: () => {
        throw new Error('a defect')
      },
    })
    const reply = await fetch(sandbox.urls.dfns)
    expect([reply.status, await reply.text()]).toEqual([500, 'The sandbox failed: Error: a defect'])
  })

  it('hear on a port that is given', async () => {
    const first = await start()
    const port = Number(new URL(first.sandbox.urls.aws).port)
    await expect(startSandbox({ ports: { aws: port } })).rejects.toThrow('EADDRINUSE')
  })

  it('tell a process how to reach them', async () => {
    const { sandbox } = await start()
    expect(sandbox.environment).toMatchObject({
      AWS_ENDPOINT_URL: sandbox.urls.aws,
      AWS_REGION: 'eu-west-1',
      DFNS_BASE_URL: sandbox.urls.dfns,
    })
  })
})
