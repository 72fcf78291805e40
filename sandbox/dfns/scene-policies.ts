import { decide } from './approvals.ts'
import { addPermission, assign, assignmentsOf } from './assignments.ts'
import type { Assignment } from './model.ts'
import type { Approval, Policy } from './policy-model.ts'
import { need, type State } from './state.ts'

const by = 'administrator'

/** Where a permission was given. */
export interface Assigned {
  readonly permissionId: string
  readonly assignmentId: string
}

/** The methods that set a scene with permissions, and look at it. */
export function permissions(state: State) {
  return {
    /** A permission that nobody has yet. */
    createPermission(given: { orgId: string; name: string; operations: readonly string[] }) {
      need(state.organisations, given.orgId)
      return { permissionId: addPermission({ state, ...given }).permissionId }
    },
    /**
     * Gives a user or service account, or one of its PATs by `tokenId`, a new permission with these
     * operations, for example `Auth:ServiceAccounts:Read`.
     */
    assignPermission({
      userId,
      tokenId = userId,
      operations,
    }: {
      userId: string
      tokenId?: string
      operations: readonly string[]
    }): Assigned {
      const { orgId } = need(state.identities, userId)
      return assignNew({ state, orgId, identityId: tokenId, operations })
    },
    /** The assignments of a user or service account, or of a PAT by its token's id, oldest first. */
    assignments({ identityId }: { identityId: string }): readonly Readonly<Assignment>[] {
      return assignmentsOf({ state, identityId })
    },
  }
}

/** The methods that set a scene with policies and decide approvals. */
export function policies(state: State) {
  return {
    /**
     * A policy that asks one of these users for approval. It is listed, and an account that it names is kept
     * from being deactivated or deleted; what is held back, the switch `approval` says.
     */
    addPolicy(given: {
      orgId: string
      name: string
      activityKind: string
      approverUserIds: readonly string[]
      status?: Policy['status']
    }): { policyId: string } {
      need(state.organisations, given.orgId)
      const policyId = state.nextId('pl')
      const dateCreated = state.clock.now()
      state.policies.set(policyId, { status: 'Active', ...given, policyId, dateCreated })
      return { policyId }
    },
    /** All approvals of an organisation as they are now, oldest first. */
    approvals({ orgId }: { orgId: string }): Readonly<Omit<Approval, 'apply'>>[] {
      return [...state.approvals.values()]
        .filter((approval) => approval.orgId === orgId)
        .map(({ apply: _apply, ...approval }) => approval)
    },
    /**
     * Carries a held change out, as if by its initiator, or drops it. The outcome is `Failed` when it was
     * approved and could not be done any more.
     */
    decideApproval({
      approvalId,
      decision,
      userId = 'us-approver',
    }: {
      approvalId: string
      decision: 'Approved' | 'Denied'
      userId?: string
    }): { outcome: Approval['outcome'] } {
      const approval = need(state.approvals, approvalId)
      decide({ state, approval, decision, userId })
      return { outcome: approval.outcome }
    },
  }
}

/** Makes a permission, named by its own id, and gives it. */
export function assignNew(given: {
  state: State
  orgId: string
  identityId: string
  operations: readonly string[]
}): Assigned {
  const { state, orgId, identityId, operations } = given
  const name = state.nextId('role')
  const permission = addPermission({ state, orgId, name, operations })
  const { permissionId } = permission
  return { permissionId, assignmentId: assign({ state, permission, identityId, by }).assignmentId }
}
