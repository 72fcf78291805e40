import type { Switches } from './switches.ts'

/** An organisation: what its identities share, its switches and its rate limit included. */
export interface Organisation {
  readonly orgId: string
  readonly name: string
  switches: Switches
  /** The current window of the rate limit; `start` in milliseconds. */
  window: { start: number; requests: number }
  /** Every `credId` and every public key (by fingerprint) that a credential of the organisation ever had. */
  readonly taken: { readonly credentialIds: Set<string>; readonly fingerprints: Set<string> }
}

/**
 * Dfns's kinds of user; a service account is a CustomerEmployee of its own in replies, and its own row in the
 * matrix.
 */
export type IdentityKind = 'CustomerEmployee' | 'EndUser' | 'ServiceAccount'

/** A user or a service account: what credentials and tokens belong to. */
export interface Identity {
  readonly userId: string
  readonly orgId: string
  readonly kind: IdentityKind
  readonly name: string
  readonly permissionAssignments: PermissionAssignment[]
  /** Oldest first. */
  readonly credentials: Credential[]
  /** Oldest first. */
  readonly tokens: AccessToken[]
  isActive: boolean
}

/** A permission given to an identity, as UserInfo and AccessToken carry it. */
export interface PermissionAssignment {
  readonly permissionName: string
  readonly permissionId: string
  readonly assignmentId: string
  readonly operations: readonly string[]
}

/** A bearer token's record; the token itself is shown once and not kept. `Token` is a user's session. */
export interface AccessToken {
  readonly tokenId: string
  readonly orgId: string
  readonly userId: string
  readonly kind: 'ServiceAccount' | 'Pat' | 'Token'
  readonly name: string
  /** The credential it was issued with. */
  readonly credentialUuid: string
  readonly dateCreated: number
  isActive: boolean
}

/** A Key credential. */
export interface Credential {
  readonly credentialUuid: string
  readonly credentialId: string
  readonly orgId: string
  readonly userId: string
  readonly name: string
  /** As it was sent at registration. */
  readonly publicKey: string
  readonly fingerprint: string
  readonly dateCreated: number
  /**
   * The PAT it was made together with, or by; absent for a credential that the identity itself registered.
   */
  readonly patId?: string
  isActive: boolean
  /** Listings that still miss it. */
  unlisted: number
  /** Assertions of it that are still refused. */
  unaccepted: number
}

/** The request that a user action is signed for. */
export interface SignedRequest {
  readonly method: string
  readonly path: string
  readonly payload: string
}

/** Something to sign, given to one token: for a user action, or to register a credential. */
export interface Challenge {
  readonly id: string
  readonly tokenId: string
  readonly challenge: string
  /** Absent for the registration of a credential. */
  readonly request?: SignedRequest
  used: boolean
}

/** A signed user action, good for one request by the same token. */
export interface UserAction {
  readonly id: string
  readonly tokenId: string
  readonly credentialUuid: string
  readonly request: SignedRequest
  used: boolean
}

/** Who did something: a token and the credential that signed for it, or the test that set the scene. */
export type Actor = { readonly tokenId: string; readonly credentialUuid: string } | 'administrator'

/** One line of the audit trail. Calls that changed nothing leave none, pings aside. */
export interface Effect {
  /** Milliseconds of the clock. */
  readonly at: number
  readonly kind:
    | 'credential created'
    | 'credential activated'
    | 'credential deactivated'
    | 'user action signed'
    | 'user action spent'
    | 'approval requested'
    | 'webhook created'
    | 'webhook updated'
    | 'webhook deleted'
    | 'webhook pinged'
  readonly orgId: string
  /** Whose credential; for a webhook, which is nobody's own, who asked (empty for the administrator). */
  readonly userId: string
  /**
   * The credential concerned; for a user action the one that signed it; none where a creation awaits
   * approval.
   */
  readonly credentialUuid?: string
  /** The webhook concerned. */
  readonly webhookId?: string
  readonly by: Actor
  /** Method and path of a user action, or of the request that awaits approval. */
  readonly request?: { readonly method: string; readonly path: string }
}
