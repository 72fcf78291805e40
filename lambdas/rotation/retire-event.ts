import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { RotationError } from '../errors.ts'
import type { LogFields } from '../ports/log.ts'
import { secretArn, versionId } from './event.ts'

const uuids = v.array(v.pipe(v.string(), v.regex(/^[\w.:-]{1,128}$/)))

const retireEvent = v.object({
  v: v.literal(1),
  secretArn,
  kind: v.string(),
  superseded: versionId,
  promoted: versionId,
  what: v.object({ credentialUuids: uuids }),
  /**
   * Ours, on a successor: how often it had to wait, since when, and whether it waited because the key was in
   * use.
   */
  attempt: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  since: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  held: v.optional(v.boolean(), false),
})

/**
 * What the retire function is invoked with: the input of a schedule, which may have been written by an
 * earlier release. Superseded and promoted are version ids; they tell where to look, labels and credential
 * ids decide.
 */
export type RetireEvent = v.InferOutput<typeof retireEvent>

export function readRetireEvent(input: unknown): RetireEvent {
  const { success, output, issues } = v.safeParse(retireEvent, input)
  if (success) return output
  const fields = new Set(issues.map((issue) => v.getDotPath(issue) ?? 'event'))
  throw new RotationError('ERR_EVENT_INVALID', `missing or malformed in the event: ${[...fields].join(', ')}`)
}

/** What every line of a retirement's log carries; nothing of an event that is none. */
export function retireFields(input: unknown): LogFields {
  const { success, output } = v.safeParse(retireEvent, input)
  if (!success) return {}
  const { secretArn: secretId, superseded, promoted } = output
  return { secretId, superseded, promoted }
}

/**
 * One name for each superseded generation of a secret; all of a secret begin alike. A successor needs a name
 * of its own: its predecessor is deleted once its invocation is over.
 */
export function scheduleName(
  event: Pick<RetireEvent, 'secretArn' | 'superseded' | 'promoted'>,
  suffix = '',
): string {
  const generations = `${event.superseded} ${event.promoted}`
  return `${digest(event.secretArn, 16)}-${digest(generations, 24)}${suffix}`
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length)
}
