import { describe, expect, test } from 'vitest'
import { RotationError } from '../../lambdas/errors.ts'
import { readPolicy } from '../../lambdas/rotation/policy.ts'
import { readSettings } from '../../lambdas/rotation/settings.ts'

const hour = 3_600_000
const day = 24 * hour

interface Given {
  readonly tags?: Readonly<Record<string, string>>
  readonly policy?: unknown
  readonly kind?: string
}

const settings = ({ tags = {}, policy = {}, kind = 'ServiceAccountKey' }: Given = {}) =>
  readSettings({
    tags: new Map(Object.entries(tags)),
    policy: readPolicy({ text: JSON.stringify(policy), name: 'p' }),
    kind,
  })
const graces = (given?: Given) => {
  const chosen = settings(given)
  return { grace: chosen.graceOf({ isAdopted: false }), adopted: chosen.graceOf({ isAdopted: true }) }
}
const tagged = (name: string, value: string) => ({ tags: { [`dfns-rotator:${name}`]: value } })

function errorOf(given: Given): RotationError {
  try {
    settings(given)
  } catch (error) {
    if (error instanceof RotationError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('without tags', () => {
  test('strategy and algorithm are auto and the policy’s', () => {
    expect(settings()).toMatchObject({ strategy: 'auto', keyAlgorithm: 'same' })
    expect(settings({ policy: { keyAlgorithm: 'secp256k1' } }).keyAlgorithm).toBe('secp256k1')
  })

  test('the grace is the policy’s default, and longer for a credential that was adopted', () => {
    expect(graces()).toEqual({ grace: day, adopted: 7 * day })
    expect(graces({ policy: { grace: { default: 'PT2H', adopted: 'PT3H' } } })).toEqual({
      grace: 2 * hour,
      adopted: 3 * hour,
    })
  })

  test.each(['constructor', '__proto__', 'toString'])(
    'a kind that is called %s has none of its own',
    (kind) => {
      expect(graces({ kind })).toEqual({ grace: day, adopted: 7 * day })
    },
  )

  test('a kind may have a grace of its own, which does not touch the adopted one', () => {
    expect(graces({ kind: 'WebhookSecret' })).toEqual({ grace: 26 * hour, adopted: 7 * day })
    const policy = { grace: { byKind: { ServiceAccountKey: 'PT5H' } } }
    expect(graces({ policy })).toEqual({ grace: 5 * hour, adopted: 7 * day })
    expect(graces({ policy, kind: 'UserKey' })).toEqual({ grace: day, adopted: 7 * day })
  })

  test('every default is kept inside min and max', () => {
    const low = { grace: { default: 'PT1H', adopted: 'PT0S', min: 'PT2H' } }
    expect(graces({ policy: low })).toEqual({ grace: 2 * hour, adopted: 2 * hour })
    const high = { grace: { max: 'PT12H', byKind: { UserKey: 'PT13H' } } }
    expect(graces({ policy: high })).toEqual({ grace: 12 * hour, adopted: 12 * hour })
    expect(graces({ policy: high, kind: 'UserKey' }).grace).toBe(12 * hour)
  })
})

describe('the tag dfns-rotator:grace', () => {
  test('wins over every default, the adopted one included', () => {
    const tags = { 'dfns-rotator:grace': 'PT3H' }
    expect(graces({ tags })).toEqual({ grace: 3 * hour, adopted: 3 * hour })
    expect(graces({ tags, kind: 'WebhookSecret' })).toEqual({ grace: 3 * hour, adopted: 3 * hour })
  })

  test('may be nothing, where the policy allows it', () => {
    expect(graces(tagged('grace', 'PT0S'))).toEqual({ grace: 0, adopted: 0 })
  })

  test('may be the very min and the very max', () => {
    const policy = { grace: { min: 'PT1H', max: 'PT2H' } }
    expect(graces({ policy, ...tagged('grace', 'PT1H') }).grace).toBe(hour)
    expect(graces({ policy, ...tagged('grace', 'PT2H') }).grace).toBe(2 * hour)
  })

  test.for(['PT59M59S', 'PT0S', 'PT2H1S', 'P30D'])('stops the rotation outside the limits: %s', (value) => {
    const policy = { grace: { min: 'PT1H', max: 'PT2H' } }
    expect(errorOf({ policy, ...tagged('grace', value) })).toMatchObject({
      code: 'ERR_TAG',
      retryable: false,
    })
  })

  test.for(['', '24h', 'P1M', '1', '-PT1H', 'PT1H ', 'pt1h', 'P31D'])(
    'stops the rotation if it does not parse or is too long: %j',
    (value) => {
      expect(errorOf(tagged('grace', value)).code).toBe('ERR_TAG')
    },
  )
})

const words = {
  strategy: ['auto', 'self', 'signer', 'replace'],
  'key-algorithm': ['same', 'Ed25519', 'P-256', 'secp256k1', 'RSA-2048', 'RSA-3072'],
  'webhook-ping': ['required', 'best-effort'],
  'hold-if-used': ['true'],
}

describe.each(Object.entries(words))('the tag dfns-rotator:%s', (name, values) => {
  test.for(values)('may say %s', (value) => {
    expect(() => settings(tagged(name, value))).not.toThrow()
  })

  test.for([
    '',
    ' ',
    'hunter2',
    'AUTO',
    'RSA-4096',
    'P-384',
    'True',
    'yes',
    `${values[0]} `,
    `${values[0]}\n`,
  ])('stops the rotation, by name and not by value, if it says %j', (value) => {
    const error = errorOf(tagged(name, value))
    expect(error).toMatchObject({ code: 'ERR_TAG', retryable: false })
    expect(error.message).toMatch(new RegExp(`^tag dfns-rotator:${name} is not a setting, or its value `))
    expect(error.message).not.toContain('hunter2')
  })
})

test('strategy and algorithm are what the tags say, whatever the policy says', () => {
  const tags = { 'dfns-rotator:strategy': 'self', 'dfns-rotator:key-algorithm': 'P-256' }
  expect(settings({ tags, policy: { keyAlgorithm: 'RSA-2048' } })).toMatchObject({
    strategy: 'self',
    keyAlgorithm: 'P-256',
  })
})

describe('other tags', () => {
  test.for(['', 'Grace', 'graze', 'grace ', 'grace:x', 'policy', 'adopted', 'keyAlgorithm'])(
    'of ours that nobody knows stop the rotation: dfns-rotator:%s',
    (name) => {
      const error = errorOf(tagged(name, 'PT1H'))
      expect(error).toMatchObject({ code: 'ERR_TAG', retryable: false })
      expect(error.message).toContain(`tag dfns-rotator:${name} is not a setting`)
    },
  )

  test.for([
    'grace',
    'dfns-rotator',
    'dfns-rotator-grace',
    'Dfns-Rotator:grace',
    'x:dfns-rotator:grace',
    'aws:x',
  ])('of others are left alone: %s', (name) => {
    expect(graces({ tags: { [name]: 'hunter2' } })).toEqual(graces())
  })
})
