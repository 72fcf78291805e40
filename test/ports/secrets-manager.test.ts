import { inspect } from 'node:util'
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { mockClient } from 'aws-sdk-client-mock'
import 'aws-sdk-client-mock-vitest/extend'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { RotationError } from '../../lambdas/errors.ts'
import { type SecretStore, secretStore } from '../../lambdas/ports/secrets-manager.ts'
import { fakeTime } from '../support/time.ts'
import { awsError, canary } from './aws-errors.ts'

const secretId = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/dfns/robot-AbCdEf'
const token = '0f4b6c1e-7a52-4d0b-9d2e-5c3f8a1b2c3d'
const rotationToken = 'b59c1f0a-6d3e-4d5c-8a7b-9e0f1a2b3c4d'
const aws = mockClient(SecretsManagerClient)
const store = secretStore({ client: new SecretsManagerClient({}), secretId, time: fakeTime() })

afterEach(() => {
  aws.reset()
})

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

describe('DescribeSecret', () => {
  test('is asked for the secret, and nothing else', async () => {
    aws.on(DescribeSecretCommand).resolves({})
    await store.describeSecret()
    expect(aws).toHaveReceivedCommandExactlyOnceWith(DescribeSecretCommand, { SecretId: secretId })
  })

  test('tells labels, tags, state, the last rotation and the next', async () => {
    const next = new Date('2026-12-01T00:00:00Z')
    const last = new Date('2026-11-01T00:00:00Z')
    const changed = new Date('2026-11-02T00:00:00Z')
    const rotationArn = 'arn:aws:lambda:eu-west-1:123456789012:function:dfns-rotator-rotate'
    aws.on(DescribeSecretCommand).resolves({
      ARN: `${secretId}x`,
      RotationEnabled: true,
      VersionIdsToStages: { [token]: ['AWSPENDING'], other: ['AWSCURRENT', 'custom'] },
      Tags: [{ Key: 'dfns-rotator:grace', Value: 'PT0S' }, { Key: 'empty' }],
      LastRotatedDate: last,
      NextRotationDate: next,
      RotationRules: { AutomaticallyAfterDays: 30 },
      LastChangedDate: changed,
      RotationLambdaARN: rotationArn,
      PrimaryRegion: 'eu-west-1',
      ReplicationStatus: [
        { Region: 'us-east-1', Status: 'Failed' },
        { Region: 'us-west-2', Status: 'InSync' },
      ],
    })
    expect(await store.describeSecret()).toEqual({
      arn: `${secretId}x`,
      rotationEnabled: true,
      isDeleted: false,
      stages: new Map([
        [token, ['AWSPENDING']],
        ['other', ['AWSCURRENT', 'custom']],
      ]),
      tags: new Map([
        ['dfns-rotator:grace', 'PT0S'],
        ['empty', ''],
      ]),
      lastRotation: last,
      nextRotation: next,
      lastChanged: changed,
      rotationDays: 30,
      rotationArn,
      primaryRegion: 'eu-west-1',
      failedRegions: ['us-east-1'],
    })
  })

  test('may leave out all that it may: then nothing is enabled, staged or tagged', async () => {
    aws.on(DescribeSecretCommand).resolves({})
    expect(await store.describeSecret()).toEqual({
      arn: secretId,
      rotationEnabled: false,
      isDeleted: false,
      stages: new Map(),
      tags: new Map(),
      lastRotation: undefined,
      nextRotation: undefined,
      rotationDays: undefined,
      lastChanged: undefined,
      rotationArn: undefined,
      primaryRegion: undefined,
      failedRegions: [],
    })
  })

  test('staging labels are of any characters, none of which moves the cursor of a terminal', async () => {
    const labels = ['AWSCURRENT', 'release candidate', 'größe', '\u001b[2J\n']
    aws.on(DescribeSecretCommand).resolves({ VersionIdsToStages: { v1: labels }, RotationLambdaARN: '' })
    const { stages, rotationArn } = await store.describeSecret()
    expect(stages.get('v1')).toEqual(['AWSCURRENT', 'release candidate', 'größe', '\uFFFD[2J\uFFFD'])
    expect(rotationArn).toBeUndefined()
  })

  test('a secret with a date of deletion is marked for deletion', async () => {
    aws.on(DescribeSecretCommand).resolves({ DeletedDate: new Date(0) })
    expect((await store.describeSecret()).isDeleted).toBe(true)
  })

  test('of a secret that is not there: ERR_SECRET_GONE', async () => {
    aws.on(DescribeSecretCommand).rejects(awsError('ResourceNotFoundException'))
    expect(await failureOf(store.describeSecret())).toMatchObject({
      code: 'ERR_SECRET_GONE',
      retryable: false,
      message: `DescribeSecret on ${secretId}: there is no such secret`,
    })
  })
})

