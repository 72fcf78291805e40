import type { KeyObject } from 'node:crypto'
import { assert, type KeyAssertion } from '../lambdas/crypto/key-credential.ts'
import { readPrivateKey } from '../lambdas/crypto/private-key.ts'
import type { KeyDocument } from './document.ts'
import { ClientError } from './errors.ts'

/** What is used of a challenge of User Action Signing or Login. */
export interface Challenge {
  readonly challenge: string
  readonly allowCredentials: { readonly key: readonly { readonly id: string }[] }
}

/** Fits `CredentialSigner` of @dfns/sdk. */
export interface KeySigner {
  sign(challenge: Challenge): Promise<KeyAssertion>
}

const parsed = new WeakMap<KeyDocument, KeyObject>()

/** Parsed once: an RSA key takes longer to parse than a call may add. */
function keyOf(document: KeyDocument): KeyObject {
  const known = parsed.get(document)
  if (known !== undefined) return known
  const key = readPrivateKey(document.privateKey)?.key
  if (key === undefined) {
    const problem = 'privateKey is not one unencrypted PKCS#8, PKCS#1 or SEC1 PEM'
    throw new ClientError('ERR_DOCUMENT', `the document of ${document.credId}: ${problem}`)
  }
  parsed.set(document, key)
  return key
}

/** The first of these whose key the challenge allows. */
export function allowed<D extends KeyDocument>(documents: readonly D[], challenge: Challenge): D | undefined {
  const ids = challenge.allowCredentials.key.map(({ id }) => id)
  const listed = documents.find(({ credId }) => ids.includes(credId))
  // Dfns's schema shows uuids here, its examples the ids that a document holds: uuids alone tell nothing.
  const tellsNothing = ids.length > 0 && ids.every((id) => id.startsWith('cr-'))
  return listed ?? (tellsNothing ? documents[0] : undefined)
}

/** The challenge, signed with a document's key. */
export function signed(document: KeyDocument, { challenge }: Challenge): KeyAssertion {
  return assert({ challenge, credId: document.credId, key: keyOf(document) })
}
