import { RotationError } from '../errors.ts'
import type { DescribedSecret } from '../ports/secrets-manager.ts'
import type { RotationEvent } from './event.ts'

/** Whether the version is still to become AWSCURRENT, or already is: then only what remains is done. */
export type Standing = 'pending' | 'promoted'

/**
 * The preconditions of the rotation function template: rotation is enabled, the version exists, and it is
 * pending. A version that is AWSCURRENT already is no error.
 */
export function standingOf(of: {
  secret: DescribedSecret
  event: RotationEvent
  /** This function's own, as it was invoked; nothing outside Lambda. */
  functionArn?: string | undefined
}): Standing {
  const { secret, event, functionArn } = of
  const { arn, stages, rotationArn } = secret
  if (secret.isDeleted) throw new RotationError('ERR_SECRET_GONE', `secret ${arn} is marked for deletion`)
  if (!secret.rotationEnabled)
    throw new RotationError('ERR_NOT_ENABLED', `secret ${arn} is not enabled for rotation`)
  // Whoever may invoke this function need not be Secrets Manager.
  if (rotationArn && functionArn && unqualified(rotationArn) !== unqualified(functionArn))
    throw new RotationError('ERR_NOT_ENABLED', `secret ${arn} is rotated by another function`)
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

/** An ARN of a function without its version or alias. */
export const unqualified = (arn: string): string => arn.split(':').slice(0, 7).join(':')
