import type { WireRequest } from '../wire.ts'
import { operationsOf } from './assignments.ts'
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
  /** The last id in the path. */
  readonly id: string
  /** All ids in the path, in their order. */
  readonly ids: readonly string[]
}

/** A call that needs no token; the organisation is known by what the body names. */
export type OpenCall = Pick<Call, 'state' | 'request' | 'organisation'>

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
  if (identity.isArchived) throw new Refusal(401, 'Unauthorized')
  if (!identity.isActive) throw new Refusal(400, 'User account has been deactivated.')
  return { organisation: need(state.organisations, found.orgId), identity, token: found }
}

/** Refuses a caller by the auth matrix (401 or 403, as the switch says), then by permission (403). */
export function authorise({ state, caller, row }: { state: State; caller: Caller; row: MatrixRow }): void {
  const { organisation, identity, token } = caller
  if (!isAllowed({ caller, row })) {
    const answer = row.selfRotation ? organisation.switches.selfRotation[row.selfRotation] : 403
    if (answer === 401) throw new Refusal(401, 'Unauthorized')
    if (answer === 403) throw new Refusal(403, `${token.kind} ${identity.userId} is not authorized`)
  }
  if (row.permission !== undefined) demand({ state, caller, permission: row.permission })
}

/** Refuses a caller (403) that has none of these permissions. */
export function demand(given: {
  state: State
  caller: Pick<Caller, 'identity' | 'token'>
  permission: string | readonly string[]
}): void {
  const { identity, token } = given.caller
  const names = [given.permission].flat()
  const granted = operationsOf({ state: given.state, token })
  if (names.some((name) => granted.includes(name))) return
  const who = `${token.kind} ${identity.userId}`
  throw new Refusal(403, `${who} is not authorized to perform operation (${names[0]})`)
}

function isAllowed({ caller, row }: { caller: Caller; row: MatrixRow }): boolean {
  const kind = kindOf(caller)
  const { unsettledRows } = caller.organisation.switches
  return row.allowed.includes(kind) || (unsettledRows === 'allow' && (row.unsettled ?? []).includes(kind))
}

function kindOf({ identity, token }: Caller): CallerKind {
  if (token.kind === 'Pat') return 'pat'
  if (identity.kind === 'ServiceAccount') return 'serviceAccount'
  return identity.kind === 'EndUser' ? 'endUser' : 'user'
}
