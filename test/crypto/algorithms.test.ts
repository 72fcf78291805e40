import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { algorithmOf, generateKey, keyAlgorithms, signWith } from '../../lambdas/crypto/algorithms.ts'
import { fixedKey } from './fixed-key.ts'

test('the algorithms are those that the key-algorithm tag may name', () => {
  expect(keyAlgorithms).toEqual(['Ed25519', 'P-256', 'secp256k1', 'RSA-2048', 'RSA-3072'])
})

describe.each(keyAlgorithms)('%s', (algorithm) => {
  test('is what is made when it is asked for, and is recognised in the private and the public key', async () => {
    const key = await generateKey(algorithm)
    expect(key.type).toBe('private')
    expect(algorithmOf(key)).toBe(algorithm)
    expect(algorithmOf(createPublicKey(key))).toBe(algorithm)
  })
})

describe('is none of ours', () => {
  test.for([
    ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['P-521', () => generateKeyPairSync('ec', { namedCurve: 'P-521' })],
    ['Ed448', () => generateKeyPairSync('ed448')],
    ['X25519', () => generateKeyPairSync('x25519')],
    ['RSA-4096', () => generateKeyPairSync('rsa', { modulusLength: 4096 })],
    ['RSA-1024', () => generateKeyPairSync('rsa', { modulusLength: 1024 })],
    ['RSA-PSS of 2048 bits', () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 })],
    ['DSA', () => generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 })],
  ] as const)('%s', ([, make]) => {
    const { privateKey, publicKey } = make()
    expect(algorithmOf(privateKey)).toBeUndefined()
    expect(algorithmOf(publicKey)).toBeUndefined()
  })
})

test('two keys are never the same', async () => {
  const [a, b] = await Promise.all([generateKey('Ed25519'), generateKey('Ed25519')])
  expect(a.equals(b)).toBe(false)
})

describe('a signature', () => {
  test('known answer: RFC 8032, section 7.1, TEST 1, the empty message', () => {
    expect(signWith({ key: fixedKey, data: '' }).toString('hex')).toBe(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
        '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    )
  })

  test('is over the UTF-8 of the text', () => {
    const signature = signWith({ key: fixedKey, data: 'clé' })
    const bytes = Buffer.from([0x63, 0x6c, 0xc3, 0xa9])
    expect(verify(null, bytes, createPublicKey(fixedKey), signature)).toBe(true)
  })
})
