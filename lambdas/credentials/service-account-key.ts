import type { Credential, Means } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { serviceAccounts as holder } from './holder.ts'
import { replaceableCredential } from './replaceable-kind.ts'

/**
 * The Key credential of a service account. Its token stays, its key and the key's id change. Where Dfns does
 * not let it register a key and there is a signer, or the owner says so, a new account takes its place.
 */
export function serviceAccountKey(means: Means): Credential<KeyDocument> {
  return replaceableCredential({ holder, means })
}
