import type { View } from '../lambdas/auditing/run.ts'
import type { Found } from '../lambdas/credentials/survey.ts'
import type { Stored } from '../lambdas/rotation/generations.ts'
import { isAbout, type Reminder } from '../lambdas/rotation/reminders.ts'

/**
 * What Dfns makes of a generation. `unknown`: it could not be found out. `gone`: Dfns lists all that there
 * are, and not this one.
 */
export type AtDfns = 'active' | 'inactive' | 'refused' | 'gone' | 'unknown'

/** One generation of a secret, as `status` tells it. JSON; times as ISO 8601. */
export interface Generation {
  readonly label: 'AWSCURRENT' | 'AWSPENDING' | 'AWSPREVIOUS'
  readonly versionId: string
  /** credId, or webhookId. */
  readonly id: string
  readonly stored: string | null
  readonly atDfns: AtDfns
  /** Whether a rotation made it; null where nobody can tell. */
  readonly isRotated: boolean | null
  /** When its grace ends; null where no schedule tells. */
  readonly graceUntil: string | null
}

/** The labelled generations, the current one first. */
export function generationsIn(of: { view: View; reminders: readonly Reminder[] }): readonly Generation[] {
  const { view } = of
  const { current, pending, previous } = view
  const labelled = [
    ['AWSCURRENT', current],
    ['AWSPENDING', pending],
    ['AWSPREVIOUS', previous],
  ] as const
  return labelled.flatMap(([label, stored]) =>
    stored === undefined ? [] : [generationIn({ ...of, label, stored })],
  )
}

function generationIn(of: {
  view: View
  reminders: readonly Reminder[]
  label: Generation['label']
  stored: Stored
}): Generation {
  const { view, reminders, label, stored } = of
  const { document, version } = stored
  const found = view.survey.find(document)
  const { versionId } = version
  const about = reminders.find((reminder) => isAbout({ reminder, versionId, what: found?.what }))
  return {
    label,
    versionId,
    id: document.id,
    stored: version.created?.toISOString() ?? null,
    atDfns: stateOf({ view, label, found }),
    isRotated: found === undefined ? null : found.lineage !== undefined,
    graceUntil: (label === 'AWSPREVIOUS' && about?.at?.toISOString()) || null,
  }
}

function stateOf(of: { view: View; label: Generation['label']; found: Found | undefined }): AtDfns {
  const { view, label, found } = of
  const { refusal, problems } = view.survey
  const isHook = view.current.document.kind === 'WebhookSecret'
  if (label === 'AWSCURRENT' && refusal !== undefined) return 'refused'
  // A key was proved by a signature, whatever lists tell. A webhook is only ever listed.
  if (label === 'AWSCURRENT' && !isHook) return 'active'
  if (found !== undefined) return isSure(found) ? (found.isActive ? 'active' : 'inactive') : 'unknown'
  return refusal === undefined && problems.length === 0 ? 'gone' : 'unknown'
}

/** Ids alone, without uuids, come from a challenge, which may name what is not active any more. */
const isSure = ({ what }: Found): boolean => !('credentialUuids' in what) || what.credentialUuids.length > 0
