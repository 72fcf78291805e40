import { createPublicKey, type KeyObject } from 'node:crypto'
import { signWith } from './algorithms.ts'
import { hexDigest } from './digest.ts'

/** `credentialInfo` of Create Credential, kind Key (Dfns API reference). */
export interface CredentialInfo {
  readonly credId: string
  readonly clientData: string
  readonly attestationData: string
}

/** First factor of Login and User Action Signing, kind Key (Dfns API reference). */
export interface KeyAssertion {
  readonly kind: 'Key'
  readonly credentialAssertion: {
    readonly credId: string
    readonly clientData: string
    readonly signature: string
  }
}

interface Signing {
  /** As Dfns sent it: it is base64url already, and goes into the client data unchanged. */
  readonly challenge: string
  readonly credId: string
  readonly key: KeyObject
}

/** The public key as Dfns keeps it: SPKI PEM, without a final newline. */
export function publicPem(key: KeyObject): string {
  return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString().trimEnd()
}

/**
 * Proves possession of a new key. Dfns rebuilds the fingerprint from the PEM text it is sent, so keys stand
 * in alphabetical order, nothing is spaced, and one and the same PEM string is signed and sent. The signature
 * is hex.
 */
export function attest({ challenge, credId, key }: Signing): CredentialInfo {
  const clientData = JSON.stringify({ challenge, type: 'key.create' })
  const publicKey = publicPem(key)
  const clientDataHash = hexDigest(clientData)
  const fingerprint = JSON.stringify({ clientDataHash, publicKey })
  const signature = signWith({ key, data: fingerprint }).toString('hex')
  return {
    credId,
    clientData: base64url(clientData),
    attestationData: base64url(JSON.stringify({ publicKey, signature })),
  }
}

/** Signs a challenge with a registered key. Unlike an attestation's, the signature is base64url. */
export function assert({ challenge, credId, key }: Signing): KeyAssertion {
  const clientData = JSON.stringify({ challenge, type: 'key.get' })
  const signature = signWith({ key, data: clientData }).toString('base64url')
  return { kind: 'Key', credentialAssertion: { credId, clientData: base64url(clientData), signature } }
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}
