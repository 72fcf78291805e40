import { constants, createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { generateKey, keyAlgorithms } from '../../lambdas/crypto/algorithms.ts'
import { assert, attest, publicPem } from '../../lambdas/crypto/key-credential.ts'
import { fixedKey, fixedPublicPem } from './fixed-key.ts'

const challenge = 'Y2hhbGxlbmdlLTAwMDE'
const credId = 'Y3ItZml4ZWQ'

// The literals of this block were computed from the bytes of RFC 8032's formulae, by other code than Node's.
describe('known answers for the key of RFC 8032, section 7.1, TEST 1', () => {
  test('the public key is SPKI PEM without a final newline', () => {
    expect(publicPem(fixedKey)).toBe(fixedPublicPem)
  })

  test('a registration', () => {
    expect(attest({ challenge, credId, key: fixedKey })).toEqual({
      credId: 'Y3ItZml4ZWQ',
      clientData: 'eyJjaGFsbGVuZ2UiOiJZMmhoYkd4bGJtZGxMVEF3TURFIiwidHlwZSI6ImtleS5jcmVhdGUifQ',
      attestationData:
        'eyJwdWJsaWNLZXkiOiItLS0tLUJFR0lOIFBVQkxJQyBLRVktLS0tLVxuTUNvd0JRWURLMlZ3QXlFQTExcVlBWUt4Q3JmVlMvN1R5V1FI' +
        'T2c3aGN2UGFwaU1scndJYWFQY0hVUm89XG4tLS0tLUVORCBQVUJMSUMgS0VZLS0tLS0iLCJzaWduYXR1cmUiOiJhNWNkODlkOTVhOWVj' +
        'ZjIyYzM5ZTg4MjFmNjcwNzExMjdmMDhhMDNlZWFmYTMzZTQzYmQxNDQ5N2Q2Zjc1NjU3M2RlZmQyYTNkYTA3NzUxYmYxNDAzMWI1ZjJh' +
        'YzdhZTY0YmM5YjM4MTUwNDg3Y2E4MGVkY2U0OWRjNzhkZGMwZCJ9',
    })
  })

  test('the client data of a registration is compact, alphabetical, and repeats the challenge unchanged', () => {
    const { clientData } = attest({ challenge, credId, key: fixedKey })
    expect(decoded(clientData)).toBe('{"challenge":"Y2hhbGxlbmdlLTAwMDE","type":"key.create"}')
  })

  test('the signature of a registration is hex, over the fingerprint of client data and public key', () => {
    const fingerprint =
      '{"clientDataHash":"1f5a066bb6a6a8f711e78c609957947d45089210e2196fed0fdf247f2ed920a5",' +
      '"publicKey":"-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=' +
      '\\n-----END PUBLIC KEY-----"}'
    const { signature } = attestationOf(attest({ challenge, credId, key: fixedKey }))
    expect(signature).toBe(
      'a5cd89d95a9ecf22c39e8821f67071127f08a03eeafa33e43bd14497d6f75657' +
        '3defd2a3da07751bf14031b5f2ac7ae64bc9b38150487ca80edce49dc78ddc0d',
    )
    expect(verify(null, Buffer.from(fingerprint), fixedPublicPem, Buffer.from(signature, 'hex'))).toBe(true)
  })

  test('an assertion: the signature is base64url, over the client data', () => {
    expect(assert({ challenge, credId, key: fixedKey })).toEqual({
      kind: 'Key',
      credentialAssertion: {
        credId: 'Y3ItZml4ZWQ',
        clientData: 'eyJjaGFsbGVuZ2UiOiJZMmhoYkd4bGJtZGxMVEF3TURFIiwidHlwZSI6ImtleS5nZXQifQ',
        signature: 'CMbbaNqXtEUBHTo597OztzuE2YaoJPNzrhnK_PPnDKslW3Sdm4xBq9xvNkcZmWHZURaBWKTZaWnZz8kFGBXJBA',
      },
    })
  })
})

describe.each(keyAlgorithms)('%s', (algorithm) => {
  const making = generateKey(algorithm)

  test('signs an assertion as Dfns verifies it', async () => {
    const key = await making
    const { credentialAssertion } = assert({ challenge, credId, key })
    const signature = Buffer.from(credentialAssertion.signature, 'base64url')
    expect(credentialAssertion.signature).toMatch(/^[\w-]+$/)
    expect(decoded(credentialAssertion.clientData)).toBe(`{"challenge":"${challenge}","type":"key.get"}`)
    expect(isAccepted({ key, data: decoded(credentialAssertion.clientData), signature })).toBe(true)
    expect(encodingOf(key, signature)).toBe(encodings[algorithm])
  })

  test('signs a registration whose fingerprint Dfns can rebuild from what it is sent', async () => {
    const key = await making
    const info = attest({ challenge, credId, key })
    const { publicKey, signature } = attestationOf(info)
    const clientDataHash = createHash('sha256').update(decoded(info.clientData)).digest('hex')
    const fingerprint = `{"clientDataHash":"${clientDataHash}","publicKey":${JSON.stringify(publicKey)}}`
    expect(signature).toMatch(/^([0-9a-f]{2})+$/)
    expect(isAccepted({ key, data: fingerprint, signature: Buffer.from(signature, 'hex') })).toBe(true)
    expect(encodingOf(key, Buffer.from(signature, 'hex'))).toBe(encodings[algorithm])
    expect(createPublicKey(publicKey).equals(createPublicKey(key))).toBe(true)
  })
})

describe.each([
  ['assertion', (text: string) => assert({ challenge: text, credId, key: fixedKey }).credentialAssertion],
  ['registration', (text: string) => attest({ challenge: text, credId, key: fixedKey })],
])('a challenge of an unforeseen form, in an %s', (_, make) => {
  test.for(['a"b', 'a\\b', 'a\nb', '"},"type":"key.create","x":{"', 'é鍵', ''])(
    'stays one JSON string: %j',
    (text) => {
      expect(JSON.parse(decoded(make(text).clientData))).toMatchObject({ challenge: text })
    },
  )
})

test('an assertion never passes for a registration, nor the other way round', () => {
  const typeOf = (clientData: string): unknown => JSON.parse(decoded(clientData)).type
  const asserted = assert({ challenge, credId, key: fixedKey }).credentialAssertion
  expect(typeOf(asserted.clientData)).toBe('key.get')
  expect(typeOf(attest({ challenge, credId, key: fixedKey }).clientData)).toBe('key.create')
})

function decoded(base64url: string): string {
  expect(base64url).toMatch(/^[\w-]+$/)
  return Buffer.from(base64url, 'base64url').toString()
}

function attestationOf({ attestationData }: { attestationData: string }) {
  return JSON.parse(decoded(attestationData)) as { publicKey: string; signature: string }
}

/** Verifies as Dfns documents it: PKCS#1 v1.5 and DER over SHA-256, Ed25519 over the message itself. */
function isAccepted({ key, data, signature }: { key: KeyObject; data: string; signature: Buffer }): boolean {
  const bytes = Buffer.from(data)
  const publicKey = createPublicKey(key)
  if (key.asymmetricKeyType === 'ed25519') return verify(null, bytes, publicKey, signature)
  const rsa = { key: publicKey, padding: constants.RSA_PKCS1_PADDING }
  const ec = { key: publicKey, dsaEncoding: 'der' } as const
  return verify('sha256', bytes, key.asymmetricKeyType === 'rsa' ? rsa : ec, signature)
}

const encodings = {
  Ed25519: '64 raw bytes',
  'P-256': 'DER',
  secp256k1: 'DER',
  'RSA-2048': '256 raw bytes',
  'RSA-3072': '384 raw bytes',
}

function encodingOf(key: KeyObject, signature: Buffer): string {
  // DER: SEQUENCE, its length, INTEGER.
  const isDer = signature[0] === 0x30 && signature[1] === signature.length - 2 && signature[2] === 0x02
  return key.asymmetricKeyType === 'ec' && isDer ? 'DER' : `${signature.length} raw bytes`
}
