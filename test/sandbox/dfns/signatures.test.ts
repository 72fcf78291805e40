import { createHash, createPrivateKey, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  credentialInfoFingerprint,
  decodeBase64url,
  fingerprintOf,
  readPublicKey,
  SignatureError,
  verifyAssertion,
  verifyAttestation,
} from '../../../sandbox/dfns/signatures.ts'
import { type Algorithm, assertion, attestation, base64url, newKey, signBytes } from './world.ts'

// The first key of RFC 8032, section 7.1, wrapped as PKCS#8 and SPKI.
const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'
const privateKey = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
})
const publicKey = [
  '-----BEGIN PUBLIC KEY-----',
  'MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
  '-----END PUBLIC KEY-----',
  '',
].join('\n')
const challenge = 'Y2hhbGxlbmdl'

describe('known answers', () => {
  const clientData = '{"challenge":"Y2hhbGxlbmdl","type":"key.create"}'
  const fingerprint = `{"clientDataHash":"eb29b70b54c819f75465c1453176bcb04fe10b6e01b3bef6a993f73ed368bc28","publicKey":${JSON.stringify(publicKey)}}`
  const signature =
    'e22deef7627749c49bace7ab0ad2d8040b6e4f40d35e835ae9159ce562065b5c715528ca8e74ab87febd17b93702f7554e0df25d336f4658de088b9f80cb3c06'

  test('a fingerprint is compact, alphabetical JSON of the client data hash in hex and the PEM', () => {
    const built = credentialInfoFingerprint({ clientData: Buffer.from(clientData), publicKey })
    expect(built.toString('utf8')).toBe(fingerprint)
    expect(createHash('sha256').update(clientData).digest('hex')).toBe(fingerprint.slice(19, 83))
  })

  test('an attestation signs the fingerprint, in hex', () => {
    expect(sign(null, Buffer.from(fingerprint), privateKey).toString('hex')).toBe(signature)
    const attestationData = base64url(JSON.stringify({ publicKey, signature }))
    expect(verifyAttestation({ clientData: base64url(clientData), attestationData, challenge })).toEqual({
      publicKey,
    })
  })

  test('an assertion signs the client data itself, in base64url', () => {
    const bytes = '{"type":"key.get","challenge":"Y2hhbGxlbmdl"}'
    const made = 'RTxkBhawfTSrEYmxc90aKNYZ0UBoc7R9pubqSIJCJLTNj7zGZLzwFwtSBf60L3d6xnpUcDmaojYVv9RvdTVMCA'
    expect(sign(null, Buffer.from(bytes), privateKey).toString('base64url')).toBe(made)
    expect(() =>
      verifyAssertion({ clientData: base64url(bytes), signature: made, challenge, publicKey }),
    ).not.toThrow()
  })

  test('a key’s fingerprint is the SHA-256 of its SPKI bytes, however the PEM ends its lines', () => {
    const expected = 'SHA256:BuP9j9opu2CrWVV95h7bCuzbIxE0vjDnW0Vfjht5L6k'
    expect(fingerprintOf(publicKey)).toBe(expected)
    expect(fingerprintOf(publicKey.trimEnd())).toBe(expected)
  })
})

describe.each<Algorithm>(['Ed25519', 'P-256', 'secp256k1', 'RSA-2048'])('%s', (algorithm) => {
  const key = newKey(algorithm)
  const credId = base64url('credential')

  test('registers and signs', () => {
    expect(verifyAttestation({ ...attestation({ credId, key, challenge }), challenge }).publicKey).toBe(
      key.publicKey,
    )
    const made = assertion({ credId, key: key.privateKey, challenge })
    expect(() => verifyAssertion({ ...made, challenge, publicKey: key.publicKey })).not.toThrow()
  })

  test('refuses another key’s signature', () => {
    const made = assertion({ credId, key: newKey('P-256').privateKey, challenge })
    expect(() => verifyAssertion({ ...made, challenge, publicKey: key.publicKey })).toThrow(SignatureError)
    const other = attestation({ credId, key: { ...newKey('P-256'), publicKey: key.publicKey }, challenge })
    expect(() => verifyAttestation({ ...other, challenge })).toThrow('the signature does not match')
  })
})

test.each<Algorithm>(['P-384', 'RSA-1024'])('a %s key is refused', (algorithm) => {
  expect(() => readPublicKey(newKey(algorithm).publicKey)).toThrow('the kind of public key is not supported')
})

