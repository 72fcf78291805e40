import { RotationError } from '../errors.ts'
import { DfnsFailure } from '../ports/dfns-transport.ts'
import type { Webhook } from '../ports/dfns-webhook-replies.ts'
import type { WebhookSettings, Webhooks } from '../ports/dfns-webhooks.ts'
import { type Approvals, asking, earlierApprovals, givenTo } from './approvals.ts'
import type { Means } from './credential.ts'
import { signerOf } from './signer.ts'
import { deletionOf, updateOf, type WebhookChange } from './webhook-changes.ts'
import type { WebhookDocument } from './webhook-document.ts'

/** Whoever keeps the webhooks of a secret: the signer that its document names. */
export interface Keeper {
  /** Asks Dfns as the signer. Its own failures are ERR_SIGNER, unless they may pass. */
  ask<T>(question: (webhooks: Webhooks) => Promise<T>): Promise<T>
  /** The webhook, or nothing if Dfns knows none by this id. */
  find(webhookId: string): Promise<Webhook | undefined>
  /** The same for a change, unless it waits for its approval already, or was denied. */
  change<T>(change: WebhookChange, question: (webhooks: Webhooks) => Promise<T>): Promise<T>
  update(webhookId: string, changes: Partial<WebhookSettings>): Promise<Webhook>
  /** Whether Dfns made this update when it was approved. */
  isApproved(webhookId: string, changes: Partial<WebhookSettings>): Promise<boolean>
  /** Deletes it; one that is gone already is no error. */
  remove(webhookId: string): Promise<void>
  /** Deletes a stray. Whatever keeps it from being deleted keeps nothing else: it is logged. */
  removeStray(webhookId: string): Promise<boolean>
}

export async function keeperOf(asked: { document: WebhookDocument; means: Means }): Promise<Keeper> {
  const { document, means } = asked
  const signer = await signerOf({
    signed: document,
    kinds: ['UserKey', 'ServiceAccountKey', 'PersonalAccessTokenKey'],
    means,
  })
  const webhooks = means.webhooksAs(signer.document.identity)
  const ask: Keeper['ask'] = (question) =>
    question(webhooks).catch((error: unknown) => {
      if (error instanceof RotationError && !(error instanceof DfnsFailure)) throw error
      if (isOfWebhook(error)) throw new RotationError(error.code, `${document.on}: ${error.message}`)
      return signer.explain(error)
    })
  const find = (webhookId: string) => ask((as) => unlessGone(as.getWebhook(webhookId)))
  const asker = { document: signer.document, means }
  let looked: Promise<Approvals> | undefined
  const change: Keeper['change'] = (wanted, question) => {
    looked ??= earlierApprovals(asker)
    return asking({ ...wanted, on: document.on, asker, approvals: looked, call: () => ask(question) })
  }
  const update: Keeper['update'] = (id, changes) =>
    change(updateOf({ id, changes }), (as) => as.updateWebhook(id, changes))
  const isApproved: Keeper['isApproved'] = async (id, changes) =>
    (await givenTo({ ...updateOf({ id, changes }), asker })) !== undefined
  const remove = (webhookId: string) =>
    change(deletionOf(webhookId), (as) => unlessGone(as.deleteWebhook(webhookId)))
  const removeStray = async (webhookId: string) => {
    try {
      await remove(webhookId)
      return true
    } catch (error) {
      if (!(error instanceof RotationError)) throw error
      const { code, message: reason } = error
      means.log.warn('a webhook that no version names could not be deleted', { webhookId, code, reason })
      return false
    }
  }
  return { ask, find, change, update, isApproved, remove, removeStray }
}

async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof DfnsFailure && (error.status === 404 || error.status === 410)) return undefined
    throw error
  }
}

/** Dfns speaks of the webhook, or of what was said of it: no word on whoever asked. */
function isOfWebhook(error: unknown): error is DfnsFailure {
  if (!(error instanceof DfnsFailure) || !error.isRefusal) return false
  return error.endpoint.includes(' /webhooks') && error.status !== 401 && error.status !== 403
}

/** The webhook that a document names, which has to be there. */
export async function present(asked: { keeper: Keeper; document: WebhookDocument }): Promise<Webhook> {
  const { keeper, document } = asked
  const webhook = await keeper.find(document.id)
  if (webhook !== undefined) return webhook
  throw new RotationError('ERR_VERIFY', `${document.on}: Dfns knows no webhook ${document.id}`)
}
