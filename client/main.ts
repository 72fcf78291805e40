export { type Clock, clock } from './clock.ts'
export type {
  KeyDocument,
  PersonalAccessTokenKey,
  SecretDocument,
  SecretDocuments,
  SecretKind,
  ServiceAccountKey,
  UserKey,
  WebhookSecret,
} from './document.ts'
export { ClientError, type ClientErrorCode, clientErrorCodes } from './errors.ts'
export {
  type FetchedVersion,
  type FetchRequest,
  type FetchSecret,
  fromSecretsManager,
  type StagingLabel,
} from './fetch-secret.ts'
export type { KeySigner } from './keys.ts'
export { fromFile, fromLambdaExtension, fromSecretsManagerAgent } from './local-sources.ts'
export {
  type RotatingSecret,
  type RotatingSecretOptions,
  rotatingSecret,
  type Snapshot,
} from './rotating-secret.ts'
export { signer } from './signer.ts'
export { verifyWebhook, type WebhookHeaders } from './webhook.ts'
export { firstEventId, type WebhookEvent } from './webhook-event.ts'
