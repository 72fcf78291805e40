import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type DocumentSource, type KeyDocument, readKeyDocument } from '../../lambdas/credentials/document.ts'
import type { Json } from '../../lambdas/credentials/json.ts'

export const secretArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/dfns/robot-AbCdEf'
export const on = `AWSCURRENT of ${secretArn}`
export const limits = { allowedBaseUrls: ['https://api.dfns.io', 'http://127.0.0.1:8080'] }

export const keyPem = (key: KeyObject) => String(key.export({ type: 'pkcs8', format: 'pem' }))
export const ed25519 = () => generateKeyPairSync('ed25519').privateKey
export const p256 = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

/** A JWT of the form Dfns issues; nobody checks its signature. */
export function tokenWith(claims: unknown): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'EdDSA', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJlLWNhbmFyeQ`
}

export const orgId = 'or-12345-67890-abcdefgh'
export const userId = 'us-11111-22222-robotrob'
export const authToken = tokenWith({
  exp: 1_900_000_000,
  'https://custom/app_metadata': { orgId, userId },
})
export const currentKey = p256()
export const credId = 'Y2ktY3VycmVudC1jcmVkZW50aWFs'

type Fields = Readonly<Record<string, Json | undefined>>

/** A complete ServiceAccountKey document with these changes; `undefined` leaves a field out. */
export function documentWith(changes: Fields = {}): Fields {
  return {
    kind: 'ServiceAccountKey',
    baseUrl: 'https://api.dfns.io',
    orgId,
    authToken,
    credId,
    privateKey: keyPem(currentKey),
    ...changes,
  }
}

export const sourceOf = (document: unknown): DocumentSource => ({
  text: JSON.stringify(document),
  on,
  secretArn,
})

export const read = (changes: Fields = {}): KeyDocument =>
  readKeyDocument(sourceOf(documentWith(changes)), limits)