describe('GetSecretValue', () => {
  const created = new Date('2026-11-22T00:00:00Z')

  test('is asked by label alone, by label and version id, or by version id alone', async () => {
    aws.on(GetSecretValueCommand).resolves({ SecretString: '{}' })
    await store.getSecretValue({ label: 'AWSCURRENT' })
    await store.getSecretValue({ label: 'AWSPENDING', versionId: undefined })
    await store.getSecretValue({ label: 'AWSPENDING', versionId: token })
    await store.getSecretValue({ versionId: token })
    expect(inputsOf(GetSecretValueCommand)).toStrictEqual([
      { SecretId: secretId, VersionStage: 'AWSCURRENT' },
      { SecretId: secretId, VersionStage: 'AWSPENDING' },
      { SecretId: secretId, VersionStage: 'AWSPENDING', VersionId: token },
      { SecretId: secretId, VersionId: token },
    ])
  })

  test('tells the version and its text', async () => {
    aws
      .on(GetSecretValueCommand)
      .resolves({ VersionId: token, SecretString: '{"a":1}', CreatedDate: created })
    expect(await store.getSecretValue({ label: 'AWSPENDING' })).toEqual({
      versionId: token,
      text: '{"a":1}',
      created,
    })
  })

  test('an empty text is a value', async () => {
    aws.on(GetSecretValueCommand).resolves({ VersionId: token, SecretString: '' })
    expect(await store.getSecretValue({ label: 'AWSPENDING' })).toMatchObject({ text: '' })
  })

  test('a binary value is there, and has no text', async () => {
    aws.on(GetSecretValueCommand).resolves({ VersionId: token, SecretBinary: Buffer.from('x') })
    expect(await store.getSecretValue({ label: 'AWSCURRENT' })).toEqual({
      versionId: token,
      text: undefined,
      created: undefined,
    })
  })

  test('a version that is not there, or has no value yet, is nothing', async () => {
    aws.on(GetSecretValueCommand).rejectsOnce(
      awsError('ResourceNotFoundException', {
        message: "Secrets Manager can't find the specified secret value for staging label: AWSPENDING",
      }),
    )
    expect(await store.getSecretValue({ label: 'AWSPENDING' })).toBeUndefined()
    aws.on(GetSecretValueCommand).resolves({ VersionId: token, VersionStages: ['AWSPENDING'] })
    expect(await store.getSecretValue({ label: 'AWSPENDING' })).toBeUndefined()
  })

  test('a version id that Secrets Manager has removed is nothing', async () => {
    const message = `Secrets Manager can't find the specified secret value for VersionId: ${token}`
    aws.on(GetSecretValueCommand).rejects(awsError('ResourceNotFoundException', { message }))
    expect(await store.getSecretValue({ versionId: token })).toBeUndefined()
  })

  test('by version id alone, an error names the version', async () => {
    aws.on(GetSecretValueCommand).rejects(awsError('AccessDeniedException'))
    expect(await failureOf(store.getSecretValue({ versionId: token }))).toMatchObject({
      code: 'ERR_STORE',
      message: `GetSecretValue ${token} on ${secretId}: AccessDeniedException`,
    })
  })

  test('an id whose label has moved is an error, not nothing', async () => {
    const message = 'You provided a VersionStage that is not associated to the provided VersionId.'
    aws.on(GetSecretValueCommand).rejects(awsError('InvalidRequestException', { message }))
    expect(await failureOf(store.getSecretValue({ label: 'AWSPENDING', versionId: token }))).toMatchObject({
      code: 'ERR_STORE',
      retryable: false,
      message: `GetSecretValue AWSPENDING on ${secretId}: InvalidRequestException`,
    })
  })
})

