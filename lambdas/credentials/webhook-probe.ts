import { isCode, RotationError } from '../errors.ts'
import type { Webhook } from '../ports/dfns-webhook-replies.ts'
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
  const [opened, failure] = await attempt(async () => {
    const keeper = await keeperOf({ document: current, means })
    return { keeper, webhook: await present({ keeper, document: current }) }
  })
  const first = probe(questions.signer, failure)
  if (opened === undefined) return [first]
  return [first, ...(await probeKeeper({ ...asked, ...opened }))]
}

async function probeKeeper(asked: Asked & { keeper: Keeper; webhook: Webhook }): Promise<Probe[]> {
  const { keeper, webhook } = asked
  const { id } = webhook
  const [[all, unlisted], [, unread], [, unchanged]] = await Promise.all([
    attempt(() => keeper.ask((as) => as.listWebhooks())),
    attempt(() => keeper.ask((as) => as.listFailedEvents(id))),
    attempt(() => keeper.update(id, asItIs(webhook))),
  ])
  const count = all === undefined ? '' : `: ${all.length}, and Dfns documented at most ${documentedCap}`
  const answers = [
    probe(questions.list + count, unlisted),
    probe(questions.events, unread),
    updateProbe(unchanged),
  ]
  if (all === undefined) return answers
  const [, older] = await attempt(() => assertTwoGenerations({ ...asked, all }))
  return [...answers, probe(questions.generations, older)]
}

/** What is held back, is not refused: whoever may not update at all is told so first. */
function updateProbe(failure: RotationError | undefined): Probe {
  const isHeld = isCode(failure, 'ERR_APPROVAL_PENDING', 'ERR_APPROVAL_DENIED')
  return isHeld ? { question: questions.update, note: failure.message } : probe(questions.update, failure)
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

const probe = (question: string, failure: RotationError | undefined): Probe => ({
  question,
  ...(failure !== undefined && { failure }),
})

async function attempt<T>(
  call: () => Promise<T>,
): Promise<readonly [T | undefined, RotationError | undefined]> {
  try {
    return [await call(), undefined]
  } catch (error) {
    if (error instanceof RotationError) return [undefined, error]
    throw error
  }
}
