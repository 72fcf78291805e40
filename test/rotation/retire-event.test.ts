import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RotationError } from '../../lambdas/errors.ts'
import {
  isSameSupersession,
  readRetireEvent,
  scheduleName,
  successorName,
  retireEventIn,
} from '../../lambdas/rotation/retire-event.ts'

const secretArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/dfns/robot-AbCdEf'
const superseded = '0f4b6c1e-7a52-4d0b-9d2e-5c3f8a1b2c3d'
const promoted = 'b59c1f0a-6d3e-4d5c-8a7b-9e0f1a2b3c4d'
const event = {
  v: 1,
  secretArn,
  kind: 'ServiceAccountKey',
  superseded,
  promoted,
  what: { credentialUuids: ['cr-12345-67890-abcdefghijklmnop', 'cr-2'] },
}

function errorOf(input: unknown): RotationError {
  try {
    readRetireEvent(input)
  } catch (error) {
    if (error instanceof RotationError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('the event of a retirement', () => {
  test('is the input of the schedule, and has not waited yet', () => {
    expect(readRetireEvent(event)).toEqual({ ...event, attempt: 0, held: false })
  })

  test('of a successor tells how often it waited, since when, and whether it was held', () => {
    const later = { ...event, attempt: 3, since: '2026-11-22T09:30:00.000Z', held: true }
    expect(readRetireEvent(later)).toEqual(later)
  })

  test('read and written again is the same', () => {
    const later = readRetireEvent({ ...event, attempt: 1, since: '2026-11-22T09:30:00.000Z' })
    expect(readRetireEvent(JSON.parse(JSON.stringify(later)))).toEqual(later)
  })

  test('may say more than is known today', () => {
    expect(readRetireEvent({ ...event, future: 1, what: { ...event.what, tokenId: 'to-1' } })).toEqual(
      readRetireEvent(event),
    )
  })

  test('may name no credential: Dfns may have listed none', () => {
    const what = { credentialUuids: [] }
    expect(readRetireEvent({ ...event, what }).what).toEqual(what)
  })

  test('is of any kind', () => {
    expect(readRetireEvent({ ...event, kind: 'PersonalAccessTokenKey' }).kind).toBe('PersonalAccessTokenKey')
  })
})

const malformed: Readonly<Record<string, readonly unknown[]>> = {
  v: [0, 2, '1', 1.5, null, undefined],
  secretArn: [
    '',
    'prod/dfns',
    'arn:aws:ssm:eu-west-1:123456789012:parameter/x',
    `${secretArn}\n`,
    1,
    undefined,
  ],
  kind: [null, 1, undefined],
  superseded: ['', 'short', 'a'.repeat(65), `${superseded}\n`, 1, undefined],
  promoted: ['', 'short', 'a'.repeat(65), `${promoted}\n`, 1, undefined],
  what: [null, undefined, 'cr-1'],
  'what.credentialUuids': [undefined, 'cr-1', null],
  'what.credentialUuids.0': ['', 'a b', 'a/b', 'a'.repeat(129), 1, null],
  attempt: [-1, 1.5, '1', null, Number.NaN],
  since: ['', 'yesterday', '2026-11-22', 1, null],
  held: ['true', 1, null],
}
const variants = Object.entries(malformed).flatMap(([field, values]) =>
  values.map((value) => ({ field, value })),
)

/** The event with one field replaced; `a.b.0` is the first of a list. */
function withField(field: string, value: unknown): unknown {
  if (field === 'what.credentialUuids') return { ...event, what: { credentialUuids: value } }
  if (field === 'what.credentialUuids.0') return { ...event, what: { credentialUuids: [value] } }
  return { ...event, [field]: value }
}

describe('a malformed field is named, and never repeated', () => {
  test.for(variants)('$field: $value', ({ field, value }) => {
    expect(errorOf(withField(field, value))).toMatchObject({
      code: 'ERR_EVENT_INVALID',
      retryable: false,
      // Of what it is about, no more than that is told.
      message: expect.stringMatching(`^missing or malformed in the event: ${field.split('.')[0]}`),
    })
  })

  test.for([undefined, null, '', 'retire', 1, [], [event], { Step: 'finishSecret', SecretId: secretArn }])(
    '%j is no event',
    (input) => {
      expect(errorOf(input)).toMatchObject({ code: 'ERR_EVENT_INVALID', retryable: false })
    },
  )
})

test.for([{ serviceAccountId: 'us-1' }, { tokenId: 'to-1' }, { webhookId: 'wh-1' }])(
  'a retirement may be about %j',
  (what) => {
    expect(readRetireEvent({ ...event, what }).what).toEqual(what)
  },
)

test.for([{}, { serviceAccountId: '../x' }, { webhookId: 1 }, { userId: 'us-1' }])(
  'a retirement about %j is refused',
  (what) => {
    expect(errorOf({ ...event, what }).message).toContain('what')
  },
)

describe('the name of a schedule', () => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  const ofSecret = sha256(secretArn).slice(0, 16)

  test('is 16 digits of the secret and 24 of the superseded credential', () => {
    const name = `${ofSecret}-${sha256('Y2ktMQ').slice(0, 24)}`
    expect(scheduleName({ secretArn, credId: 'Y2ktMQ' })).toBe(name)
  })

  test('of a successor is 16 digits of the secret, 24 of both versions, and what it waits for', () => {
    const name = `${ofSecret}-${sha256(`${superseded} ${promoted}`).slice(0, 24)}-held`
    expect(successorName(event, 'held')).toBe(name)
  })

  // Worked out apart from the code, with sha256sum.
  test('is known for these', () => {
    expect(scheduleName({ secretArn: 'arn', credId: 'a' })).toBe('42e7ab5b52beca9d-ca978112ca1bbdcafac231b3')
    const generations = { secretArn: 'arn', superseded: 'a', promoted: 'b' }
    expect(successorName(generations, '1')).toBe('42e7ab5b52beca9d-c8687a08aa5d6ed2044328fa-1')
  })

  test('differs by secret and by credential, and begins alike for one secret', () => {
    const names = [
      scheduleName({ secretArn, credId: 'a' }),
      scheduleName({ secretArn, credId: 'b' }),
      scheduleName({ secretArn: `${secretArn}2`, credId: 'a' }),
      successorName(event, '1'),
      successorName({ ...event, superseded: promoted, promoted: superseded }, '1'),
    ]
    expect(new Set(names).size).toBe(5)
    expect(new Set(names.map((name) => name.slice(0, 17))).size).toBe(2)
  })

  test('is one that Scheduler takes, whatever the ids are', () => {
    const id = fc.string({ minLength: 1, maxLength: 64, unit: 'grapheme-ascii' })
    fc.assert(
      fc.property(id, id, fc.nat({ max: 1_000 }), (one, other, attempt) => {
        const successor = successorName({ secretArn, superseded: one, promoted: other }, `${attempt}`)
        expect(successor).toMatch(/^[0-9a-zA-Z_.-]{1,64}$/)
        expect(scheduleName({ secretArn, credId: one })).toMatch(/^[0-9a-zA-Z_.-]{1,64}$/)
      }),
    )
  })
})

describe("a schedule's input", () => {
  const input = JSON.stringify({ ...event, attempt: 3 })

  test('tells the promotion that it is of', () => {
    const found = retireEventIn(input)
    expect(found && isSameSupersession(event, found)).toBe(true)
    expect(found && isSameSupersession({ ...event, promoted: 'c'.repeat(32) }, found)).toBe(false)
  })

  test.for(['', '{}', '[]', 'null', '{"v":2}', input.slice(1)])('%j is of none', (text) => {
    expect(retireEventIn(text)).toBeUndefined()
  })
})
