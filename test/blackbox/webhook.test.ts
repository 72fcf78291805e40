import { describe, expect, test } from 'vitest'
import type { Delivery } from '../../sandbox/dfns/webhook-model.ts'
import { guideWorld } from '../../sandbox/scene.ts'
import {
  activeIds,
  day,
  deadLetters,
  hour,
  minute,
  outcomes,
  results,
  schedules,
  timeOf,
} from '../support/graces.ts'
import { watchedScene } from '../support/scene.ts'

const url = 'https://receiver.test/hook'
const events = ['wallet.created']
const operations = ['Create', 'Read', 'Update', 'Delete', 'Ping', 'Events:Read'].map(
  (name) => `Webhooks:${name}`,
)

interface Given {
  readonly tags?: Readonly<Record<string, string>>
  readonly scheduler?: boolean
  /** What the receiver answers; 200 unless told otherwise. */
  readonly status?: number
}

/** A webhook that somebody made, its secret under rotation, and a service account that signs for it. */
async function stage({ tags = {}, scheduler = true, status = 200 }: Given = {}) {
  const policy = (dfnsUrl: string) => JSON.stringify({ allowedBaseUrls: [dfnsUrl] })
  const scene = await watchedScene({ dfnsSwitches: guideWorld, policy, scheduler })
  const { dfns } = scene
  const { orgId } = dfns.createOrganisation()
  const deliveries: Delivery[] = []
  dfns.receive({ url, respond: (delivery) => ({ status: deliveries.push(delivery) && status }) })
  const account = scene.openAccount({ orgId, name: 'keeper' })
  dfns.assignPermission({ userId: account.userId, operations })
  const signer = await scene.secretsManager<{ ARN: string }>('CreateSecret', {
    Name: 'prod/signer',
    SecretString: JSON.stringify(account.document),
    ClientRequestToken: 's'.repeat(32),
  })
  const { webhookId, secret: webhookSecret } = dfns.createWebhook({ orgId, url, events })
  const ours = { kind: 'WebhookSecret', baseUrl: account.document.baseUrl, orgId, signerArn: signer.ARN }
  const document = { ...ours, webhookId, webhookSecret, url, events, HOOK: webhookSecret }
  const arn = await scene.keepSecret({ name: 'prod/hook', document, tags })
  const ids = () => dfns.webhooks({ orgId }).map((webhook) => webhook.webhookId)
  const deleteWebhook = (id: string) => {
    const webhook = dfns.state.webhooks.get(id)
    if (webhook !== undefined) webhook.isDeleted = true
  }
  const current = async () => (await scene.documentOf(arn, 'AWSCURRENT')) as Record<string, unknown>
  const printed = () => [...scene.sandbox.bundled.values()].flatMap(({ output }) => output).join('\n')
  return {
    scene,
    account,
    deleteWebhook,
    arn,
    dfns,
    orgId,
    webhookId,
    document,
    ids,
    current,
    printed,
    deliveries,
  }
}

describe('the secret of a webhook', () => {
  test('is rotated, and the old webhook is deleted when its grace is over', async () => {
    const staged = await stage()
    const { scene, arn, dfns, orgId, webhookId, ids, current, printed } = staged
    await scene.rotate(arn)
    expect(outcomes(staged)).toEqual([
      'testSecret',
      'createSecret',
      'setSecret',
      'testSecret',
      'finishSecret',
    ])
    const promoted = await current()
    expect(ids()).toEqual([webhookId, promoted['webhookId']])
    const [, made] = dfns.webhooks({ orgId })
    expect(made).toMatchObject({ url, events, status: 'Enabled', secret: promoted['webhookSecret'] })
    expect(promoted['HOOK']).toBe(made?.secret)
    const [schedule] = schedules(staged)
    expect(schedule && timeOf(schedule) - scene.clock.now()).toBeGreaterThan(7 * day - minute)
    await scene.clock.advance(7 * day + hour)
    expect(ids()).toEqual([promoted['webhookId']])
    expect(results(staged)).toEqual(['done'])
    expect(Object.values(await scene.labelsOf(arn)).flat()).not.toContain('AWSPREVIOUS')
    for (const { secret } of dfns.state.webhooks.values()) expect(printed()).not.toContain(secret)
    expect(printed()).not.toContain('audit log')
    expect(activeIds(staged)).toHaveLength(1)
  })

  test('has the grace of its kind once a rotation made it, and no third generation beside it', async () => {
    const staged = await stage()
    const { scene, arn, ids, current } = staged
    await scene.rotate(arn)
    const first = (await current())['webhookId']
    await scene.clock.advance(8 * day)
    await scene.rotate(arn)
    const second = (await current())['webhookId']
    const [schedule] = schedules(staged)
    expect(schedule && timeOf(schedule) - scene.clock.now()).toBeLessThan(26 * hour + minute)
    const steps = outcomes(staged).length
    await scene.rotate(arn)
    expect(outcomes(staged).slice(steps)).toEqual(['createSecret ERR_PREVIOUS_IN_GRACE'])
    expect(ids()).toHaveLength(2)
    await scene.clock.advance(27 * hour)
    expect(ids()).toContain(second)
    expect(ids()).not.toContain(first)
  })

  test('with grace PT0S rotates all the same, and the old webhook goes once it is drained', async () => {
    const staged = await stage({ tags: { 'dfns-rotator:grace': 'PT0S' } })
    const { scene, arn, ids, current, webhookId } = staged
    await scene.rotate(arn)
    expect(outcomes(staged).at(-1)).toBe('finishSecret')
    await scene.clock.advance(24 * hour)
    expect(ids()).toContain(webhookId)
    await scene.clock.advance(8 * hour)
    expect(ids()).toEqual([(await current())['webhookId']])
    expect(results(staged).every((result) => result === 'done')).toBe(true)
    expect(deadLetters(staged)).toEqual([])
  })

  test('is retired by its mark where its version is gone, and left alone where it has none', async () => {
    const staged = await stage()
    const { scene, arn, ids, webhookId, current } = staged
    const forgetPrevious = () => {
      const { versions } = scene.sandbox.vault.find(arn)
      for (const { id, labels } of versions.values()) if (labels.has('AWSPREVIOUS')) versions.delete(id)
    }
    await scene.rotate(arn)
    const first = (await current())['webhookId']
    forgetPrevious()
    await scene.clock.advance(8 * day)
    expect(new Set(results(staged))).toEqual(new Set(['ERR_RETIRE_REFUSED']))
    expect(ids()).toEqual([webhookId, first])
    staged.deleteWebhook(webhookId)
    await scene.rotate(arn)
    forgetPrevious()
    await scene.clock.advance(27 * hour)
    expect(results(staged).at(-1)).toBe('done')
    expect(ids()).toEqual([(await current())['webhookId']])
  })

  test('is not rotated where nobody would retire the old one', async () => {
    const staged = await stage({ scheduler: false, tags: { 'dfns-rotator:grace': 'PT0S' } })
    await staged.scene.rotate(staged.arn)
    expect(outcomes(staged).at(-1)).toBe('createSecret ERR_SCHEDULER')
    expect(staged.ids()).toEqual([staged.webhookId])
  })

  test('is promoted by tag although its receiver refuses the ping', async () => {
    const staged = await stage({ tags: { 'dfns-rotator:webhook-ping': 'best-effort' }, status: 401 })
    await staged.scene.rotate(staged.arn)
    expect(outcomes(staged).at(-1)).toBe('finishSecret')
    expect(staged.printed()).toContain('the receiver did not take the ping')
  })
})
