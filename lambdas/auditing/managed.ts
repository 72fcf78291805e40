import { decommissioned } from '../operations/decommission.ts'
import type { DescribedSecret } from '../ports/secrets-manager.ts'
import { schedulePrefix } from '../rotation/retire-event.ts'
import { tagPrefix } from '../rotation/settings.ts'

interface Looked {
  readonly secret: DescribedSecret
  /** ARN of our rotation function; nothing where the deployment does not tell. */
  readonly rotateArn: string | undefined
  /** Names of all schedules. */
  readonly names: readonly string[]
}

/**
 * Whether a secret is ours to look after: by a tag, by its rotation function (which stays written down when
 * rotation is cancelled), or because a schedule names it. `perhaps`: it has a rotation function, and nobody
 * told us which one is ours; then its document has to say so. What cannot be read is most likely of somebody
 * else.
 */
export function isManaged({ secret, rotateArn, names }: Looked): boolean | 'perhaps' {
  const { arn, tags, rotationArn, stages, rotationEnabled } = secret
  if (names.some((name) => name.startsWith(schedulePrefix(arn)))) return true
  const isLetGo = [...stages.values()].some((labels) => labels.includes(decommissioned))
  if (isLetGo && !rotationEnabled) return false
  if ([...tags.keys()].some((key) => key.startsWith(tagPrefix))) return true
  if (rotationArn === undefined) return false
  return rotateArn === undefined ? 'perhaps' : unqualified(rotationArn) === unqualified(rotateArn)
}

/** An ARN of a function without its version or alias. */
export const unqualified = (arn: string): string => arn.split(':').slice(0, 7).join(':')
