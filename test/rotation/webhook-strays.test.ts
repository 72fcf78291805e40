import { expect, test } from 'vitest'
import { markOf, marked } from '../../lambdas/crypto/lineage.ts'
import { receiverUrl, webhookEvents } from '../simulation/secrets.ts'
import { createSimulation } from '../simulation/world.ts'

const hour = 3_600_000

test("a stray of AWSCURRENT's own rotation, which a list did not show then, goes with the next rotation", async () => {
  const world = createSimulation()
  const { arn } = await world.addSecret({ name: 'prod/hook', kind: 'webhook', grace: 'PT0S' })
  const { dfns, orgId, vault } = world
  const settings = { url: receiverUrl, events: [...webhookEvents] }
  dfns.receive({ url: receiverUrl, respond: () => ({ status: 200 }) })
  const ids = () => dfns.webhooks({ orgId }).map(({ webhookId }) => webhookId)
  await world.rotateNow(arn)
  await world.advance(60 * hour)
  const [current] = [...vault.find(arn).versions.values()].filter(({ labels }) => labels.has('AWSCURRENT'))
  const mark = markOf({ secretArn: arn, token: current?.id ?? '' })
  const description = marked({ text: 'prod/hook', with: mark, longest: 256 })
  const stray = dfns.createWebhook({ orgId, ...settings, status: 'Disabled', description })
  await world.advance(hour)
  expect(ids()).toContain(stray.webhookId)
  await world.rotateNow(arn)
  expect(ids()).not.toContain(stray.webhookId)
  world.close()
})
