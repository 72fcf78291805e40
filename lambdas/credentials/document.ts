import * as v from 'valibot'
import { readPrivateKey, type StoredKey } from '../crypto/private-key.ts'
import { RotationError } from '../errors.ts'
import type { Identity } from '../ports/dfns.ts'
import { readAuthToken, type TokenClaims } from './auth-token.ts'
import { allowedOrigin } from './base-url.ts'
import { placesOf } from './issues.ts'
import { type JsonObject, readExactJsonObject } from './json.ts'

/** What the policy allows a document to name. */
export interface DocumentLimits {
  readonly allowedBaseUrls: readonly string[]
  readonly allowedOrgIds?: readonly string[] | undefined
  /** ARNs of the secrets that may be named as signers; any, if there is no such list. */
  readonly allowedSigners?: readonly string[] | undefined
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

/** A document whose key signs: of every kind but WebhookSecret. */
export interface KeyDocument extends Generation {
  readonly identity: Identity
  readonly stored: StoredKey
  readonly orgId: string
  /** Whose it is, as its token says; a user who logs in has none in the document. */
  readonly userId: string | undefined
  /** The secret in which it stands. */
  readonly secretArn: string
  readonly signerArn: string | undefined
  /** The fields that are ours. All others are the owner's. */
  readonly ourFields: readonly string[]
}

export const isKeyDocument = (one: Generation): one is KeyDocument => 'identity' in one

/** What Dfns knows the credential in a document by. */
export function idIn(fields: JsonObject | undefined): string | undefined {
  const id = fields?.['kind'] === 'WebhookSecret' ? fields['webhookId'] : fields?.['credId']
  return typeof id === 'string' ? id : undefined
}

/** A generation, or nothing if what stands there is none: what was in the secret before it was adopted. */
export async function generationIn<T>(reading: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof RotationError && !error.retryable && error.code !== 'ERR_STORE') return undefined
    throw error
  }
}

const longestDocument = 65_536

/** A secret's full ARN. */
export const secretArn = v.pipe(
  v.string(),
  v.regex(/^arn:[\w-]{1,32}:secretsmanager:[\w-]{0,64}:\d{12}:secret:[\w/+=.@!-]{1,519}$/),
)

/** What every document has. */
export const commonFields = {
  kind: v.string(),
  baseUrl: v.string(),
  orgId: v.pipe(v.string(), v.regex(/^[\w-]{1,128}$/)),
}

/** What every key document has. */
export const keyFields = {
  ...commonFields,
  credId: v.pipe(v.string(), v.regex(/^[\w+/=.-]{1,1024}$/)),
  privateKey: v.string(),
}

const tokenFields = v.object({
  ...keyFields,
  authToken: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,16384}$/)),
  signerArn: v.optional(secretArn),
})

/**
 * The object in a version, with a `kind`. A bare PEM, a list, or somebody's own format is not changed by
 * guessing.
 */
export function readFields({
  text,
  on,
  secretArn: arn,
}: DocumentSource): JsonObject & { readonly kind: string } {
  const adopt = `Nothing was changed. To bring it into the form: npx dfns-rotator adopt ${arn}`
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

/** Reads and checks the fields of a document; errors name the field and the secret, never a value. */
export function checkedFields<const S extends v.GenericSchema>(
  source: DocumentSource,
  schema: S,
): { fields: JsonObject; checked: v.InferOutput<S> } {
  const fields = readFields(source)
  const { success, output, issues } = v.safeParse(schema, fields)
  if (success) return { fields, checked: output }
  const places = placesOf(issues, 'document')
  throw new RotationError('ERR_DOCUMENT', `${source.on}: missing or malformed: ${places}`)
}

export function storedKey({ privateKey, on }: { privateKey: string; on: string }): StoredKey {
  const stored = readPrivateKey(privateKey)
  if (stored !== undefined) return stored
  throw new RotationError(
    'ERR_DOCUMENT',
    `${on}: privateKey is not one unencrypted PKCS#8, PKCS#1 or SEC1 PEM`,
  )
}

/** Reads a document with a bearer token: the kinds ServiceAccountKey and PersonalAccessTokenKey. */
export function readKeyDocument(source: DocumentSource, limits: DocumentLimits): KeyDocument {
  const { on } = source
  const { fields, checked } = checkedFields(source, tokenFields)
  const { kind, baseUrl, orgId, authToken, credId } = checked
  const origin = allowedOrigin({ baseUrl, allowed: limits.allowedBaseUrls, on })
  const { userId, expires: tokenExpires } = tokenOf({ authToken, orgId, limits, on })
  const stored = storedKey({ ...checked, on })
  const identity = { origin, authToken, credId, key: stored.key }
  const { signerArn } = checked
  const ours = { secretArn: source.secretArn, signerArn, ourFields: Object.keys(tokenFields.entries) }
  return { kind, on, fields, id: credId, tokenExpires, identity, stored, orgId, userId, ...ours }
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
  assertOrgAllowed({ orgId, limits, on })
  return claims
}

export function assertOrgAllowed(of: { orgId: string; limits: DocumentLimits; on: string }): void {
  const { orgId, limits, on } = of
  if (limits.allowedOrgIds === undefined || limits.allowedOrgIds.includes(orgId)) return
  throw new RotationError('ERR_ORG', `${on}: orgId is none of the policy's allowedOrgIds`)
}
