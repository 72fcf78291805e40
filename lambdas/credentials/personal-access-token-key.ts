import type { Credential, Means } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { keyCredential } from './key-kind.ts'

/**
 * The Key credential of a personal access token. Its token stays. Where Dfns does not let the token register
 * a key, the user that it belongs to does, with the key in the secret at `signerArn`: a key on that user.
 */
export function personalAccessTokenKey(means: Means): Credential<KeyDocument> {
  return keyCredential(means)
}
