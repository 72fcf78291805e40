import type { Credential, Means } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { keyCredential } from './key-kind.ts'

/** The Key credential of a service account. Its token stays, its key and the key's id change. */
export function serviceAccountKey(means: Means): Credential<KeyDocument> {
  return keyCredential(means)
}
