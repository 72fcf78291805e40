import { describe, expect, test } from 'vitest'
import { errorCodes, isCode, RotationError } from '../lambdas/errors.ts'

const closedUnion =
  'ERR_EVENT_INVALID ERR_NOT_ENABLED ERR_NOT_STAGED ERR_POLICY ERR_TAG ERR_DOCUMENT ERR_BASE_URL ERR_ORG ' +
  'ERR_SIGNER ERR_TOKEN_EXPIRED ERR_NOT_ALLOWED ERR_CANNOT_RETIRE ERR_CURRENT_CHANGED ERR_PREVIOUS_IN_GRACE ' +
  'ERR_WEBHOOK_CAP ERR_RECEIVER ERR_APPROVAL_PENDING ERR_APPROVAL_DENIED ERR_VERIFY ERR_DFNS_UNAVAILABLE ' +
  'ERR_DFNS_RESPONSE ERR_STORE ERR_SCHEDULER ERR_RETIRE_REFUSED ERR_RETIRE_UNDONE ERR_SECRET_GONE'

test('the codes are a closed union, which alarms and black-box tests read', () => {
  expect(errorCodes).toEqual(closedUnion.split(' '))
})

describe('a rotation error', () => {
  test('is named by its code, which Lambda reports as errorType', () => {
    const error = new RotationError('ERR_TAG', 'tag x')
    expect(error).toBeInstanceOf(Error)
    expect({ name: error.name, code: error.code, message: error.message }).toEqual({
      name: 'ERR_TAG',
      code: 'ERR_TAG',
      message: 'tag x',
    })
  })

  test('is permanent unless it says otherwise', () => {
    expect(new RotationError('ERR_STORE', '').retryable).toBe(false)
    expect(new RotationError('ERR_STORE', '', { retryable: true }).retryable).toBe(true)
  })

  test('has no cause, which Lambda would print', () => {
    expect(Object.keys(new RotationError('ERR_STORE', 'x')).sort()).toEqual(['code', 'name', 'retryable'])
    expect(new RotationError('ERR_STORE', 'x')).not.toHaveProperty('cause')
  })

  test.for([
    ['a line feed', '\n'],
    ['a carriage return', '\r'],
    ['a terminal escape', '\u001b'],
    ['a C1 control', '\u009b'],
    ['NUL', '\0'],
    ['a right-to-left override', '\u202e'],
    ['a bidirectional isolate', '\u2066'],
    ['a zero-width space', '\u200b'],
    ['a byte order mark', '\ufeff'],
    ['a line separator', '\u2028'],
    ['a paragraph separator', '\u2029'],
  ] as const)('never prints %s', ([, character]) => {
    expect(new RotationError('ERR_TAG', `a${character}b`).message).toBe('a?b')
  })

  test('prints names in any script as they are', () => {
    expect(new RotationError('ERR_TAG', 'prod/clé-鍵 «x»').message).toBe('prod/clé-鍵 «x»')
  })

  test('has a message of at most 1,500 characters, whatever it quotes', () => {
    expect(new RotationError('ERR_DOCUMENT', 'x'.repeat(1_500)).message).toHaveLength(1_500)
    expect(new RotationError('ERR_DOCUMENT', 'x'.repeat(1_000_000)).message).toHaveLength(1_500)
  })
})

describe('isCode', () => {
  test('knows an error of ours by any of the codes asked for', () => {
    const error = new RotationError('ERR_VERIFY', '')
    expect(isCode(error, 'ERR_TAG', 'ERR_VERIFY')).toBe(true)
    expect(isCode(error, 'ERR_TAG')).toBe(false)
    expect(isCode(error)).toBe(false)
  })

  test.for([
    undefined,
    null,
    'ERR_VERIFY',
    { code: 'ERR_VERIFY' },
    Object.assign(new Error(), { code: 'ERR_VERIFY' }),
  ])('is not taken in by somebody else’s code: %s', (impostor) => {
    expect(isCode(impostor, 'ERR_VERIFY')).toBe(false)
  })
})
