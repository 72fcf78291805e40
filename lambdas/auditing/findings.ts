import type { Log, LogFields } from '../ports/log.ts'
import type { Counts } from '../ports/metrics.ts'

/** Every finding, and what to do about it. `docs/operations.md` tells more of each. */
export const remedies = {
  untracked: 'nothing, unless its outcome is left or failed: what nothing named ends with its grace',
  'current-not-accepted': 'Dfns refuses AWSCURRENT: npx dfns-rotator rollback, or put a value that works',
  'previous-past-grace': 'nothing, unless its outcome is left or failed: its schedule was lost',
  'stuck-pending': 'a rotation does not come to its end: see its log, or npx dfns-rotator abandon',
  'rotation-overdue': 'Secrets Manager does not rotate it: see the log and the events of its rotation',
  'token-expiring': 'the token ends before another rotation: set the tag dfns-rotator:strategy to replace',
  'foreign-credential': 'nobody knows it: if it is not yours, deactivate it at Dfns, and rotate',
  'rotation-cancelled': 'turn rotation on again, or let the secret go: npx dfns-rotator decommission',
  'secret-deleted': 'restore the secret, npx dfns-rotator decommission, deactivate its key, delete it again',
  unreadable: 'give the audit function the permissions on the secret and its KMS key, or let it go',
  'policy-violation': 'bring document, tags and policy together: the rotation stops until then',
  'shared-credential': 'give every secret a credential of its own: npx dfns-rotator adopt',
  replica: 'nothing: it is looked after in its primary region',
  'replication-failed': 'applications in that region read an old key: replicate the secret again',
  adopted: 'nothing: a person made it, and it is retired at the end of its grace',
  'retire-undone': 'AWSCURRENT was refused without it: decide, and remove the staging label',
  'not-checked': 'nothing, if the next audit comes through; otherwise see the code',
} as const satisfies Record<string, string>

export type FindingType = keyof typeof remedies

/** What goes on without anybody doing anything: no reason to wake somebody. */
const quiet: readonly FindingType[] = ['adopted', 'replica']

export interface Findings {
  report(finding: { type: FindingType; secretArn: string } & LogFields): void
  readonly count: number
}

/** Every finding is a line of the log with what to do, and one more in the metric `Findings` of its type. */
export function findingsOf({ log, counts }: { log: Log; counts: Counts }): Findings {
  let count = 0
  return {
    report({ type, secretArn: secretId, ...fields }) {
      count += 1
      const line = { type, secretId, ...fields, remedy: remedies[type] }
      if (quiet.includes(type)) log.info('finding', line)
      else log.warn('finding', line)
      counts.add({ name: 'Findings', type, value: 1 })
    },
    get count() {
      return count
    },
  }
}
