import { describe, expect, test } from 'vitest'
import { isCode, RotationError } from '../../lambdas/errors.ts'
import { readEvent, steps } from '../../lambdas/rotation/event.ts'

const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/dfns/robot-AbCdEf'
const token = '0f4b6c1e-7a52-4d0b-9d2e-5c3f8a1b2c3d'
const rotationToken = 'b59c1f0a-6d3e-4d5c-8a7b-9e0f1a2b3c4d'
const event = { Step: 'createSecret', SecretId: arn, ClientRequestToken: token, RotationToken: rotationToken }

function errorOf(input: unknown): RotationError {
  try {
    readEvent(input)
  } catch (error) {
    if (error instanceof RotationError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('the event of Secrets Manager', () => {
  test.for(steps)('is read for the step %s', (step) => {
    expect(readEvent({ ...event, Step: step })).toEqual({ step, secretId: arn, token, rotationToken })
  })

  test('has the four steps of the protocol, in their order', () => {
    expect(steps).toEqual(['createSecret', 'setSecret', 'testSecret', 'finishSecret'])
  })

  test.for(steps)('may come without a RotationToken, as older ones do: %s', (step) => {
    const { RotationToken: _, ...older } = event
    expect(readEvent({ ...older, Step: step }).rotationToken).toBeUndefined()
  })

  test('of a test rotation may come without a ClientRequestToken', () => {
    const testRotation = { Step: 'testSecret', SecretId: arn }
    expect(readEvent(testRotation)).toEqual({
      step: 'testSecret',
      secretId: arn,
      token: undefined,
      rotationToken: undefined,
    })
  })

  test('may say more than is known today', () => {
    expect(readEvent({ ...event, Future: { a: 1 }, VersionId: 'x' })).toEqual(readEvent(event))
  })

  test.for([
    ['China', 'arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:a-AbCdEf'],
    ['GovCloud', 'arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:a-AbCdEf'],
    ['every character of a name', `${arn.slice(0, 64)}a_+=.@/b-9-AbCdEf`],
    ['a managed secret', 'arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-1-AbCdEf'],
    ['a name of 512 characters', `${arn.split(':secret:')[0]}:secret:${'n'.repeat(512)}-AbCdEf`],
  ] as const)('names a secret of %s', ([, secretId]) => {
    expect(readEvent({ ...event, SecretId: secretId }).secretId).toBe(secretId)
  })

  test.for([32, 36, 64])('has a ClientRequestToken of %i characters', (length) => {
    const id = 'a'.repeat(length)
    expect(readEvent({ ...event, ClientRequestToken: id }).token).toBe(id)
  })

  test.for([36, 256])('has a RotationToken of %i characters', (length) => {
    const id = 'a'.repeat(length)
    expect(readEvent({ ...event, RotationToken: id }).rotationToken).toBe(id)
  })
})

test('a testSecret whose ClientRequestToken and RotationToken are null has none', () => {
  const read = readEvent({ ...event, Step: 'testSecret', ClientRequestToken: null, RotationToken: null })
  expect(read).toMatchObject({ token: undefined, rotationToken: undefined })
})

describe('is no event', () => {
  test.for([undefined, null, '', 'createSecret', 1, [], [event], new Date(0)])('%j', (input) => {
    expect(errorOf(input)).toMatchObject({ code: 'ERR_EVENT_INVALID', retryable: false })
  })

  test('an empty object: everything that is missing is named', () => {
    expect(errorOf({}).message).toBe('missing or malformed in the event: Step, SecretId')
  })
})

const malformed = {
  Step: [
    '',
    'create_secret',
    'CreateSecret',
    'createSecret ',
    'rollback',
    'toString',
    '__proto__',
    1,
    null,
    [],
  ],
  SecretId: [
    '',
    'prod/dfns/robot',
    'arn:aws:ssm:eu-west-1:123456789012:parameter/x',
    'arn:aws:secretsmanager:eu-west-1:12345:secret:x-AbCdEf',
    'arn:aws:secretsmanager:eu-west-1:123456789012:secret:',
    `${arn}\n`,
    ` ${arn}`,
    `${arn}; rm`,
    `${arn}\u001b[2J`,
    `${arn}é`,
    `${arn.split(':secret:')[0]}:secret:${'n'.repeat(520)}`,
    1,
    null,
    [arn],
  ],
  ClientRequestToken: ['', 'short', 'a'.repeat(31), 'a'.repeat(65), `${token}\n`, 1, [token]],
  RotationToken: ['', 'a'.repeat(35), 'a'.repeat(257), `${rotationToken}\n`, `${rotationToken}<`, 1, {}],
}
const variants = Object.entries(malformed).flatMap(([field, values]) =>
  values.map((value) => ({ field, value })),
)

describe('a malformed field is named, and never repeated', () => {
  test.for(variants)('$field: $value', ({ field, value }) => {
    expect(errorOf({ ...event, [field]: value })).toMatchObject({
      code: 'ERR_EVENT_INVALID',
      retryable: false,
      message: `missing or malformed in the event: ${field}`,
    })
  })

  test.for(['Step', 'SecretId'])('%s is needed always', (field) => {
    const { [field]: _, ...rest } = event as Record<string, unknown>
    expect(errorOf(rest).message).toBe(`missing or malformed in the event: ${field}`)
  })

  test.for(steps.filter((step) => step !== 'testSecret'))('ClientRequestToken is needed by %s', (step) => {
    const { ClientRequestToken: _, ...rest } = event
    const error = errorOf({ ...rest, Step: step })
    expect(isCode(error, 'ERR_EVENT_INVALID')).toBe(true)
    expect(error.message).toBe(`missing in the event: ClientRequestToken, which ${step} needs`)
  })

  test('the RotationToken stands in no message', () => {
    const { ClientRequestToken: _, ...rest } = event
    const bad = [rest, { ...event, Step: 'x' }, { ...event, RotationToken: `${rotationToken}!` }]
    for (const input of bad) expect(errorOf(input).message).not.toContain(rotationToken)
  })
})
