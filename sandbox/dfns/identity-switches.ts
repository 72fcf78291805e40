/** Calls that a policy may hold back, each named after what it does; the first three are to a credential. */
export type HeldAction =
  | 'create'
  | 'activate'
  | 'deactivate'
  | 'delete'
  | 'assignPermission'
  | 'revokePermission'
  | 'createServiceAccount'
  | 'activateServiceAccount'
  | 'deactivateServiceAccount'
  | 'deleteServiceAccount'
  | 'createPersonalAccessToken'
  | 'activatePersonalAccessToken'
  | 'deactivatePersonalAccessToken'
  | 'deletePersonalAccessToken'
  | 'createWebhook'
  | 'updateWebhook'
  | 'deleteWebhook'

type CredentialAction = 'create' | 'activate' | 'deactivate'

/** Which calls are held back; what is not named is not held. */
export type ApprovalSwitch = Readonly<Record<CredentialAction, boolean>> &
  Readonly<Partial<Record<Exclude<HeldAction, CredentialAction>, boolean>>>

/** What Dfns's documents leave open about logins, identities, permissions, approvals and the audit log. */
export interface IdentitySwitches {
  /** What a login whose signature holds is answered: a session's token, or where to log in by SSO instead. */
  readonly login: 'token' | 'sso'
  /** Lifetime of a login's session in milliseconds; "relatively short" is all that is documented. */
  readonly sessionTtl: number
  /** Whether a service account may log in with its name and key. */
  readonly serviceAccountLogin: 'refuse' | 'allow'
  /**
   * Whether PATs and service accounts may call what no stored page has a matrix row for: update, activate and
   * delete a service account, update and activate a PAT, give and take permissions, read the audit log.
   */
  readonly unsettledRows: 'refuse' | 'allow'
  /**
   * Calls that a policy holds back: the answer is 202, and each time they are asked another approval is made.
   */
  readonly approval: ApprovalSwitch
  /** Whether the name or externalId of a deleted service account or PAT may be given again. */
  readonly archivedName: 'taken' | 'free'
  /** Whether a user's PATs must differ in name; service accounts of an organisation always must. */
  readonly patName: 'unique' | 'free'
  /** Whether deleted service accounts and PATs are still shown; where they are not, reading one is 410. */
  readonly archived: 'gone' | 'listed'
  /** Whether a credential, service account or PAT may be deleted (422) before it is deactivated. */
  readonly deleteActive: 'refuse' | 'allow'
  /** The most days that `daysValid` may ask for: 730 in old documents, without a bound in the newest. */
  readonly longestTokenDays: number
  /** Items on a page where the request does not say how many. */
  readonly pageSize: number
  /**
   * The body of the audit log: CSV itself, as documented, which Dfns's SDK cannot read since it parses JSON;
   * or that CSV as a JSON string, which is what the SDK's types say.
   */
  readonly auditLogBody: 'csv' | 'json'
  /** What an audit log's `firstFactorCredential.id` holds. */
  readonly auditLogCredentialId: 'credentialUuid' | 'credentialId'
}

/** The unkind answers; SSO and approvals exist only where somebody has set them up. */
export const pessimisticIdentities: IdentitySwitches = {
  login: 'token',
  sessionTtl: 5 * 60_000,
  serviceAccountLogin: 'refuse',
  unsettledRows: 'refuse',
  approval: { create: false, activate: false, deactivate: false },
  archivedName: 'taken',
  patName: 'unique',
  archived: 'gone',
  deleteActive: 'refuse',
  longestTokenDays: 730,
  pageSize: 2,
  auditLogBody: 'csv',
  auditLogCredentialId: 'credentialUuid',
}
