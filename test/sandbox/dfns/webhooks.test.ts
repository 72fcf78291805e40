import { describe, expect, test } from 'vitest'
import type { CallerKind } from '../../../sandbox/dfns/matrix.ts'
import type { webhookMatrix } from '../../../sandbox/dfns/webhook-matrix.ts'
import { requestFor } from './webhook-callers.ts'
import { minute, url, webhookPermissions, webhookWorld } from './webhook-world.ts'
import { createWorld, kind } from './world.ts'

const events: ['wallet.created'] = ['wallet.created']
type Fields = Record<string, unknown>

describe('Create Webhook', () => {
  test('answers the webhook with a secret, which no other reply shows', async () => {
    const { client, clock, dfns, orgId } = await webhookWorld()
    const created = await client.createWebhook({ body: { url, events, description: 'ours' } })
    const { secret, ...webhook } = created
    const now = new Date(clock.now()).toISOString()
    expect(webhook).toEqual({
      id: expect.stringMatching(/^wh-/),
      url,
      events,
      status: 'Enabled',
      description: 'ours',
      dateCreated: now,
      dateUpdated: now,
    })
    expect(secret).toMatch(/^whs-/)
    expect(await client.getWebhook({ webhookId: created.id })).toEqual(webhook)
    expect(await client.listWebhooks()).toEqual({ items: [webhook] })
    expect(dfns.webhooks({ orgId }).map((one) => one.secret)).toEqual([secret])
  })

  test('gives every webhook an id and a secret of its own, on one URL too', async () => {
    const { client } = await webhookWorld()
    const made = []
    for (let i = 0; i < 3; i += 1) made.push(await client.createWebhook({ body: { url, events } }))
    expect(new Set(made.flatMap(({ id, secret }) => [id, secret])).size).toBe(6)
  })

  test.each<[string, Fields]>([
    ['the fewest fields', {}],
    ['Disabled', { status: 'Disabled' }],
    ['all events', { events: ['*'] }],
    ['256 characters of description', { description: 'x'.repeat(256) }],
    ['no description', { description: '' }],
    ['http', { url: 'http://127.0.0.1:1/' }],
  ])('takes %s', async (_, fields) => {
    const { create } = signedCreation()
    expect((await create(fields)).status).toBe(200)
  })

  test.each<[string, Fields]>([
    ['no url', { url: undefined }],
    ['a url that is none', { url: 'receiver' }],
    ['a url of another scheme', { url: 'ftp://receiver.test' }],
    ['no events', { events: undefined }],
    ['an empty list of events', { events: [] }],
    ['events that are no list', { events: '*' }],
    ['an event that is no text', { events: [1] }],
    ['an unknown status', { status: 'Paused' }],
    ['257 characters of description', { description: 'x'.repeat(257) }],
    ['a description that is no text', { description: null }],
    ['a field that is not documented', { secret: 'whs-mine' }],
  ])('refuses %s, and makes nothing', async (_, fields) => {
    const { create, world } = signedCreation()
    expect((await create(fields)).status).toBe(400)
    expect(world.dfns.webhooks(world)).toEqual([])
  })

  test('counts Disabled webhooks against the cap, and not those of another organisation', async () => {
    const { client, dfns, orgId } = await webhookWorld({ switches: { webhookCap: 2 } })
    const elsewhere = dfns.createOrganisation()
    dfns.createWebhook({ ...elsewhere, url, events })
    dfns.createWebhook({ orgId, url, events, status: 'Disabled' })
    await client.createWebhook({ body: { url, events } })
    await expect(client.createWebhook({ body: { url, events } })).rejects.toMatchObject({ httpStatus: 400 })
    expect(dfns.webhooks({ orgId })).toHaveLength(2)
  })
})

