import { type Answer, answer } from '../credentials/answer.ts'
import type { Superseded, What } from '../credentials/credential.ts'
import { refusalIn } from '../credentials/survey.ts'
import { isCode, RotationError } from '../errors.ts'
import type { Stored } from '../rotation/generations.ts'
import type { Operation } from './operation.ts'
import { scheduleRetirement } from './schedule.ts'

/** A rollback under way. */
export interface GoingBack extends Operation {
  /** The generation to go back to, and what a retirement of it is about. */
  readonly old: Stored
  readonly what: What | undefined
}

/**
 * Proves the generation that is gone back to; where it is refused, what a retirement did is taken back first.
 * `isAgain`: it is AWSCURRENT by now.
 */
export async function accepted(of: GoingBack & { isAgain: boolean }): Promise<void> {
  const { old, current, log, isAgain } = of
  const { credential, document } = old
  const isWebhook = document.kind === 'WebhookSecret'
  const as = isWebhook ? current.document : document
  const prove = (fresh: boolean) => credential.verify({ generation: document, as, fresh, again: isAgain })
  const refusal = refusalOf(await answer(isWebhook ? enable(of).then(() => prove(false)) : prove(false)))
  if (refusal === undefined) return
  // Until AWSCURRENT names it nothing else would end what is active again, if this run does not come so far.
  if (!isAgain) await scheduleAsNet(of)
  log.info('what was retired is activated again', { credId: document.id })
  await activate({ ...of, refusal })
  await prove(true)
}

function refusalOf(proof: Answer<void>): RotationError | undefined {
  return 'error' in proof ? refusalIn(proof.error) : undefined
}

/** A webhook that somebody disabled delivers again before it is the only one. */
async function enable({ old, current, secretArn }: GoingBack): Promise<void> {
  const lineage = { secretArn, token: old.version.versionId }
  await old.credential.register({ current: async () => current.document, pending: old.document, lineage })
}

async function scheduleAsNet(of: GoingBack): Promise<void> {
  const { old, current, what } = of
  if (what === undefined || 'webhookId' in what) return
  await scheduleRetirement({ ...of, superseded: old, promoted: current, what, graceMs: 0 })
}

async function activate(of: GoingBack & { refusal: RotationError }): Promise<void> {
  const { old, current, what, refusal } = of
  const { document } = old
  const superseded: Superseded = { ...document, ...(what !== undefined && { what }) }
  const { credential, document: by } = current
  const deactivation = await credential.deactivate({ current: by, superseded })
  if (deactivation.isFinal === true || deactivation.ids.length === 0) throw cannotGoBack({ old, refusal })
  await deactivation.undo().catch((error: unknown) => {
    throw isCode(error, 'ERR_NOT_ALLOWED', 'ERR_CANNOT_RETIRE') ? cannotGoBack({ old, refusal }) : error
  })
}

function cannotGoBack({ old, refusal }: { old: Stored; refusal: RotationError }): RotationError {
  const problem = `${old.document.on} cannot be gone back to: ${refusal.message}`
  return new RotationError(refusal.code, `${problem}. Rotate again, or put a value that works.`)
}
