import { describe, expect, test } from 'vitest'
import { RotationError } from '../../lambdas/errors.ts'
import { readPolicy } from '../../lambdas/rotation/policy.ts'

const hour = 3_600_000
const day = 24 * hour
const defaults = {
  allowedBaseUrls: ['https://api.dfns.io', 'https://api.uae.dfns.io'],
  keyAlgorithm: 'same',
  grace: { default: day, adopted: 7 * day, min: 0, max: 30 * day, byKind: { WebhookSecret: 26 * hour } },
  retireAtNextRotation: false,
}
const name = '/dfns-rotator/policy'
const policy = (value: unknown) => readPolicy({ text: JSON.stringify(value), name })

function errorOf(text: string): RotationError {
  try {
    readPolicy({ text, name })
  } catch (error) {
    if (error instanceof RotationError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('the policy', () => {
  test('without a parameter is the defaults', () => {
    expect(readPolicy({ text: undefined, name: 'defaults' })).toEqual(defaults)
  })

  test('that is an empty object is the defaults', () => {
    expect(policy({})).toEqual(defaults)
    expect(policy({ grace: {} })).toEqual(defaults)
    expect(policy({ grace: { byKind: {} } })).toEqual(defaults)
  })

  test('replaces a default by what it says, and keeps the others', () => {
    const graces = { default: 'PT1H', max: 'P1D', byKind: { ServiceAccountKey: 'PT2H' } }
    expect(policy({ keyAlgorithm: 'P-256', grace: graces })).toEqual({
      ...defaults,
      keyAlgorithm: 'P-256',
      grace: {
        ...defaults.grace,
        default: hour,
        max: day,
        byKind: { WebhookSecret: 26 * hour, ServiceAccountKey: 2 * hour },
      },
    })
  })

  test('may give a kind with a default of its own another one', () => {
    expect(policy({ grace: { byKind: { WebhookSecret: 'PT30H' } } }).grace.byKind).toEqual({
      WebhookSecret: 30 * hour,
    })
  })

  test('replaces the list of origins, which is never merged', () => {
    const allowedBaseUrls = ['https://api.digitalassets.ibm.com']
    expect(policy({ allowedBaseUrls }).allowedBaseUrls).toEqual(allowedBaseUrls)
    expect(policy({ allowedBaseUrls: [] }).allowedBaseUrls).toEqual([])
  })

  test('may name organisations, signers and credentials, and may name none', () => {
    const rules = { allowedOrgIds: ['or-1'], allowedSigners: [], knownCredentials: ['key-1'] }
    expect(policy(rules)).toEqual({
      ...defaults,
      ...rules,
    })
  })

  test.for(['same', 'Ed25519', 'P-256', 'secp256k1', 'RSA-2048', 'RSA-3072'])(
    'may say %s',
    (keyAlgorithm) => {
      expect(policy({ keyAlgorithm }).keyAlgorithm).toBe(keyAlgorithm)
    },
  )

  test('may have a min that is its max', () => {
    expect(policy({ grace: { min: 'PT1H', max: 'PT60M' } }).grace).toMatchObject({ min: hour, max: hour })
  })

  test('may name plain http for loopback', () => {
    const allowedBaseUrls = ['http://127.0.0.1:8080', 'http://localhost:1', 'http://[::1]:9']
    expect(policy({ allowedBaseUrls }).allowedBaseUrls).toEqual(allowedBaseUrls)
  })

  test('may retire at the next rotation', () => {
    expect(policy({ retireAtNextRotation: true }).retireAtNextRotation).toBe(true)
  })

  test('is not shared between two readings', () => {
    const first = policy({ grace: { byKind: { UserKey: 'PT1H' } } })
    expect(first.grace.byKind).toHaveProperty('UserKey')
    expect(policy({})).toEqual(defaults)
  })
})

describe('a policy that is no JSON object stops the rotation', () => {
  test.for(['', ' ', 'null', '[]', '[{}]', '1', '"{}"', '{', 'allowedBaseUrls: []', '{}{}', '\ufeff{}'])(
    '%j',
    (text) => {
      expect(errorOf(text)).toMatchObject({
        code: 'ERR_POLICY',
        retryable: false,
        message: `policy ${name}: malformed: not a JSON object`,
      })
    },
  )
})

const malformed: readonly (readonly [string, unknown])[] = [
  ['allowedBaseUrls', { allowedBaseUrls: 'https://api.dfns.io' }],
  ['allowedBaseUrls', { allowedBaseUrls: null }],
  ['allowedBaseUrls.0', { allowedBaseUrls: ['http://api.dfns.io'] }],
  ['allowedBaseUrls.0', { allowedBaseUrls: ['http://169.254.169.254'] }],
  ['allowedBaseUrls.1', { allowedBaseUrls: ['https://api.dfns.io', 'http://10.0.0.1:8080'] }],
  ['allowedBaseUrls.0', { allowedBaseUrls: ['https://api.dfns.io/v1'] }],
  ['allowedBaseUrls.0', { allowedBaseUrls: ['https://user:hunter2@api.dfns.io'] }],
  ['allowedBaseUrls.0', { allowedBaseUrls: ['*'] }],
  ['allowedBaseUrls.0', { allowedBaseUrls: [''] }],
  ['allowedBaseUrls.0', { allowedBaseUrls: [1] }],
  ['allowedBaseURLs', { allowedBaseURLs: [] }],
  ['allowedOrgIds', { allowedOrgIds: 'or-1' }],
  ['allowedOrgIds.0', { allowedOrgIds: [1] }],
  ['allowedOrgIDs', { allowedOrgIDs: ['or-1'] }],
  ['allowedSigners', { allowedSigners: {} }],
  ['knownCredentials.1', { knownCredentials: ['a', 1] }],
  ['keyAlgorithm', { keyAlgorithm: 'RSA-4096' }],
  ['keyAlgorithm', { keyAlgorithm: 'ed25519' }],
  ['keyAlgorithm', { keyAlgorithm: ['P-256'] }],
  ['grace', { grace: 'PT1H' }],
  ['grace', { grace: null }],
  ['grace.default', { grace: { default: '1 day' } }],
  ['grace.default', { grace: { default: 86_400 } }],
  ['grace.default', { grace: { default: 'P1M' } }],
  ['grace.adopted', { grace: { adopted: '' } }],
  ['grace.min', { grace: { min: 'PT-1S' } }],
  ['grace.max', { grace: { max: null } }],
  ['grace.maximum', { grace: { maximum: 'P1D' } }],
  ['grace.byKind', { grace: { byKind: 'PT1H' } }],
  ['grace.byKind.WebhookSecret', { grace: { byKind: { WebhookSecret: 'soon' } } }],
  ['retireAtNextRotation', { retireAtNextRotation: 'true' }],
  ['hunter', { hunter: 'hunter2' }],
]

describe('whatever is not understood stops the rotation, and is named, not repeated', () => {
  test.for(malformed)('%s in %j', ([place, value]) => {
    const error = errorOf(JSON.stringify(value))
    expect(error).toMatchObject({ code: 'ERR_POLICY', retryable: false })
    expect(error.message).toBe(`policy ${name}: malformed: ${place}`)
  })

  test('all of it at once', () => {
    const { message } = errorOf(JSON.stringify({ keyAlgorithm: 'x', grace: { min: 'y' }, typo: 1 }))
    for (const place of ['keyAlgorithm', 'grace.min', 'typo']) expect(message).toContain(place)
  })

  test('a min above the max', () => {
    expect(errorOf('{"grace":{"min":"P31D"}}')).toMatchObject({
      code: 'ERR_POLICY',
      retryable: false,
      message: `policy ${name}: grace.min is above grace.max`,
    })
  })
})
