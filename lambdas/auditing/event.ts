import * as v from 'valibot'
import { RotationError } from '../errors.ts'
import { secretArn } from '../rotation/event.ts'

const auditEvent = v.object({
  /** Where an earlier invocation stopped: secrets up to this ARN have been looked at. */
  after: v.optional(secretArn),
  /** When the audit began that this invocation goes on with. */
  since: v.optional(v.pipe(v.string(), v.isoTimestamp())),
})

/** What the audit function is invoked with: `{}` every day, or where to go on. */
export type AuditEvent = v.InferOutput<typeof auditEvent>

export function readAuditEvent(input: unknown): AuditEvent {
  const { success, output, issues } = v.safeParse(auditEvent, input)
  if (success) return output
  const fields = new Set(issues.map((issue) => v.getDotPath(issue) ?? 'event'))
  throw new RotationError('ERR_EVENT_INVALID', `missing or malformed in the event: ${[...fields].join(', ')}`)
}
