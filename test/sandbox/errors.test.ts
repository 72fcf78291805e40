import { describe, expect, it } from 'vitest'
import { createSecretsManagerHandler } from '../../sandbox/secrets-manager/handler.ts'
import { ARN, createWorld, errorOf, version, type World } from './world.ts'

const T = version(2)
const V1 = version(1)

interface Vector {
  readonly name: string
  readonly prepare?: (world: World) => void
  readonly operation: string
  readonly input: object
  readonly code: string
  readonly message: (arn: string) => string
}

const put = (world: World, input: object) => world.call('PutSecretValue', { SecretId: 'demo', ...input })
const pending = { ClientRequestToken: T, VersionStages: ['AWSPENDING'] }
const deletion = (world: World) => void world.call('DeleteSecret', { SecretId: 'demo' })
const tokenReused = (arn: string) =>
  `You can't use ClientRequestToken ${T} because that value is already in use for a version of secret ${arn}.`
const incomplete = () => "A previous rotation isn't complete. That rotation will be reattempted."
const deleted = () => "You can't perform this operation on the secret because it was marked for deletion."

const vectors: Vector[] = [
  {
    name: 'RotateSecret, previous pending',
    prepare: (world) => void world.rotate(),
    operation: 'RotateSecret',
    input: { SecretId: 'demo', ClientRequestToken: version(3) },
    code: 'InvalidRequestException',
    message: incomplete,
  },
  {
    name: 'RotateSecret, the token of the rotation under way',
    prepare: (world) => void world.rotate(),
    operation: 'RotateSecret',
    input: { SecretId: 'demo', ClientRequestToken: T },
    code: 'InvalidRequestException',
    message: incomplete,
  },
  {
    name: 'RotateSecret, no function known',
    operation: 'RotateSecret',
    input: { SecretId: 'demo', ClientRequestToken: T },
    code: 'InvalidRequestException',
    message: () => 'No Lambda rotation function ARN is associated with this secret.',
  },
  {
    name: 'RotateSecret, not invokable',
    operation: 'RotateSecret',
    input: { SecretId: 'demo', ClientRequestToken: T, RotationLambdaARN: 'arn:nowhere' },
    code: 'AccessDeniedException',
    message: () =>
      'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.',
  },
  {
    name: 'RotateSecret, frequency and expression',
    operation: 'RotateSecret',
    input: {
      SecretId: 'demo',
      ClientRequestToken: T,
      RotationLambdaARN: ARN,
      RotationRules: { AutomaticallyAfterDays: 1, ScheduleExpression: 'rate(1 day)' },
    },
    code: 'InvalidParameterException',
    message: () => 'You cannot specify both rotation frequency and schedule expression together.',
  },
  {
    name: 'PutSecretValue, token reuse',
    prepare: (world) => void put(world, { SecretString: 'two', ...pending }),
    operation: 'PutSecretValue',
    input: { SecretId: 'demo', SecretString: 'other', ...pending },
    code: 'ResourceExistsException',
    message: tokenReused,
  },
  {
    name: 'UpdateSecret, token reuse',
    prepare: (world) => void put(world, { SecretString: 'two', ...pending }),
    operation: 'UpdateSecret',
    input: { SecretId: 'demo', SecretString: 'other', ClientRequestToken: T },
    code: 'ResourceExistsException',
    message: tokenReused,
  },
  {
    name: 'CreateSecret, token reuse',
    prepare: (world) => void put(world, { SecretString: 'two', ...pending }),
    operation: 'CreateSecret',
    input: { Name: 'demo', SecretString: 'other', ClientRequestToken: T },
    code: 'ResourceExistsException',
    message: tokenReused,
  },
  {
    name: 'UpdateSecretVersionStage, missing RemoveFrom',
    prepare: (world) => void put(world, { SecretString: 'two', ...pending }),
    operation: 'UpdateSecretVersionStage',
    input: { SecretId: 'demo', VersionStage: 'AWSCURRENT', MoveToVersionId: T },
    code: 'InvalidParameterException',
    message: () =>
      `The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version ${V1}, so you must explicitly reference that version in RemoveFromVersionId.`,
  },
  {
    name: 'GetSecretValue, unknown stage',
    operation: 'GetSecretValue',
    input: { SecretId: 'demo', VersionStage: 'X' },
    code: 'ResourceNotFoundException',
    message: () => "Secrets Manager can't find the specified secret value for staging label: X",
  },
  {
    name: 'GetSecretValue, empty pending',
    prepare: (world) => void world.rotate(),
    operation: 'GetSecretValue',
    input: { SecretId: 'demo', VersionStage: 'AWSPENDING' },
    code: 'ResourceNotFoundException',
    message: () => "Secrets Manager can't find the specified secret value for staging label: AWSPENDING",
  },
  {
    name: 'GetSecretValue, unknown id',
    operation: 'GetSecretValue',
    input: { SecretId: 'demo', VersionId: T },
    code: 'ResourceNotFoundException',
    message: () => `Secrets Manager can't find the specified secret value for VersionId: ${T}`,
  },
  {
    name: 'GetSecretValue, id and stage mismatch',
    operation: 'GetSecretValue',
    input: { SecretId: 'demo', VersionId: V1, VersionStage: 'AWSPENDING' },
    code: 'InvalidRequestException',
    message: () => 'You provided a VersionStage that is not associated to the provided VersionId.',
  },
  ...['TagResource', 'UntagResource', 'GetSecretValue', 'RotateSecret', 'UpdateSecretVersionStage'].map(
    (operation) => ({
      name: `${operation} on a deleted secret`,
      prepare: deletion,
      operation,
      input: {
        SecretId: 'demo',
        ClientRequestToken: T,
        VersionStage: 'AWSCURRENT',
        Tags: [{ Key: 'a', Value: 'b' }],
        TagKeys: ['a'],
      },
      code: 'InvalidRequestException',
      message: deleted,
    }),
  ),
  {
    name: 'CreateSecret, name taken',
    operation: 'CreateSecret',
    input: { Name: 'demo', ClientRequestToken: T },
    code: 'ResourceExistsException',
    message: () => 'The operation failed because the secret demo already exists.',
  },
  {
    name: 'GetSecretValue, CMK denied',
    prepare: (world) => {
      world.call('UpdateSecret', { SecretId: 'demo', KmsKeyId: 'a-key', ClientRequestToken: T })
      world.vault.deniedKeys.add('a-key')
    },
    operation: 'GetSecretValue',
    input: { SecretId: 'demo' },
    code: 'AccessDeniedException',
    message: () => 'Access to KMS is not allowed',
  },
]

