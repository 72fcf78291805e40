import { expect, test } from 'vitest'
import type { HeldAction } from '../../../sandbox/dfns/identity-switches.ts'
import { everyPermission } from './clients.ts'
import { url, webhookWorld } from './webhook-world.ts'

const events: ['wallet.created'] = ['wallet.created']
const settings = { url, events, description: 'ours' }

/** A world in which a policy holds these calls back, and one who may ask for them. */
async function holding(...actions: HeldAction[]) {
  const world = await webhookWorld()
  const { dfns, orgId } = world
  const none = { create: false, activate: false, deactivate: false }
  world.change({
    approval: { ...none, ...Object.fromEntries(actions.map((action) => [action, true])) },
  })
  const client = world.clientOf(world.account(everyPermission))
  const pending = () => dfns.approvals({ orgId }).filter(({ status }) => status === 'Pending')
  const decide = (decision: 'Approved' | 'Denied') =>
    pending().map(({ approvalId }) => dfns.decideApproval({ approvalId, decision }).outcome)
  const webhooks = () => dfns.webhooks({ orgId })
  const hook = () => dfns.createWebhook({ orgId, ...settings }).webhookId
  return { ...world, client, pending, decide, webhooks, hook }
}

const isHeld = (status: number) => ({ httpStatus: status })

test('what holds a creation shows the settings of the webhook that is asked for, and makes none', async () => {
  const { client, pending, webhooks } = await holding('createWebhook')
  await expect(client.createWebhook({ body: settings })).rejects.toMatchObject({
    ...isHeld(202),
    context: {
      kind: 'Webhook',
      operationKind: 'Create',
      entityId: '',
      status: 'Pending',
      body: { ...settings, status: 'Enabled' },
    },
  })
  expect(pending()).toHaveLength(1)
  expect(webhooks()).toEqual([])
})

test('a webhook that an approval makes has a secret that nobody is shown', async () => {
  const { client, decide, webhooks, dfns, orgId } = await holding('createWebhook')
  const asked: unknown = await client.createWebhook({ body: settings }).catch((error: unknown) => error)
  expect(asked).toMatchObject(isHeld(202))
  expect(decide('Approved')).toEqual(['Applied'])
  const { webhookId = '', secret = '?' } = webhooks()[0] ?? {}
  expect(webhooks()).toMatchObject([settings])
  const shown = [asked, await client.getWebhook({ webhookId }), await client.listWebhooks()]
  expect(JSON.stringify(shown)).toContain(webhookId)
  expect(JSON.stringify([shown, dfns.approvals({ orgId })])).not.toContain(secret)
})

test('an update names what it changes, and one that changes nothing is held, too', async () => {
  const { client, hook, pending } = await holding('updateWebhook')
  const webhookId = hook()
  for (const body of [{ status: 'Disabled' }, { description: settings.description }] as const) {
    await expect(client.updateWebhook({ webhookId, body })).rejects.toMatchObject({
      ...isHeld(202),
      context: { kind: 'Webhook', operationKind: 'Update', entityId: webhookId, body },
    })
  }
  expect(pending()).toHaveLength(2)
})

test('what was deleted meanwhile is not there to be changed by an approval', async () => {
  const { client, hook, decide, change, webhooks } = await holding('updateWebhook', 'deleteWebhook')
  const webhookId = hook()
  const held = isHeld(202)
  await expect(client.updateWebhook({ webhookId, body: { url } })).rejects.toMatchObject(held)
  await expect(client.deleteWebhook({ webhookId })).rejects.toMatchObject(held)
  change({ approval: { create: false, activate: false, deactivate: false } })
  await client.deleteWebhook({ webhookId })
  expect(decide('Approved')).toEqual(['Failed', 'Failed'])
  expect(webhooks()).toEqual([])
})

test('what is refused is not held, and the cap counts once more when a creation is approved', async () => {
  const { client, hook, decide, change, pending, webhooks } = await holding('createWebhook')
  change({ webhookCap: 1 })
  await expect(client.createWebhook({ body: settings })).rejects.toMatchObject(isHeld(202))
  hook()
  await expect(client.createWebhook({ body: settings })).rejects.toMatchObject(isHeld(400))
  expect(pending()).toHaveLength(1)
  expect(decide('Approved')).toEqual(['Failed'])
  expect(webhooks()).toHaveLength(1)
})
