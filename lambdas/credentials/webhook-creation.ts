import { randomBytes } from 'node:crypto'
import { type Lineage, marked, markOf } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import { DfnsFailure } from '../ports/dfns-transport.ts'
import type { CreatedWebhook, Webhook } from '../ports/dfns-webhook-replies.ts'
import type { Draft, Labelled, Means, Successor } from './credential.ts'
import { inHandMs } from './strays.ts'
import { creationOf } from './webhook-changes.ts'
import { type WebhookDocument, webhookSuccessorOf } from './webhook-document.ts'
import { type Keeper, keeperOf, present } from './webhook-keeper.ts'
import { previousIdOf, relativesOf } from './webhook-relatives.ts'

/** Characters of a webhook's description. */
const longestDescription = 256

/** Webhooks of an organisation, by Dfns's older documents; the newest name no number. */
export const documentedCap = 5

interface Creation {
  readonly current: WebhookDocument
  readonly lineage: Lineage
  readonly labelled?: Labelled | undefined
  readonly means: Means
}

/** Whether the owner's fields can follow is told before Dfns makes anything: ids of its form stand in. */
export function draftWebhook(creation: Creation): Draft {
  const { current } = creation
  const random = () => randomBytes(16).toString('hex')
  const to = { ...current.changing, webhookId: `wh-${random()}`, webhookSecret: `whs-${random()}` }
  return { document: webhookSuccessorOf({ current, to }), make: () => make(creation) }
}

/** Every attempt makes a webhook of its own: who did not make it, does not know its secret. */
async function make(creation: Creation): Promise<Successor> {
  const { current, means } = creation
  const keeper = await keeperOf({ document: current, means })
  const [model, all, previousId] = await Promise.all([
    present({ keeper, document: current }),
    keeper.ask((as) => as.listWebhooks()),
    previousIdOf(creation.labelled),
  ])
  const { left, young } = await withoutOldStrays({ ...creation, keeper, model, all, previousId })
  const webhook = await create({ ...creation, keeper, model, left, young })
  const { id: webhookId, secret: webhookSecret, url, events } = webhook
  const document = webhookSuccessorOf({ current, to: { webhookId, webhookSecret, url, events } })
  return { document, discard: async () => void (await keeper.removeStray(webhookId)) }
}

function create(made: Creation & Left & { keeper: Keeper; model: Webhook }): Promise<CreatedWebhook> {
  const { keeper, model, lineage } = made
  const { url, events } = model
  const mark = markOf(lineage)
  const description = marked({ text: model.description, with: mark, longest: longestDescription })
  return keeper.change(creationOf(mark), (as) =>
    as.createWebhook({ url, events, status: 'Disabled', description }).catch((error: unknown) => {
      throw isCapped(error, made) ? capped({ ...made, error }) : error
    }),
  )
}

interface Left {
  readonly left: readonly Webhook[]
  /** Strays of ours that may still be somebody's. */
  readonly young: readonly Webhook[]
}

async function withoutOldStrays(
  made: Creation & {
    keeper: Keeper
    model: Webhook
    all: readonly Webhook[]
    previousId: string | undefined
  },
): Promise<Left> {
  const { current, lineage, labelled, means, keeper, all, previousId } = made
  const versionIds = labelled?.versionIds ?? []
  const { strays } = relativesOf({
    current,
    born: made.model.dateCreated,
    all,
    token: lineage.token,
    versionIds,
    previousId,
  })
  const isYoung = ({ dateCreated }: Webhook) => means.time.now() < dateCreated + inHandMs
  const old = strays.filter((stray) => !isYoung(stray))
  const removals = await Promise.all(
    old.map(async (stray) => ((await keeper.removeStray(stray.id)) ? [stray] : [])),
  )
  const removed = removals.flat()
  return { left: all.filter((webhook) => !removed.includes(webhook)), young: strays.filter(isYoung) }
}

/** No document names the status of one webhook too many; 402 is documented for limits of a plan. */
function isCapped(error: unknown, { left }: Left): error is DfnsFailure {
  if (!(error instanceof DfnsFailure) || error.endpoint !== 'POST /webhooks') return false
  if (error.status === 402) return true
  return [400, 403, 409, 422].includes(error.status ?? 0) && left.length >= documentedCap
}

function capped(at: Creation & Left & { error: DfnsFailure }): RotationError {
  const { current, left, young, error } = at
  const full = `${current.on}: no webhook more, the organisation has ${left.length} (${error.message})`
  const from = ({ dateCreated }: Webhook) => new Date(dateCreated + inHandMs).toISOString()
  const strays = young.map((stray) => `${stray.id} from ${from(stray)} on`).join(', ')
  const wayOut =
    strays === ''
      ? 'None of them is a stray of this secret: delete one, or have Dfns raise the limit.'
      : `Strays of this secret, which a later attempt deletes: ${strays}.`
  return new RotationError('ERR_WEBHOOK_CAP', `${full}. Nothing was made. ${wayOut}`, {
    retryable: strays !== '',
  })
}
