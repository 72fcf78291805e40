import { isCode, RotationError } from '../errors.ts'
import type { DfnsAccounts } from '../ports/dfns-accounts.ts'
import { DfnsFailure } from '../ports/dfns-transport.ts'
import { answer } from './answer.ts'
import { type Asker, asking, deactivationOf, earlierApprovals } from './approvals.ts'
import { confirmed, stillActive } from './confirmation.ts'
import type { Deactivation, Means } from './credential.ts'
import type { KeyDocument } from './document.ts'
import type { Held, Holder } from './holder.ts'
import { proveListed } from './proof.ts'
import { explaining } from './refusals.ts'

interface Replaced {
  readonly current: KeyDocument
  /** The id of the superseded service account or personal access token. */
  readonly id: string
  readonly on: string
  /** Whether its document is known to hold another token than AWSCURRENT. */
  readonly isOtherToken: boolean
  readonly holder: Holder
  readonly means: Means
}

/** One who may be asked: the identity in AWSCURRENT, or its signer. */
interface Actor extends Asker {
  readonly accounts: DfnsAccounts
  readonly explain: (error: unknown) => Promise<never>
}

/**
 * Deactivates a whole service account or personal access token, asked for by the identity that took its place
 * where Dfns lets it, else by its signer. It is never deleted.
 */
export async function replacedDeactivation(replaced: Replaced): Promise<Deactivation> {
  const { current, id, on, holder, means } = replaced
  const asAny = actorsOf(replaced)
  const look = () => asAny(({ accounts }) => holder.list(accounts))
  const listed = await look()
  assertOther({ ...replaced, listed })
  const isActive = (list: readonly Held[]) => list.find((one) => one.id === id)?.isActive === true
  const wasActive = isActive(listed)
  let begun = listed.some((one) => one.id === id && !one.isActive)
  const prove = () => proveListed({ generation: current, credentialUuid: undefined, means })
  return {
    ids: [id],
    async perform() {
      if (!wasActive) return
      // Its signer's signature proves nothing of the identity that is to remain.
      await prove()
      await asAny((actor) => deactivate({ actor, id, on, holder }))
      begun = true
    },
    isBegun: () => begun,
    prove,
    undo: () => asAny(({ accounts }) => holder.setActive(accounts, { id, isActive: true })),
    confirm() {
      const isDone = async () => !isActive(await look())
      return confirmed({ isDone, on: `${holder.noun} ${id}`, problem: stillActive, time: means.time })
    },
  }
}

function deactivate(of: { actor: Actor; id: string; on: string; holder: Holder }): Promise<void> {
  const { actor, id, on, holder } = of
  return asking({
    ...deactivationOf({ noun: holder.noun, id, on }),
    asker: actor,
    approvals: earlierApprovals(actor),
    call: () => holder.setActive(actor.accounts, { id, isActive: false }),
  })
}

/**
 * What AWSCURRENT is cannot be what it replaced; where Dfns does not tell, its schedule is not believed. If
 * it is deactivated a person did that, perhaps because it leaked: then nothing is activated for its sake, and
 * nothing retired.
 */
function assertOther(of: Replaced & { listed: readonly Held[] }): void {
  const { current, id, holder, listed, isOtherToken } = of
  const own = holder.idOf({ generation: current, listed })
  if (listed.some((one) => one.id === own && !one.isActive)) {
    const problem = `its ${holder.noun} ${own} is deactivated at Dfns`
    throw new RotationError('ERR_TOKEN_EXPIRED', `${current.on}: ${problem}`)
  }
  if (own === undefined ? isOtherToken : own !== id) return
  const problem = own === id ? 'AWSCURRENT is of it' : 'which one AWSCURRENT is of is not known'
  throw new RotationError('ERR_RETIRE_REFUSED', `${holder.noun} ${id} is not deactivated: ${problem}`)
}

/**
 * Asks as the one who may: a refusal of AWSCURRENT's identity is no answer while there is a signer. Whoever
 * answered is asked first from then on: who may not look is hardly allowed to deactivate.
 */
function actorsOf(replaced: Replaced) {
  const own = async () => ownActor(replaced)
  const signer = () => signingActor(replaced)
  const all = replaced.current.signerArn === undefined ? [own] : [own, signer]
  let inTurn = all
  return async <T>(ask: (actor: Actor) => Promise<T>): Promise<T> => {
    let refuse = (): Promise<never> => Promise.reject(new Error('nobody was asked'))
    for (const one of inTurn) {
      const actor = await one()
      const answered = await answer(ask(actor))
      if ('value' in answered) {
        inTurn = [one, ...all.filter((other) => other !== one)]
        return answered.value
      }
      const { error } = answered
      const explain = () => actor.explain(error).catch(asUnretirable)
      if (!(error instanceof DfnsFailure) || !error.isRefusal) return explain()
      // Where both refuse, it is the signer that is to be given leave.
      if (one === all.at(-1)) refuse = explain
    }
    return refuse()
  }
}

function ownActor({ current, means }: Replaced): Actor {
  const accounts = means.accountsAs(current.identity)
  return { document: current, means, accounts, explain: explaining({ generation: current, means }) }
}

async function signingActor({ current, holder, means }: Replaced): Promise<Actor> {
  const { document, explain } = await holder.signer({ generation: current, means })
  const accounts = means.accountsAs(document.identity)
  return { document, means, accounts, explain: unlessDenied(explain) }
}

/** A denial is the approvers' word, and no fault of the signer. */
function unlessDenied(explain: Actor['explain']): Actor['explain'] {
  return async (error) => {
    if (isCode(error, 'ERR_APPROVAL_DENIED')) throw error
    return explain(error)
  }
}

function asUnretirable(error: unknown): never {
  if (isCode(error, 'ERR_NOT_ALLOWED', 'ERR_SIGNER'))
    throw new RotationError('ERR_CANNOT_RETIRE', error.message)
  throw error
}
