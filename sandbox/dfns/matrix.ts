import type { SelfRotationEndpoint } from './switches.ts'
import { webhookMatrix } from './webhook-matrix.ts'

/** Who calls, as Dfns's auth matrix divides callers: by token first, then by the kind of user. */
export type CallerKind = 'user' | 'endUser' | 'pat' | 'serviceAccount'

/** One row of the auth matrix. */
export interface MatrixRow {
  readonly allowed: readonly CallerKind[]
  /** The switch that overrides a refusal of service accounts and PATs. */
  readonly selfRotation?: SelfRotationEndpoint
  /** Who else may call where the switch `unsettledRows` allows it: no stored page says. */
  readonly unsettled?: readonly CallerKind[]
  /** The permission that the caller must have been assigned; of several names of one, any. */
  readonly permission?: string | readonly string[]
}

const all = ['user', 'endUser', 'pat', 'serviceAccount'] as const
const sessions = ['user', 'endUser'] as const
const notEndUsers = ['user', 'pat', 'serviceAccount'] as const
const machines = ['pat', 'serviceAccount'] as const

// Its name in the SDK, and the newest documents' one.
const approvalsRead = ['Policies:Approvals:Read', 'Policies:Evaluations:Read'] as const

/**
 * The auth matrix of Dfns's API reference, for the endpoints simulated here that need a token. The row of
 * deactivate is in no stored page and is assumed to be that of activate. For permissions and the audit log
 * only the permissions are documented; for policies a user and a service account are.
 */
export const authMatrix = {
  'POST /auth/action/init': { allowed: all },
  'POST /auth/action': { allowed: all },
  'GET /auth/action/logs': { allowed: ['user'], unsettled: machines, permission: 'Auth:Logs:Read' },
  'GET /auth/action/logs/{id}': { allowed: ['user'], unsettled: machines, permission: 'Auth:Logs:Read' },
  'PUT /auth/logout': { allowed: sessions },
  'POST /auth/credentials/init': { allowed: sessions, selfRotation: 'init' },
  'POST /auth/credentials': { allowed: sessions, selfRotation: 'create' },
  'GET /auth/credentials': { allowed: ['user', 'endUser', 'pat'], selfRotation: 'list' },
  'PUT /auth/credentials/activate': { allowed: sessions, selfRotation: 'activate' },
  'PUT /auth/credentials/deactivate': { allowed: sessions, selfRotation: 'deactivate' },
  'DELETE /auth/credentials/{credentialUuid}': { allowed: sessions, selfRotation: 'delete' },
  'POST /auth/credentials/code': { allowed: sessions, selfRotation: 'code' },
  'POST /auth/service-accounts': { allowed: ['user'], permission: 'Auth:ServiceAccounts:Create' },
  'GET /auth/service-accounts': { allowed: notEndUsers, permission: 'Auth:ServiceAccounts:Read' },
  'GET /auth/service-accounts/{serviceAccountId}': {
    allowed: notEndUsers,
    permission: 'Auth:ServiceAccounts:Read',
  },
  'PUT /auth/service-accounts/{serviceAccountId}': {
    allowed: ['user'],
    unsettled: machines,
    permission: 'Auth:ServiceAccounts:Update',
  },
  'PUT /auth/service-accounts/{serviceAccountId}/activate': {
    allowed: ['user'],
    unsettled: machines,
    permission: 'Auth:ServiceAccounts:Activate',
  },
  'PUT /auth/service-accounts/{serviceAccountId}/deactivate': {
    allowed: ['user', 'serviceAccount'],
    permission: 'Auth:ServiceAccounts:Deactivate',
  },
  'DELETE /auth/service-accounts/{serviceAccountId}': {
    allowed: ['user'],
    unsettled: ['serviceAccount'],
    permission: 'Auth:ServiceAccounts:Delete',
  },
  'POST /auth/pats': { allowed: sessions, permission: 'Auth:Pats:Create' },
  'GET /auth/pats': { allowed: all },
  'GET /auth/pats/{tokenId}': { allowed: all },
  'PUT /auth/pats/{tokenId}': { allowed: sessions, unsettled: machines },
  'PUT /auth/pats/{tokenId}/activate': { allowed: sessions, unsettled: machines },
  'PUT /auth/pats/{tokenId}/deactivate': { allowed: all },
  'DELETE /auth/pats/{tokenId}': { allowed: all },
  'GET /permissions': { allowed: notEndUsers, permission: 'Permissions:Read' },
  'GET /permissions/{permissionId}': { allowed: notEndUsers, permission: 'Permissions:Read' },
  'GET /permissions/{permissionId}/assignments': {
    allowed: notEndUsers,
    permission: 'Permissions:Assignments:Read',
  },
  'POST /permissions/{permissionId}/assignments': {
    allowed: ['user'],
    unsettled: machines,
    permission: 'Permissions:Assign',
  },
  'DELETE /permissions/{permissionId}/assignments/{assignmentId}': {
    allowed: ['user'],
    unsettled: machines,
    permission: 'Permissions:Revoke',
  },
  'GET /v2/policies': { allowed: notEndUsers, permission: 'Policies:Read' },
  'GET /v2/policies/{policyId}': { allowed: notEndUsers, permission: 'Policies:Read' },
  'GET /v2/policy-approvals': { allowed: notEndUsers, permission: approvalsRead },
  'GET /v2/policy-approvals/{approvalId}': { allowed: notEndUsers, permission: approvalsRead },
  ...webhookMatrix,
} as const satisfies Record<string, MatrixRow>

/** Method and path template of an endpoint that the simulator has. */
export type Operation = keyof typeof authMatrix
