import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'

/** An attestation or assertion that does not hold. The message says which rule it breaks. */
export class SignatureError extends Error {}

// Dfns's pattern for public keys (Create Service Account): SPKI or PKCS#1 PEM, not OpenSSH.
const pem = /^-----BEGIN (RSA )?PUBLIC KEY-----[A-Za-z0-9+/=\n\r\\]+-----END (RSA )?PUBLIC KEY-----\s?$/
const curves = new Set(['prime256v1', 'secp256k1'])

/** Decodes base64url, padded or not, and refuses every other alphabet, length and trailing bit. */
export function decodeBase64url(text: string): Buffer {
  const bare = text.replace(/={1,2}$/, '')
  const bytes = Buffer.from(bare, 'base64url')
  const padded = bare.length !== text.length
  if (bytes.toString('base64url') !== bare || (padded && text.length % 4 !== 0)) {
    throw new SignatureError('not base64url')
  }
  return bytes
}

// Reading a key takes longer than what is done with it, and the same few come again and again.
const readBefore = new Map<string, KeyObject>()
const mostKeys = 500

/** Reads a public key of a kind that Dfns takes: Ed25519, P-256, secp256k1, RSA of at least 2048 bits. */
export function readPublicKey(text: string): KeyObject {
  const known = readBefore.get(text)
  if (known !== undefined) return known
  const key = acceptedKey(text)
  if (readBefore.size >= mostKeys) readBefore.clear()
  readBefore.set(text, key)
  return key
}

function acceptedKey(text: string): KeyObject {
  if (!pem.test(text)) throw new SignatureError('the public key is not a PEM')
  const key = parsePem(text)
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  const accepted =
    key.asymmetricKeyType === 'ed25519' ||
    (key.asymmetricKeyType === 'ec' && curves.has(namedCurve ?? '')) ||
    (key.asymmetricKeyType === 'rsa' && (modulusLength ?? 0) >= 2048)
  if (!accepted) throw new SignatureError('the kind of public key is not supported')
  return key
}

/**
 * The same for every PEM of one key, whatever its line ends: `SHA256:` and the base64 digest of the SPKI
 * bytes.
 */
export function fingerprintOf(publicKey: string): string {
  const spki = readPublicKey(publicKey).export({ type: 'spki', format: 'der' })
  return `SHA256:${createHash('sha256').update(spki).digest('base64').replace(/=+$/, '')}`
}

/** The bytes a new key signs at registration: alphabetical, compact JSON, with the PEM as it was sent. */
export function credentialInfoFingerprint({
  clientData,
  publicKey,
}: {
  clientData: Buffer
  publicKey: string
}): Buffer {
  const clientDataHash = createHash('sha256').update(clientData).digest('hex')
  return Buffer.from(JSON.stringify({ clientDataHash, publicKey }))
}

/**
 * Checks the registration of a Key credential (Create Credential) and returns its public key as it was sent.
 * Both arguments are base64url; the signature inside `attestationData` is hex, unlike an assertion's.
 */
export function verifyAttestation(sent: { clientData: string; attestationData: string; challenge: string }): {
  publicKey: string
} {
  const clientData = decodeBase64url(sent.clientData)
  checkClientData({ clientData, type: 'key.create', challenge: sent.challenge })
  const { publicKey, signature } = parseObject(decodeBase64url(sent.attestationData))
  if (typeof publicKey !== 'string' || typeof signature !== 'string') {
    throw new SignatureError('the attestation lacks a public key or a signature')
  }
  if (!/^([0-9a-f]{2})+$/i.test(signature)) throw new SignatureError('the attestation is not signed in hex')
  const data = credentialInfoFingerprint({ clientData, publicKey })
  checkSignature({ publicKey, data, signature: Buffer.from(signature, 'hex') })
  return { publicKey }
}

/**
 * Checks what a credential signed for a challenge (user action, login): a signature over the client data's
 * bytes.
 */
export function verifyAssertion(sent: {
  clientData: string
  signature: string
  challenge: string
  publicKey: string
}): void {
  const clientData = decodeBase64url(sent.clientData)
  checkClientData({ clientData, type: 'key.get', challenge: sent.challenge })
  const signature = decodeBase64url(sent.signature)
  checkSignature({ publicKey: sent.publicKey, data: clientData, signature })
}

function parsePem(text: string): KeyObject {
  try {
    return createPublicKey(text)
  } catch {
    throw new SignatureError('the public key cannot be read')
  }
}

/** Reads JSON bytes that are an object. */
export function parseObject(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {
    // Reported below, together with JSON that is no object.
  }
  throw new SignatureError('not a JSON object')
}

/** Other fields and any order are fine: Dfns's SDKs send `origin` and `crossOrigin`, or do not. */
function checkClientData(expected: { clientData: Buffer; type: string; challenge: string }): void {
  const { type, challenge } = parseObject(expected.clientData)
  if (type !== expected.type) throw new SignatureError(`the client data's type is not ${expected.type}`)
  if (challenge !== expected.challenge) throw new SignatureError('the client data is for another challenge')
}

/** RSA with PKCS#1 v1.5 and ECDSA in DER, both over SHA-256; Ed25519 over the message itself. */
function checkSignature({
  publicKey,
  data,
  signature,
}: {
  publicKey: string
  data: Buffer
  signature: Buffer
}): void {
  const key = readPublicKey(publicKey)
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  if (!verify(digest, data, key, signature)) throw new SignatureError('the signature does not match')
}
