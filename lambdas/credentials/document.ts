import * as v from 'valibot'
import { readPrivateKey, type StoredKey } from '../crypto/private-key.ts'
import { RotationError } from '../errors.ts'
import type { Identity } from '../ports/dfns.ts'
import { readAuthToken, type TokenClaims } from './auth-token.ts'
import { allowedOrigin } from './base-url.ts'
import { type JsonObject, readExactJsonObject } from './json.ts'

/** What the policy allows a document to name. */
export interface DocumentLimits {
  readonly allowedBaseUrls: readonly string[]
  readonly allowedOrgIds?: readonly string[] | undefined
}

/** A version's text, and how errors call it: names and ids only. */
export interface DocumentSource {
  readonly text: string | undefined
  /** `AWSCURRENT of arn:aws:secretsmanager:…` */
  readonly on: string
  readonly secretArn: string
}

/** The least that is known of every generation of a secret. */
export interface Generation {
  readonly kind: string
  /** `AWSCURRENT of arn:aws:secretsmanager:…`: how errors and logs call it. */
  readonly on: string
  /** The whole document, the owner's fields included, as it was read. */
  readonly fields: JsonObject
  /** What Dfns knows it by. Compared, never a version id, before anything is deactivated. */
  readonly id: string
  readonly tokenExpires: Date | undefined
}

/** A document whose key signs with a bearer token: the kinds ServiceAccountKey and PersonalAccessTokenKey. */
export interface KeyDocument extends Generation {
  readonly identity: Identity
  readonly stored: StoredKey
  readonly orgId: string
  readonly userId: string | undefined
}

const longestDocument = 65_536

const keyFields = v.object({
  kind: v.string(),
  baseUrl: v.string(),
  orgId: v.pipe(v.string(), v.regex(/^[\w-]{1,128}$/)),
  authToken: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,16384}$/)),
  credId: v.pipe(v.string(), v.regex(/^[\w+/=.-]{1,1024}$/)),
  privateKey: v.string(),
  signerArn: v.optional(
    v.pipe(v.string(), v.regex(/^arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@!-]+$/)),
  ),
})

/** The fields of a KeyDocument that are ours. All others are the owner's. */
export const ourFields: readonly string[] = Object.keys(keyFields.entries)

/**
 * The object in a version, with a `kind`. A bare PEM, a list, or somebody's own format is not changed by
 * guessing.
 */
export function readFields({ text, on, secretArn }: DocumentSource): JsonObject & { readonly kind: string } {
  const adopt = `Nothing was changed. To bring it into the form: npx dfns-rotator adopt ${secretArn}`
  if (text === undefined)
    throw new RotationError('ERR_DOCUMENT', `${on} is binary, not a JSON document. ${adopt}`)
  if (Buffer.byteLength(text) > longestDocument)
    throw new RotationError('ERR_DOCUMENT', `${on} is too large. ${adopt}`)
  const fields = readExactJsonObject(text)
  if (fields === undefined) throw new RotationError('ERR_DOCUMENT', `${on} is not a JSON document. ${adopt}`)
  const { kind } = fields
  if (typeof kind !== 'string') throw new RotationError('ERR_DOCUMENT', `${on} has no field kind. ${adopt}`)
  return { ...fields, kind }
}

/** Reads and checks a key document; errors name the field and the secret, never a value. */
export function readKeyDocument(source: DocumentSource, limits: DocumentLimits): KeyDocument {
  const fields = readFields(source)
  const { on } = source
  const { success, output, issues } = v.safeParse(keyFields, fields)
  if (!success) {
    const names = new Set(issues.map((issue) => v.getDotPath(issue) ?? 'document'))
    throw new RotationError('ERR_DOCUMENT', `${on}: missing or malformed: ${[...names].join(', ')}`)
  }
  const { kind, baseUrl, orgId, authToken, credId, privateKey } = output
  const origin = allowedOrigin({ baseUrl, allowed: limits.allowedBaseUrls, on })
  const claims = tokenOf({ authToken, orgId, limits, on })
  const stored = readPrivateKey(privateKey)
  if (stored === undefined) {
    throw new RotationError(
      'ERR_DOCUMENT',
      `${on}: privateKey is not one unencrypted PKCS#8, PKCS#1 or SEC1 PEM`,
    )
  }
  const identity = { origin, authToken, credId, key: stored.key }
  const { userId, expires: tokenExpires } = claims
  return { kind, on, fields, id: credId, tokenExpires, identity, stored, orgId, userId }
}

function tokenOf(token: {
  authToken: string
  orgId: string
  limits: DocumentLimits
  on: string
}): TokenClaims {
  const { authToken, orgId, limits, on } = token
  const claims = readAuthToken(authToken)
  if (claims === undefined) throw new RotationError('ERR_DOCUMENT', `${on}: authToken is not a Dfns token`)
  if (claims.orgId !== orgId) {
    throw new RotationError('ERR_ORG', `${on}: authToken is of another organisation than orgId says`)
  }
  if (limits.allowedOrgIds !== undefined && !limits.allowedOrgIds.includes(orgId)) {
    throw new RotationError('ERR_ORG', `${on}: orgId is none of the policy's allowedOrgIds`)
  }
  return claims
}
