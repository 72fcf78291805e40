import { RotationError } from '../errors.ts'
import type { Credential, Means } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { keyCredential } from './key-kind.ts'
import { readUserDocument } from './user-document.ts'

/** The Key credential of a user. It logs in with its key and rotates itself with that session. */
export function userKey(means: Means): Credential<KeyDocument> {
  return {
    ...keyCredential(means),

    read: readUserDocument,

    assertSameIdentity({ current, superseded, on }) {
      const { orgId, username } = superseded
      const login = current.identity.authToken
      if (typeof login !== 'string' && orgId === login.orgId && username === login.username) return
      const problem = `${on} is of another user than AWSCURRENT`
      throw new RotationError('ERR_CANNOT_RETIRE', `${problem}: deactivate its credential at Dfns by hand`)
    },
  }
}
