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
  /** Whose passkeys it takes (Dashboard > Settings > Passkeys); without one it takes none. */
  relyingParties: readonly RelyingParty[]
}

/** A domain that the organisation lets passkeys be bound to. */
export interface RelyingParty {
  /** A domain, for example `example.com`. */
  readonly id: string
  /** Origins such as `https://app.example.com`; `*`: every origin of the domain and its subdomains. */
  readonly origins: '*' | readonly string[]
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
  /** What it logs in with. */
  readonly username: string
  name: string
  externalId?: string
  /** Oldest first. */
  readonly credentials: Credential[]
  /** Oldest first. */
  readonly tokens: AccessToken[]
  isActive: boolean
  /** Deleted: it stays in the books, and never comes back. */
  isArchived: boolean
}

/** A permission ("role" in Dfns's dashboard): a set of operations with a name. */
export interface Permission {
  readonly permissionId: string
  readonly orgId: string
  readonly name: string
  readonly operations: readonly string[]
  readonly dateCreated: number
}

/** A permission given to a user, a service account or a PAT, whose id is `identityId`. */
export interface Assignment {
  readonly assignmentId: string
  readonly permissionId: string
  readonly identityId: string
  readonly dateCreated: number
}

/** A bearer token's record; the token itself is shown once and not kept. `Token` is a user's session. */
export interface AccessToken {
  readonly tokenId: string
  readonly orgId: string
  readonly userId: string
  readonly kind: 'ServiceAccount' | 'Pat' | 'Token'
  name: string
  externalId?: string
  /** The credential it was issued with. */
  readonly credentialUuid: string
  readonly dateCreated: number
  isActive: boolean
  isArchived: boolean
}

/** The kinds of credential that are simulated. */
export type CredentialKind = 'Key' | 'Fido2'

/** What a Fido2 credential has beside its key. */
export interface Passkey {
  readonly relyingPartyId: string
  /** Where it was made. */
  readonly origin: string
  /** The authenticator's model, 32 hexadecimal digits. */
  readonly aaguid: string
  /** As its authenticator last said; 0 for ever where that keeps none. */
  signCount: number
}

/** A credential: a Key, or a Fido2 where it has `passkey`. */
export interface Credential {
  readonly credentialUuid: string
  readonly credentialId: string
  readonly orgId: string
  readonly userId: string
  readonly name: string
  /** PEM; a Key's as it was sent at registration. */
  readonly publicKey: string
  readonly fingerprint: string
  readonly dateCreated: number
  /**
   * The PAT it was made together with, or by; absent for a credential that the identity itself registered.
   */
  readonly patId?: string
  readonly passkey?: Passkey
  isActive: boolean
  isDeleted: boolean
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

/** Something to sign: for a user action, to register a credential (with a code or without), or to log in. */
export interface Challenge {
  readonly id: string
  readonly orgId: string
  /** Empty for a login that began without a name: the passkey tells. */
  readonly userId: string
  readonly purpose: 'user action' | 'credential' | 'credential with code' | 'login'
  /** The token it was given to; whoever logs in or has a code has none. */
  readonly tokenId?: string
  readonly challenge: string
  /** Of a user action. */
  readonly request?: SignedRequest
  /** Of a registration with a code. */
  readonly code?: string
  /** Of a registration. */
  readonly kind?: CredentialKind
  used: boolean
}

/** A code with which somebody without a token may register one credential on an identity. */
export interface CredentialCode {
  readonly code: string
  readonly orgId: string
  readonly userId: string
  /** The PAT that asked for it, if one did. */
  readonly patId?: string
  /** Milliseconds. */
  readonly expires: number
  readonly by: Actor
  used: boolean
}

/** A signed user action, good for one request by the same token. */
export interface UserAction {
  readonly id: string
  readonly tokenId: string
  readonly credentialUuid: string
  readonly request: SignedRequest
  /** What was signed, for the audit log; all base64url, and only a passkey has `authenticatorData`. */
  readonly assertion: {
    readonly clientData: string
    readonly signature: string
    readonly authenticatorData?: string
  }
  used: boolean
}

/** A line of Dfns's own audit log: a user action that was spent. */
export interface LogEntry {
  readonly id: string
  readonly orgId: string
  readonly userId: string
  readonly credentialUuid: string
  /** Method and path; what Dfns writes there is in no stored page. */
  readonly action: string
  readonly actionToken: string
  readonly assertion: UserAction['assertion']
  readonly at: number
}

/** A token and the credential that signed for it. */
export interface TokenActor {
  readonly tokenId: string
  readonly credentialUuid: string
}

/** Who did something: a caller, or the test that set the scene. */
export type Actor = TokenActor | 'administrator'

type Change = 'created' | 'updated' | 'activated' | 'deactivated' | 'deleted'

/** What an effect may be; a `token` is a service account's or a PAT, a session is a login's. */
export type EffectKind =
  | `credential ${Exclude<Change, 'updated'>}`
  | `service account ${Change}`
  | `user ${Exclude<Change, 'updated' | 'deleted'>}`
  | `token ${Change}`
  | 'session opened'
  | 'session closed'
  | 'code created'
  | 'permission assigned'
  | 'permission revoked'
  | 'user action signed'
  | 'user action spent'
  | 'approval requested'
  | 'approval approved'
  | 'approval denied'
  | `webhook ${'created' | 'updated' | 'deleted' | 'pinged'}`

/** One line of the audit trail. Calls that changed nothing leave none, pings aside. */
export interface Effect {
  /** Milliseconds of the clock. */
  readonly at: number
  readonly kind: EffectKind
  readonly orgId: string
  /**
   * Whose credential, token or permission; of an approval that was decided, and for a webhook, which is
   * nobody's own, who asked (empty for the administrator).
   */
  readonly userId: string
  /**
   * The credential concerned; for a user action the one that signed it; none where a creation awaits
   * approval.
   */
  readonly credentialUuid?: string
  readonly tokenId?: string
  readonly permissionId?: string
  readonly approvalId?: string
  /** The webhook concerned. */
  readonly webhookId?: string
  readonly by: Actor
  /** Method and path of a user action, or of the request that awaits approval. */
  readonly request?: { readonly method: string; readonly path: string }
}
