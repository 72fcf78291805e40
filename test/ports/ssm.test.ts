import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { mockClient } from 'aws-sdk-client-mock'
import 'aws-sdk-client-mock-vitest/extend'
import { afterEach, describe, expect, test } from 'vitest'
import { getParameter } from '../../lambdas/ports/ssm.ts'
import { fakeTime } from '../support/time.ts'
import { awsError, canary } from './aws-errors.ts'

const aws = mockClient(SSMClient)
const name = '/dfns-rotator/policy'
const get = () => getParameter({ client: new SSMClient({}), name, time: fakeTime() })

afterEach(() => {
  aws.reset()
})

describe('GetParameter', () => {
  test('is asked for one parameter, decrypted', async () => {
    aws.on(GetParameterCommand).resolves({ Parameter: { Value: '{"keyAlgorithm":"same"}' } })
    expect(await get()).toBe('{"keyAlgorithm":"same"}')
    expect(aws).toHaveReceivedCommandExactlyOnceWith(GetParameterCommand, {
      Name: name,
      WithDecryption: true,
    })
  })

  test.for([{}, { Parameter: {} }, { Parameter: { Value: '' } }])(
    'without a value is an empty text, which is no policy: %j',
    async (reply) => {
      aws.on(GetParameterCommand).resolves(reply)
      expect(await get()).toBe('')
    },
  )

  test.for([
    ['a missing parameter', 'ParameterNotFound', 400, '', 'ParameterNotFound', false],
    ['access denied', 'AccessDeniedException', 400, '', 'AccessDeniedException', false],
    ['KMS denied', 'AccessDeniedException', 400, 'from KMS:', 'AccessDeniedException from KMS', false],
    ['a key that is gone', 'InvalidKeyId', 400, '', 'InvalidKeyId', false],
    ['throttled', 'ThrottlingException', 400, '', 'ThrottlingException', true],
    ['an internal error', 'InternalServerError', 500, '', 'InternalServerError', true],
    ['a hostile name', `x"${canary}`, 400, '', 'UnknownError', false],
  ] as const)('fails with ERR_POLICY: %s', async ([, error, status, message, told, retryable]) => {
    aws.on(GetParameterCommand).rejects(awsError(error, { status, message }))
    await expect(get()).rejects.toMatchObject({
      code: 'ERR_POLICY',
      retryable,
      message: `GetParameter on ${name}: ${told}`,
    })
  })

  test('fails with ERR_POLICY, and may be repeated, if no reply came', async () => {
    aws.on(GetParameterCommand).rejects(new Error(canary))
    await expect(get()).rejects.toMatchObject({
      code: 'ERR_POLICY',
      retryable: true,
      message: `GetParameter on ${name}: Error`,
    })
  })
})
