import { createPrivateKey, createPublicKey, ECDH } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readKeyDocument } from '../../lambdas/credentials/document.ts'
import type { Json } from '../../lambdas/credentials/json.ts'
import { followerOf, type Replaced } from '../../lambdas/credentials/owner-fields.ts'
import { successorOf } from '../../lambdas/credentials/succession.ts'
import { credId, documentWith, limits, on, p256, read, secretArn } from './sample.ts'

const ownerField = ({ value, from, to }: { value: Json; from: Replaced; to: Replaced }) =>
  followerOf({ from, to })({ name: 'field', value })

const to = { credId: 'ZGZyMW5ldy1jcmVkZW50aWFs', key: p256() }

describe('fields that we do not know are carried over untouched', () => {
  test.for(['12345678901234567890', '1.0', '1e400', '-0', '0.1000'])(
    'a number stays the text it was: %s',
    (number) => {
      const text = `${JSON.stringify(documentWith()).slice(0, -1)},"accountNumber":${number}}`
      const current = readKeyDocument({ text, on, secretArn }, limits)
      expect(JSON.stringify(successorOf({ current, to }))).toContain(`"accountNumber":${number}}`)
    },
  )
})

// A fixed key whose base64 holds + and /, so that escapes of them matter.
const bare = createPrivateKey(pemOfScalar())
// By way of a JWK, so that OpenSSL writes the public key into every form, as it does for a generated key.
const key = createPrivateKey({ key: bare.export({ format: 'jwk' }), format: 'jwk' })
function pemOfScalar(): string {
  const d = Buffer.from('3e3e3e3e3e3e3f3f3f3f3f3e3e3e3e3f3f3f3e3e3e3f3f3f3e3e3e3f3f3fbffe', 'hex')
  const sec1 = Buffer.concat([
    Buffer.from('30310201010420', 'hex'),
    d,
    Buffer.from('a00a06082a8648ce3d030107', 'hex'),
  ])
  return `-----BEGIN EC PRIVATE KEY-----\n${(sec1.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END EC PRIVATE KEY-----\n`
}
const from = { credId: 'Y2ktb2xkLWNyZWRlbnRpYWw', key }
const pem = String(key.export({ type: 'pkcs8', format: 'pem' }))

// Forms that OpenSSL writes on request (-no_public, -conv_form compressed) and Node does not.
const pemOf = (label: string, ...parts: readonly (string | Buffer)[]) => {
  const der = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)))
  return `-----BEGIN ${label}-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`
}
const scalar = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url')
const uncompressed = createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-65)
const point = ECDH.convertKey(uncompressed, 'prime256v1', undefined, undefined, 'compressed') as Buffer
const compressedSec1 = ['30570201010420', scalar, 'a00a06082a8648ce3d030107a124032200', point]
const compressedSpki = ['3039301306072a8648ce3d020106082a8648ce3d030107032200', point]
const { d: _, ...publicJwk } = key.export({ format: 'jwk' })

describe('a field that holds the old key and more stops the rotation', () => {
  const holders: readonly (readonly [string, Json])[] = [
    ['nested: SEC1 without its public key (openssl ec -no_public)', { key: pemOfScalar() }],
    ['nested: SEC1 with a compressed point', { key: pemOf('EC PRIVATE KEY', ...compressedSec1) }],
    ['nested: a compressed public key', { key: pemOf('PUBLIC KEY', ...compressedSpki) }],
    ['a public JWK', { ...publicJwk } as Json],
    ['a public JWK in a text', JSON.stringify(publicJwk)],
    ['JSON in JSON in a text', JSON.stringify(JSON.stringify({ key: pem }))],
    ['JSON with escaped slashes (PHP)', JSON.stringify({ key: pem }).replaceAll('/', '\\/')],
    ['JSON with \\u002B for + (.NET)', JSON.stringify({ key: pem }).replaceAll('+', '\\u002B')],
    ['an address with the PEM percent-encoded', `https://x.example/?k=${encodeURIComponent(pem)}`],
    ['the lines of the PEM in a list', pem.trimEnd().split('\n')],
    ['the DER in hex', key.export({ type: 'pkcs8', format: 'der' }).toString('hex')],
    ['the DER in base64url', key.export({ type: 'pkcs8', format: 'der' }).toString('base64url')],
    [
      'the private number in hex',
      Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url').toString('hex'),
    ],
    [
      'the id in base64 of JSON',
      Buffer.from(JSON.stringify({ credId: from.credId, more: 'x'.repeat(80) })).toString('base64'),
    ],
  ]
  test.for(holders)('%s', ([, value]) => {
    expect(ownerField({ value, from, to })).toBeUndefined()
  })

  test('the id in the name of a field of the document itself', () => {
    expect(() => successorOf({ current: read({ [`key-${credId}`]: 1 }), to })).toThrow('the name of a field')
  })
})
