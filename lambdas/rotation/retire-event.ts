import * as v from 'valibot'
import { secretArn } from '../credentials/document.ts'
import { readJsonObject } from '../credentials/json.ts'
import { hexDigest } from '../crypto/digest.ts'
import { dfnsId } from '../ports/dfns-replies.ts'
import type { LogFields } from '../ports/log.ts'
import { eventAs, versionId } from './event.ts'

const retireEvent = v.object({
  v: v.literal(1),
  secretArn,
  kind: v.string(),
  superseded: versionId,
  promoted: versionId,
  what: v.union([
    v.object({ credentialUuids: v.array(dfnsId) }),
    v.object({ serviceAccountId: dfnsId }),
    v.object({ tokenId: dfnsId }),
    v.object({ webhookId: dfnsId }),
  ]),
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

export const readRetireEvent = (input: unknown): RetireEvent => eventAs(retireEvent, input)

/** What every line of a retirement's log carries; nothing of an event that is none. */
export function retireFields(input: unknown): LogFields {
  const { success, output } = v.safeParse(retireEvent, input)
  if (!success) return {}
  const { secretArn: secretId, superseded, promoted } = output
  return { secretId, superseded, promoted }
}

/**
 * One name for each superseded credential of a secret; all of a secret begin alike. What is current once more
 * and superseded anew gets its new grace under the same name, so that no older schedule can cut that short.
 */
export function scheduleName({ secretArn, credId }: { secretArn: string; credId: string }): string {
  return `${schedulePrefix(secretArn)}${hexDigest(credId, 24)}`
}

/** How the names of all schedules of a secret begin. */
export const schedulePrefix = (secretArn: string): string => `${hexDigest(secretArn, 16)}-`

/**
 * The name of a retirement's successor: one of its own, because its predecessor is deleted once its
 * invocation is over, and with it what was written under that name meanwhile.
 */
export function successorName(event: Supersession, suffix: string): string {
  const { secretArn, superseded, promoted } = event
  return `${schedulePrefix(secretArn)}${hexDigest(`${superseded} ${promoted}`, 24)}-${suffix}`
}

type Supersession = Pick<RetireEvent, 'secretArn' | 'superseded' | 'promoted'>

/** The event in a schedule's input, or nothing if no release of ours wrote it. */
export function retireEventIn(input: string): RetireEvent | undefined {
  const { success, output } = v.safeParse(retireEvent, readJsonObject(input))
  return success ? output : undefined
}

/** Whether two events are of one promotion: a repeated step writes the same once more. */
export function isSameSupersession(one: Supersession, other: Supersession): boolean {
  const fields = ['secretArn', 'superseded', 'promoted'] as const
  return fields.every((field) => one[field] === other[field])
}
