import { RotationError } from '../errors.ts'
import type { Credential, Means } from './credential.ts'
import type { Generation } from './document.ts'
import { type CredentialKind, credentialKinds } from './kinds.ts'
import { personalAccessTokenKey } from './personal-access-token-key.ts'
import { serviceAccountKey } from './service-account-key.ts'
import { userKey } from './user-key.ts'
import { webhookSecret } from './webhook-secret.ts'

const kinds: Readonly<Record<CredentialKind, (means: Means) => Credential<Generation>>> = {
  ServiceAccountKey: serviceAccountKey,
  PersonalAccessTokenKey: personalAccessTokenKey,
  UserKey: userKey,
  WebhookSecret: webhookSecret,
}

export const isKind = (kind: unknown): kind is CredentialKind =>
  credentialKinds.some((known) => known === kind)

/** The file that understands a `kind`. */
export function credentialOf(document: { kind: string; on: string; means: Means }): Credential<Generation> {
  const { kind, on, means } = document
  if (isKind(kind)) return kinds[kind](means)
  throw new RotationError('ERR_DOCUMENT', `${on}: kind is none of ${credentialKinds.join(', ')}`)
}
