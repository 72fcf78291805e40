import { RotationError } from '../errors.ts'
import type { Means } from './credential.ts'
import type { WebhookDocument } from './webhook-document.ts'
import { type Keeper, keeperOf, present } from './webhook-keeper.ts'

interface Proof {
  readonly generation: WebhookDocument
  readonly as: WebhookDocument
  readonly again?: boolean | undefined
  readonly means: Means
}

/** What is kept of the function's time to disable the new webhook and to report. Milliseconds. */
const reserveMs = 30_000
const longestPauseMs = 16_000

/**
 * Proves that a webhook is there, that it delivers if `as` does, and, the first time, that its receiver
 * takes what it signs. Only Enabled webhooks are pinged.
 */
export async function proveWebhook(proof: Proof): Promise<void> {
  const { generation, as, again = false, means } = proof
  assertIsOf(proof)
  const keeper = await keeperOf({ document: generation, means })
  const [{ status }, other] = await Promise.all([
    present({ keeper, document: generation }),
    generation.id === as.id ? undefined : keeper.find(as.id),
  ])
  if (status === 'Disabled' && other?.status === 'Enabled') {
    const problem = `webhook ${generation.id} is Disabled, and that of ${as.on} Enabled`
    throw new RotationError('ERR_VERIFY', `${generation.on}: ${problem}`, { retryable: true })
  }
  if (status === 'Disabled' || again) return
  if (means.webhookPing === 'best-effort') return tell({ keeper, generation, means })
  await pinged({ keeper, generation, means, isNew: generation.id !== as.id })
}

interface Ping {
  readonly keeper: Keeper
  readonly generation: WebhookDocument
  readonly means: Means
}

const ping = ({ keeper, generation }: Ping) => keeper.ask((as) => as.pingWebhook(generation.id))

/** A receiver's answer that is nobody's reason to stop. */
async function tell(to: Ping): Promise<void> {
  const { generation, means } = to
  const webhookId = generation.id
  const outcome = await ping(to).catch((error: unknown) => {
    if (!(error instanceof RotationError)) throw error
    return error
  })
  if (outcome === '200') return means.log.info('the receiver took the ping', { webhookId })
  const reason = typeof outcome === 'string' ? `it answered ${statusOf(outcome)}` : outcome.message
  means.log.warn('the receiver did not take the ping, which is best-effort', { webhookId, reason })
}

/**
 * Receivers have caches: a refused ping is repeated, with growing pauses, as long as there is time. A new
 * webhook that goes on being refused is disabled, or its events would be refused until somebody looks.
 */
async function pinged(of: Ping & { isNew: boolean }): Promise<void> {
  const { keeper, generation, means, isNew } = of
  const { time } = means
  try {
    for (let pause = 1_000; ; pause = Math.min(2 * pause, longestPauseMs)) {
      const status = await ping(of)
      if (status === '200') return
      if (time.remaining() - pause < reserveMs) throw refused(generation, status)
      await time.sleep(pause)
    }
  } catch (error) {
    if (isNew) await disable({ keeper, generation, means })
    throw error
  }
}

function refused({ on, id }: WebhookDocument, status: string): RotationError {
  const problem = `the receiver of webhook ${id} answered its ping with ${statusOf(status)}`
  const wayOut =
    'Let it accept events signed with the secret in AWSPENDING, ' +
    'or set the tag dfns-rotator:webhook-ping to best-effort'
  return new RotationError('ERR_RECEIVER', `${on}: ${problem}. ${wayOut}.`, { retryable: true })
}

/** What Dfns says that a receiver answered, if it is a status. */
const statusOf = (status: string): string => (/^\d{1,3}$/.test(status) ? status : 'no status')

/** Not where that may wait: an approval that is given late would disable what is current by then. */
async function disable({ keeper, generation, means }: Ping): Promise<void> {
  const webhookId = generation.id
  try {
    if (await keeper.isApproved(webhookId, { status: 'Enabled' }))
      return means.log.warn('the new webhook stays enabled: a policy holds back its updates', { webhookId })
    await keeper.update(webhookId, { status: 'Disabled' })
    means.log.info('the new webhook is disabled until it is tried again', { webhookId })
  } catch (error) {
    if (!(error instanceof RotationError)) throw error
    const { code, message: reason } = error
    means.log.warn('the new webhook could not be disabled', { webhookId, code, reason })
  }
}

function assertIsOf({ generation, as }: Proof): void {
  if (generation.origin === as.origin && generation.orgId === as.orgId) return
  throw new RotationError('ERR_VERIFY', `${generation.on} is not of the origin and orgId of ${as.on}`)
}
