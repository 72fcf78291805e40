import { DescribeSecretCommand, type RotationRulesType } from '@aws-sdk/client-secrets-manager'
import type { View } from '../../lambdas/auditing/run.ts'
import { answer } from '../../lambdas/credentials/answer.ts'
import { documentedCap } from '../../lambdas/credentials/webhook-creation.ts'
import type { WebhookDocument } from '../../lambdas/credentials/webhook-document.ts'
import { type Keeper, keeperOf } from '../../lambdas/credentials/webhook-keeper.ts'
import { deadlineOf } from '../../lambdas/ports/aws-client.ts'
import { awsFailure } from '../../lambdas/ports/aws-failure.ts'
import { dayMs, hourMs } from '../../lambdas/ports/time.ts'
import type { Context } from '../context.ts'
import { type Finding, finding } from '../findings.ts'
import { remedies } from '../remedies.ts'
import { span } from '../spans.ts'

interface Looking {
  readonly context: Context
  readonly view: View
  readonly document: WebhookDocument
}

/** What only a rotation of a webhook needs. */
export async function webhookFindings(of: { context: Context; view: View }): Promise<readonly Finding[]> {
  const { view } = of
  const { document } = view.current
  if (!isWebhook(document)) return []
  const looking = { ...of, document }
  return [...(await scheduleFindings(looking)), ...(await dfnsFindings(looking))]
}

const isWebhook = (document: View['current']['document']): document is WebhookDocument =>
  document.kind === 'WebhookSecret'

/** The old one lives for its grace, and until every event of before was delivered: a day and an hour. */
async function scheduleFindings({ context, view }: Looking): Promise<readonly Finding[]> {
  const { arn: secretId } = view.secret
  const gap = gapOf(await rulesOf({ context, secretId }))
  const needed = view.settings.graceOf({ isAdopted: false }) + dayMs
  if (!view.secret.rotationEnabled || gap === undefined || gap >= needed) return []
  const problem = `rotated every ${span(gap)}, but the old one lives for its grace and a day: ${span(needed)}`
  const remedy = 'rotate it less often, or give it a shorter grace by the tag dfns-rotator:grace'
  return [finding({ type: 'schedule-too-short', secretId, problem, remedy })]
}

async function rulesOf(of: { context: Context; secretId: string }): Promise<RotationRulesType | undefined> {
  const { context, secretId } = of
  const { clients, time } = context
  const command = new DescribeSecretCommand({ SecretId: secretId })
  try {
    const reply = await clients.secretsManager.send(command, { abortSignal: deadlineOf(time) })
    return reply.RotationRules
  } catch (error) {
    throw awsFailure({ code: 'ERR_STORE', error, action: 'DescribeSecret', on: secretId })
  }
}

/** Milliseconds between two rotations; of a cron expression in whole days, as Secrets Manager tells it. */
function gapOf(rules: RotationRulesType | undefined): number | undefined {
  const [, count, unit] = /^rate\((\d+) (hour|day)s?\)$/.exec(rules?.ScheduleExpression ?? '') ?? []
  if (unit !== undefined) return Number(count) * (unit === 'hour' ? hourMs : dayMs)
  return rules?.AutomaticallyAfterDays === undefined ? undefined : rules.AutomaticallyAfterDays * dayMs
}

async function dfnsFindings({ view, document }: Looking): Promise<readonly Finding[]> {
  const { means } = view.inside
  const opened = await answer(keeperOf({ document, means }))
  // That nobody can sign for it is a finding already.
  if ('error' in opened) return []
  const keeper = opened.value
  const isRequired = means.webhookPing === 'required'
  const asked = { keeper, document, secretId: view.secret.arn }
  return [...(await capFindings(asked)), ...(isRequired ? await receiverFindings(asked) : [])]
}

interface Asking {
  readonly keeper: Keeper
  readonly document: WebhookDocument
  readonly secretId: string
}

async function capFindings({ keeper, secretId }: Asking): Promise<readonly Finding[]> {
  const listed = await answer(keeper.ask((as) => as.listWebhooks()))
  if ('error' in listed || listed.value.length < documentedCap) return []
  const problem = `the organisation has ${listed.value.length} webhooks, and a rotation makes one more`
  const details = { webhooks: listed.value.map(({ id }) => id).join(' ') }
  return [finding({ type: 'webhook-cap', secretId, problem, remedy: remedies.ERR_WEBHOOK_CAP, details })]
}

/** A ping is an event that tells of nothing; to a webhook that is Disabled none is sent. */
async function receiverFindings({ keeper, document, secretId }: Asking): Promise<readonly Finding[]> {
  const webhook = await answer(keeper.find(document.id))
  if ('error' in webhook || webhook.value?.status !== 'Enabled') return []
  const pinged = await answer(keeper.ask((as) => as.pingWebhook(document.id)))
  const status = 'value' in pinged ? pinged.value : 'nothing'
  if (status === '200') return []
  const problem = `the receiver of webhook ${document.id} answers a ping with ${status}, and not with 200`
  const remedy = 'let it answer 200, or set the tag dfns-rotator:webhook-ping to best-effort'
  return [finding({ type: 'receiver', secretId, problem, remedy })]
}
