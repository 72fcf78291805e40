import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { Scene } from '../../sandbox/scene.ts'
import type { WireRequest } from '../../sandbox/wire.ts'
import { cli, deployed, type Ended, json } from '../support/cli.ts'
import type { StageOptions, Staged } from '../support/graces.ts'
import { keep, kinds, worldOf } from '../support/kinds.ts'
import { closeScene } from '../support/scene.ts'
import { fresh, old, passing, recent, type Seed } from './seeds.ts'

interface Finding {
  readonly type: string
  readonly severity: string
  readonly problem: string
  readonly remedy: string
  readonly details: Readonly<Record<string, unknown>>
}

interface Diagnosis {
  readonly deployment: readonly Finding[]
  readonly secrets: readonly {
    readonly secretId: string
    readonly findings: readonly Finding[]
    readonly answers: readonly { answer: string }[]
    readonly testRotation: { outcome: string; code?: string; answers: readonly { answer: string }[] }
  }[]
}

// Each test starts functions and a command.
vi.setConfig({ testTimeout: 60_000 })

/** All that a doctor must leave as it is. The temporary version of a test rotation is gone again. */
function everything({ sandbox, dfns }: Scene) {
  const secrets = sandbox.vault.list().map(({ arn, versions, tags, rotation, deletionAt }) => ({
    arn,
    versions: [...versions.values()].map(({ id, labels, value }) => ({ id, labels: [...labels], value })),
    tags: [...tags],
    rules: rotation?.rules,
    isOn: rotation?.enabled,
    deletionAt,
  }))
  const schedules = sandbox.scheduler.list().map(({ name, settings }) => ({ name, settings }))
  const changes = dfns
    .effects()
    .filter(({ kind }) => !/^(user action|session opened|webhook pinged)/.test(kind)).length
  const credentials = [...dfns.state.credentials.values()].map(({ credentialUuid, isActive }) => ({
    credentialUuid,
    isActive,
  }))
  return structuredClone({ secrets, schedules, changes, credentials })
}

const options: StageOptions = { dfnsSwitches: worldOf('account') }

describe('what is seeded is found, with what to do, and nothing is changed', () => {
  const seeds = [...old, ...recent, ...fresh]
  const planted = new Map<Seed, string>()
  let diagnosis: Diagnosis
  let ended: Ended
  let before: unknown
  let after: unknown

  beforeAll(async () => {
    const earlier = async ({ scene }: Staged) => {
      for (const seed of old) planted.set(seed, await seed.plant(scene))
      await scene.clock.advance(passing.toRecent)
      for (const seed of recent) planted.set(seed, await seed.plant(scene))
    }
    const { scene } = await deployed({ ...options, ago: passing.toRecent + passing.toNow, earlier })
    for (const seed of fresh) planted.set(seed, await seed.plant(scene))
    await scene.sandbox.engine.settled()
    before = everything(scene)
    const run = await json<Diagnosis>({ scene, args: ['doctor', ...planted.values()] })
    diagnosis = run.result
    ended = run
    after = everything(scene)
    await closeScene(scene)
  }, 240_000)

  test.each(seeds.map((seed) => [seed.name, seed] as const))('%s', (_, seed) => {
    const secret = diagnosis.secrets.find(({ secretId }) => secretId === planted.get(seed))
    const { type, code, says } = seed
    const found = secret?.findings.filter((one) => one.type === type) ?? []
    expect(secret?.findings.map((one) => one.type)).toContain(type)
    const [finding] = found.filter(({ problem }) => says.test(problem))
    expect(finding ?? found).toMatchObject({
      severity: 'warning',
      ...(code !== undefined && { details: { code } }),
    })
    for (const line of [finding?.problem, finding?.remedy]) expect(line).toMatch(/^[^\n]{5,}$/)
  })

  test('and says so by its exit code', () => {
    expect(ended.code).toBe(1)
  })

  test('and changes nothing', () => {
    expect(after).toEqual(before)
  })
})

/** A refusal of everything that the function asks; whoever runs the command has other credentials. */
const operator = { AWS_ACCESS_KEY_ID: 'operator' }
const isFunctions = ({ headers }: WireRequest) =>
  headers['authorization']?.includes('Credential=dfns-rotator-') === true

async function diagnose(staged: Staged, more: { args?: readonly string[] } = {}) {
  const args = ['doctor', ...(more.args ?? [staged.arn])]
  return json<Diagnosis>({ scene: staged.scene, args, env: operator })
}

/** Those of whoever runs the command, from now on. */
function callsFrom({ scene }: Staged, operation: string): () => readonly WireRequest[] {
  const { calls } = scene.sandbox.wire
  const from = calls.length
  return () =>
    calls
      .slice(from)
      .map(({ request }) => request)
      .filter((request) => request.operation === operation && !isFunctions(request))
}

