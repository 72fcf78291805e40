import { generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'

/** The algorithms a Dfns Key credential may have, in the words of the `key-algorithm` tag. */
export const keyAlgorithms = ['Ed25519', 'P-256', 'secp256k1', 'RSA-2048', 'RSA-3072'] as const

export type KeyAlgorithm = (typeof keyAlgorithms)[number]

/** What may be chosen for a new key: one of them, or the algorithm that the old key has. */
export const algorithmChoices = ['same', ...keyAlgorithms] as const

export type AlgorithmChoice = (typeof algorithmChoices)[number]

const generate = promisify(generateKeyPair)

/** The algorithm of a private or public key, or nothing if it is none of ours (RSA-4096, P-384, …). */
export function algorithmOf(key: KeyObject): KeyAlgorithm | undefined {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  const curves: Readonly<Record<string, KeyAlgorithm>> = { prime256v1: 'P-256', secp256k1: 'secp256k1' }
  const sizes: Readonly<Record<number, KeyAlgorithm>> = { 2048: 'RSA-2048', 3072: 'RSA-3072' }
  if (key.asymmetricKeyType === 'ed25519') return 'Ed25519'
  if (key.asymmetricKeyType === 'ec') return curves[namedCurve ?? '']
  return key.asymmetricKeyType === 'rsa' ? sizes[modulusLength ?? 0] : undefined
}

/** Makes a new private key. RSA takes a second or more on a small Lambda; the others are immediate. */
export async function generateKey(algorithm: KeyAlgorithm): Promise<KeyObject> {
  switch (algorithm) {
    case 'Ed25519':
      return (await generate('ed25519')).privateKey
    case 'P-256':
      return (await generate('ec', { namedCurve: 'prime256v1' })).privateKey
    case 'secp256k1':
      return (await generate('ec', { namedCurve: 'secp256k1' })).privateKey
    case 'RSA-2048':
      return (await generate('rsa', { modulusLength: 2048 })).privateKey
    case 'RSA-3072':
      return (await generate('rsa', { modulusLength: 3072 })).privateKey
  }
}

/**
 * Signs as Dfns verifies: pure EdDSA for Ed25519, DER-encoded ECDSA and PKCS#1 v1.5 RSA, both over SHA-256
 * (Dfns, "Generate a Key Pair").
 */
export function signWith({ key, data }: { key: KeyObject; data: string }): Buffer {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', Buffer.from(data), key)
}
