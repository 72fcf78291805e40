import { expect, onTestFinished, test } from 'vitest'
import type { HeldAction } from '../../sandbox/dfns/identity-switches.ts'
import { selfRotation } from '../../sandbox/dfns/switches.ts'
import { createSimulation } from '../simulation/world.ts'

const hour = 3_600_000
const label = 'dfns-approval-asked'
const none = { create: false, activate: false, deactivate: false }

/** A secret whose successor Dfns makes before it is stored, and a policy that holds that back. */
async function holding({ kind, action }: { kind: 'webhook' | 'replaced account'; action: HeldAction }) {
  const world = createSimulation({ switches: { selfRotation: selfRotation.allRefused } })
  onTestFinished(() => world.close())
  const { arn } = await world.addSecret({ name: 'prod/held', kind, grace: 'P1D' })
  const { dfns, orgId, vault, wire } = world
  dfns.receive({ url: 'https://receiver.test/hook', respond: () => ({ status: 200 }) })
  const mayList = ['Policies:Approvals:Read']
  for (const { userId, name } of dfns.identities({ orgId }))
    if (name === 'prod/held, its keeper') dfns.assignPermission({ userId, operations: mayList })
  const hold = (isHeld: boolean) =>
    dfns.setSwitches({ orgId, switches: { approval: { ...none, [action]: isHeld } } })
  hold(true)
  const versions = () => [...vault.find(arn).versions.values()]
  const labelled = (wanted: string) => versions().filter(({ labels }) => labels.has(wanted))
  const count = (operation: string) =>
    wire.calls.filter(({ request }) => request.operation === operation).length
  const approvals = () => dfns.approvals({ orgId })
  const decide = (decision: 'Approved' | 'Denied') => {
    for (const { approvalId } of approvals()) dfns.decideApproval({ approvalId, decision })
  }
  return { world, arn, hold, labelled, count, approvals, decide }
}

const makings = [
  { kind: 'webhook', action: 'createWebhook', call: 'POST /webhooks' },
  { kind: 'replaced account', action: 'createServiceAccount', call: 'POST /auth/service-accounts' },
] as const

test.each(makings)(
  '$action that waits is asked for once, though the rotation is repeated',
  async (making) => {
    const { world, arn, labelled, count, approvals } = await holding(making)
    await world.rotateNow(arn)
    expect([approvals().length, count(making.call)]).toEqual([1, 1])
    expect(labelled(label)).toEqual(labelled('AWSCURRENT'))
    const invocations = world.counts.invocations
    await world.advance(48 * hour)
    expect(world.counts.invocations).toBeGreaterThan(invocations + 1)
    expect([approvals().length, count(making.call)]).toEqual([1, 1])
  },
)

test.each(makings)('$action that no policy holds is made without a look at approvals', async (making) => {
  const { world, arn, hold, labelled, count } = await holding(making)
  hold(false)
  await world.rotateNow(arn)
  expect([count(making.call), count('GET /v2/policy-approvals')]).toEqual([1, 0])
  expect(labelled(label)).toEqual([])
})

test('where the label cannot be attached each attempt asks once more', async () => {
  const { world, arn, count, approvals } = await holding(makings[0])
  world.plan = ({ request }) =>
    request.operation === 'UpdateSecretVersionStage'
      ? { reply: { status: 400, body: '{"__type":"AccessDeniedException"}' } }
      : undefined
  await world.rotateNow(arn)
  await world.advance(48 * hour)
  expect(approvals().length).toBe(count(makings[0].call))
  expect(approvals().length).toBeGreaterThan(1)
  const failures = world.engine.progress.items.flatMap((item) =>
    item.type === 'step-ended' && !item.ok ? [`${item.step} ${item.errorType}`] : [],
  )
  expect(new Set(failures)).toEqual(new Set(['createSecret ERR_APPROVAL_PENDING']))
})

test('the enabling of a webhook that waits is asked for once, and the rotation goes on when it is approved', async () => {
  const { world, arn, labelled, approvals, decide } = await holding({
    kind: 'webhook',
    action: 'updateWebhook',
  })
  const { dfns, orgId } = world
  await world.rotateNow(arn)
  await world.advance(hour / 12)
  // Before it createSecret asked whether updates are allowed, by one that changes nothing.
  const ids = dfns.webhooks({ orgId }).map(({ webhookId }) => webhookId)
  expect(approvals().map(({ change }) => change.entityId)).toEqual(ids)
  expect(labelled('AWSPENDING')).not.toEqual(labelled('AWSCURRENT'))
  decide('Approved')
  await world.advance(24 * hour)
  expect(dfns.webhooks({ orgId }).map(({ status }) => status)).toEqual(['Enabled', 'Enabled'])
  expect(labelled('AWSPREVIOUS')).toHaveLength(1)
  expect(approvals()).toHaveLength(2)
})

test('what waits is not asked for again by an attempt that follows at once', async () => {
  const { world, arn, hold, labelled, approvals } = await holding({
    kind: 'webhook',
    action: 'updateWebhook',
  })
  hold(false)
  world.plan = ({ invocation }) => {
    if (invocation.phase === 'setSecret') hold(true)
    return undefined
  }
  await world.rotateNow(arn)
  expect(approvals()).toHaveLength(1)
  const ClientRequestToken = labelled('AWSPENDING')[0]?.id
  const event = { Step: 'setSecret', SecretId: arn, ClientRequestToken }
  const again = await world.functions.get(world.rotateArn)?.invoke(event)
  expect(again).toMatchObject({ ok: false, errorType: 'ERR_APPROVAL_PENDING' })
  expect(approvals()).toHaveLength(1)
})

test('the deletion of a webhook that waits is asked for once, and retire goes on when it is approved', async () => {
  const { world, arn, labelled, approvals, decide } = await holding({
    kind: 'webhook',
    action: 'deleteWebhook',
  })
  const { dfns, orgId, queues, scheduler, deadLetterArn } = world
  await world.rotateNow(arn)
  await world.advance(72 * hour)
  expect(approvals()).toMatchObject([{ status: 'Pending', change: { action: 'deleteWebhook' } }])
  expect(scheduler.list()).toHaveLength(1)
  expect(dfns.webhooks({ orgId })).toHaveLength(2)
  decide('Approved')
  await world.advance(12 * hour)
  expect(dfns.webhooks({ orgId })).toHaveLength(1)
  expect([labelled('AWSPREVIOUS'), scheduler.list(), queues.messages(deadLetterArn)]).toEqual([[], [], []])
})

test('a deletion that was denied ends in the dead-letter queue, and no third webhook is made', async () => {
  const { world, arn, approvals, decide } = await holding({ kind: 'webhook', action: 'deleteWebhook' })
  const { dfns, orgId, queues, deadLetterArn } = world
  await world.rotateNow(arn)
  await world.advance(30 * hour)
  decide('Denied')
  await world.advance(12 * hour)
  expect(JSON.stringify(queues.messages(deadLetterArn))).toContain('ERR_APPROVAL_DENIED')
  await world.rotateNow(arn)
  await world.advance(48 * hour)
  expect(dfns.webhooks({ orgId })).toHaveLength(2)
  expect(approvals()).toHaveLength(1)
})
