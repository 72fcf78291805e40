import { openOperation, type OperationOpening } from '../../lambdas/operations/operation.ts'
import { surveyOf } from '../../lambdas/credentials/surveys.ts'
import { onceOf } from '../../lambdas/rotation/means.ts'
import type { Stored } from '../../lambdas/rotation/generations.ts'
import { standingReminders } from '../../lambdas/rotation/reminders.ts'

/** A generation as people tell it from others: never by a value. */
export interface Named {
  readonly versionId: string
  /** What Dfns knows it by: a credential's id, a webhook's. */
  readonly id: string
}

/** What a rotation, or a rollback, has changed. */
export interface Change {
  readonly kind: string
  readonly current: Named
  readonly superseded: Named & {
    /** Whether Dfns still accepts it; nothing where Dfns does not tell. */
    readonly isActive: boolean | undefined
    /** When its schedule ends it, ISO 8601; nothing if it has none. */
    readonly until: string | undefined
  }
  /** Names of the fields that have another value. */
  readonly fields: readonly string[]
}

export const named = ({ version, document }: Stored): Named => ({
  versionId: version.versionId,
  id: document.id,
})

/** Compares AWSCURRENT with what it was, and asks Dfns and the scheduler what becomes of that. */
export async function changeSince(of: { opening: OperationOpening; before: Stored }): Promise<Change> {
  const { opening, before } = of
  const operation = await openOperation(opening)
  const { current, inside } = operation
  const [survey, reminders] = await Promise.all([
    surveyOf({ current: current.document, means: inside.means, lists: onceOf() }).catch(() => undefined),
    standingReminders(operation).catch(() => []),
  ])
  const { versionId } = before.version
  const until = reminders.find(({ event }) => event.superseded === versionId)?.at?.toISOString()
  const isActive = survey?.find(before.document)?.isActive
  return {
    kind: current.document.kind,
    current: named(current),
    superseded: { ...named(before), isActive, until },
    fields: changedFields(before.document.fields, current.document.fields),
  }
}

type Fields = Readonly<Record<string, unknown>>

function changedFields(old: Fields, current: Fields): readonly string[] {
  const names = new Set([...Object.keys(old), ...Object.keys(current)])
  return [...names].filter((name) => JSON.stringify(old[name]) !== JSON.stringify(current[name]))
}
