import { type Answer, answer } from '../credentials/answer.ts'
import type { Superseded, What } from '../credentials/credential.ts'
import { asRefusal } from '../credentials/survey.ts'
import { isCode, RotationError } from '../errors.ts'
import type { Stored } from '../rotation/generations.ts'
import { isAbout, standingReminders } from '../rotation/reminders.ts'
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
  const { old, log, isAgain } = of
  const { credential, document } = old
  // A webhook that is compared with another is taken for a new one: a receiver's no would disable it.
  const proof = { generation: document, as: document, again: isAgain }
  const prove = (fresh: boolean) => credential.verify({ ...proof, fresh })
  const isWebhook = document.kind === 'WebhookSecret'
  const refusal = refusalOf(await answer(isWebhook ? enable(of).then(() => prove(false)) : prove(false)))
  if (refusal === undefined) return
  log.info('what was retired is activated again', { credId: document.id })
  await activate({ ...of, refusal })
  await prove(true)
}

function refusalOf(proof: Answer<void>): RotationError | undefined {
  return 'error' in proof ? asRefusal(proof.error) : undefined
}

/** A webhook that somebody disabled delivers again before it is the only one. */
async function enable({ old, current, secretArn }: GoingBack): Promise<void> {
  const lineage = { secretArn, token: old.version.versionId }
  await old.credential.register({ current: async () => current.document, pending: old.document, lineage })
}

async function activate(of: GoingBack & { refusal: RotationError; isAgain: boolean }): Promise<void> {
  const { old, current, what, refusal, group, isAgain } = of
  const { document } = old
  const superseded: Superseded = { ...document, ...(what !== undefined && { what }) }
  const deactivation = await current.credential.deactivate({ current: current.document, superseded })
  if (deactivation.isFinal === true || deactivation.ids.length === 0) throw cannotGoBack({ old, refusal })
  const net = isAgain ? undefined : await scheduleAsNet({ ...of, ids: deactivation.ids })
  await deactivation.undo().catch(async (error: unknown) => {
    if (!isCode(error, 'ERR_NOT_ALLOWED', 'ERR_CANNOT_RETIRE')) throw error
    if (net !== undefined) await group?.remove(net)
    throw cannotGoBack({ old, refusal })
  })
}

/**
 * Until AWSCURRENT names it nothing would end what is active again, if this run does not come so far. In its
 * grace it has a schedule already, which must not be cut short.
 */
async function scheduleAsNet(of: GoingBack & { ids: readonly string[] }): Promise<string | undefined> {
  const { old, current, ids } = of
  const promoted = current.version.versionId
  const { what = { credentialUuids: ids } } = of
  const { versionId } = old.version
  const reminders = await standingReminders(of)
  if (reminders.some((reminder) => isAbout({ reminder, versionId, what }))) return undefined
  return scheduleRetirement({ ...of, superseded: old, promoted, what, graceMs: 0 })
}

function cannotGoBack({ old, refusal }: { old: Stored; refusal: RotationError }): RotationError {
  const problem = `${old.document.on} cannot be gone back to: ${refusal.message}`
  return new RotationError(refusal.code, `${problem}. Rotate again, or put a value that works.`)
}
