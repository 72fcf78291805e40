import { isMarkOf, markIn } from '../crypto/lineage.ts'
import type { RotationError } from '../errors.ts'
import type { Webhook } from '../ports/dfns-webhook-replies.ts'
import { answer, asFailure } from './answer.ts'
import { type Found, asRefusal, type Survey, type Surveyed } from './survey.ts'
import type { WebhookDocument } from './webhook-document.ts'
import { keeperOf, present } from './webhook-keeper.ts'

/** Whether the webhook is there, and every one that a rotation of the secret made. */
export async function surveyWebhooks({ current, means, lists }: Surveyed<WebhookDocument>): Promise<Survey> {
  const { secretArn, signerArn } = current
  const looked = await answer(
    keeperOf({ document: current, means }).then(async (keeper) => {
      const list = () => keeper.ask((as) => as.listWebhooks())
      const all = await lists(`webhooks as ${signerArn}`, list)
      // A list may lag behind, or be of a while ago: that one is missing is asked once more.
      const isListed = all.some(({ id }) => id === current.id)
      return { all, proof: isListed ? undefined : await answer(present({ keeper, document: current })) }
    }),
  )
  if ('error' in looked) return unseen(asFailure(looked.error))
  const { all, proof } = looked.value
  const isOurs = ({ lineage }: Found) => isMarkOf(lineage, secretArn)
  const byId = new Map(all.map((webhook) => [webhook.id, foundOf(webhook)]))
  const own = byId.get(current.id)
  return {
    refusal: proof !== undefined && 'error' in proof ? asRefusal(proof.error) : undefined,
    problems: [],
    found: [...byId.values()].filter(isOurs),
    find: ({ id }) => byId.get(id),
    made: own !== undefined && isOurs(own) ? ['webhook'] : [],
    isPartial: true,
  }
}

/** Without its signer the webhook goes on delivering: nobody can look, but nothing is refused. */
function unseen(problem: RotationError): Survey {
  if (problem.retryable) throw problem
  return {
    refusal: undefined,
    problems: [problem],
    found: [],
    find: () => undefined,
    made: [],
    isPartial: true,
  }
}

function foundOf({ id, description, dateCreated }: Webhook): Found {
  const created = new Date(dateCreated)
  const lineage = markIn(description)
  return { id, name: description, created, lineage, noun: 'webhook', isActive: true, what: { webhookId: id } }
}
