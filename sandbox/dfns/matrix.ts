import type { SelfRotationEndpoint } from './switches.ts'
import { webhookMatrix } from './webhook-matrix.ts'

/** Who calls, as Dfns's auth matrix divides callers: by token first, then by the kind of user. */
export type CallerKind = 'user' | 'endUser' | 'pat' | 'serviceAccount'

/** One row of the auth matrix. */
export interface MatrixRow {
  readonly allowed: readonly CallerKind[]
  /** The switch that overrides a refusal of service accounts and PATs. */
  readonly selfRotation?: SelfRotationEndpoint
  /** The permission that the caller must have been assigned. */
  readonly permission?: string
}

const all = ['user', 'endUser', 'pat', 'serviceAccount'] as const
const sessions = ['user', 'endUser'] as const

/**
 * The auth matrix of Dfns's API reference, for the endpoints simulated here. The row of deactivate is in no
 * stored page and is assumed to be that of activate.
 */
export const authMatrix = {
  'POST /auth/action/init': { allowed: all },
  'POST /auth/action': { allowed: all },
  'POST /auth/credentials/init': { allowed: sessions, selfRotation: 'init' },
  'POST /auth/credentials': { allowed: sessions, selfRotation: 'create' },
  'GET /auth/credentials': { allowed: ['user', 'endUser', 'pat'], selfRotation: 'list' },
  'PUT /auth/credentials/activate': { allowed: sessions, selfRotation: 'activate' },
  'PUT /auth/credentials/deactivate': { allowed: sessions, selfRotation: 'deactivate' },
  'GET /auth/service-accounts/{serviceAccountId}': {
    allowed: ['user', 'pat', 'serviceAccount'],
    permission: 'Auth:ServiceAccounts:Read',
  },
  ...webhookMatrix,
} as const satisfies Record<string, MatrixRow>

/** Method and path template of an endpoint that the simulator has. */
export type Operation = keyof typeof authMatrix
