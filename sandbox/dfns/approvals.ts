import type { WireResponse } from '../wire.ts'
import type { SignedCall } from './call.ts'
import { jsonReply, Refusal } from './errors.ts'
import type { HeldAction } from './identity-switches.ts'
import type { Actor, Organisation } from './model.ts'
import type { Approval, HeldChange } from './policy-model.ts'
import { record, type State } from './state.ts'

/** Who asks for a change, and with which request. */
export interface Asker {
  readonly state: State
  readonly organisation: Organisation
  readonly initiatorId: string
  readonly by: Actor
  readonly request: { readonly method: string; readonly path: string }
}

/** Who makes a signed call. */
export function askerOf({ state, organisation, identity, token, action, request }: SignedCall): Asker {
  const by = { tokenId: token.tokenId, credentialUuid: action.credentialUuid }
  return { state, organisation, initiatorId: identity.userId, by, request }
}

/**
 * Carries a change out, or holds it back for an approval (202) where the switch `approval` says so or `held`
 * is set. `check` is asked now, and again when the change is approved.
 */
export function carryOut(given: {
  asker: Asker
  change: HeldChange
  held?: boolean
  check?: () => void
  apply: () => WireResponse
}): WireResponse {
  const { asker, change, held = isHeld({ ...asker, action: change.action }), apply } = given
  const { check = () => undefined } = given
  check()
  if (!held) return apply()
  const carry = () => {
    check()
    apply()
  }
  const approval = requestApproval({ asker, change, apply: carry })
  const { approvalId } = approval
  return jsonReply({ status: 202, body: { ...changeRequestOf(approval), status: 'Pending', approvalId } })
}

/** Whether the switch `approval` holds these calls back. */
export function isHeld(given: { organisation: Organisation; action: HeldAction }): boolean {
  return given.organisation.switches.approval[given.action] ?? false
}

/** Decides a pending approval; an approved change that cannot be carried out any more has failed. */
export function decide(given: {
  state: State
  approval: Approval
  decision: 'Approved' | 'Denied'
  userId: string
}): void {
  const { state, approval, decision, userId } = given
  if (approval.status !== 'Pending') throw new Error(`the approval was ${approval.status} before`)
  approval.status = decision
  approval.decision = { userId, at: state.clock.now() }
  const { orgId, initiatorId, approvalId, request } = approval
  const kind = decision === 'Approved' ? 'approval approved' : 'approval denied'
  const effect = { kind, orgId, userId: initiatorId, approvalId, request } as const
  record({ state, effect: { ...effect, by: 'administrator' } })
  approval.outcome = decision === 'Approved' ? outcomeOf(approval.apply) : 'Rejected'
}

/** A change request as Dfns shows it: in the 202, and in the approval's activity. */
export function changeRequestOf(approval: Approval) {
  const { changeRequestId, initiatorId, by, outcome, change, approvalId, decision } = approval
  const { operationKind, entityId, body, action } = change
  return {
    id: changeRequestId,
    requester: { userId: initiatorId, tokenId: by === 'administrator' ? '' : by.tokenId },
    status: outcome,
    entityId,
    dateCreated: new Date(approval.dateCreated).toISOString(),
    ...(decision && { dateResolved: new Date(decision.at).toISOString() }),
    approvalId,
    kind: kinds[subjectOf(action)].change,
    operationKind,
    body,
  }
}

/** The kind of activity a policy guards with an approval like this one. */
export function activityKindOf({ change }: Pick<Approval, 'change'>): string {
  return kinds[subjectOf(change.action)].activity
}

// Dfns's documents name an activity for assignments alone; the other names are the simulator's own.
const kinds = {
  Assignment: { change: 'Assignment', activity: 'Permissions:Assign' },
  Credential: { change: 'Credential', activity: 'Credentials:Modify' },
  ServiceAccount: { change: 'ServiceAccount', activity: 'ServiceAccounts:Modify' },
  PersonalAccessToken: { change: 'PersonalAccessToken', activity: 'PersonalAccessTokens:Modify' },
  Webhook: { change: 'Webhook', activity: 'Webhooks:Modify' },
}

function subjectOf(action: HeldAction): keyof typeof kinds {
  if (action === 'assignPermission' || action === 'revokePermission') return 'Assignment'
  if (action.endsWith('Webhook')) return 'Webhook'
  if (action.endsWith('ServiceAccount')) return 'ServiceAccount'
  return action.endsWith('PersonalAccessToken') ? 'PersonalAccessToken' : 'Credential'
}

function requestApproval(given: { asker: Asker; change: HeldChange; apply: () => void }): Approval {
  const { asker, change, apply } = given
  const { state, organisation, initiatorId, by, request } = asker
  const { orgId } = organisation
  const activity = activityKindOf({ change })
  const policyIds = [...state.policies.values()]
    .filter((policy) => policy.orgId === orgId && policy.status === 'Active')
    .filter((policy) => policy.activityKind === activity)
    .map(({ policyId }) => policyId)
  const approvalId = state.nextId('ap')
  const asked = { method: request.method, path: request.path }
  const approval: Approval = {
    approvalId,
    changeRequestId: state.nextId('chr'),
    orgId,
    initiatorId,
    by,
    request: asked,
    change,
    policyIds,
    dateCreated: state.clock.now(),
    status: 'Pending',
    outcome: 'Pending',
    apply,
  }
  state.approvals.set(approvalId, approval)
  const { userId, credentialUuid } = change
  const which = credentialUuid === undefined ? {} : { credentialUuid }
  const effect = { kind: 'approval requested', orgId, userId, ...which, approvalId } as const
  record({ state, effect: { ...effect, by, request: asked } })
  return approval
}

function outcomeOf(apply: () => void): 'Applied' | 'Failed' {
  try {
    apply()
    return 'Applied'
  } catch (error) {
    if (error instanceof Refusal) return 'Failed'
    throw error
  }
}
