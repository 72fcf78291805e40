import type { Found } from '../credentials/survey.ts'
import { eventOf, goneVersion } from '../rotation/reminders.ts'
import { type Outcome, retireSuperseded } from '../rotation/retiring.ts'
import type { Operation } from './operation.ts'

/** What became of a superseded version, by its id. */
export interface RetiredVersion {
  readonly versionId: string
  readonly outcome: Outcome
}

/**
 * Retires what Dfns lists, by the code of retire: what has to wait gets a schedule. However recently it was
 * used it is not held, since somebody has said that it ends now.
 */
export function retireFound(of: {
  operation: Operation
  found: Found
  /** The version that names it, if it is still there. */
  versionId: string | undefined
}): Promise<Outcome> {
  const { operation, found, versionId } = of
  const { secretArn, current } = operation
  const { kind } = current.document
  const superseded = versionId ?? goneVersion(found.id)
  const versions = { superseded, promoted: current.version.versionId }
  const event = { ...eventOf({ secretArn, kind, ...versions, what: found.what }), held: true }
  return retireSuperseded({ ...operation, event })
}

/** The same for what no version that is still looked for names. */
export async function retireUnnamed(of: { operation: Operation; found: Found }): Promise<RetiredVersion> {
  const { noun, id } = of.found
  return { versionId: `of ${noun} ${id}`, outcome: await retireFound({ ...of, versionId: undefined }) }
}