describe('PutSecretValue', () => {
  const put = (proof: string | undefined) =>
    store.putSecretValue({ token, rotationToken: proof, text: '{"a":1}' })

  test('fills the version of this token, as AWSPENDING alone, with the RotationToken', async () => {
    aws.on(PutSecretValueCommand).resolves({})
    expect(await put(rotationToken)).toBe('stored')
    expect(inputsOf(PutSecretValueCommand)).toStrictEqual([
      {
        SecretId: secretId,
        ClientRequestToken: token,
        SecretString: '{"a":1}',
        VersionStages: ['AWSPENDING'],
        RotationToken: rotationToken,
      },
    ])
  })

  test('has no RotationToken where the event has none', async () => {
    aws.on(PutSecretValueCommand).resolves({})
    await put(undefined)
    expect(inputsOf(PutSecretValueCommand)).toStrictEqual([
      {
        SecretId: secretId,
        ClientRequestToken: token,
        SecretString: '{"a":1}',
        VersionStages: ['AWSPENDING'],
      },
    ])
  })

  test('a version that has another value is taken', async () => {
    aws.on(PutSecretValueCommand).rejects(awsError('ResourceExistsException'))
    expect(await put(rotationToken)).toBe('taken')
  })

  test('of a secret that is not there: ERR_SECRET_GONE', async () => {
    aws.on(PutSecretValueCommand).rejects(awsError('ResourceNotFoundException'))
    expect((await failureOf(put(rotationToken))).code).toBe('ERR_SECRET_GONE')
  })

  test('an error tells neither the value nor the RotationToken', async () => {
    const request = { input: { SecretString: '{"a":1}', RotationToken: rotationToken } }
    aws
      .on(PutSecretValueCommand)
      .rejects(Object.assign(awsError('InvalidParameterException', { message: rotationToken }), { request }))
    const failure = await failureOf(put(rotationToken))
    expect(failure.message).toBe(`PutSecretValue on ${secretId}: InvalidParameterException`)
    expect(inspect(failure, { depth: null, showHidden: true })).not.toMatch(
      new RegExp(`${rotationToken}|${canary}`),
    )
  })
})

describe('UpdateSecretVersionStage', () => {
  const move = () => store.moveCurrent({ from: 'v1', to: token })

  test('moves AWSCURRENT and nothing else, from its exact holder', async () => {
    aws.on(UpdateSecretVersionStageCommand).resolves({})
    expect(await move()).toBe('moved')
    expect(inputsOf(UpdateSecretVersionStageCommand)).toStrictEqual([
      {
        SecretId: secretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: token,
        RemoveFromVersionId: 'v1',
      },
    ])
  })

  test('is refused where another version holds the label', async () => {
    aws.on(UpdateSecretVersionStageCommand).rejects(
      awsError('InvalidParameterException', {
        message: 'Staging label AWSCURRENT is currently attached to version V, so you must explicitly',
      }),
    )
    expect(await move()).toBe('refused')
  })

  // No page says which of the two it is.
  test.each(['InvalidParameterException', 'InvalidRequestException'])(
    'is refused by %s, whatever is moved',
    async (name) => {
      aws.on(UpdateSecretVersionStageCommand).rejects(awsError(name))
      expect([await move(), await store.removePrevious({ from: 'v1' })]).toEqual(['refused', 'refused'])
      expect(await store.attachLabel({ label: 'ours', to: 'v1' })).toBe('refused')
    },
  )

  test('of a secret that is marked for deletion: ERR_SECRET_GONE', async () => {
    const message = "You can't perform this operation on the secret because it was marked for deletion."
    aws.on(UpdateSecretVersionStageCommand).rejects(awsError('InvalidRequestException', { message }))
    expect(await failureOf(move())).toMatchObject({ code: 'ERR_SECRET_GONE', retryable: false })
  })

  test('fails for every other reason', async () => {
    aws.on(UpdateSecretVersionStageCommand).rejects(awsError('LimitExceededException'))
    expect(await failureOf(move())).toMatchObject({ code: 'ERR_STORE', retryable: false })
  })

  const remove = () => store.removePrevious({ from: 'v1' })

  test('takes AWSPREVIOUS from its exact holder, and gives it to nobody', async () => {
    aws.on(UpdateSecretVersionStageCommand).resolves({})
    expect(await remove()).toBe('removed')
    expect(inputsOf(UpdateSecretVersionStageCommand)).toStrictEqual([
      { SecretId: secretId, VersionStage: 'AWSPREVIOUS', RemoveFromVersionId: 'v1' },
    ])
  })

  test('is refused where AWSPREVIOUS is not there, or may not be removed', async () => {
    aws.on(UpdateSecretVersionStageCommand).rejects(awsError('InvalidParameterException'))
    expect(await remove()).toBe('refused')
  })

  test('fails for every other reason to remove AWSPREVIOUS, too', async () => {
    aws.on(UpdateSecretVersionStageCommand).rejects(awsError('AccessDeniedException'))
    expect(await failureOf(remove())).toMatchObject({
      code: 'ERR_STORE',
      retryable: false,
      message: `UpdateSecretVersionStage on ${secretId}: AccessDeniedException`,
    })
  })
})

describe('a staging label of ours', () => {
  const attach = () => store.attachLabel({ label: 'ours', to: 'v1' })

  test('is attached, and taken from nobody', async () => {
    aws.on(UpdateSecretVersionStageCommand).resolves({})
    expect(await attach()).toBe('attached')
    expect(inputsOf(UpdateSecretVersionStageCommand)).toStrictEqual([
      { SecretId: secretId, VersionStage: 'ours', MoveToVersionId: 'v1' },
    ])
  })

  test('is refused where another version has it', async () => {
    aws.on(UpdateSecretVersionStageCommand).rejects(awsError('InvalidParameterException'))
    expect(await attach()).toBe('refused')
  })
})

