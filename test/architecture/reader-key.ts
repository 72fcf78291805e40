import * as v from 'valibot'
import { allowedOrigin } from '../../lambdas/credentials/base-url.ts'
import type { Credential, Means } from '../../lambdas/credentials/credential.ts'
import {
  assertOrgAllowed,
  checkedFields,
  type DocumentLimits,
  type DocumentSource,
  type KeyDocument,
  keyFields,
  storedKey,
} from '../../lambdas/credentials/document.ts'
import { keyCredential } from '../../lambdas/credentials/key-kind.ts'
import { RotationError } from '../../lambdas/errors.ts'

const readerFields = v.object({ ...keyFields, reader: v.pipe(v.string(), v.regex(/^[\w.@-]{1,256}$/)) })

/** The worked example of ARCHITECTURE.md: a user's key whose document calls the user `reader`. */
export function readerKey(means: Means): Credential<KeyDocument> {
  return {
    ...keyCredential(means),

    read: readReaderDocument,

    assertSameIdentity({ current, superseded, on }) {
      const { authToken: login } = current.identity
      const isSame = typeof login !== 'string' && superseded['reader'] === login.username
      if (isSame && superseded['orgId'] === current.orgId) return
      const problem = `${on} is of another reader than AWSCURRENT`
      throw new RotationError('ERR_CANNOT_RETIRE', `${problem}: deactivate its credential at Dfns by hand`)
    },
  }
}

/** It logs in: what stands in the place of a token is who it is. */
function readReaderDocument(source: DocumentSource, limits: DocumentLimits): KeyDocument {
  const { on, secretArn } = source
  const { fields, checked } = checkedFields(source, readerFields)
  const { kind, baseUrl, orgId, reader, credId } = checked
  const origin = allowedOrigin({ baseUrl, allowed: limits.allowedBaseUrls, on })
  assertOrgAllowed({ orgId, limits, on })
  const stored = storedKey({ ...checked, on })
  const identity = { origin, authToken: { orgId, username: reader }, credId, key: stored.key }
  const unknown = { tokenExpires: undefined, userId: undefined, signerArn: undefined }
  const ours = { secretArn, ourFields: Object.keys(readerFields.entries) }
  return { kind, on, fields, id: credId, identity, stored, orgId, ...unknown, ...ours }
}
