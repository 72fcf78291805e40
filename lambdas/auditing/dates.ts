import { isSurelyReplaced } from '../credentials/choice.ts'
import { isKeyDocument } from '../credentials/document.ts'
import { dayMs } from '../ports/time.ts'
import { youngMs } from '../operations/retire-at-once.ts'
import type { View } from './run.ts'

/** What the calendar tells: a rotation that is stuck or overdue, a token that ends. */
export function reportDates(of: View & { pendingVersion: string | undefined }): void {
  const { run, secret, settings, current, pending, pendingVersion } = of
  const { time, findings } = run
  const { arn: secretArn, nextRotation, rotationEnabled, lastChanged } = secret
  const now = time.now()
  if (pendingVersion !== undefined) {
    // Its version may have no value yet, and then no date either.
    const since = pending?.version.created ?? lastChanged
    if (since !== undefined && since.getTime() < now - youngMs)
      findings.report({ type: 'stuck-pending', secretArn, versionId: pendingVersion, since: text(since) })
  }
  if (rotationEnabled && nextRotation !== undefined && nextRotation.getTime() < now - youngMs)
    findings.report({ type: 'rotation-overdue', secretArn, due: text(nextRotation) })
  const { tokenExpires } = current.document
  const next = Math.max(now, nextRotation?.getTime() ?? now)
  const longer = settings.graceOf({ isAdopted: false }) + 7 * dayMs
  const needed = rotationEnabled && isRenewed(of) ? next : next + longer
  if (tokenExpires !== undefined && tokenExpires.getTime() < needed)
    findings.report({ type: 'token-expiring', secretArn, expires: text(tokenExpires) })
}

/** Whether the next rotation makes a new token, where the old one ends too soon for another. */
function isRenewed({ current: { document: current }, inside: { means } }: View): boolean {
  if (!isKeyDocument(current) || current.signerArn === undefined) return false
  return isSurelyReplaced({ current, means, isTokenExpiring: true })
}

const text = (date: Date): string => date.toISOString()
