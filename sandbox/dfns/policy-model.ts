import type { Actor } from './model.ts'
import type { HeldAction } from './identity-switches.ts'

/** A policy, as far as a rotator looks at one: which activity it guards, and who may approve. */
export interface Policy {
  readonly policyId: string
  readonly orgId: string
  readonly name: string
  readonly activityKind: string
  readonly approverUserIds: readonly string[]
  readonly status: 'Active' | 'Archived'
  readonly dateCreated: number
}

/** What an approval is about, without the change itself. */
export interface HeldChange {
  readonly action: HeldAction
  readonly operationKind: 'Create' | 'Update' | 'Delete'
  /** What is changed; an id that Dfns has yet to make is empty. */
  readonly entityId: string
  /** The changed fields, as a change request shows them. */
  readonly body: Readonly<Record<string, unknown>>
  /** Whose credential, token or permission it is; of a webhook, which is nobody's own, who asks. */
  readonly userId: string
  readonly credentialUuid?: string
}

/** A change that waits for a decision, or has had one. */
export interface Approval {
  readonly approvalId: string
  readonly changeRequestId: string
  readonly orgId: string
  readonly initiatorId: string
  readonly by: Actor
  readonly request: { readonly method: string; readonly path: string }
  readonly change: HeldChange
  readonly policyIds: readonly string[]
  readonly dateCreated: number
  status: 'Pending' | 'Approved' | 'Denied'
  /** `Failed`: it was approved, and could not be carried out any more. */
  outcome: 'Pending' | 'Applied' | 'Failed' | 'Rejected'
  decision?: { readonly userId: string; readonly at: number }
  /** Carries the change out, as if by its initiator. */
  readonly apply: () => void
}
