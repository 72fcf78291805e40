import { isCode, RotationError } from '../errors.ts'
import type { Webhook } from '../ports/dfns-webhook-replies.ts'
import { answer, probed } from './answer.ts'
import type { Labelled, Means, Probe } from './credential.ts'
import { documentedCap } from './webhook-creation.ts'
import type { WebhookDocument } from './webhook-document.ts'
import { type Keeper, keeperOf, present } from './webhook-keeper.ts'
import { previousIdOf, relativesOf } from './webhook-relatives.ts'

const questions = {
  signer: 'can its signer be used, and does Dfns know its webhook (GET /webhooks/{webhookId})',
  list: 'may its signer list webhooks (GET /webhooks)',
  events: 'may its signer list the events of a webhook (GET /webhooks/{webhookId}/events)',
  // Nothing tells without effect whether it may create, ping and delete.
  update: 'may its signer update webhooks (PUT /webhooks/{webhookId}, nothing changed)',
  generations: 'is no webhook older than AWSCURRENT left',
} as const

interface Asked {
  readonly current: WebhookDocument
  readonly labelled?: Labelled | undefined
  readonly means: Means
}

/**
 * Whether the webhook can be rotated now. Nothing but a webhook too many tells where the limit is, so that
 * is found out by Create Webhook: where it is refused, nothing was made either.
 */
export async function probeWebhook(asked: Asked): Promise<readonly Probe[]> {
  const { current, means } = asked
  const open = async () => {
    const keeper = await keeperOf({ document: current, means })
    return { keeper, webhook: await present({ keeper, document: current }) }
  }
  const opened = await answer(open())
  const first = probed(questions.signer, opened)
  if ('error' in opened) return [first]
  return [first, ...(await probeKeeper({ ...asked, ...opened.value }))]
}

async function probeKeeper(asked: Asked & { keeper: Keeper; webhook: Webhook }): Promise<Probe[]> {
  const { keeper, webhook } = asked
  const { id } = webhook
  const [all, events] = await Promise.all([
    answer(keeper.ask((as) => as.listWebhooks())),
    answer(keeper.ask((as) => as.listFailedEvents(id))),
  ])
  const heard = probed(questions.events, events)
  if ('error' in all) return [probed(questions.list, all), heard]
  const count = `: ${all.value.length}, and Dfns documented at most ${documentedCap}`
  const two = await answer(assertTwoGenerations({ ...asked, all: all.value }))
  const first = [probed(questions.list + count, all), heard, probed(questions.generations, two)]
  // It may count as an update, from which on the older one has to be drained anew.
  if ('error' in two) return first
  const updated = await answer(keeper.update(id, asItIs(webhook)))
  return [...first, heldOrNot(probed(questions.update, updated))]
}

/** What is held back, is not refused: whoever may not update at all is told so first. */
function heldOrNot(probe: Probe): Probe {
  const { question, failure } = probe
  const isHeld = isCode(failure, 'ERR_APPROVAL_PENDING', 'ERR_APPROVAL_DENIED')
  return isHeld ? { question, note: failure.message } : probe
}

/** An update that names no more than what is there. */
const asItIs = ({ description, url }: Webhook) => (description === '' ? { url } : { description })

/**
 * What is still to be delivered of a generation older than AWSCURRENT is signed with a secret that no label
 * would name any more, once there is a third one.
 */
async function assertTwoGenerations(
  asked: Asked & { webhook: Webhook; all: readonly Webhook[] },
): Promise<void> {
  const { current, labelled, all } = asked
  const born = asked.webhook.dateCreated
  const previousId = await previousIdOf(labelled)
  const versionIds = labelled?.versionIds ?? []
  const { alive } = relativesOf({ current, born, all, token: undefined, versionIds, previousId })
  if (alive.length === 0) return
  const problem = `webhook ${alive.map(({ id }) => id).join(', ')} is superseded, and not deleted yet`
  const wayOut = 'A later attempt goes on once it is retired; where that failed, delete it at Dfns'
  throw new RotationError(
    'ERR_PREVIOUS_IN_GRACE',
    `${current.on}: ${problem}. Nothing was made. ${wayOut}.`,
    {
      retryable: true,
    },
  )
}
