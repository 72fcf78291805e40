import { createPublicKey, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type KeyDocument, readKeyDocument } from '../../lambdas/credentials/document.ts'
import type { Json } from '../../lambdas/credentials/json.ts'
import { assertFollows, successorOf } from '../../lambdas/credentials/succession.ts'
import { RotationError } from '../../lambdas/errors.ts'
import {
  credId,
  currentKey,
  documentWith,
  ed25519,
  keyPem,
  limits,
  on,
  p256,
  read,
  secretArn,
  sourceOf,
  tokenWith,
} from './sample.ts'

const to = { credId: 'ZGZyMW5ldy1jcmVkZW50aWFs', key: p256() }
const sec1 = (key: KeyObject) => String(key.export({ type: 'sec1', format: 'pem' }))
const spki = (key: KeyObject) => String(createPublicKey(key).export({ type: 'spki', format: 'pem' }))
const escaped = (pem: string) => pem.trimEnd().replaceAll('\n', '\\n')

function errorOf(run: () => unknown): RotationError {
  try {
    run()
  } catch (error) {
    if (error instanceof RotationError) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('the successor of a document', () => {
  test('has a new key and a new id, and all else as it was', () => {
    expect(successorOf({ current: read(), to })).toEqual(
      documentWith({ credId: to.credId, privateKey: keyPem(to.key) }),
    )
  })

  test('writes its fields in the order they had', () => {
    const { privateKey, ...rest } = documentWith()
    const document = { z: 1, privateKey, a: 2, ...rest, m: 3 }
    const current = readKeyDocument(sourceOf(document), limits)
    expect(Object.keys(successorOf({ current, to }))).toEqual(Object.keys(document))
  })

  test('writes the key in the form it had', () => {
    const privateKey = (key: KeyObject) => escaped(sec1(key))
    expect(successorOf({ current: read({ privateKey: privateKey(currentKey) }), to })['privateKey']).toBe(
      privateKey(to.key),
    )
  })

  test('may change the algorithm, in PKCS#8', () => {
    const key = ed25519()
    expect(successorOf({ current: read(), to: { ...to, key } })['privateKey']).toBe(keyPem(key))
  })

  test('cannot be written in a form that does not hold the new algorithm, and says so', () => {
    const current = read({ privateKey: sec1(currentKey) })
    const error = errorOf(() => successorOf({ current, to: { ...to, key: ed25519() } }))
    expect(error).toMatchObject({ code: 'ERR_DOCUMENT', retryable: false })
    expect(error.message).toMatch(/^AWSCURRENT of .*: privateKey is SEC1, .* dfns-rotator:key-algorithm\.$/)
  })

  test('gives the owner’s names for what changes their new values, each in its own form', () => {
    const owner = (key: KeyObject, id: string) => ({
      DFNS_CRED_ID: id,
      DFNS_PRIVATE_KEY: escaped(keyPem(key)),
      'key.pem.b64': Buffer.from(sec1(key)).toString('base64'),
      public: spki(key),
    })
    const current = read(owner(currentKey, credId))
    expect(successorOf({ current, to })).toEqual(
      documentWith({ credId: to.credId, privateKey: keyPem(to.key), ...owner(to.key, to.credId) }),
    )
  })

  test('stops at fields that hold the key or its id and more, and names every one of them', () => {
    const current = read({
      fine: 'x',
      url: `https://example.org/${credId}`,
      also_fine: 1,
      dfns: { privateKey: keyPem(currentKey) },
    })
    const error = errorOf(() => successorOf({ current, to }))
    expect(error).toMatchObject({ code: 'ERR_DOCUMENT', retryable: false })
    expect(error.message).toContain(`${on}: url, dfns: `)
    expect(error.message).not.toContain('fine')
    expect(error.message).not.toContain(credId)
    expect(error.message).not.toContain('PRIVATE KEY')
  })

  test('keeps a field of ours although it looks like one that changes', () => {
    const orgId = 'or-same-as-the-id'
    const authToken = tokenWith({ 'https://custom/app_metadata': { orgId } })
    const current = read({ orgId, credId: orgId, authToken })
    expect(successorOf({ current, to })).toMatchObject({ orgId, credId: to.credId, authToken })
  })

  test('keeps a field called __proto__', () => {
    const text = JSON.stringify(documentWith()).replace('{', '{"__proto__":{"a":1},')
    const current = readKeyDocument({ text, on, secretArn }, limits)
    expect(JSON.stringify(successorOf({ current, to }))).toMatch(/^\{"__proto__":\{"a":1\},"kind"/)
  })

  test('carries every other field over, byte for byte', () => {
    const name = fc.string({ minLength: 1 }).map((text) => `x_${text}`)
    fc.assert(
      fc.property(fc.dictionary(name, fc.jsonValue({ maxDepth: 3 })), (owner) => {
        const document = documentWith(owner as Record<string, Json>)
        const current = readKeyDocument(sourceOf(document), limits)
        const expected = { ...document, credId: to.credId, privateKey: keyPem(to.key) }
        expect(JSON.stringify(successorOf({ current, to }))).toBe(JSON.stringify(expected))
      }),
    )
  })
})

describe('a pending document follows from current', () => {
  const pendingOf = (document: unknown): KeyDocument =>
    readKeyDocument({ ...sourceOf(document), on: `AWSPENDING of ${secretArn}` }, limits)
  const successor = (changes = {}) => pendingOf({ ...successorOf({ current: read(changes), to }) })

  test('if it is its successor, whatever the order of its fields', () => {
    const pending = pendingOf(
      Object.fromEntries(Object.entries(successor({ a: [1, { b: 2 }] }).fields).reverse()),
    )
    expect(() => assertFollows({ current: read({ a: [1, { b: 2 }] }), pending })).not.toThrow()
  })

  test('if it is the same document, as in a test rotation', () => {
    expect(() => assertFollows({ current: read(), pending: pendingOf(documentWith()) })).not.toThrow()
  })

  const token = tokenWith({
    'https://custom/app_metadata': { orgId: documentWith()['orgId'], userId: 'us-2' },
  })
  test.for([
    ['a new token', 'authToken', { authToken: token }],
    ['an added field', 'note', { note: 'secret-note' }],
    ['a changed field', 'owner', { owner: 'secret-b' }],
    ['a removed field', 'owner', { owner: undefined }],
    ['another type of the same text', 'one', { one: '1' }],
    ['a change deep inside', 'nested', { nested: { a: [1, { b: 3 }] } }],
    ['another kind', 'kind', { kind: 'PersonalAccessTokenKey' }],
    ['a signer', 'signerArn', { signerArn: secretArn }],
    ['another spelling of baseUrl', 'baseUrl', { baseUrl: 'https://api.dfns.io/' }],
    ['another form of the key', 'privateKey', { privateKey: escaped(keyPem(currentKey)) }],
    ['an owner’s field __proto__', '__proto__', JSON.parse('{"__proto__":1}')],
  ] as const)('not after %s, which is named', ([, name, change]) => {
    const owner = { owner: 'secret-a', one: 1, nested: { a: [1, { b: 2 }] } }
    const pending = successor(owner)
    const current = readKeyDocument(sourceOf({ ...documentWith(owner), ...change }), limits)
    const error = errorOf(() => assertFollows({ current, pending }))
    expect(error).toMatchObject({ code: 'ERR_CURRENT_CHANGED', retryable: false })
    expect(error.message).toBe(`${on} was changed since this rotation began: ${name}. Nothing was moved.`)
  })

  test('all that changed is named, and no value', () => {
    const pending = successor({ a: 'secret-1', b: 'secret-2', c: 'secret-3' })
    const current = read({ a: 'secret-4', b: 'secret-2', d: 'secret-5' })
    const { message } = errorOf(() => assertFollows({ current, pending }))
    expect(message).toContain(': a, d, c. ')
    expect(message).not.toContain('secret-')
  })

  test('not if the owner’s copy of the key did not follow', () => {
    const pending = pendingOf({ ...successor().fields, DFNS_PRIVATE_KEY: keyPem(currentKey) })
    const current = read({ DFNS_PRIVATE_KEY: keyPem(currentKey) })
    expect(errorOf(() => assertFollows({ current, pending })).message).toContain(': DFNS_PRIVATE_KEY. ')
  })

  test('the fields that are ours are those of the public contract', () => {
    const contract = ['kind', 'baseUrl', 'orgId', 'authToken', 'credId', 'privateKey', 'signerArn']
    expect(read().ourFields.toSorted()).toEqual(contract.toSorted())
  })
})
