import { describe, expect, it } from 'vitest'
import { createClock } from '../../sandbox/clock.ts'
import { createSsmHandler } from '../../sandbox/ssm/handler.ts'
import { createParameters } from '../../sandbox/ssm/parameters.ts'

function createSsm() {
  const handler = createSsmHandler(createParameters(createClock()))
  return async (operation: string, input: object) => {
    const request = { service: 'ssm', operation, method: 'POST', path: '/', headers: {} } as const
    const { status, body } = await handler({ ...request, body: JSON.stringify(input) })
    return { status, body: JSON.parse(body) as unknown }
  }
}

describe('Parameter Store', () => {
  it('gives back what was put, by name and by ARN', async () => {
    const call = createSsm()
    await call('PutParameter', { Name: '/rotator/policy', Value: '{}', Type: 'String' })
    const expected = {
      Parameter: {
        ARN: 'arn:aws:ssm:eu-west-1:000000000000:parameter/rotator/policy',
        Name: '/rotator/policy',
        Type: 'String',
        Value: '{}',
        Version: 1,
        DataType: 'text',
        LastModifiedDate: 1_767_571_200,
      },
    }
    for (const Name of ['/rotator/policy', expected.Parameter.ARN]) {
      expect(await call('GetParameter', { Name, WithDecryption: true })).toEqual({
        status: 200,
        body: expected,
      })
    }
  })

  it('refuses what exists unless told to overwrite, and counts versions', async () => {
    const call = createSsm()
    const put = (input: object) => call('PutParameter', { Name: 'policy', Value: 'a', ...input })
    await put({})
    expect(await put({})).toMatchObject({ status: 400, body: { __type: 'ParameterAlreadyExists' } })
    expect(await put({ Overwrite: true })).toMatchObject({ status: 200, body: { Version: 2 } })
  })

  it('does not find what was never put, or was deleted', async () => {
    const call = createSsm()
    await call('PutParameter', { Name: 'policy', Value: 'a' })
    expect((await call('DeleteParameter', { Name: 'policy' })).status).toBe(200)
    for (const operation of ['GetParameter', 'DeleteParameter']) {
      expect(await call(operation, { Name: 'policy' })).toMatchObject({
        status: 400,
        body: { __type: 'ParameterNotFound' },
      })
    }
  })

  it.each([
    ['no name', { Value: 'a' }],
    ['no value', { Name: 'a' }],
    ['a value of 4097 characters', { Name: 'a', Value: 'a'.repeat(4097) }],
    ['an unknown type', { Name: 'a', Value: 'a', Type: 'Number' }],
  ])('refuses %s', async (_, input) => {
    expect(await createSsm()('PutParameter', input)).toMatchObject({
      status: 400,
      body: { __type: 'ValidationException' },
    })
  })
})