type Call = readonly [string, (store: SecretStore) => Promise<unknown>]
const calls: readonly Call[] = [
  ['DescribeSecret', (one) => one.describeSecret()],
  ['GetSecretValue AWSCURRENT', (one) => one.getSecretValue({ label: 'AWSCURRENT' })],
  ['PutSecretValue', (one) => one.putSecretValue({ token, rotationToken: undefined, text: '{}' })],
  [`GetSecretValue ${token}`, (one) => one.getSecretValue({ versionId: token })],
  ['UpdateSecretVersionStage', (one) => one.moveCurrent({ from: 'a', to: 'b' })],
  ['UpdateSecretVersionStage', (one) => one.removePrevious({ from: 'a' })],
  ['UpdateSecretVersionStage', (one) => one.attachLabel({ label: 'ours', to: 'a' })],
]

const errors: readonly (readonly [string, unknown, string, boolean])[] = [
  ['access denied', awsError('AccessDeniedException'), 'AccessDeniedException', false],
  [
    'KMS denied',
    awsError('AccessDeniedException', { message: 'Access to KMS is not allowed' }),
    'AccessDeniedException from KMS',
    false,
  ],
  ['cannot decrypt', awsError('DecryptionFailure'), 'DecryptionFailure', false],
  ['an expired token', awsError('ExpiredTokenException'), 'ExpiredTokenException', false],
  ['throttled', awsError('ThrottlingException'), 'ThrottlingException', true],
  [
    'throttled with 429',
    awsError('TooManyRequestsException', { status: 429 }),
    'TooManyRequestsException',
    true,
  ],
  ['an internal error', awsError('InternalServiceError', { status: 500 }), 'InternalServiceError', true],
  ['an unknown error of the server', awsError('Whatever', { status: 503 }), 'Whatever', true],
  ['an unknown error of the client', awsError('Whatever', { status: 418 }), 'Whatever', false],
  ['no connection', Object.assign(new Error(canary), { name: 'Error', code: 'ECONNREFUSED' }), 'Error', true],
  ['a time-out', Object.assign(new Error(canary), { name: 'TimeoutError' }), 'TimeoutError', true],
  ['an abort', Object.assign(new Error(canary), { name: 'AbortError' }), 'AbortError', true],
  ['a hostile name', awsError(`<script>${canary}`), 'UnknownError', false],
  ['a name of several lines', awsError('Access\nDenied'), 'UnknownError', false],
  ['a name with a terminal escape', awsError('\u001b[31mDenied'), 'UnknownError', false],
  ['a long name', awsError('x'.repeat(65)), 'UnknownError', false],
  ['an empty name', awsError(''), 'UnknownError', false],
]

test('what may not be done as things stand fails, where no label is compared', async () => {
  aws.onAnyCommand().rejects(awsError('InvalidRequestException'))
  for (const [action, call] of calls.filter(([name]) => name !== 'UpdateSecretVersionStage')) {
    const message = `${action} on ${secretId}: InvalidRequestException`
    expect(await failureOf(call(store))).toMatchObject({ code: 'ERR_STORE', retryable: false, message })
  }
})

describe.each(calls)('%s fails, and only the name of the error is told', (action, call) => {
  test.for(errors)('%s', async ([, error, told, retryable]) => {
    aws.onAnyCommand().rejects(error as Error)
    const failure = await failureOf(call(store))
    expect(failure).toMatchObject({
      code: 'ERR_STORE',
      retryable,
      message: `${action} on ${secretId}: ${told}`,
    })
    expect(inspect(failure, { depth: null, showHidden: true })).not.toContain(canary)
  })
})

describe.each(calls)('%s', (_, call) => {
  test('is given up when the time of the invocation is over', async () => {
    aws.onAnyCommand().resolves({})
    const deadlines = vi.spyOn(AbortSignal, 'timeout')
    for (const leftMs of [0, 1_234])
      await call(secretStore({ client: new SecretsManagerClient({}), secretId, time: fakeTime({ leftMs }) }))
    expect(deadlines.mock.calls).toEqual([[1], [1_234]])
    const signals = deadlines.mock.results.map(({ value }): unknown => value)
    deadlines.mockRestore()
    expect(aws.calls().map(({ args }) => (args as readonly unknown[])[1])).toEqual(
      signals.map((abortSignal) => ({ abortSignal })),
    )
  })
})
