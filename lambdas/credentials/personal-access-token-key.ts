import type { Credential, Means } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { personalAccessTokens as holder } from './holder.ts'
import { replaceableCredential } from './replaceable-kind.ts'

/**
 * The Key credential of a personal access token. Its token stays. Where Dfns does not let the token register
 * a key, the user that it belongs to does, with the key in the secret at `signerArn`: a key on that user.
 * Where the owner says so, that user makes a new token instead.
 */
export function personalAccessTokenKey(means: Means): Credential<KeyDocument> {
  return replaceableCredential({ holder, means })
}
