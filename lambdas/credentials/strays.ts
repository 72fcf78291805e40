import { isMarkOfRotation, type Lineage, markIn } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import type { DfnsAccounts } from '../ports/dfns-accounts.ts'
import { minuteMs } from '../ports/time.ts'
import { type Approvals, type Asker, asking, deactivationOf } from './approvals.ts'
import type { Held, Holder } from './holder.ts'

/**
 * How long what nobody stored yet may still be in the hands of an invocation that will store it: Lambda's
 * longest time-out, and 5 minutes for clocks that differ. Milliseconds.
 */
export const inHandMs = 20 * minuteMs

export interface Removal {
  readonly holder: Holder
  readonly accounts: DfnsAccounts
  readonly asker: Asker
  readonly approvals: Promise<Approvals>
}

/**
 * Deactivates what attempts of this rotation made and did not store. What is refused, or waits for an
 * approval, is left: it holds no rotation up, and carries the mark by which it is found again.
 */
export async function removeStrays(
  removal: Removal & {
    listed: readonly Held[]
    lineage: Lineage
    isStray: (held: Held) => boolean
  },
): Promise<void> {
  const { listed, lineage, isStray } = removal
  const isOfThis = ({ name }: Held) => isMarkOfRotation(markIn(name), lineage)
  const strays = listed.filter((held) => held.isActive && isOfThis(held) && isStray(held))
  for (const { id } of strays) await removeQuietly({ ...removal, id })
}

export async function removeQuietly(removal: Removal & { id: string }): Promise<void> {
  const { holder, accounts, id, asker } = removal
  try {
    await asking({
      ...deactivationOf({ noun: holder.noun, id, on: asker.document.on }),
      asker,
      approvals: removal.approvals,
      call: () => holder.setActive(accounts, { id, isActive: false }),
    })
  } catch (error) {
    if (!(error instanceof RotationError)) throw error
  }
}