test('each further secret costs as many readings as the first, and no further list', async () => {
  const staged = await deployed(options)
  const { scene, account } = staged
  const cost = async (secrets: number) => {
    const lists = callsFrom(staged, 'ListSecrets')
    const reads = callsFrom(staged, 'GetSecretValue')
    const { result } = await diagnose(staged, { args: ['--no-test'] })
    expect(result.secrets).toHaveLength(secrets)
    return { lists: lists().length, each: reads().length / secrets }
  }
  const first = await cost(1)
  for (const name of ['a', 'b', 'c', 'd']) {
    const { document } = scene.openAccount({ orgId: account.document.orgId, name })
    await scene.keepSecret({ name: `prod/${name}`, document })
  }
  await scene.sandbox.engine.settled()
  expect(await cost(5)).toEqual(first)
})

test('a secret beside several is read once for all of them', async () => {
  const staged = await deployed(options)
  const { scene, account } = staged
  const { document } = scene.openAccount({ orgId: account.document.orgId, name: 'other' })
  await scene.keepSecret({ name: 'prod/other', document })
  const copy = { Name: 'prod/copy', SecretString: JSON.stringify({ MY_ID: account.credId }) }
  const { ARN } = await scene.secretsManager<{ ARN: string }>('CreateSecret', {
    ...copy,
    ClientRequestToken: randomUUID(),
  })
  const reads = callsFrom(staged, 'GetSecretValue')
  const { result } = await diagnose(staged, { args: ['--no-test'] })
  expect(result.secrets.flatMap(({ findings }) => types(findings))).toEqual(['shared-credential'])
  expect(reads().filter(({ body }) => body.includes(ARN))).toHaveLength(1)
})

test('a schedule that cannot be read right now ends it as AWS that does not answer, and as no defect', async () => {
  const staged = await deployed(options)
  const { scene } = staged
  const { arn } = await keep({ scene, kind: 'webhook', name: 'prod/hook' })
  const args = ['--no-test', arn]
  const described = callsFrom(staged, 'DescribeSecret')
  await diagnose(staged, { args })
  // Its schedule is what it is asked for last.
  const last = described().length
  const again = callsFrom(staged, 'DescribeSecret')
  const reply = { status: 503, body: '{"__type":"ServiceUnavailable"}' }
  scene.sandbox.wire.plan = (call) =>
    call.operation === 'DescribeSecret' && !isFunctions(call) && again().length >= last - 1
      ? { reply }
      : undefined
  const { code, result } = await json<{ error: { code: string; message: string } }>({
    scene,
    args: ['doctor', ...args],
    env: operator,
  })
  expect(result.error).toMatchObject({ code: 'ERR_STORE', message: expect.stringContaining(arn) as string })
  expect(code).toBe(5)
})

const types = (findings: readonly Finding[] = []) => findings.map(({ type }) => type)

test('a healthy secret of every kind passes its test rotation, and nothing is found', async () => {
  const staged = await deployed(options)
  const { scene } = staged
  const names = []
  for (const kind of kinds) {
    const kept = await keep({ scene, kind, name: `prod/${kind}`.replaceAll(' ', '-') })
    if (kept.signerArn !== undefined || kind === 'user')
      scene.dfns.setSwitches({ orgId: kept.orgId, switches: worldOf(kind) })
    names.push(kept.arn)
  }
  const before = everything(scene)
  const { code, result } = await diagnose(staged, { args: names })
  const found = result.secrets.map(({ findings }) => types(findings))
  expect(result.deployment).toEqual([])
  expect(result.secrets.map(({ testRotation }) => testRotation.outcome)).toEqual(kinds.map(() => 'passed'))
  // Beside a token stands the key that its user logs in with, which nobody can tell from a stranger's.
  expect(found).toEqual(kinds.map((kind) => (kind === 'token' ? ['foreign-credential'] : [])))
  expect(code).toBe(1)
  expect(everything(scene)).toEqual(before)
})

