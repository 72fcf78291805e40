import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../lambdas/credentials/json.ts'
import { followerOf, type Replaced } from '../../lambdas/credentials/owner-fields.ts'
import { p256 } from './sample.ts'

const ownerField = ({ value, from, to }: { value: Json; from: Replaced; to: Replaced }) =>
  followerOf({ from, to })({ name: 'field', value })

const from = { credId: 'Y2ktb2xkLWNyZWRlbnRpYWw', key: p256() }
const to = { credId: 'ZGZyMW5ldy1jcmVkZW50aWFs', key: p256() }
const after = (value: Json) => ownerField({ value, from, to })

const pemOf = (key: KeyObject, type: 'pkcs8' | 'sec1') => String(key.export({ type, format: 'pem' }))
const publicPemOf = (key: KeyObject) => String(createPublicKey(key).export({ type: 'spki', format: 'pem' }))
const escaped = (pem: string) => pem.replaceAll('\n', '\\n')
const base64 = (text: string) => Buffer.from(text).toString('base64')
const derOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'der' }).toString('base64')

const writings: readonly (readonly [string, (key: KeyObject) => string])[] = [
  ['PKCS#8', (key) => pemOf(key, 'pkcs8')],
  ['SEC1', (key) => pemOf(key, 'sec1')],
  ['PKCS#8 without a final newline', (key) => pemOf(key, 'pkcs8').trimEnd()],
  [
    'PKCS#8 in lines of base64',
    (key) => `${(base64(pemOf(key, 'pkcs8')).match(/.{1,76}/g) ?? []).join('\n')}\n`,
  ],
  ['PKCS#8 with CRLF', (key) => pemOf(key, 'pkcs8').replaceAll('\n', '\r\n')],
  ['PKCS#8 with escaped newlines', (key) => escaped(pemOf(key, 'pkcs8'))],
  ['SEC1 with escaped newlines', (key) => escaped(pemOf(key, 'sec1').trimEnd())],
  ['PKCS#8 in base64', (key) => base64(pemOf(key, 'pkcs8'))],
  ['escaped SEC1 in base64', (key) => base64(escaped(pemOf(key, 'sec1')))],
  ['the public key', publicPemOf],
  ['the public key with escaped newlines', (key) => escaped(publicPemOf(key))],
  ['the public key in base64', (key) => base64(publicPemOf(key).trimEnd())],
]

describe('a field that equals what changes, changes with it in its own form', () => {
  test('the credential id', () => {
    expect(after(from.credId)).toBe(to.credId)
  })

  test.for(writings)('%s', ([, write]) => {
    expect(after(write(from.key))).toBe(write(to.key))
  })

  test('a form that cannot hold the new key cannot follow', () => {
    const key = generateKeyPairSync('ed25519').privateKey
    const follow = (value: string) => ownerField({ value, from, to: { ...to, key } })
    expect(follow(pemOf(from.key, 'sec1'))).toBeUndefined()
    expect(follow(pemOf(from.key, 'pkcs8'))).toBe(String(key.export({ type: 'pkcs8', format: 'pem' })))
    expect(follow(publicPemOf(from.key))).toBe(publicPemOf(key))
  })
})

const pem = pemOf(from.key, 'pkcs8')
const sec1 = pemOf(from.key, 'sec1')
const jwk = from.key.export({ format: 'jwk' })

