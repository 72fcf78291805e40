import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  credentialNameOf,
  credIdOf,
  isOfSecret,
  marked,
  markIn,
  markOf,
} from '../../lambdas/crypto/lineage.ts'

const secretArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/dfns/robot-AbCdEf'
const token = '0f4b6c1e-7a52-4d0b-9d2e-5c3f8a1b2c3d'
const lineages = fc.record({ secretArn: fc.string(), token: fc.string() })

describe('the id of a credential', () => {
  test('known answer', () => {
    expect(credIdOf({ secretArn, token })).toBe('ZGZyMdIrb57RXTXuW1sulL38dJ8G1r-hFlDCyYZEK50')
  })

  test('is a 4-byte magic, 12 bytes of SHA-256(ARN) and 16 bytes of SHA-256(ClientRequestToken)', () => {
    const bytes = Buffer.from(credIdOf({ secretArn, token }), 'base64url')
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
    expect(bytes).toHaveLength(32)
    expect(bytes.subarray(0, 4).toString('ascii')).toBe('dfr1')
    expect(bytes.subarray(4, 16).toString('hex')).toBe(sha256(secretArn).slice(0, 24))
    expect(bytes.subarray(16).toString('hex')).toBe(sha256(token).slice(0, 32))
  })

  test('is 43 characters of unpadded base64url, whatever the ARN and the token', () => {
    fc.assert(fc.property(lineages, (lineage) => /^[\w-]{43}$/.test(credIdOf(lineage))))
  })

  test('is the same for the same rotation, so that a repeated step makes no second credential', () => {
    fc.assert(fc.property(lineages, (lineage) => credIdOf(lineage) === credIdOf({ ...lineage })))
  })

  test('is another for another token or another secret', () => {
    const other = '0f4b6c1e-7a52-4d0b-9d2e-5c3f8a1b2c3e'
    const ids = [
      { secretArn, token },
      { secretArn, token: other },
      { secretArn: `${secretArn}x`, token },
      { secretArn: token, token: secretArn },
    ].map(credIdOf)
    expect(new Set(ids).size).toBe(4)
  })
})

describe('the name of a credential at Dfns', () => {
  test('carries the same two hashes, in hex', () => {
    expect(credentialNameOf({ secretArn, token })).toBe(
      'dfns-rotator d22b6f9ed15d35ee5b5b2e94 bdfc749f06d6bfa11650c2c986442b9d',
    )
  })

  test('tells neither the ARN nor the token', () => {
    const name = credentialNameOf({ secretArn, token })
    const parts = [...secretArn.split(/[:/]/), token].filter((part) => part.length > 4)
    expect(parts.filter((part) => name.includes(part))).toEqual([])
  })
})

describe('ours', () => {
  test('is what any rotation of this very secret made', () => {
    fc.assert(
      fc.property(lineages, (lineage) =>
        isOfSecret({ credId: credIdOf(lineage), secretArn: lineage.secretArn }),
      ),
    )
  })

  test('another secret is a stranger, another rotator included', () => {
    const pairs = fc.tuple(lineages, fc.string()).filter(([lineage, other]) => lineage.secretArn !== other)
    fc.assert(
      fc.property(pairs, ([lineage, other]) => !isOfSecret({ credId: credIdOf(lineage), secretArn: other })),
    )
  })

  const ours = credIdOf({ secretArn, token })
  const bytes = Buffer.from(ours, 'base64url')
  const flipped = (index: number) => {
    const copy = Buffer.from(bytes)
    copy.writeUInt8(copy.readUInt8(index) ^ 1, index)
    return copy.toString('base64url')
  }
  test.for([
    ['nothing', ''],
    ['an id of Dfns’s own making', 'Y2ktM3E5Y2MtZmFrZS1zZXJ2ZXItY2hvc2VuLWlk'],
    ['another magic', flipped(0)],
    ['another digit of the version in the magic', flipped(3)],
    ['the first byte of the secret’s hash changed', flipped(4)],
    ['the last byte of the secret’s hash changed', flipped(15)],
    ['one byte too few', bytes.subarray(0, 31).toString('base64url')],
    ['one byte too many', Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url')],
    ['the layout in hex', bytes.toString('hex')],
    ['the id inside a longer text', `x${ours}`],
    ['only magic and secret', bytes.subarray(0, 16).toString('base64url')],
  ] as const)('a stranger: %s', ([, credId]) => {
    expect(isOfSecret({ credId, secretArn })).toBe(false)
  })

  test('the token’s part does not decide whose it is', () => {
    expect(isOfSecret({ credId: flipped(16), secretArn })).toBe(true)
    expect(isOfSecret({ credId: flipped(31), secretArn })).toBe(true)
  })
})

describe('the mark of what a rotation made', () => {
  const mark = markOf({ secretArn, token }, '0badcafe')
  const end = `dfns-rotator ${mark.secret} ${mark.token} 0badcafe`

  test('stands at the end of the owner’s text, which is kept', () => {
    expect(marked({ text: 'payments', with: mark, longest: 256 })).toBe(`payments ${end}`)
    expect(marked({ text: '', with: mark, longest: 256 })).toBe(end)
    expect(markIn(`payments ${end}`)).toEqual(mark)
  })

  test('replaces an older one', () => {
    const older = marked({ text: 'payments', with: markOf({ secretArn, token: 'older' }), longest: 256 })
    expect(marked({ text: older, with: mark, longest: 256 })).toBe(`payments ${end}`)
    expect(marked({ text: end, with: mark, longest: 256 })).toBe(end)
  })

  test('fits, whatever the owner wrote', () => {
    const text = marked({ text: 'x'.repeat(300), with: mark, longest: 256 })
    expect(text).toHaveLength(256)
    expect(markIn(text)).toEqual(mark)
  })

  test('is another for every attempt, and the same secret and token for all of a rotation', () => {
    const [one, other] = [markOf({ secretArn, token }), markOf({ secretArn, token })]
    expect(one.attempt).not.toBe(other.attempt)
    expect({ ...one, attempt: '' }).toEqual({ ...other, attempt: '' })
  })

  test.for(['payments', '', `${end} and more`, end.slice(0, -1), end.replace('dfns', 'Dfns')])(
    'is not in %j',
    (text) => {
      expect(markIn(text)).toBeUndefined()
    },
  )
})
