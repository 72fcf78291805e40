// First: whatever draws at random has to draw from the seed.
import { seedCrypto } from './seeded-crypto.ts'
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  sign,
  verify,
} from 'node:crypto'
import { expect, test } from 'vitest'

const pem = { type: 'pkcs8', format: 'pem' } as const
const spki = { type: 'spki', format: 'der' } as const

function drawn(seed: number): readonly string[] {
  seedCrypto(seed)
  const { privateKey } = generateKeyPairSync('ed25519')
  return [randomUUID(), randomBytes(8).toString('hex'), String(privateKey.export(pem))]
}

test('a seed gives the same ids and keys again, another seed others, and one seed never the same twice', () => {
  expect(drawn(7)).toEqual(drawn(7))
  expect(drawn(8)).not.toEqual(drawn(7))
  seedCrypto(1)
  const ids = Array.from({ length: 1_000 }, () => randomUUID())
  expect(new Set(ids).size).toBe(1_000)
  expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(
    true,
  )
})

test('a signature that was checked before holds for its own key, data and bytes alone', () => {
  const [one, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')]
  const data = Buffer.from('challenge')
  const signature = sign(null, data, one.privateKey)
  for (let time = 0; time < 2; time++) {
    expect(sign(null, data, one.privateKey)).toEqual(signature)
    expect(verify(null, data, one.publicKey, signature)).toBe(true)
    expect(verify(null, data, other.publicKey, signature)).toBe(false)
    expect(verify(null, Buffer.from('challengf'), one.publicKey, signature)).toBe(false)
    expect(verify(null, data, one.publicKey, Buffer.from(signature).fill(0, 0, 1))).toBe(false)
  }
})

test('whoever writes on a signature, or on the bytes of a key, changes them for nobody else', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const signature = Buffer.from(sign(null, Buffer.from('x'), privateKey))
  sign(null, Buffer.from('x'), privateKey).fill(0)
  const bytes = Buffer.from(publicKey.export(spki))
  publicKey.export(spki).fill(0)
  expect(sign(null, Buffer.from('x'), privateKey)).toEqual(signature)
  expect(publicKey.export(spki)).toEqual(bytes)
})

test('a key is read from its text as node:crypto reads it, and a text that is none is refused each time', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const text = String(privateKey.export(pem))
  for (let time = 0; time < 2; time++) {
    expect(createPrivateKey(text).equals(privateKey)).toBe(true)
    expect(createPublicKey(createPrivateKey(text)).equals(publicKey)).toBe(true)
    expect(() => createPrivateKey('no key')).toThrow(/DECODER|no start line/)
  }
})