describe('what only the role of the function shows', () => {
  test.each([
    ['the secret', 'GetSecretValue', 'AccessDeniedException', 'ERR_STORE'],
    ['the policy', 'GetParameter', 'AccessDeniedException', 'ERR_POLICY'],
  ])('it may not read %s', async (_, operation, reason, code) => {
    const staged = await deployed(options)
    staged.scene.sandbox.wire.plan = (call) =>
      isFunctions(call) && call.operation === operation ? 'refused' : undefined
    const { result } = await diagnose(staged)
    expect(result.secrets[0]?.findings).toMatchObject([{ type: 'test-rotation-failed', details: { code } }])
    expect(result.secrets[0]?.findings[0]?.problem).toContain(reason)
  })

  test('it may not use the KMS key', async () => {
    const staged = await deployed(options)
    const body = { __type: 'AccessDeniedException', message: 'Access to KMS is not allowed' }
    const headers = { 'content-type': 'application/x-amz-json-1.1' }
    const reply = { status: 400, headers, body: JSON.stringify(body) }
    staged.scene.sandbox.wire.plan = (call) =>
      isFunctions(call) && call.operation === 'GetSecretValue' ? { reply } : undefined
    const { result } = await diagnose(staged)
    expect(result.secrets[0]?.findings[0]?.problem).toContain('AccessDeniedException from KMS')
  })

  test('Secrets Manager may not invoke it', async () => {
    const staged = await deployed(options)
    staged.scene.sandbox.functions.delete(staged.scene.functionArn)
    const { result } = await diagnose(staged)
    expect(types(result.secrets[0]?.findings)).toEqual(['not-invokable'])
  })

  test('a log that nobody may read leaves it unknown, and names the place', async () => {
    const staged = await deployed(options)
    staged.scene.sandbox.wire.plan = ({ service }) => (service === 'logs' ? 'refused' : undefined)
    const { code, result } = await diagnose(staged)
    expect(result.secrets[0]?.findings).toMatchObject([
      {
        type: 'test-rotation-unknown',
        problem: expect.stringContaining('/aws/lambda/dfns-rotator-rotate') as string,
      },
    ])
    expect(code).toBe(1)
  })

  test('without a test nothing is told of it, and no rotation is begun', async () => {
    const staged = await deployed(options)
    const { code, result } = await diagnose(staged, { args: ['--no-test', staged.arn] })
    expect(result.secrets[0]?.testRotation.outcome).toBe('not run')
    const calls = staged.scene.sandbox.wire.calls.filter(({ request }) =>
      request.headers['authorization']?.includes('operator'),
    )
    expect(calls.map(({ request }) => request.operation)).not.toContain('RotateSecret')
    expect(code).toBe(0)
  })
})

describe('the deployment', () => {
  const args = ['--no-test']

  test('a policy that is malformed', async () => {
    const staged = await deployed(options)
    const parameter = { name: '/dfns-rotator/policy', type: 'String', overwrite: true } as const
    staged.scene.sandbox.parameters.put({ ...parameter, value: '{ "grace": 1 }' })
    expect((await diagnose(staged, { args })).result.deployment).toMatchObject([
      { type: 'policy', problem: expect.stringContaining('malformed: grace') as string },
    ])
  })

  test('a policy that is missing', async () => {
    const staged = await deployed(options)
    staged.scene.sandbox.parameters.delete('/dfns-rotator/policy')
    expect(types((await diagnose(staged, { args })).result.deployment)).toEqual(['policy'])
  })

  test('no daily audit', async () => {
    const staged = await deployed(options)
    staged.scene.sandbox.scheduler.delete({ group: 'dfns-rotator', name: 'dfns-rotator-audit-daily' })
    expect(types((await diagnose(staged, { args })).result.deployment)).toEqual(['no-daily-audit'])
  })

  test('a function without a scheduler', async () => {
    const staged = await deployed({ ...options, scheduler: false })
    const { result } = await diagnose(staged, { args })
    expect(types(result.deployment)).toEqual(['no-scheduler'])
  })

  test('a function without a dead-letter queue', async () => {
    const staged = await deployed({ ...options, functionEnv: { DFNS_ROTATOR_DEAD_LETTER_ARN: '' } })
    expect(types((await diagnose(staged, { args })).result.deployment)).toEqual(['no-dead-letters'])
  })

  test('a signer that the policy does not allow', async () => {
    const staged = await deployed({ ...options, rules: { allowedSigners: [] } })
    const { arn } = await keep({ scene: staged.scene, kind: 'webhook', name: 'prod/hook' })
    const { result } = await diagnose(staged, { args: ['--no-test', arn] })
    expect(result.secrets[0]?.findings).toMatchObject([
      { type: 'policy-violation', details: { code: 'ERR_SIGNER' } },
    ])
  })
})

test('people read a line of what is wrong and one of what to do', async () => {
  const staged = await deployed(options)
  await staged.scene.secretsManager('CancelRotateSecret', { SecretId: staged.arn })
  const { code, stdout } = await cli({ scene: staged.scene, args: ['doctor'] })
  expect(stdout).toBe(
    `✗ ${staged.arn}  test rotation: not run (rotation is off, and a test rotation would turn it on)\n` +
      '  ✗ rotation-cancelled\n' +
      '    its rotation is off\n' +
      '    → turn rotation on again, or let the secret go: npx dfns-rotator decommission\n',
  )
  expect(code).toBe(1)
})
