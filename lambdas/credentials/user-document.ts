import * as v from 'valibot'
import { allowedOrigin } from './base-url.ts'
import {
  assertOrgAllowed,
  checkedFields,
  type DocumentLimits,
  type DocumentSource,
  type KeyDocument,
  keyFields,
  storedKey,
} from './document.ts'

const userFields = v.object({
  ...keyFields,
  username: v.pipe(v.string(), v.regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,256}$/u)),
})

/** Reads a document without a token: the kind UserKey, whose user logs in with its key. */
export function readUserDocument(source: DocumentSource, limits: DocumentLimits): KeyDocument {
  const { on, secretArn } = source
  const { fields, checked } = checkedFields(source, userFields)
  const { kind, baseUrl, orgId, username, credId } = checked
  const origin = allowedOrigin({ baseUrl, allowed: limits.allowedBaseUrls, on })
  assertOrgAllowed({ orgId, limits, on })
  const stored = storedKey({ ...checked, on })
  const identity = { origin, authToken: { orgId, username }, credId, key: stored.key }
  const unknown = { tokenExpires: undefined, userId: undefined, signerArn: undefined }
  const ours = { secretArn, ourFields: Object.keys(userFields.entries) }
  return { kind, on, fields, id: credId, identity, stored, orgId, ...unknown, ...ours }
}