test('an RSA signature with PSS is refused', () => {
  const key = newKey('RSA-2048')
  const clientData = JSON.stringify({ type: 'key.get', challenge })
  const padding = 6 // RSA_PKCS1_PSS_PADDING
  const signature = sign('sha256', Buffer.from(clientData), { key: key.privateKey, padding }).toString(
    'base64url',
  )
  const made = { clientData: base64url(clientData), signature, challenge, publicKey: key.publicKey }
  expect(() => verifyAssertion(made)).toThrow('the signature does not match')
})

test('an ECDSA signature that is not DER is refused', () => {
  const key = newKey('P-256')
  const clientData = JSON.stringify({ type: 'key.get', challenge })
  const options = { key: key.privateKey, dsaEncoding: 'ieee-p1363' } as const
  const signature = sign('sha256', Buffer.from(clientData), options).toString('base64url')
  const made = { clientData: base64url(clientData), signature, challenge, publicKey: key.publicKey }
  expect(() => verifyAssertion(made)).toThrow('the signature does not match')
})

describe('an attestation is refused', () => {
  const key = { publicKey, privateKey }
  const good = attestation({ credId: 'x', key, challenge })

  test('for another challenge', () => {
    expect(() => verifyAttestation({ ...good, challenge: 'b3RoZXI' })).toThrow('another challenge')
  })

  test('with an assertion’s type', () => {
    const typed = attestation({ credId: 'x', key, challenge, type: 'key.get' })
    expect(() => verifyAttestation({ ...typed, challenge })).toThrow('type is not key.create')
  })

  test('when its PEM differs by a newline from the one that was signed', () => {
    const { clientData } = good
    const data = JSON.parse(Buffer.from(good.attestationData, 'base64url').toString()) as {
      signature: string
    }
    const attestationData = base64url(JSON.stringify({ ...data, publicKey: publicKey.trimEnd() }))
    expect(() => verifyAttestation({ clientData, attestationData, challenge })).toThrow('does not match')
  })

  test('when it is signed in base64url', () => {
    const fingerprint = credentialInfoFingerprint({
      clientData: Buffer.from(good.clientData, 'base64url'),
      publicKey,
    })
    const signature = signBytes({ key: privateKey, bytes: fingerprint.toString() }).toString('base64url')
    const attestationData = base64url(JSON.stringify({ publicKey, signature }))
    expect(() => verifyAttestation({ ...good, attestationData, challenge })).toThrow('not signed in hex')
  })

  test('when it is no JSON object, or lacks its fields', () => {
    expect(() => verifyAttestation({ ...good, attestationData: base64url('no'), challenge })).toThrow(
      'not a JSON object',
    )
    expect(() => verifyAttestation({ ...good, attestationData: base64url('{}'), challenge })).toThrow('lacks')
  })

  test.each(['ssh-ed25519 AAAA', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'])(
    'with the key %j',
    (pem) => {
      const attestationData = base64url(JSON.stringify({ publicKey: pem, signature: 'aa' }))
      expect(() => verifyAttestation({ ...good, attestationData, challenge })).toThrow('the public key')
    },
  )
})

test('a private key is not taken for a public one', () => {
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  expect(() => readPublicKey(pem)).toThrow('the public key is not a PEM')
})

describe('an assertion', () => {
  const check = (clientData: string) => {
    const signature = signBytes({ key: privateKey, bytes: clientData }).toString('base64url')
    verifyAssertion({ clientData: base64url(clientData), signature, challenge, publicKey })
  }

  test('may carry other fields, in any order', () => {
    const clientData = { crossOrigin: false, challenge, origin: 'https://app.dfns.io', type: 'key.get' }
    expect(() => check(JSON.stringify(clientData))).not.toThrow()
  })

  test('is refused with a registration’s type, or for another challenge', () => {
    expect(() => check(JSON.stringify({ type: 'key.create', challenge }))).toThrow('type is not key.get')
    expect(() => check(JSON.stringify({ type: 'key.get', challenge: 'b3RoZXI' }))).toThrow(
      'another challenge',
    )
  })
})

describe('base64url', () => {
  test.each([
    ['', ''],
    ['Zg', 'f'],
    ['Zg==', 'f'],
    ['Zm8=', 'fo'],
    ['-_8', '\u{fb}\u{ff}'],
  ])('reads %j, padded or not', (text, bytes) => {
    expect(decodeBase64url(text).toString('latin1')).toBe(bytes)
  })

  test.each(['Zg=', 'Zm9v=', 'Z', 'Zh', '+/8', 'Zm 8', 'Zg==Zg', 'Zg==='])('refuses %j', (text) => {
    expect(() => decodeBase64url(text)).toThrow('not base64url')
  })
})
