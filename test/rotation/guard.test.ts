import { describe, expect, test } from 'vitest'
import { RotationError } from '../../lambdas/errors.ts'
import type { DescribedSecret } from '../../lambdas/ports/secrets-manager.ts'
import { type Step, steps } from '../../lambdas/rotation/event.ts'
import { standingOf } from '../../lambdas/rotation/guard.ts'

const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/dfns/robot-AbCdEf'
const token = '0f4b6c1e-7a52-4d0b-9d2e-5c3f8a1b2c3d'
const other = '5c3f8a1b-7a52-4d0b-9d2e-0f4b6c1e2c3d'

interface Situation extends Partial<Omit<DescribedSecret, 'stages'>> {
  readonly stages?: Readonly<Record<string, readonly string[]>>
  readonly step?: Step
  readonly token?: string | undefined
}

function standing(situation: Situation) {
  const {
    stages = { [other]: ['AWSCURRENT'], [token]: ['AWSPENDING'] },
    step = 'createSecret',
    ...rest
  } = situation
  const versionId = 'token' in situation ? situation.token : token
  const secret = {
    arn,
    rotationEnabled: true,
    isDeleted: false,
    tags: new Map(),
    lastRotation: undefined,
    nextRotation: undefined,
    rotationDays: undefined,
    lastChanged: undefined,
    rotationArn: undefined,
    primaryRegion: undefined,
    failedRegions: [],
    ...rest,
    stages: new Map(Object.entries(stages)),
  }
  return standingOf({ secret, event: { step, secretId: arn, token: versionId, rotationToken: undefined } })
}

function errorOf(situation: Situation): RotationError {
  try {
    standing(situation)
  } catch (error) {
    if (error instanceof RotationError) return error
    throw error
  }
  throw new Error('was not refused')
}

// The sentences of the rotation function template's contract.
describe.each(steps)('before %s', (step) => {
  test('«Secret %s is not enabled for rotation»', () => {
    expect(errorOf({ step, rotationEnabled: false })).toMatchObject({
      code: 'ERR_NOT_ENABLED',
      retryable: false,
      message: `secret ${arn} is not enabled for rotation`,
    })
  })

  test('«Secret version %s has no stage for rotation of secret %s»', () => {
    expect(errorOf({ step, stages: { [other]: ['AWSCURRENT'] } })).toMatchObject({
      code: 'ERR_NOT_STAGED',
      retryable: false,
      message: `secret version ${token} has no stage for rotation of secret ${arn}`,
    })
  })

  test('«Secret version %s already set as AWSCURRENT for secret %s»: no error', () => {
    expect(standing({ step, stages: { [token]: ['AWSCURRENT'] } })).toBe('promoted')
  })

  test('a version that is AWSCURRENT and AWSPENDING, as after a promotion, is AWSCURRENT', () => {
    for (const labels of [
      ['AWSCURRENT', 'AWSPENDING'],
      ['AWSPENDING', 'AWSCURRENT'],
    ])
      expect(standing({ step, stages: { [other]: ['AWSPREVIOUS'], [token]: labels } })).toBe('promoted')
  })

  test('«Secret version %s not set as AWSPENDING for rotation of secret %s»', () => {
    for (const labels of [[], ['AWSPREVIOUS'], ['custom'], ['awspending'], ['AWSPENDING2']])
      expect(errorOf({ step, stages: { [other]: ['AWSCURRENT'], [token]: labels } })).toMatchObject({
        code: 'ERR_NOT_STAGED',
        retryable: false,
        message: `secret version ${token} is not AWSPENDING for rotation of secret ${arn}`,
      })
  })

  test('a version that is AWSPENDING is to be rotated, whatever else is attached to it', () => {
    expect(standing({ step })).toBe('pending')
    const labels = ['custom', 'AWSPENDING', 'AWSPREVIOUS']
    expect(standing({ step, stages: { [other]: ['AWSCURRENT'], [token]: labels } })).toBe('pending')
  })

  test('a secret that is marked for deletion is gone, enabled or not', () => {
    for (const rotationEnabled of [true, false])
      expect(errorOf({ step, isDeleted: true, rotationEnabled })).toMatchObject({
        code: 'ERR_SECRET_GONE',
        retryable: false,
      })
  })

  test('a secret without versions has none to rotate', () => {
    expect(errorOf({ step, stages: {} }).code).toBe('ERR_NOT_STAGED')
  })
})

describe('a test rotation without a token', () => {
  test('goes by the label alone', () => {
    expect(standing({ step: 'testSecret', token: undefined })).toBe('pending')
    expect(standing({ step: 'testSecret', token: undefined, stages: {} })).toBe('pending')
  })

  test('needs rotation to be enabled all the same, and the secret to be there', () => {
    const without = { step: 'testSecret', token: undefined } as const
    expect(errorOf({ ...without, rotationEnabled: false }).code).toBe('ERR_NOT_ENABLED')
    expect(errorOf({ ...without, isDeleted: true }).code).toBe('ERR_SECRET_GONE')
  })
})

test.for(['constructor', '__proto__', 'toString'])('a version called %s has no stage', (name) => {
  expect(errorOf({ token: name }).code).toBe('ERR_NOT_STAGED')
})
