import type { FindingType } from '../lambdas/auditing/findings.ts'

/** Every kind of finding that audit counts, and the sentence that an alarm of it says; none: no alarm. */
export const findings = {
  'current-not-accepted': 'Dfns does not accept what AWSCURRENT holds: applications fail',
  'stuck-pending': 'A rotation stands still between two steps: AWSPENDING stays on its version',
  'rotation-overdue': 'A secret was not rotated when it should have been',
  'token-expiring': 'A token ends before it would be replaced',
  'foreign-credential': 'An identity that a secret holds has an active credential that is not ours',
  'previous-past-grace': 'A superseded credential is still active after its grace',
  'retire-undone': 'A superseded credential stays active: AWSCURRENT was refused without it',
  'secret-deleted': 'A secret is marked for deletion while its credentials are active',
  'shared-credential': 'Two secrets hold the same credential: rotating one breaks the other',
  'rotation-cancelled': 'Somebody turned the rotation of a managed secret off',
  unreadable: 'A managed secret cannot be read',
  'policy-violation': 'A managed secret lies outside the policy',
  'replication-failed': 'A replica of a secret holds an old value',
  'not-checked': 'The daily audit did not get to a secret',
  untracked: undefined,
  adopted: undefined,
  replica: undefined,
} as const satisfies Readonly<Record<FindingType, string | undefined>>
