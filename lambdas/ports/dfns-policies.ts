import * as v from 'valibot'
import { accountReplies, type ListedApproval, type Permission, type Policy } from './dfns-account-replies.ts'
import { type Caller, everyDfnsPage } from './dfns-caller.ts'

export const approvalStatuses = ['Pending', 'Approved', 'Denied', 'Expired'] as const
export type ApprovalStatus = (typeof approvalStatuses)[number]

interface ApprovalQuery {
  readonly status: ApprovalStatus
  /** Id of the user or service account that asked; anybody without one. */
  readonly initiatorId: string | undefined
}

/** Dfns's calls on permissions, policies and approvals. */
export interface DfnsPolicies {
  /** GET /permissions: all of the organisation. */
  listPermissions(): Promise<readonly Permission[]>
  /** GET /permissions/{id}/assignments: ids of whoever has it; of a personal access token its own id. */
  listAssignments(permissionId: string): Promise<readonly string[]>
  /** POST /permissions/{id}/assignments, signed. */
  createAssignment(body: { permissionId: string; identityId: string }): Promise<void>
  /** GET /v2/policies: the active ones. */
  listActivePolicies(): Promise<readonly Policy[]>
  /** GET /v2/policy-approvals. */
  listApprovals(query: ApprovalQuery): Promise<readonly ListedApproval[]>
}

/** Items on a page: a policy or an approval may be long, and the size of a reply is bounded. */
const limit = 50

export function policiesOf({ read, make }: Caller): DfnsPolicies {
  const paged = (paginationToken: string | undefined) => ({
    limit,
    ...(paginationToken !== undefined && { paginationToken }),
  })
  return {
    listPermissions: () =>
      everyDfnsPage('GET /permissions', (token) =>
        read('GET /permissions', accountReplies.permissions, ({ permissions }) =>
          permissions.listPermissions({ query: paged(token) }),
        ),
      ),
    async listAssignments(permissionId) {
      const endpoint = `GET /permissions/${permissionId}/assignments`
      const all = await everyDfnsPage(endpoint, (token) =>
        read(endpoint, accountReplies.assignments, ({ permissions }) =>
          permissions.listAssignments({ permissionId, query: paged(token) }),
        ),
      )
      return all.map(({ identityId }) => identityId)
    },
    async createAssignment({ permissionId, identityId }) {
      await make(`POST /permissions/${permissionId}/assignments`, v.unknown(), ({ permissions }) =>
        permissions.createAssignment({ permissionId, body: { identityId } }),
      )
    },
    listActivePolicies: () =>
      everyDfnsPage('GET /v2/policies', (token) =>
        read('GET /v2/policies', accountReplies.policies, ({ policies }) =>
          policies.listPolicies({ query: { ...paged(token), limit: `${limit}`, status: 'Active' } }),
        ),
      ),
    listApprovals: ({ status, initiatorId }) =>
      everyDfnsPage('GET /v2/policy-approvals', (token) =>
        read('GET /v2/policy-approvals', accountReplies.approvals, ({ policies }) => {
          const of = initiatorId === undefined ? {} : { initiatorId }
          return policies.listApprovals({ query: { ...paged(token), limit: `${limit}`, status, ...of } })
        }),
      ),
  }
}
