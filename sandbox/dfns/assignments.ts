import type { AccessToken, Actor, Assignment, Identity, Permission } from './model.ts'
import { need, record, type State } from './state.ts'

/** Stores a permission. */
export function addPermission({
  state,
  ...given
}: {
  state: State
  orgId: string
  name: string
  operations: readonly string[]
}): Permission {
  const dateCreated = state.clock.now()
  const permission: Permission = { ...given, permissionId: state.nextId('pm'), dateCreated }
  state.permissions.set(permission.permissionId, permission)
  return permission
}

/** Gives a permission to a user or service account, or to a PAT by its token's id. */
export function assign(given: {
  state: State
  permission: Permission
  identityId: string
  by: Actor
}): Assignment {
  const { state, permission, identityId, by } = given
  const { permissionId, orgId } = permission
  const assignmentId = state.nextId('as')
  const assignment = { assignmentId, permissionId, identityId, dateCreated: state.clock.now() }
  state.assignments.set(assignmentId, assignment)
  const whose = ownerOf({ state, identityId })
  record({ state, effect: { kind: 'permission assigned', orgId, ...whose, permissionId, by } })
  return assignment
}

/** Takes a permission away. */
export function revoke({ state, assignment, by }: { state: State; assignment: Assignment; by: Actor }): void {
  const { assignmentId, permissionId, identityId } = assignment
  const { orgId } = need(state.permissions, permissionId)
  state.assignments.delete(assignmentId)
  const whose = ownerOf({ state, identityId })
  record({ state, effect: { kind: 'permission revoked', orgId, ...whose, permissionId, by } })
}

/** The assignments of one identity or PAT, oldest first. */
export function assignmentsOf({ state, identityId }: { state: State; identityId: string }): Assignment[] {
  return [...state.assignments.values()].filter((assignment) => assignment.identityId === identityId)
}

/**
 * What a token may do: for a PAT with assignments of its own those alone, for everything else what its
 * identity may. (So a PAT that loses its last assignment may do all that its user may; Dfns's documents do
 * not say.)
 */
export function operationsOf({ state, token }: { state: State; token: AccessToken }): string[] {
  const own = assignmentsOf({ state, identityId: token.tokenId })
  const assignments = own.length > 0 ? own : assignmentsOf({ state, identityId: token.userId })
  return assignments.flatMap(({ permissionId }) => need(state.permissions, permissionId).operations)
}

/** Assignments as UserInfo and AccessToken carry them. */
export function describeAssignments({ state, identityId }: { state: State; identityId: string }) {
  return assignmentsOf({ state, identityId }).map(({ assignmentId, permissionId }) => {
    const { name, operations } = need(state.permissions, permissionId)
    return { permissionName: name, permissionId, assignmentId, operations }
  })
}

/** Whom an id of a permission assignment stands for, if it is one of this organisation. */
export function assignee({
  state,
  orgId,
  identityId,
}: {
  state: State
  orgId: string
  identityId: string
}): Identity | AccessToken | undefined {
  const token = state.tokens.get(identityId)
  const found = token?.kind === 'Pat' ? token : state.identities.get(identityId)
  return found?.orgId === orgId && !found.isArchived ? found : undefined
}

function ownerOf({ state, identityId }: { state: State; identityId: string }) {
  const token = state.tokens.get(identityId)
  return token ? { userId: token.userId, tokenId: identityId } : { userId: identityId }
}
