import * as v from 'valibot'
import { secretArn } from '../credentials/document.ts'
import { eventAs } from '../rotation/event.ts'

const auditEvent = v.object({
  /** Where an earlier invocation stopped: secrets up to this ARN have been looked at. */
  after: v.optional(secretArn),
  /** When the audit began that this invocation goes on with. */
  since: v.optional(v.pipe(v.string(), v.isoTimestamp())),
})

/** What the audit function is invoked with: `{}` every day, or where to go on. */
export type AuditEvent = v.InferOutput<typeof auditEvent>

export const readAuditEvent = (input: unknown): AuditEvent => eventAs(auditEvent, input)
