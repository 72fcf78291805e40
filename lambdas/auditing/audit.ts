import { hexDigest } from '../crypto/digest.ts'
import { RotationError } from '../errors.ts'
import { dfnsOf } from '../ports/dfns-session.ts'
import type { Counts } from '../ports/metrics.ts'
import type { ScheduleGroup } from '../ports/schedule-group.ts'
import type { Schedules } from '../ports/scheduler.ts'
import { secretsOf } from '../ports/secrets.ts'
import { type DescribedSecret, secretStore } from '../ports/secrets-manager.ts'
import { hourMs, minuteMs } from '../ports/time.ts'
import { onceOf } from '../rotation/means.ts'
import { policyOf } from '../rotation/reads.ts'
import type { Opening } from '../rotation/rotation.ts'
import type { AuditEvent } from './event.ts'
import { findingsOf } from './findings.ts'
import { isManaged } from './managed.ts'
import type { Run } from './run.ts'
import { auditSecret } from './secret.ts'
import { sharingIn } from './sharing.ts'

/** One invocation of the audit function. */
export interface AuditOpening extends Omit<Opening, 'event'> {
  readonly event: AuditEvent
  readonly group: ScheduleGroup | undefined
  /** Schedules that invoke audit itself. */
  readonly continuations: Schedules | undefined
  readonly rotateArn: string | undefined
  readonly counts: Counts
  /** Whether it retires, schedules and labels; otherwise it only tells what it finds. */
  readonly acts: boolean
}

/** Secrets that are looked at at the same time. */
const atOnce = 8

/**
 * What is kept of the function's time to write down where to go on, and what remains when no other secrets
 * are begun with: together a minute.
 */
export const keptMs = 10_000
const leastMs = 50_000

/** For as long an audit goes on, or waits for a Dfns that does not answer: then the next one begins. */
const longestMs = 20 * hourMs

/**
 * Looks at every managed secret, in the order of their ARNs. Where the time does not suffice, or Dfns is
 * down, it writes a schedule for itself and goes on from there later.
 */
export async function audit(opening: AuditOpening): Promise<void> {
  const { event, time, log, counts } = opening
  const { run, managed } = await openRun(opening)
  const left = managed.filter(({ arn }) => event.after === undefined || arn > event.after)
  let done = 0
  while (done < left.length) {
    const batch = left.slice(done, done + atOnce)
    const looks = await Promise.all(batch.map((secret) => auditSecret({ secret, run })))
    const isCut = looks.includes('cut short')
    if (isCut || !looks.includes('done')) {
      const after = left[done - 1]?.arn ?? event.after
      await goOn({ opening, after, inMs: isCut ? minuteMs : 15 * minuteMs })
      break
    }
    done += batch.length
    counts.add({ name: 'AuditedSecrets', value: batch.length })
    if (done < left.length && time.remaining() < leastMs) {
      await goOn({ opening, after: batch.at(-1)?.arn, inMs: minuteMs })
      break
    }
  }
  const { count: findings } = run.findings
  log.info('audit done', { secrets: done, of: managed.length, findings, isComplete: done === left.length })
}

/** What every look needs, and whom to look at: the managed secrets, in the order of their ARNs. */
export async function openRun(
  opening: Omit<AuditOpening, 'event' | 'continuations'>,
): Promise<{ run: Run; managed: readonly DescribedSecret[] }> {
  const { clients, policyName, time, log, counts, group, rotateArn } = opening
  const client = clients.secretsManager
  const secrets = secretsOf({ client, time })
  const [policy, all, names = []] = await Promise.all([
    policyOf({ client: clients.ssm, name: policyName, time }),
    secrets.listSecrets(),
    group?.names(),
  ])
  const candidates = all.map((secret) => ({ secret, is: isManaged({ secret, rotateArn, names }) }))
  const perhaps = candidates.flatMap(({ secret, is }) => (is === false ? [] : [secret]))
  const read = (secretId: string) =>
    secretStore({ client, secretId, time }).getSecretValue({ label: 'AWSCURRENT' })
  const sharing = await sharingIn({ secrets: perhaps, names, read })
  const managed = candidates.flatMap(({ secret, is }) =>
    is === true || (is === 'perhaps' && sharing.isOurs(secret.arn)) ? [secret] : [],
  )
  const findings = findingsOf({ log, counts })
  // One signer's list of accounts may be the whole organisation's: those of a batch are kept, not of all.
  const shared = { sharing, findings, dfnsAs: dfnsOf(time), lists: onceOf(atOnce) }
  return { run: { ...opening, policy, secrets, names, ...shared }, managed }
}

/**
 * Writes the schedule of this audit's next invocation. Each has a name of its own: a one-time schedule is
 * deleted once its invocation is over.
 */
async function goOn(of: { opening: AuditOpening; after: string | undefined; inMs: number }): Promise<void> {
  const { opening, after, inMs } = of
  const { event, continuations, time, log } = opening
  const now = time.now()
  const { since = new Date(now).toISOString() } = event
  if (continuations === undefined || now > Date.parse(since) + longestMs) {
    const why = continuations === undefined ? 'there is no scheduler to go on later' : `it began at ${since}`
    throw new RotationError('ERR_SCHEDULER', `the audit is not complete, and is given up: ${why}`)
  }
  const at = new Date(now + inMs)
  const input = { ...(after !== undefined && { after }), since }
  const name = `audit-${hexDigest(`${after} ${at.toISOString()}`, 24)}`
  await continuations.put({ name, at, input })
  log.info('the audit goes on later', { after, at: at.toISOString() })
}