describe('a field that holds what changes and more cannot follow', () => {
  const holders: readonly (readonly [string, Json])[] = [
    ['the id in a text', `credId=${from.credId};x=1`],
    ['the id at the end of an address', `https://example.org/credentials/${from.credId}`],
    ['the id with a newline', `${from.credId}\n`],
    ['the id, nested', { dfns: { credId: from.credId } }],
    ['the id in a list', [from.credId]],
    ['the id as the name of a nested field', { keys: { [from.credId]: 1 } }],
    ['the id in JSON in a text', JSON.stringify({ credId: from.credId })],
    ['the key, nested', { dfns: { privateKey: pem } }],
    ['the key, deeply nested', { a: [{ b: [[{ c: pem }]] }] }],
    ['the key in a list', [pem, 'x']],
    ['two PEMs', pem + pem],
    ['the private and the public PEM', pem + publicPemOf(from.key)],
    ['the public key after a word', `key: ${publicPemOf(from.key)}`],
    ['the public key, nested', { publicKey: publicPemOf(from.key) }],
    ['text before the PEM', `# robot\n${pem}`],
    ['text after the PEM', `${pem}# robot`],
    ['a second final newline', `${pem}\n`],
    ['a blank before', ` ${pem}`],
    ['blanks for newlines', pem.replaceAll('\n', ' ')],
    ['no newlines', pem.replaceAll('\n', '')],
    ['indented lines', pem.replaceAll('\n', '\n    ')],
    [
      'EC PARAMETERS before',
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${sec1}`,
    ],
    ['an .env file', `DFNS_PRIVATE_KEY="${escaped(pem)}"\nOTHER=1\n`],
    ['JSON in a text', JSON.stringify({ key: pem })],
    ['JSON in a text, with CRLF', JSON.stringify({ key: pem.replaceAll('\n', '\r\n') })],
    ['YAML in a text', `key: |\n${pem.replaceAll(/^/gm, '  ')}`],
    ['the DER in base64', derOf(from.key)],
    ['the DER of SEC1 in base64', from.key.export({ type: 'sec1', format: 'der' }).toString('base64')],
    ['a JWK', { ...jwk } as Json],
    ['a JWK in a text', JSON.stringify(jwk)],
    ['only the private number of a JWK', jwk.d ?? ''],
    ['base64 after a word', `pem:${base64(pem)}`],
    ['base64, nested', { key: base64(pem) }],
    ['base64 of an .env file', base64(`KEY="${escaped(pem)}"\n`)],
    ['base64 of JSON', base64(JSON.stringify({ key: pem, credId: 1 }))],
    ['base64 of a public PEM and text', base64(`# robot\n${publicPemOf(from.key)}`)],
  ]
  test.for(holders)('%s', ([, value]) => {
    expect(after(value)).toBeUndefined()
  })
})

describe('a field that has nothing to do with it is carried over', () => {
  const other = p256()
  const strangers: readonly (readonly [string, Json])[] = [
    ['nothing', ''],
    ['null', null],
    ['a number', 0],
    ['a boolean', false],
    ['an empty object', {}],
    ['an empty list', []],
    ['a text', 'postgres://db.example.org/x?y=z'],
    ['a text with newlines', 'a\r\nb\n'],
    ['a text of escapes', '\\n\\r\\\\'],
    ['another key', pemOf(other, 'pkcs8')],
    ['another key in base64', base64(pemOf(other, 'sec1'))],
    ['another public key, nested', { key: [publicPemOf(other)] }],
    ['another JWK', { ...other.export({ format: 'jwk' }) } as Json],
    ['a part of the id', from.credId.slice(0, -1)],
    ['the id in another case', from.credId.toUpperCase()],
    ['the id, cut in two', [from.credId.slice(0, 8), from.credId.slice(8)]],
    ['the new id', to.credId],
    ['the word BEGIN PRIVATE KEY', '-----BEGIN PRIVATE KEY-----'],
    ['a long run of base64', base64('x'.repeat(3_000))],
  ]
  test.for(strangers)('%s', ([, value]) => {
    expect(after(value)).toEqual(value)
  })

  test('whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.stringify(after(value as Json))).toBe(JSON.stringify(value))
      }),
    )
  })
})

test('after a rotation and another one back, every form is what it was', () => {
  for (const [, write] of writings) {
    const once = ownerField({ value: write(from.key), from, to })
    expect(once === undefined ? once : ownerField({ value: once, from: to, to: from })).toBe(write(from.key))
  }
})

test('an RSA key is recognised in PKCS#1 and PKCS#8, alone and inside something else', () => {
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const rsa = { credId: from.credId, key }
  const pkcs1 = String(key.export({ type: 'pkcs1', format: 'pem' }))
  const pkcs8 = pemOf(key, 'pkcs8')
  const ed25519 = { ...to, key: generateKeyPairSync('ed25519').privateKey }
  const follow = (value: Json) => ownerField({ value, from: rsa, to: ed25519 })
  expect(follow(pkcs8)).toBe(pemOf(ed25519.key, 'pkcs8'))
  for (const value of [
    pkcs1,
    { key: pkcs1 },
    { key: pkcs8 },
    `x${pkcs1}`,
    `x${escaped(pkcs8)}`,
    [base64(pkcs1)],
  ])
    expect(follow(value)).toBeUndefined()
  expect(follow({ ...key.export({ format: 'jwk' }) } as Json)).toBeUndefined()
})
