import type { WireRequest } from '../wire.ts'
import { Refusal } from './errors.ts'
import type { CallerKind, MatrixRow } from './matrix.ts'
import type { AccessToken, Identity, Organisation, UserAction } from './model.ts'
import { need, type State } from './state.ts'

/** Who makes a request, by the bearer token it carries. */
export interface Caller {
  readonly organisation: Organisation
  readonly identity: Identity
  readonly token: AccessToken
}

/** One request of an authenticated caller, as endpoints see it. */
export interface Call extends Caller {
  readonly state: State
  readonly request: WireRequest
  /** The last segment of a path that ends in an id. */
  readonly id: string
}

/** A call whose user action has been spent. */
export interface SignedCall extends Call {
  readonly action: UserAction
}

/**
 * The caller behind a bearer token: 401 for a bad, expired or inactive token, 400 for a deactivated identity.
 */
export function authenticate({ state, request }: { state: State; request: WireRequest }): Caller {
  const token = /^Bearer (\S+)$/i.exec(request.headers['authorization'] ?? '')?.[1]
  const id = token && state.mint.read({ audience: 'access-token', token })
  const found = id ? state.tokens.get(id) : undefined
  if (!found?.isActive) throw new Refusal(401, 'Unauthorized')
  const identity = need(state.identities, found.userId)
  if (!identity.isActive) throw new Refusal(400, 'User account has been deactivated.')
  return { organisation: need(state.organisations, found.orgId), identity, token: found }
}

/** Refuses a caller by the auth matrix (401 or 403, as the switch says), then by permission (403). */
export function authorise({ caller, row }: { caller: Caller; row: MatrixRow }): void {
  const { organisation, identity, token } = caller
  if (!row.allowed.includes(kindOf(caller))) {
    const answer = row.selfRotation ? organisation.switches.selfRotation[row.selfRotation] : 403
    if (answer === 401) throw new Refusal(401, 'Unauthorized')
    if (answer === 403) throw new Refusal(403, `${token.kind} ${identity.userId} is not authorized`)
  }
  const { permission } = row
  const granted = identity.permissionAssignments.some(
    ({ operations }) => permission !== undefined && operations.includes(permission),
  )
  if (permission !== undefined && !granted) {
    const who = `${token.kind} ${identity.userId}`
    throw new Refusal(403, `${who} is not authorized to perform operation (${permission})`)
  }
}

function kindOf({ identity, token }: Caller): CallerKind {
  if (token.kind === 'Pat') return 'pat'
  if (identity.kind === 'ServiceAccount') return 'serviceAccount'
  return identity.kind === 'EndUser' ? 'endUser' : 'user'
}
