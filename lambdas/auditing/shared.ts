import { isMarkedShared, sharedLabel } from '../rotation/undone.ts'
import { holderOf } from '../rotation/labels.ts'
import type { View } from './run.ts'

/**
 * Holds what another secret's AWSCURRENT names, too, or what that one superseded a while ago: a staging label
 * keeps every retirement away from it, and goes when the other has a credential of its own, and no grace for
 * this one any more. Returns whether it is shared.
 */
export async function holdShared(of: {
  view: View
  id: string
  /** The version that names it here; without one there is nothing that a label could stand on. */
  versionId: string | undefined
  isSuperseded: boolean
}): Promise<boolean> {
  const { view, id, versionId, isSuperseded } = of
  const { secret, store, run } = view
  const { arn: secretArn, stages } = secret
  const { sharing } = run
  const graces = isSuperseded ? sharing.inGraceOf({ id, secretArn }) : []
  const others = [...new Set([...sharing.others({ id, secretArn }), ...graces])]
  const label = sharedLabel(id)
  const isMarked = isMarkedShared({ stages, credId: id })
  if (others.length > 0) {
    run.findings.report({ type: 'shared-credential', secretArn, credId: id, with: others.join(' ') })
    if (run.acts && !isMarked && versionId !== undefined) await store.attachLabel({ label, to: versionId })
    return true
  }
  const from = holderOf(secret, label)
  if (run.acts && from !== undefined) await run.secrets.removeLabel({ secretId: secretArn, label, from })
  return false
}
