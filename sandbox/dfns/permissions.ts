import type { WireResponse } from '../wire.ts'
import { askerOf, carryOut, isHeld } from './approvals.ts'
import { assign, assignee, revoke } from './assignments.ts'
import { queryOf, readBody, textOf } from './body.ts'
import type { Call, SignedCall } from './call.ts'
import { jsonReply, Refusal } from './errors.ts'
import { done, permissionOf } from './key-holders.ts'
import type { Assignment, Permission } from './model.ts'
import { pageOf } from './pages.ts'

/** List Permissions, GET /permissions, by pages. */
export function listPermissions(call: Call): WireResponse {
  const { orgId } = call.organisation
  const own = [...call.state.permissions.values()].filter((permission) => permission.orgId === orgId)
  return done(pageOf({ call, items: own.map(describePermission) }))
}

/** Get Permission, GET /permissions/{permissionId}. */
export function getPermission(call: Call): WireResponse {
  return done(describePermission(permissionOf({ call, id: call.id })))
}

/** List Permission Assignments, GET /permissions/{permissionId}/assignments, by pages. */
export function listAssignments(call: Call): WireResponse {
  const { permissionId } = permissionOf({ call, id: call.id })
  return done(pageOf({ call, items: assignmentsOf({ call, permissionId }).map(describeAssignment) }))
}

/** Assign Permission, POST /permissions/{permissionId}/assignments: to a user, a service account or a PAT. */
export function createAssignment(call: SignedCall): WireResponse {
  const { state, organisation } = call
  const { orgId } = organisation
  const permission = permissionOf({ call, id: call.id })
  const { permissionId } = permission
  const body = readBody({ body: call.request.body, only: ['identityId'] })
  const identityId = textOf({ fields: body, name: 'identityId' })
  const asker = askerOf(call)
  return carryOut({
    asker,
    change: {
      action: 'assignPermission',
      operationKind: 'Create',
      entityId: '',
      body: { id: '', permissionId, identityId, isImmutable: false },
      userId: state.tokens.get(identityId)?.userId ?? identityId,
    },
    check: () => {
      if (!assignee({ state, orgId, identityId })) throw new Refusal(404, 'Identity not found')
      const others = assignmentsOf({ call, permissionId })
      if (others.some((other) => other.identityId === identityId)) {
        throw new Refusal(409, 'The permission is assigned already.')
      }
    },
    apply: () => done(describeAssignment(assign({ state, permission, identityId, by: asker.by }))),
  })
}

/**
 * Revoke Permission, DELETE /permissions/{permissionId}/assignments/{assignmentId}; `force` passes by the
 * policies. The SDK reads no body.
 */
export function deleteAssignment(call: SignedCall): WireResponse {
  const { state, organisation } = call
  const { permissionId } = permissionOf({ call, id: call.ids[0] ?? '' })
  const assignment = state.assignments.get(call.id)
  if (assignment?.permissionId !== permissionId) throw new Refusal(404, 'Assignment not found')
  const { assignmentId, identityId } = assignment
  const action = 'revokePermission'
  const force = queryOf(call.request).get('force') === 'true'
  const asker = askerOf(call)
  return carryOut({
    asker,
    change: {
      action,
      operationKind: 'Delete',
      entityId: assignmentId,
      body: { id: assignmentId, permissionId, identityId, isImmutable: false },
      userId: state.tokens.get(identityId)?.userId ?? identityId,
    },
    held: !force && isHeld({ organisation, action }),
    check: () => {
      if (!state.assignments.has(assignmentId)) throw new Refusal(404, 'Assignment not found')
    },
    apply: () => {
      revoke({ state, assignment, by: asker.by })
      return jsonReply({ status: 200, body: {} })
    },
  })
}

function assignmentsOf({ call, permissionId }: { call: Call; permissionId: string }): Assignment[] {
  return [...call.state.assignments.values()].filter((other) => other.permissionId === permissionId)
}

function describePermission({ permissionId, name, operations, dateCreated }: Permission) {
  const date = new Date(dateCreated).toISOString()
  const flags = { status: 'Active', isImmutable: false, isArchived: false }
  return { id: permissionId, name, operations, ...flags, dateCreated: date, dateUpdated: date }
}

function describeAssignment({ assignmentId, permissionId, identityId, dateCreated }: Assignment) {
  const date = new Date(dateCreated).toISOString()
  const dates = { dateCreated: date, dateUpdated: date }
  return { id: assignmentId, permissionId, identityId, isImmutable: false, ...dates }
}
