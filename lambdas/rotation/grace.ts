import type { Generation } from '../credentials/document.ts'
import { isOfSecret } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import type { Rotation } from './rotation.ts'

/** Until a superseded credential can be scheduled to be deactivated later, the only grace is none. */
export function assertNoGrace({
  rotation,
  superseded,
}: {
  rotation: Rotation
  superseded: Generation
}): void {
  const { id, kind, on } = superseded
  const isAdopted = !isOfSecret({ credId: id, secretArn: rotation.secret.arn })
  if (rotation.settingsFor(kind).graceOf({ isAdopted }) === 0) return
  const grace = isAdopted ? 'the grace of an adopted credential (grace.adopted of the policy)' : 'its grace'
  throw new RotationError(
    'ERR_SCHEDULER',
    `${on}: ${grace} is not PT0S, and there is no scheduler to deactivate it later. Nothing was changed. ` +
      'Set the tag dfns-rotator:grace to PT0S.',
  )
}
