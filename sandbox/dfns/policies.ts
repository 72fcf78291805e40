import type { WireResponse } from '../wire.ts'
import { activityKindOf, changeRequestOf } from './approvals.ts'
import { queryOf } from './body.ts'
import type { Call } from './call.ts'
import { Refusal } from './errors.ts'
import { done } from './key-holders.ts'
import { pageOf } from './pages.ts'
import type { Approval, Policy } from './policy-model.ts'

/** List Policies, GET /v2/policies, by status and by pages. */
export function listPolicies(call: Call): WireResponse {
  const status = oneOfQuery({ call, name: 'status', among: ['Active', 'Archived'] })
  const own = [...call.state.policies.values()]
    .filter(({ orgId }) => orgId === call.organisation.orgId)
    .filter((policy) => status === undefined || policy.status === status)
  return done(pageOf({ call, items: own.map(describePolicy) }))
}

/** Get Policy, GET /v2/policies/{policyId}. */
export function getPolicy(call: Call): WireResponse {
  const policy = call.state.policies.get(call.id)
  if (policy?.orgId !== call.organisation.orgId) throw new Refusal(404, 'Policy not found')
  return done(describePolicy(policy))
}

/** List Approvals, GET /v2/policy-approvals, oldest first, by status, initiator, approver and pages. */
export function listApprovals(call: Call): WireResponse {
  const query = queryOf(call.request)
  const among = ['Pending', 'Approved', 'Denied', 'Expired'] as const
  const status = oneOfQuery({ call, name: 'status', among })
  const [initiatorId, approverId] = [query.get('initiatorId'), query.get('approverId')]
  const own = [...call.state.approvals.values()]
    .filter(({ orgId }) => orgId === call.organisation.orgId)
    .filter((approval) => status === undefined || approval.status === status)
    .filter((approval) => initiatorId === null || approval.initiatorId === initiatorId)
    .filter((approval) => approverId === null || approversOf({ call, approval }).includes(approverId))
  return done(pageOf({ call, items: own.map(describeApproval) }))
}

/** Get Approval, GET /v2/policy-approvals/{approvalId}. */
export function getApproval(call: Call): WireResponse {
  const approval = call.state.approvals.get(call.id)
  if (approval?.orgId !== call.organisation.orgId) throw new Refusal(404, 'Approval not found')
  return done(describeApproval(approval))
}

function approversOf({ call, approval }: { call: Call; approval: Approval }): readonly string[] {
  return approval.policyIds.flatMap((policyId) => call.state.policies.get(policyId)?.approverUserIds ?? [])
}

/** Every policy here asks for one approval of any of its approvers, whatever triggers it. */
function describePolicy({ policyId, name, activityKind, approverUserIds, status, dateCreated }: Policy) {
  const date = new Date(dateCreated).toISOString()
  const approvalGroups = [{ name: 'Approvers', quorum: 1, approvers: { userId: { in: approverUserIds } } }]
  return {
    id: policyId,
    name,
    activityKind,
    rule: { kind: 'AlwaysTrigger', configuration: {} },
    action: { kind: 'RequestApproval', approvalGroups, autoRejectTimeout: null },
    filters: {},
    status,
    dateCreated: date,
    dateUpdated: date,
  }
}

function describeApproval(approval: Approval) {
  const { approvalId, initiatorId, status, policyIds, decision } = approval
  const dateCreated = new Date(approval.dateCreated).toISOString()
  const resolved = decision && new Date(decision.at).toISOString()
  const vote = decision && { userId: decision.userId, date: resolved, reason: null, value: status }
  return {
    id: approvalId,
    initiatorId,
    activity: { kind: activityKindOf(approval), changeRequest: changeRequestOf(approval) },
    status,
    dateCreated,
    dateUpdated: resolved ?? dateCreated,
    ...(resolved !== undefined && { dateResolved: resolved }),
    policyEvaluations: policyIds.map((policyId) => ({ policyId, triggered: true, reason: 'AlwaysTrigger' })),
    decisions: vote ? [vote] : [],
  }
}

function oneOfQuery<T extends string>(given: {
  call: Call
  name: string
  among: readonly T[]
}): T | undefined {
  const value = queryOf(given.call.request).get(given.name)
  const found = given.among.find((known) => known === value)
  if (value !== null && found === undefined) throw new Refusal(400, `Invalid query: ${given.name}`)
  return found
}
