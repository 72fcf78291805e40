/** The kinds of Dfns credentials that are rotated, as a document's `kind` names them. */
export const credentialKinds = [
  'ServiceAccountKey',
  'PersonalAccessTokenKey',
  'UserKey',
  'WebhookSecret',
] as const

export type CredentialKind = (typeof credentialKinds)[number]
