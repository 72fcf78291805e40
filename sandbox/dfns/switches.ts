import { type IdentitySwitches, pessimisticIdentities } from './identity-switches.ts'
import { type PasskeySwitches, pessimisticPasskeys } from './passkey-switches.ts'
import { pessimisticWebhooks, type WebhookSwitches } from './webhook-switches.ts'

/** The credential endpoints on which Dfns's guide and its API reference contradict each other. */
export type SelfRotationEndpoint = 'init' | 'create' | 'list' | 'activate' | 'deactivate' | 'delete' | 'code'

/**
 * `allow` follows the rotation guide; a status follows the API reference, which does not say which of the two
 * it is.
 */
export type SelfRotationAnswer = 'allow' | 401 | 403

/** What a service account or PAT is answered where the auth matrix refuses it. */
export type SelfRotation = Readonly<Record<SelfRotationEndpoint, SelfRotationAnswer>>

const everywhere = (answer: SelfRotationAnswer): SelfRotation => ({
  init: answer,
  create: answer,
  list: answer,
  activate: answer,
  deactivate: answer,
  delete: answer,
  code: answer,
})

/** The worlds a rotator has to tell apart; spread one to change a single endpoint. */
export const selfRotation = {
  allAllowed: everywhere('allow'),
  allRefused: everywhere(403),
  allUnauthorised: everywhere(401),
  /** The mixed world: a key can be registered, but its owner cannot look at what is there. */
  createAllowedListRefused: { ...everywhere('allow'), list: 403 },
} as const satisfies Record<string, SelfRotation>

/** The body of an error: the newest documents, the legacy ones, and Dfns's SDK tests each show another. */
export type ErrorBody = 'error' | 'legacy' | 'details'

/**
 * Behaviour that Dfns's documents leave open. Per organisation, and may be changed between any two requests.
 */
export interface Switches extends IdentitySwitches, PasskeySwitches, WebhookSwitches {
  /**
   * What service accounts and PATs are answered on the credential endpoints whose matrix row refuses them.
   */
  readonly selfRotation: SelfRotation
  /**
   * Whether a Key credential registered on a user also signs for that user's PATs, and is offered to them.
   */
  readonly userCredentialSignsForPat: boolean
  /**
   * Whether a credential made together with a PAT shows in its user's list and signs for the user's sessions.
   */
  readonly patCredentialBelongsToUser: boolean
  /**
   * Which identifier `allowCredentials.key` carries; where it is the uuid, an assertion may name the uuid,
   * too. Passkeys are always named by their credential ids, the only ones that an authenticator knows.
   */
  readonly allowCredentialsId: 'credentialId' | 'credentialUuid'
  /** Whether deactivated credentials are still offered in `allowCredentials`; they never sign. */
  readonly allowCredentialsInactive: 'listed' | 'hidden'
  /** The form of a Key credential's `publicKey` in replies. */
  readonly listPublicKey: 'pem' | 'fingerprint' | 'empty'
  /** What `accessTokens[].credId` holds. */
  readonly accessTokenCredId: 'credentialId' | 'credentialUuid' | 'empty'
  /** The shape of an error's body. */
  readonly errorBody: ErrorBody
  /** Whether a `credId` that the organisation has, active or not, is refused (409) or gets a second uuid. */
  readonly duplicateCredId: 'refuse' | 'allow'
  /** Whether a public key that a credential of the organisation already has may be registered again. */
  readonly keyReuse: 'refuse' | 'allow'
  /** How many listings (the list, or `allowCredentials`) still miss a credential that was just created. */
  readonly listLag: number
  /** How many assertions of a credential that was just created are still refused. */
  readonly acceptanceLag: number
  /** Whether a credential may deactivate itself. */
  readonly deactivateSigning: 'refuse' | 'allow'
  /** Whether an identity's last active credential may be deactivated. */
  readonly deactivateLast: 'refuse' | 'allow'
  /**
   * Once the credential a token was issued with is inactive, user actions that other credentials sign for
   * that token are refused at /auth/action with 401. One for PUT /auth/credentials/activate of that very
   * credential still passes, since otherwise nothing could ever undo it.
   */
  readonly tokenDiesWithItsCredential: boolean
  /** Whether an unspent user action becomes invalid when the credential that signed it is deactivated. */
  readonly userActionDiesWithItsCredential: boolean
  /** Lifetime of a challenge in milliseconds. */
  readonly challengeTtl: number
  /** Lifetime of a user action in milliseconds. */
  readonly userActionTtl: number
  /** Whether a challenge or a user action may be used only once. A failed attempt uses a challenge up. */
  readonly singleUse: 'enforced' | 'ignored'
  /** `exact`: the payload signed is the body sent, byte for byte; `tolerant`: none and `{}` are the same. */
  readonly emptyPayload: 'exact' | 'tolerant'
  /** Which form of a path with a query the signed path is compared with. */
  readonly signedPath: 'path-and-query' | 'path' | 'either'
  /** Requests that an organisation may make in 60 seconds of the clock. */
  readonly rateLimit: number
}

/**
 * The unkind answer to each open question, except where Dfns documents a value (challenges: 15 minutes; 1,000
 * requests a minute; the newest error body) and except approvals, which exist only where somebody wrote a
 * policy.
 */
export const pessimistic: Switches = {
  ...pessimisticIdentities,
  ...pessimisticPasskeys,
  selfRotation: selfRotation.allRefused,
  userCredentialSignsForPat: false,
  patCredentialBelongsToUser: false,
  allowCredentialsId: 'credentialId',
  allowCredentialsInactive: 'listed',
  listPublicKey: 'empty',
  accessTokenCredId: 'empty',
  errorBody: 'error',
  duplicateCredId: 'refuse',
  keyReuse: 'refuse',
  listLag: 1,
  acceptanceLag: 1,
  deactivateSigning: 'refuse',
  deactivateLast: 'refuse',
  tokenDiesWithItsCredential: true,
  userActionDiesWithItsCredential: true,
  challengeTtl: 15 * 60_000,
  userActionTtl: 60_000,
  singleUse: 'enforced',
  emptyPayload: 'exact',
  signedPath: 'path-and-query',
  rateLimit: 1_000,
  ...pessimisticWebhooks,
}
