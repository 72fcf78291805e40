import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { describe, expect, test } from 'vitest'
import { errorCodes, RotationError } from '../../lambdas/errors.ts'
import { DfnsFailure } from '../../lambdas/ports/dfns-transport.ts'
import { logFields, reportErrors } from '../../lambdas/rotation/boundary.ts'
import { captureLog } from '../ports/captured-log.ts'

const secretId = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/dfns/robot-AbCdEf'
const token = '0f4b6c1e-7a52-4d0b-9d2e-5c3f8a1b2c3d'
const rotationToken = 'b59c1f0a-6d3e-4d5c-8a7b-9e0f1a2b3c4d'
const event = {
  Step: 'setSecret',
  SecretId: secretId,
  ClientRequestToken: token,
  RotationToken: rotationToken,
}
const abandon = `To give this rotation up: npx dfns-rotator abandon ${secretId}`
const canary = 'canary-4b1d-private-value'

/** What leaves the function, and what is printed, when the step throws. */
async function reported(thrown: unknown, input: unknown = event) {
  const handler = middy<unknown, void, Error, Context>({ timeoutEarlyInMillis: 0 })
    .use(reportErrors())
    .handler(async () => {
      throw thrown
    })
  let error: unknown
  const { text, lines } = await captureLog(async () => {
    error = await handler(input, {} as Context).catch((reason: unknown) => reason)
  })
  if (!(error instanceof RotationError)) throw new Error('what was reported is not ours')
  return { error, text, lines, everything: `${error.message}\n${error.stack}\n${text}` }
}

describe('an error of ours', () => {
  test('is thrown on with its code, its message and whether it may be repeated', async () => {
    const { error } = await reported(new RotationError('ERR_STORE', 'x: Throttling', { retryable: true }))
    expect(error).toMatchObject({
      name: 'ERR_STORE',
      code: 'ERR_STORE',
      retryable: true,
      message: 'x: Throttling',
    })
  })

  test('is one line of the log, with step, secret and version, and without the RotationToken', async () => {
    const { lines, text } = await reported(new RotationError('ERR_STORE', 'x', { retryable: true }))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({
      level: 'ERROR',
      message: 'phase failed',
      step: 'setSecret',
      secretId,
      versionId: token,
      code: 'ERR_STORE',
      retryable: true,
      reason: 'x',
    })
    expect(text).not.toContain(rotationToken)
  })

  test('of a request to Dfns is one of ours', async () => {
    const failure = new DfnsFailure('ERR_NOT_ALLOWED', 'status 403', {
      endpoint: 'POST /auth/credentials',
      status: 403,
      retryable: false,
    })
    const { error } = await reported(failure)
    expect(error).toMatchObject({ code: 'ERR_NOT_ALLOWED', retryable: false })
    expect(error.message).toBe(`Dfns POST /auth/credentials: status 403. ${abandon}`)
  })
})

const withoutRotation = ['ERR_EVENT_INVALID', 'ERR_NOT_ENABLED', 'ERR_NOT_STAGED', 'ERR_SECRET_GONE'] as const

describe('the way out of a rotation that cannot go on', () => {
  test.for(errorCodes.filter((code) => !withoutRotation.some((one) => one === code)))(
    'is named by a permanent %s',
    async (code) => {
      const { error, lines } = await reported(new RotationError(code, 'why'))
      expect(error).toMatchObject({ code, name: code, retryable: false, message: `why. ${abandon}` })
      expect(lines[0]).toMatchObject({ reason: `why. ${abandon}` })
    },
  )

  test.for(errorCodes)('is not named by a %s that may pass', async (code) => {
    const { error } = await reported(new RotationError(code, 'why', { retryable: true }))
    expect(error).toMatchObject({ code, retryable: true, message: 'why' })
  })

  test.for(withoutRotation)('is not named by %s: there is no rotation to give up', async (code) => {
    const { error } = await reported(new RotationError(code, 'why'))
    expect(error).toMatchObject({ code, retryable: false, message: 'why' })
  })

  test('is not named for what is no event of a rotation', async () => {
    for (const input of [null, 'x', {}, [], { ...event, SecretId: `x; ${abandon}` }]) {
      const { error, lines } = await reported(new RotationError('ERR_TAG', 'why'), input)
      expect(error.message).toBe('why')
      expect(lines[0]).not.toHaveProperty('secretId')
    }
  })
})

class HostileError extends Error {
  readonly request = { body: canary }
  override readonly cause = new Error(canary)
}

const unexpected: readonly (readonly [string, string, unknown])[] = [
  ['a TypeError', 'TypeError', new TypeError(`cannot read ${canary}`)],
  ['a SyntaxError', 'SyntaxError', new SyntaxError(`Unexpected token in ${canary}`)],
  ['a class of somebody else', 'HostileError', new HostileError(`request failed: ${canary}`)],
  ['an error with a hostile name', 'Error', Object.assign(new Error(canary), { name: canary })],
  ['an error with a code', 'Error', Object.assign(new Error(canary), { code: canary })],
  ['an error that claims to be ours', 'Error', Object.assign(new Error(canary), { code: 'ERR_TAG' })],
  ['an error without a stack', 'Error', Object.assign(new Error(canary), { stack: undefined })],
  ['an error of several', 'AggregateError', new AggregateError([new Error(canary)], canary)],
  ['a string', 'string', canary],
  ['an object', 'object', { message: canary, toString: () => canary }],
]

describe('an unexpected error is reduced to its class and its place', () => {
  test.for(unexpected)('%s', async ([, name, thrown]) => {
    const { error, lines, everything } = await reported(thrown)
    expect(error).toMatchObject({ code: 'ERR_DFNS_RESPONSE', retryable: false })
    expect(error.message).toContain(`an unexpected ${name}, which is a defect of dfns-rotator`)
    expect(error.message).toContain(abandon)
    expect(everything).not.toContain(canary)
    expect(everything).not.toContain(rotationToken)
    expect(lines.map(({ message }) => message)).toEqual(['unexpected error', 'phase failed'])
    expect(lines[0]).toMatchObject({ name, secretId })
  })

  test('the place is told by its stack frames, at most twelve', async () => {
    const deep = (levels: number): Error => (levels === 0 ? new Error(canary) : deep(levels - 1))
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 40
    const thrown = deep(30)
    Error.stackTraceLimit = limit
    const { lines } = await reported(thrown)
    const frames = String(lines[0]?.['frames']).split('\n')
    expect(frames).toHaveLength(12)
    expect(frames.every((frame) => /^ +at .*boundary\.test\.ts/.test(frame))).toBe(true)
  })

  test('a message of several lines is not taken for a place', async () => {
    const { everything } = await reported(new Error(`-----BEGIN\n${canary}\nat ${canary}\n-----END`))
    expect(everything).not.toContain(canary)
  })
})

test('what every line carries is step, secret and version, never the RotationToken', () => {
  expect(logFields({ step: 'testSecret', secretId, token, rotationToken })).toEqual({
    step: 'testSecret',
    secretId,
    versionId: token,
  })
})