describe('List Webhooks', () => {
  async function withFive() {
    const world = await webhookWorld({ switches: { webhookPageSize: 2 } })
    const ids = Array.from({ length: 5 }, () => world.dfns.createWebhook({ ...world, url, events }).webhookId)
    return { ...world, ids }
  }
  const idsOf = ({ items }: { items: readonly { id: string }[] }) => items.map(({ id }) => id)

  test('gives pages, oldest first, the last one without a token', async () => {
    const { client, ids } = await withFive()
    const first = await client.listWebhooks()
    const second = await client.listWebhooks({ query: { paginationToken: first.nextPageToken } })
    const third = await client.listWebhooks({ query: { paginationToken: second.nextPageToken } })
    expect([first, second, third].map(idsOf)).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)])
    expect(third).not.toHaveProperty('nextPageToken')
  })

  test('has no more on a page than the limit, and the limit no more than the page', async () => {
    const { client, ids } = await withFive()
    expect(idsOf(await client.listWebhooks({ query: { limit: 1 } }))).toEqual(ids.slice(0, 1))
    expect(idsOf(await client.listWebhooks({ query: { limit: 100 } }))).toEqual(ids.slice(0, 2))
  })

  test('skips none when one of the page before is deleted meanwhile', async () => {
    const { client, ids } = await withFive()
    const first = await client.listWebhooks()
    await client.deleteWebhook({ webhookId: ids[0] ?? '' })
    const second = await client.listWebhooks({ query: { paginationToken: first.nextPageToken } })
    expect(idsOf(second)).toEqual(ids.slice(2, 4))
  })

  test.each([{ limit: -1 }, { limit: 1.5 }, { paginationToken: 'x' }])('refuses %o', async (query) => {
    const { client } = await withFive()
    await expect(client.listWebhooks({ query })).rejects.toMatchObject({ httpStatus: 400 })
  })

  test('shows nothing of another organisation, nor is it reached by id', async () => {
    const { client, dfns } = await webhookWorld()
    const there = dfns.createOrganisation()
    const { webhookId } = dfns.createWebhook({ ...there, url, events })
    expect(await client.listWebhooks()).toEqual({ items: [] })
    const gone = { httpStatus: 404 }
    await expect(client.getWebhook({ webhookId })).rejects.toMatchObject(gone)
    await expect(client.updateWebhook({ webhookId, body: {} })).rejects.toMatchObject(gone)
    await expect(client.deleteWebhook({ webhookId })).rejects.toMatchObject(gone)
    await expect(client.pingWebhook({ webhookId })).rejects.toMatchObject(gone)
    await expect(client.listWebhookEvents({ webhookId })).rejects.toMatchObject(gone)
    expect(dfns.webhooks(there)).toHaveLength(1)
  })
})

describe('Update Webhook', () => {
  test('changes what it names and the date, and keeps the rest, secret included', async () => {
    const { client, clock, dfns, orgId } = await webhookWorld()
    const { secret, ...before } = await client.createWebhook({
      body: { url, events, status: 'Disabled', description: 'ours' },
    })
    await clock.advance(minute)
    const after = await client.updateWebhook({ webhookId: before.id, body: { status: 'Enabled' } })
    const dateUpdated = new Date(clock.now()).toISOString()
    expect(after).toEqual({ ...before, status: 'Enabled', dateUpdated })
    const more = { url: 'https://other.test/', events: ['*'] as ['*'], description: 'yours' }
    expect(await client.updateWebhook({ webhookId: before.id, body: more })).toMatchObject(more)
    expect(dfns.webhooks({ orgId })).toMatchObject([{ secret, status: 'Enabled', ...more }])
  })

  test.each<[string, Fields]>([
    ['an empty list of events', { events: [] }],
    ['a bad url', { url: '' }],
    ['an unknown status', { status: 'enabled' }],
    ['a long description', { description: 'x'.repeat(257) }],
    ['a field that is not documented', { secret: 'whs-mine' }],
  ])('refuses %s, and changes nothing', async (_, fields) => {
    const { client, dfns, orgId } = await webhookWorld()
    const { webhookId } = dfns.createWebhook({ orgId, url, events })
    const before = dfns.webhooks({ orgId })
    const update = client.updateWebhook({ webhookId, body: { description: 'new', ...fields } })
    await expect(update).rejects.toMatchObject({ httpStatus: 400 })
    expect(dfns.webhooks({ orgId })).toEqual(before)
  })
})

describe('Delete Webhook', () => {
  test('answers deleted, and every call that names it is answered 404 from then on', async () => {
    const { client, dfns, orgId } = await webhookWorld()
    const [gone, kept] = [1, 2].map(() => dfns.createWebhook({ orgId, url, events }).webhookId)
    const webhookId = gone ?? ''
    expect(await client.deleteWebhook({ webhookId })).toEqual({ deleted: true })
    for (const call of [
      () => client.getWebhook({ webhookId }),
      () => client.updateWebhook({ webhookId, body: { status: 'Enabled' } }),
      () => client.deleteWebhook({ webhookId }),
      () => client.pingWebhook({ webhookId }),
      () => client.listWebhookEvents({ webhookId }),
      () => client.getWebhookEvent({ webhookId, webhookEventId: 'whe-1' }),
    ]) {
      await expect(call()).rejects.toMatchObject({ httpStatus: 404 })
    }
    expect((await client.listWebhooks()).items.map(({ id }) => id)).toEqual([kept])
    expect(dfns.webhooks({ orgId }).map((webhook) => webhook.webhookId)).toEqual([kept])
  })
})

