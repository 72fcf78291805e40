import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isCode } from '../../lambdas/errors.ts'
import { type Secrets, secretsOf } from '../../lambdas/ports/secrets.ts'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import type { Fault } from '../../sandbox/wire.ts'
import { fakeTime } from '../support/time.ts'

async function open(): Promise<{ sandbox: Sandbox; secrets: Secrets }> {
  const sandbox = await startSandbox()
  onTestFinished(() => sandbox.stop())
  const credentials = { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' }
  const config = { endpoint: sandbox.urls.aws, region: 'eu-west-1', credentials, maxAttempts: 1 }
  return { sandbox, secrets: secretsOf({ client: new SecretsManagerClient(config), time: fakeTime() }) }
}

const operations = ({ wire }: Sandbox) => wire.calls.map(({ request }) => request.operation)

const value = { SecretString: '{}' }

describe('listSecrets', () => {
  test('follows every page, and answers in the order of the ARNs, deleted ones included', async () => {
    const { sandbox, secrets } = await open()
    const { vault } = sandbox
    const made = Array.from({ length: 230 }, (_, index) =>
      vault.create({ name: `secret-${index % 7}-${index}` }),
    )
    const [gone] = made
    if (gone) vault.markForDeletion({ secret: gone, at: sandbox.clock.now() + 1 })
    const all = await secrets.listSecrets()
    expect(all.map(({ arn }) => arn)).toEqual(made.map(({ arn }) => arn).toSorted())
    expect(all.filter(({ isDeleted }) => isDeleted).map(({ arn }) => arn)).toEqual([gone?.arn])
    expect(operations(sandbox)).toEqual(['ListSecrets', 'ListSecrets', 'ListSecrets'])
  })

  test('goes on behind a page that is empty', async () => {
    const { sandbox, secrets } = await open()
    const bodies = ['{"SecretList":[],"NextToken":"1"}', '{"NextToken":"2"}', '{"SecretList":[{"ARN":"a"}]}']
    sandbox.wire.plan = ({ index }) => ({ reply: { status: 200, body: bodies[index] ?? '' } })
    expect((await secrets.listSecrets()).map(({ arn }) => arn)).toEqual(['a'])
  })

  test('tells labels, tags, rotation function and primary region of each', async () => {
    const { sandbox, secrets } = await open()
    const { vault, clock } = sandbox
    const secret = vault.create({ name: 'prod/dfns' })
    vault.put({ secret, token: 'v'.repeat(32), labels: ['AWSCURRENT'], value })
    secret.tags.set('dfns-rotator:grace', 'PT1H')
    const nextRotationAt = clock.now() + 1_000
    secret.rotation = { enabled: true, lambdaArn: 'arn:function', rules: {}, nextRotationAt }
    secret.primaryRegion = 'us-east-1'
    expect(await secrets.listSecrets()).toMatchObject([
      {
        stages: new Map([['v'.repeat(32), ['AWSCURRENT']]]),
        tags: new Map([['dfns-rotator:grace', 'PT1H']]),
        rotationEnabled: true,
        rotationArn: 'arn:function',
        primaryRegion: 'us-east-1',
        isDeleted: false,
        nextRotation: new Date(nextRotationAt),
      },
    ])
  })
})

describe('listSecretVersionIds', () => {
  test('tells deprecated versions, too, and of each its labels and date', async () => {
    const { sandbox, secrets } = await open()
    const { vault, clock } = sandbox
    const secret = vault.create({ name: 'prod/dfns' })
    const start = clock.now()
    const ids = ['a', 'b', 'c'].map((id) => id.repeat(32))
    for (const token of ids) {
      vault.put({ secret, token, labels: ['AWSCURRENT'], value })
      await clock.advance(1_000)
    }
    const all = await secrets.listSecretVersionIds(secret.arn)
    expect(all.toSorted((one, other) => (one.versionId < other.versionId ? -1 : 1))).toEqual([
      { versionId: ids[0], labels: [], created: new Date(start) },
      { versionId: ids[1], labels: ['AWSPREVIOUS'], created: new Date(start + 1_000) },
      { versionId: ids[2], labels: ['AWSCURRENT'], created: new Date(start + 2_000) },
    ])
  })

  test('follows every page', async () => {
    const { sandbox, secrets } = await open()
    const tokens: unknown[] = []
    sandbox.wire.plan = ({ body }) => {
      const count = tokens.push((JSON.parse(body) as { NextToken?: string }).NextToken)
      const page = {
        Versions: [{ VersionId: `v-${count}` }],
        ...(count < 3 && { NextToken: `next-${count}` }),
      }
      return { reply: { status: 200, body: JSON.stringify(page) } }
    }
    const all = await secrets.listSecretVersionIds('arn')
    expect(all.map(({ versionId }) => versionId)).toEqual(['v-1', 'v-2', 'v-3'])
    expect(tokens).toEqual([undefined, 'next-1', 'next-2'])
  })
})

test('a label is removed from its holder, and refused to whoever does not hold it', async () => {
  const { sandbox, secrets } = await open()
  const { vault } = sandbox
  const secret = vault.create({ name: 'prod/dfns' })
  for (const [id, label] of [
    ['a', 'AWSCURRENT'],
    ['b', 'dfns-shared-1'],
  ] as const)
    vault.put({ secret, token: id.repeat(32), labels: [label], value })
  const label = { secretId: secret.arn, label: 'dfns-shared-1' }
  expect(await secrets.removeLabel({ ...label, from: 'a'.repeat(32) })).toBe('refused')
  expect(await secrets.removeLabel({ ...label, from: 'b'.repeat(32) })).toBe('removed')
  expect(secret.versions.get('b'.repeat(32))?.labels).toEqual(new Set())
})

describe('a failure', () => {
  const calls: Readonly<Record<string, (secrets: Secrets, arn: string) => Promise<unknown>>> = {
    ListSecrets: (secrets) => secrets.listSecrets(),
    ListSecretVersionIds: (secrets, arn) => secrets.listSecretVersionIds(arn),
    UpdateSecretVersionStage: (secrets, secretId) =>
      secrets.removeLabel({ secretId, label: 'x', from: 'a'.repeat(32) }),
    CancelRotateSecret: (secrets, arn) => secrets.cancelRotateSecret(arn),
    UntagResource: (secrets, secretId) => secrets.untagResource({ secretId, keys: ['x'] }),
  }
  const faults: readonly [Fault, boolean][] = [
    ['refused', false],
    ['throttled', true],
    ['lost-before', true],
  ]

  test.each(
    Object.keys(calls).flatMap((operation) =>
      faults.map(([fault, retryable]) => ({ operation, fault, retryable })),
    ),
  )('of $operation, $fault, is ERR_STORE and names it; retryable: $retryable', async (given) => {
    const { sandbox, secrets } = await open()
    const { arn } = sandbox.vault.create({ name: 'prod/dfns' })
    sandbox.wire.plan = () => given.fault
    const error: unknown = await calls[given.operation]?.(secrets, arn).catch((reason: unknown) => reason)
    expect(isCode(error, 'ERR_STORE')).toBe(true)
    expect(error).toMatchObject({ retryable: given.retryable })
    expect(String(error)).toContain(given.operation)
  })
})