describe('3: errors of 1.11 verbatim, HTTP 400', () => {
  it.each(vectors)('$name', ({ prepare, operation, input, code, message }) => {
    const world = createWorld()
    const arn = world.createDemo()
    prepare?.(world)
    const error = errorOf(() => world.call(operation, input))
    const { status, header, message: words } = error
    expect({ status, code: error.code, header, words }).toEqual({
      status: 400,
      code,
      header: code,
      words: message(arn),
    })
  })

  it('the event RotationFailed names function and step', async () => {
    const world = createWorld()
    world.createDemo()
    world.script.setSecret = () => {
      throw new Error('no')
    }
    world.rotate()
    await world.engine.settled()
    expect(world.engine.events.items.at(-1)?.detail).toMatchObject({
      eventName: 'RotationFailed',
      errorMessage: `Error when executing lambda ${ARN} during setSecret step`,
    })
  })
})

describe('parameters are checked', () => {
  const refused = (operation: string, input: object) => {
    const world = createWorld()
    world.createDemo()
    return errorOf(() => world.call(operation, { SecretId: 'demo', ...input })).code
  }

  it.each([
    [
      'a token of 31 characters',
      'PutSecretValue',
      { SecretString: 'a', ClientRequestToken: 'a'.repeat(31) },
      'InvalidParameterException',
    ],
    [
      'a token of 65 characters',
      'RotateSecret',
      { ClientRequestToken: 'a'.repeat(65) },
      'InvalidParameterException',
    ],
    ['no token over raw HTTP', 'RotateSecret', {}, 'InvalidRequestException'],
    ['no secret', 'GetSecretValue', { SecretId: undefined }, 'ValidationException'],
    ['a number for a text', 'GetSecretValue', { VersionStage: 5 }, 'ValidationException'],
    [
      'no stage in the list',
      'PutSecretValue',
      { SecretString: 'a', ClientRequestToken: T, VersionStages: [] },
      'ValidationException',
    ],
    [
      '21 stages',
      'PutSecretValue',
      {
        SecretString: 'a',
        ClientRequestToken: T,
        VersionStages: Array.from({ length: 21 }, (_, n) => `${n}`),
      },
      'ValidationException',
    ],
    [
      'a stage of 257 characters',
      'UpdateSecretVersionStage',
      { VersionStage: 'a'.repeat(257) },
      'ValidationException',
    ],
    [
      'a short RotationToken',
      'PutSecretValue',
      { SecretString: 'a', ClientRequestToken: T, RotationToken: 'short' },
      'ValidationException',
    ],
    ['no tags', 'TagResource', {}, 'ValidationException'],
    ['no tag keys', 'UntagResource', {}, 'ValidationException'],
    ['6 days of recovery', 'DeleteSecret', { RecoveryWindowInDays: 6 }, 'ValidationException'],
    ['an unknown operation', 'Rotate', {}, 'UnknownOperationException'],
  ])('%s', (_, operation, input, code) => {
    expect(refused(operation, input)).toBe(code)
  })

  it.each(['{', '[]', '"text"', 'null'])('a body that is no JSON object: %s', async (body) => {
    const handler = createSecretsManagerHandler(createWorld())
    const request = { service: 'secretsmanager', method: 'POST', path: '/', headers: {} } as const
    const reply = await handler({ ...request, operation: 'ListSecrets', body })
    expect(reply).toMatchObject({ status: 400, headers: { 'x-amzn-errortype': 'ValidationException' } })
  })
})