describe('the audit trail', () => {
  test('names the webhook, what was done, and the token and credential that did it', async () => {
    const { client, dfns, holder, orgId, receiver } = await webhookWorld()
    receiver()
    const { webhookId: theirs } = dfns.createWebhook({ orgId, url, events })
    const { id: webhookId } = await client.createWebhook({ body: { url, events } })
    await client.updateWebhook({ webhookId, body: { description: 'new' } })
    await client.updateWebhook({ webhookId, body: { description: 'new' } })
    await client.pingWebhook({ webhookId })
    await client.deleteWebhook({ webhookId })
    const { userId, tokenId, credentialUuid } = holder
    const by = { tokenId, credentialUuid }
    const of = dfns.effects().filter(({ kind }) => kind.startsWith('webhook'))
    expect(of.map((effect) => ({ ...effect, at: 0 }))).toEqual([
      { at: 0, kind: 'webhook created', orgId, userId: '', webhookId: theirs, by: 'administrator' },
      { at: 0, kind: 'webhook created', orgId, userId, webhookId, by },
      { at: 0, kind: 'webhook updated', orgId, userId, webhookId, by },
      { at: 0, kind: 'webhook pinged', orgId, userId, webhookId, by },
      { at: 0, kind: 'webhook deleted', orgId, userId, webhookId, by },
    ])
  })

  test('has no line for calls that only read', async () => {
    const { client, dfns, orgId } = await webhookWorld()
    const { webhookId } = dfns.createWebhook({ orgId, url, events })
    const before = dfns.effects()
    await client.listWebhooks()
    await client.getWebhook({ webhookId })
    await client.listWebhookEvents({ webhookId })
    expect(dfns.effects()).toEqual(before)
  })
})

/** The permission of every endpoint, typed in once more from the documents. */
const documented: Record<keyof typeof webhookMatrix, string> = {
  'POST /webhooks': 'Webhooks:Create',
  'GET /webhooks': 'Webhooks:Read',
  'GET /webhooks/{webhookId}': 'Webhooks:Read',
  'PUT /webhooks/{webhookId}': 'Webhooks:Update',
  'DELETE /webhooks/{webhookId}': 'Webhooks:Delete',
  'POST /webhooks/{webhookId}/ping': 'Webhooks:Ping',
  'GET /webhooks/{webhookId}/events': 'Webhooks:Events:Read',
  'GET /webhooks/{webhookId}/events/{webhookEventId}': 'Webhooks:Events:Read',
}
const operations = Object.keys(documented) as (keyof typeof documented)[]

describe.each(operations)('%s', (operation) => {
  const permission = documented[operation]
  const others = webhookPermissions.filter((one) => one !== permission)

  test.each<[CallerKind, number]>([
    ['user', 200],
    ['pat', 200],
    ['serviceAccount', 200],
    ['endUser', 403],
  ])(`for a %s with ${permission} and nothing else: %i`, async (caller, status) => {
    const reply = await requestFor({ operation, caller, permissions: [permission] })
    expect(reply.status).toBe(status)
  })

  test.each<CallerKind>(['user', 'pat', 'serviceAccount', 'endUser'])(
    `is refused to a %s with every other permission, and changes nothing`,
    async (caller) => {
      const reply = await requestFor({ operation, caller, permissions: others })
      expect([reply.status, reply.effects]).toEqual([403, []])
    },
  )

  test('needs a user action if it changes something, and none if it reads', async () => {
    const reply = await requestFor({ operation, caller: 'user', permissions: [permission], signs: false })
    expect(reply.status).toBe(operation.startsWith('GET') ? 200 : 403)
    expect(reply.effects).toEqual([])
  })
})

/** Create Webhook in the raw, with fields that Dfns's client would not let through. */
function signedCreation() {
  const world = createWorld(kind)
  const as = world.account()
  world.dfns.assignPermission({ userId: as.userId, operations: webhookPermissions })
  const create = (fields: Fields) =>
    world.signed({ as, method: 'POST', path: '/webhooks', body: { url, events, ...fields } })
  return { world, create }
}
