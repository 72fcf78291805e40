import { RotationError } from '../errors.ts'
import type { Credential, Means } from './credential.ts'
import type { Generation } from './document.ts'
import { personalAccessTokenKey } from './personal-access-token-key.ts'
import { serviceAccountKey } from './service-account-key.ts'
import { userKey } from './user-key.ts'
import { webhookSecret } from './webhook-secret.ts'

const kinds: Readonly<Record<string, (means: Means) => Credential<Generation>>> = {
  ServiceAccountKey: serviceAccountKey,
  PersonalAccessTokenKey: personalAccessTokenKey,
  UserKey: userKey,
  WebhookSecret: webhookSecret,
}

export const isKind = (kind: unknown): boolean => typeof kind === 'string' && Object.hasOwn(kinds, kind)

/** The file that understands a `kind`. */
export function credentialOf(document: { kind: string; on: string; means: Means }): Credential<Generation> {
  const { kind, on, means } = document
  const make = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (make !== undefined) return make(means)
  throw new RotationError('ERR_DOCUMENT', `${on}: kind is none of ${Object.keys(kinds).join(', ')}`)
}
