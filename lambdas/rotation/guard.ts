import { RotationError } from '../errors.ts'
import type { DescribedSecret } from '../ports/secrets-manager.ts'
import type { RotationEvent } from './event.ts'

export function assertNotDeleted({ arn, isDeleted }: DescribedSecret): void {
  if (isDeleted) throw new RotationError('ERR_SECRET_GONE', `secret ${arn} is marked for deletion`)
}

/** Whether the version is still to become AWSCURRENT, or already is: then only what remains is done. */
export type Standing = 'pending' | 'promoted'

/**
 * The preconditions of the rotation function template: rotation is enabled, the version exists, and it is
 * pending. A version that is AWSCURRENT already is no error.
 */
export function standingOf({ secret, event }: { secret: DescribedSecret; event: RotationEvent }): Standing {
  const { arn, stages } = secret
  assertNotDeleted(secret)
  if (!secret.rotationEnabled)
    throw new RotationError('ERR_NOT_ENABLED', `secret ${arn} is not enabled for rotation`)
  const { token } = event
  // A test rotation without a token names its version by the label alone.
  if (token === undefined) return 'pending'
  const labels = stages.get(token)
  if (labels === undefined) {
    throw new RotationError(
      'ERR_NOT_STAGED',
      `secret version ${token} has no stage for rotation of secret ${arn}`,
    )
  }
  if (labels.includes('AWSCURRENT')) return 'promoted'
  if (labels.includes('AWSPENDING')) return 'pending'
  throw new RotationError(
    'ERR_NOT_STAGED',
    `secret version ${token} is not AWSPENDING for rotation of secret ${arn}`,
  )
}
