import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { asBytes, type CborMap, type CborValue } from './cbor.ts'
import { readPublicKey, SignatureError } from './signatures.ts'

/** COSE's numbers of the algorithms that a passkey may sign with: ES256, EdDSA with Ed25519, RS256. */
export const passkeyAlgorithms = [-7, -8, -257] as const
export type PasskeyAlgorithm = (typeof passkeyAlgorithms)[number]

/** A public key as it stands in authenticator data. */
export interface CoseKey {
  /** SPKI, PEM. */
  readonly publicKey: string
  readonly algorithm: PasskeyAlgorithm
}

// Labels of RFC 9052 and 9053.
const keyType = 1
const algorithm = 3
const [curve, x, y] = [-1, -2, -3]
const [modulus, exponent] = [-1, -2]

interface KeyKind {
  readonly algorithm: PasskeyAlgorithm
  /** Labels that hold one value. */
  readonly fixed: Readonly<Record<number, number>>
  /** Labels that hold bytes, by their names in a JWK; some have one length. */
  readonly parts: readonly { readonly label: number; readonly name: string; readonly length?: number }[]
  readonly jwk: JsonWebKey
}

const kinds: readonly KeyKind[] = [
  {
    algorithm: -7,
    fixed: { [keyType]: 2, [algorithm]: -7, [curve]: 1 },
    parts: [
      { label: x, name: 'x', length: 32 },
      { label: y, name: 'y', length: 32 },
    ],
    jwk: { kty: 'EC', crv: 'P-256' },
  },
  {
    algorithm: -8,
    fixed: { [keyType]: 1, [algorithm]: -8, [curve]: 6 },
    parts: [{ label: x, name: 'x', length: 32 }],
    jwk: { kty: 'OKP', crv: 'Ed25519' },
  },
  {
    algorithm: -257,
    fixed: { [keyType]: 3, [algorithm]: -257 },
    parts: [
      { label: modulus, name: 'n' },
      { label: exponent, name: 'e' },
    ],
    jwk: { kty: 'RSA' },
  },
]

/**
 * Reads a credential's public key (COSE_Key): exactly the labels that its algorithm needs, a point that is on
 * its curve, an RSA modulus of at least 2048 bits. Throws a SignatureError otherwise.
 */
export function readCoseKey(map: CborMap): CoseKey {
  const kind = kinds.find((known) => known.algorithm === map.get(algorithm))
  if (kind === undefined) throw new SignatureError('the algorithm of the passkey is not supported')
  const fixed = Object.entries(kind.fixed)
  const wrong = fixed.some(([label, value]) => map.get(Number(label)) !== value)
  if (wrong || map.size !== fixed.length + kind.parts.length) {
    throw new SignatureError('the passkey’s public key is not of its algorithm’s form')
  }
  const parts = kind.parts.map(({ label, name, length }) => [name, part({ value: map.get(label), length })])
  return { publicKey: pemOf({ ...kind.jwk, ...Object.fromEntries(parts) }), algorithm: kind.algorithm }
}

function part({ value, length }: { value: CborValue | undefined; length: number | undefined }): string {
  const bytes = asBytes(value)
  if (length !== undefined && bytes.length !== length) {
    throw new SignatureError('a part of the passkey’s public key is of another length')
  }
  return bytes.toString('base64url')
}

function pemOf(jwk: JsonWebKey): string {
  const publicKey = exported(jwk)
  readPublicKey(publicKey)
  return publicKey
}

function exported(jwk: JsonWebKey): string {
  try {
    return String(createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }))
  } catch {
    throw new SignatureError('the passkey’s public key cannot be read')
  }
}
