import { describe, expect, test } from 'vitest'
import type { WebhookDocument } from '../../lambdas/credentials/webhook-document.ts'
import { webhookSecret } from '../../lambdas/credentials/webhook-secret.ts'
import { marked, markIn, markOf } from '../../lambdas/crypto/lineage.ts'
import type { WebhookSettings } from '../../sandbox/dfns/webhook-model.ts'
import { type KindUnderTest, testCredential } from './conformance.ts'
import {
  events,
  failureOf,
  hour,
  minute,
  openWebhook,
  permissions,
  receiver,
  rotating,
  secretArn,
  type SignerKind,
  signerArn,
  tokenA,
  url,
} from './webhook-world.ts'

const tokenB = 'b'.repeat(32)
const lineage = { secretArn, token: tokenA }

async function open() {
  const { world, document, webhooks, dfns, orgId, advance } = await openWebhook()
  dfns.createWebhook({ orgId, url: 'https://stranger.test/', events: ['*'], description: 'stranger' })
  const active = () =>
    webhooks().filter(({ status, description }) => status === 'Enabled' && description !== 'stranger').length
  return {
    world,
    document,
    active,
    credential: webhookSecret(world.means),
    creation: ({ id }) => `PUT /webhooks/${id}`,
    pass: () => advance(25 * hour),
  } satisfies KindUnderTest<WebhookDocument>
}

testCredential({ kind: 'WebhookSecret', open, isObject: true })

type Rotation = Awaited<ReturnType<typeof rotating>>

const strayOf = (token: string, of = secretArn) =>
  marked({ text: 'payments', with: markOf({ secretArn: of, token }), longest: 256 })

describe('who signs', () => {
  test.each<SignerKind>(['UserKey', 'ServiceAccountKey', 'PersonalAccessTokenKey'])(
    'may be a %s: the whole rotation goes through',
    async (signer) => {
      const { credential, current, rotated, advance, webhooks } = await rotating({ signer })
      const probes = await credential.probe({ current })
      expect(probes.flatMap(({ failure }) => failure ?? [])).toEqual([])
      const { promoted, retire } = await rotated()
      await advance(25 * hour)
      await retire()
      expect(webhooks().map(({ webhookId }) => webhookId)).toEqual([promoted.id])
    },
  )

  test.each(permissions.filter((name) => !/Create|Ping|Delete/.test(name)))(
    'needs %s, and createSecret finds out before anything is made',
    async (missing) => {
      const operations = permissions.filter((name) => name !== missing)
      const { credential, current, world } = await rotating({ operations })
      const before = world.changes()
      const failures = (await credential.probe({ current })).flatMap(({ failure }) => failure ?? [])
      expect(failures.map(({ code, retryable }) => [code, retryable])).toContainEqual(['ERR_SIGNER', false])
      expect(failures[0]?.message).toContain(signerArn)
      expect(world.changes()).toBe(before)
    },
  )

  test('without Webhooks:Create nothing is made, and it is said whose fault it is', async () => {
    const operations = permissions.filter((name) => name !== 'Webhooks:Create')
    const { make, webhooks } = await rotating({ operations })
    expect(await failureOf(make())).toMatchObject({ code: 'ERR_SIGNER', retryable: false })
    expect(webhooks()).toHaveLength(1)
  })

  test('a signer whose key is refused is ERR_SIGNER', async () => {
    const { credential, current, dfns, signing } = await rotating()
    for (const { credentialUuid } of dfns.credentials({ userId: signing.userId }))
      dfns.setCredentialActive({ credentialUuid, isActive: false })
    const failures = (await credential.probe({ current })).flatMap(({ failure }) => failure ?? [])
    expect(failures.map(({ code }) => code)).toEqual(['ERR_SIGNER'])
  })
})

describe('createSecret', () => {
  test('makes a webhook with what Dfns has of the current one, not the document, and Disabled', async () => {
    const { make, document, read, find, dfns, orgId } = await rotating()
    const edited = dfns.createWebhook({
      orgId,
      url: 'https://moved.test/',
      events: ['*'],
      description: 'moved',
    })
    const current = read({ ...document, webhookId: edited.webhookId })
    const { pending, document: successor } = await make(tokenA, current)
    expect(find(pending.id)).toMatchObject({ url: 'https://moved.test/', events: ['*'], status: 'Disabled' })
    expect(successor).toMatchObject({ url: 'https://moved.test/', events: ['*'] })
    expect(successor['webhookSecret']).toBe(find(pending.id)?.secret)
  })

  test("lets the owner's own field with the secret follow", async () => {
    const { make, find } = await rotating()
    const { pending, document } = await make()
    expect(document['HOOK_SECRET']).toBe(find(pending.id)?.secret)
  })

  test.each(['webhookId', 'webhookSecret'] as const)(
    'stops at a field that holds the %s and more, names it, and asks Dfns nothing',
    async (name) => {
      const { document, read, draft, world } = await rotating()
      const current = read({ ...document, LINK: `https://app.test/${document[name]}/edit` })
      const error = await failureOf(draft(tokenA, current))
      expect(error).toMatchObject({ code: 'ERR_DOCUMENT', message: expect.stringContaining('LINK') })
      expect(world.requests()).toEqual([])
    },
  )

  test("keeps the owner's description, and puts its own mark in place of an older one", async () => {
    const { make, find, read } = await rotating({ webhook: { description: 'x'.repeat(250) } })
    const { document, pending } = await make()
    const { pending: next } = await make(tokenB, read(document))
    const [first = '', second = ''] = [find(pending.id)?.description, find(next.id)?.description]
    expect(markIn(first)).toMatchObject({ token: markOf(lineage).token })
    expect(markIn(second)).toMatchObject({ token: markOf({ secretArn, token: tokenB }).token })
    expect(second).toHaveLength(256)
    expect(second.match(/dfns-rotator/g)).toHaveLength(1)
    expect(second.startsWith('xxx')).toBe(true)
  })

  test('takes kinds of event that nobody has heard of', async () => {
    const given = {
      switches: { webhookUnknownEvents: 'allow' },
      webhook: { events: ['novel.kind'] },
    } as const
    const { make, find } = await rotating(given)
    expect(find((await make()).pending.id)?.events).toEqual(['novel.kind'])
  })

  test('a lost reply is no reason to make another at once; the stray goes in setSecret', async () => {
    const { make, register, world, webhooks, first } = await rotating()
    world.wire.plan = ({ operation }) => (operation === 'POST /webhooks' ? 'lost-after' : undefined)
    expect(await failureOf(make())).toMatchObject({ code: 'ERR_DFNS_UNAVAILABLE', retryable: true })
    expect(world.requests().filter((request) => request === 'POST /webhooks')).toHaveLength(1)
    world.wire.plan = undefined
    expect(webhooks().at(-1)).toMatchObject({ status: 'Disabled' })
    const { pending } = await make()
    expect(webhooks()).toHaveLength(3)
    await register(pending)
    expect(webhooks().map(({ webhookId }) => webhookId)).toEqual([first.webhookId, pending.id])
  })

  test('twins never remove what the other one made, and who loses the put removes its own', async () => {
    const { make, find, webhooks } = await rotating()
    const [one, other] = await Promise.all([make(), make()])
    expect(webhooks()).toHaveLength(3)
    const third = await make()
    await other.discard()
    expect(find(one.pending.id)).toBeDefined()
    expect(find(third.pending.id)).toBeDefined()
    expect(find(other.pending.id)).toBeUndefined()
  })

  test('what it may not discard it leaves, and says so', async () => {
    const operations = permissions.filter((name) => name !== 'Webhooks:Delete')
    const { make, world, webhooks } = await rotating({ operations })
    const { discard, pending } = await make()
    await expect(discard()).resolves.toBeUndefined()
    expect(webhooks()).toHaveLength(2)
    expect(world.logged.join()).toContain(pending.id)
  })
})

describe('strays', () => {
  test.each([
    [20 * minute - 1, 'stays'],
    [20 * minute, 'goes'],
  ])('one of %i milliseconds %s', async (age, fate) => {
    const { make, advance, dfns, orgId, find } = await rotating()
    const description = strayOf(tokenB)
    const { webhookId } = dfns.createWebhook({ orgId, url, events, status: 'Disabled', description })
    await advance(age)
    await make()
    expect(find(webhookId) === undefined).toBe(fate === 'goes')
  })

  test('of a version with a label stay, as do unmarked ones and those of another secret', async () => {
    const { make, advance, dfns, orgId, webhooks, current } = await rotating({ switches: { webhookCap: 20 } })
    for (const description of [strayOf(tokenB), strayOf('c'.repeat(32), `${secretArn}x`), 'somebody', ''])
      dfns.createWebhook({ orgId, url, events, status: 'Disabled', description })
    await advance(24 * hour)
    const before = webhooks()
    await make(tokenA, current, { versionIds: [tokenB], previous: async () => undefined })
    expect(webhooks().slice(0, -1)).toEqual(before)
  })

  test('an abandoned one goes, also if it was Enabled', async () => {
    const { make, register, advance, find, current } = await rotating()
    const { pending } = await make(tokenB)
    await register(pending, tokenB)
    await advance(hour)
    const versionIds = [tokenA, 'd'.repeat(32)]
    await make(tokenA, current, { versionIds, previous: async () => undefined })
    expect(find(pending.id)).toBeUndefined()
  })

  test('what was current once is none, also where a list misses the current one', async () => {
    const { rotated, advance, make, register, find, read, dfns } = await rotating()
    const { promoted } = await rotated()
    await advance(hour)
    const { pending } = await make(tokenB, promoted)
    await register(pending, tokenB, promoted)
    await advance(hour)
    const unlisted = dfns.state.webhooks.get(pending.id)
    if (unlisted !== undefined) unlisted.unlisted = 9
    await make('e'.repeat(32), read(pending.fields))
    expect(find(promoted.id)).toMatchObject({ status: 'Enabled' })
  })

  test('one that no list showed yet goes with a later rotation', async () => {
    const { make, register, advance, webhooks, find, current } = await rotating({
      switches: { webhookListLag: 9 },
    })
    const { pending: stray } = await make()
    const { pending } = await make()
    await register(pending)
    expect(find(stray.id)).toBeDefined()
    await advance(hour)
    for (let listing = 0; listing < 9; listing++) await make('e'.repeat(32), current).catch(() => {})
    expect(webhooks().map(({ webhookId }) => webhookId)).not.toContain(stray.id)
  })

  test('one that may not be deleted stops neither createSecret nor setSecret', async () => {
    const operations = permissions.filter((name) => name !== 'Webhooks:Delete')
    const { make, register, advance, find } = await rotating({ operations })
    const { pending: stray } = await make()
    await advance(hour)
    const { pending } = await make()
    await register(pending)
    expect(find(stray.id)).toMatchObject({ status: 'Disabled' })
    expect(find(pending.id)).toMatchObject({ status: 'Enabled' })
  })
})

describe('the cap', () => {
  const fill = (opened: Rotation, description: string, count: number) => {
    const { dfns, orgId } = opened
    for (let made = 0; made < count; made++)
      dfns.createWebhook({ orgId, url, events, status: 'Disabled', description })
  }

  test.each([400, 402, 403, 409, 422] as const)('is ERR_WEBHOOK_CAP, answered as %i', async (status) => {
    const opened = await rotating({ switches: { webhookCapStatus: status } })
    fill(opened, 'somebody', 4)
    const before = opened.webhooks()
    const error = await failureOf(opened.make())
    expect(error).toMatchObject({ code: 'ERR_WEBHOOK_CAP', retryable: false })
    expect(error.message).toContain('has 5')
    expect(opened.webhooks()).toEqual(before)
  })

  test('names our own strays and from when they may go; then they make room', async () => {
    const opened = await rotating()
    fill(opened, strayOf(tokenB), 4)
    const error = await failureOf(opened.make())
    expect(error).toMatchObject({ code: 'ERR_WEBHOOK_CAP', retryable: true })
    for (const { webhookId } of opened.webhooks().slice(1)) expect(error.message).toContain(webhookId)
    expect(error.message).toContain('from 2026-01-05T00:20:00.000Z on')
    await opened.advance(20 * minute)
    await opened.make()
    expect(opened.webhooks()).toHaveLength(2)
  })

  test('is no number of ours: where Dfns allows more, more are made', async () => {
    const opened = await rotating({ switches: { webhookCap: 9 } })
    fill(opened, 'somebody', 6)
    await opened.make()
    expect(opened.webhooks()).toHaveLength(8)
  })
})

describe('at most two generations', () => {
  const failuresOf = async (probes: Promise<readonly { failure?: Error }[]>) =>
    (await probes).flatMap(({ failure }) => failure ?? [])

  test('AWSPREVIOUS that Dfns still has stops createSecret, also one that a person made', async () => {
    const { credential, current, rotated, advance, world } = await rotating()
    const { promoted, retire } = await rotated()
    const labelled = { versionIds: [], previous: async () => current }
    const before = world.changes()
    await advance(hour)
    const failures = await failuresOf(credential.probe({ current: promoted, labelled }))
    expect(failures).toMatchObject([{ code: 'ERR_PREVIOUS_IN_GRACE', retryable: true }])
    expect(failures[0]?.message).toContain(current.id)
    expect(world.changes()).toBe(before)
    // An update, also one that changes nothing, would begin the drain anew.
    await advance(24 * hour)
    await retire()
    expect(await failuresOf(credential.probe({ current: promoted, labelled }))).toEqual([])
  })

  test('so does an older one with our mark that lost its label', async () => {
    const { credential, rotated, advance, make, register, read, current } = await rotating()
    const { promoted } = await rotated()
    await advance(hour)
    const { pending } = await make(tokenB, promoted)
    await register(pending, tokenB, promoted)
    const labelled = { versionIds: [tokenB], previous: async () => undefined }
    const failures = await failuresOf(credential.probe({ current: read(pending.fields), labelled }))
    expect(failures).toMatchObject([{ code: 'ERR_PREVIOUS_IN_GRACE' }])
    expect(failures[0]?.message).toContain(promoted.id)
    expect(failures[0]?.message).not.toContain(current.id)
  })

  test('what AWSPREVIOUS held before the secret was adopted stops nothing', async () => {
    const { credential, current, read } = await rotating()
    const labelled = { versionIds: [], previous: async () => read({ kind: 'x' }) }
    expect(await failuresOf(credential.probe({ current, labelled }))).toEqual([])
  })
})

describe('setSecret', () => {
  test('a webhook that is Disabled is rotated Disabled, without a ping', async () => {
    const given = { webhook: { status: 'Disabled' } } as const
    const { rotated, find, received, world } = await rotating(given)
    const { promoted } = await rotated()
    expect(find(promoted.id)).toMatchObject({ status: 'Disabled' })
    expect(received).toEqual([])
    expect(world.requests().filter((request) => /ping/.test(request))).toEqual([])
  })

  test('needs the pending webhook at Dfns', async () => {
    const { make, register } = await rotating()
    const { pending, discard } = await make()
    await discard()
    expect(await failureOf(register(pending))).toMatchObject({ code: 'ERR_VERIFY', retryable: false })
  })

  test('enables the pending webhook where somebody deleted the current one meanwhile', async () => {
    const { make, register, credential, current, find, dfns, first } = await rotating()
    const { pending } = await make()
    const webhook = dfns.state.webhooks.get(first.webhookId)
    if (webhook !== undefined) webhook.isDeleted = true
    await register(pending)
    await credential.verify({ generation: pending, as: current, fresh: true })
    await credential.verify({ generation: pending, as: current, fresh: true, again: true })
    expect(find(pending.id)).toMatchObject({ status: 'Enabled' })
  })

  test('does not enable what does not follow from AWSCURRENT any more', async () => {
    const { make, register, read, document, find } = await rotating()
    const { pending } = await make()
    const edited = read({ ...document, note: 'edited' })
    const error = await failureOf(register(pending, tokenA, edited))
    expect(error).toMatchObject({ code: 'ERR_CURRENT_CHANGED', message: expect.stringContaining('note') })
    expect(find(pending.id)).toMatchObject({ status: 'Disabled' })
  })

  test('from then on both deliver every event', async () => {
    const { rotated, received, dfns, orgId } = await rotating()
    await rotated()
    received.length = 0
    await dfns.emit({ orgId, kind: 'wallet.created', data: {} })
    expect(new Set(received.map(({ headers }) => headers['x-dfns-webhook-signature'])).size).toBe(2)
  })
})

describe('testSecret', () => {
  const enabled = async (answers: readonly number[], ping: 'required' | 'best-effort' = 'required') => {
    const rotation = await rotating({}, { webhookPing: ping })
    const { pending } = await rotation.make()
    await rotation.register(pending)
    const { world, credential, current } = rotation
    const received = receiver({ world, at: url, answers: answers.map((status) => ({ status })) })
    const pings = () => received.length
    const verify = (generation = pending, again = false) =>
      credential.verify({ generation, as: current, fresh: true, again })
    return { ...rotation, pending, pings, verify }
  }
  const refusing = Array.from({ length: 99 }, () => 401)

  test('a success in a form that nobody documents is no word on the signer', async () => {
    const { verify, world } = await enabled([])
    world.wire.plan = ({ operation }) =>
      operation.endsWith('/ping') ? { reply: { status: 200, body: '{"status":true}' } } : undefined
    expect(await failureOf(verify())).toMatchObject({ code: 'ERR_DFNS_RESPONSE' })
  })

  test('repeats a refused ping, with growing pauses, until it is taken', async () => {
    const { verify, pings, time, pending, find } = await enabled([401, 500, 204])
    await verify()
    expect(pings()).toBe(4)
    expect(time.pauses).toEqual([1_000, 2_000, 4_000])
    expect(find(pending.id)).toMatchObject({ status: 'Enabled' })
  })

  test('until 30 s before the time-out; then the new webhook is disabled, and the next attempt enables it', async () => {
    const { verify, time, pending, find, register, first } = await enabled(refusing)
    const error = await failureOf(verify())
    expect(error).toMatchObject({ code: 'ERR_RECEIVER', retryable: true })
    expect(error.message).toContain('401')
    expect(time.remaining()).toBeGreaterThanOrEqual(30_000)
    expect(time.remaining()).toBeLessThan(46_000)
    expect(find(pending.id)).toMatchObject({ status: 'Disabled' })
    expect(find(first.webhookId)).toMatchObject({ status: 'Enabled' })
    expect(await failureOf(verify())).toMatchObject({ code: 'ERR_VERIFY', retryable: true })
    await register(pending)
    expect(find(pending.id)).toMatchObject({ status: 'Enabled' })
  })

  test('with little time left, pings all the same, once', async () => {
    const { verify, pings, clock } = await enabled([])
    await clock.advance(50_000)
    await verify()
    expect(pings()).toBe(1)
  })

  test('best-effort reports a refused ping once, and goes on', async () => {
    const { verify, pings, pending, find, world } = await enabled([401], 'best-effort')
    await verify()
    expect(pings()).toBe(1)
    expect(find(pending.id)).toMatchObject({ status: 'Enabled' })
    expect(world.logged.join()).toMatch(/warn the receiver did not take the ping.*401/)
  })

  test('a test rotation pings the current webhook, and never disables it', async () => {
    const { verify, pings, current, find, first } = await enabled(refusing)
    expect(await failureOf(verify(current))).toMatchObject({ code: 'ERR_RECEIVER' })
    expect(pings()).toBeGreaterThan(1)
    expect(find(first.webhookId)).toMatchObject({ status: 'Enabled' })
  })

  test('finishSecret looks again, and pings nobody', async () => {
    const { verify, pings, pending, world } = await enabled(refusing)
    await verify(pending, true)
    expect(pings()).toBe(0)
    expect(world.requests().slice(-2)).toContain(`GET /webhooks/${pending.id}`)
  })

  test('a webhook that is not Enabled beside a current one that is, is not promoted', async () => {
    const { make, credential, current } = await rotating()
    const { pending } = await make()
    const verification = credential.verify({ generation: pending, as: current, fresh: true, again: true })
    expect(await failureOf(verification)).toMatchObject({ code: 'ERR_VERIFY', retryable: true })
  })

  test('one of another organisation is not', async () => {
    const { credential, current } = await rotating()
    const as = { ...current, orgId: 'or-other' }
    const verification = credential.verify({ generation: current, as, fresh: false })
    expect(await failureOf(verification)).toMatchObject({ code: 'ERR_VERIFY', retryable: false })
  })
})

describe('finishSecret', () => {
  test('takes url, events, id and secret from pending, and refuses any other change', async () => {
    const { credential, current, read, make } = await rotating()
    const { pending } = await make()
    const changed = read({ ...pending.fields, url: 'https://moved.test/', events: ['*'] })
    expect(() => credential.assertFollows({ current, pending: changed })).not.toThrow()
    for (const name of ['note', 'HOOK_SECRET', 'more']) {
      const edited = read({ ...current.fields, [name]: 'edited' })
      expect(() => credential.assertFollows({ current: edited, pending })).toThrow(name)
    }
  })

  test('names the webhook that a retirement will be about', async () => {
    const { credential, current, rotated, make } = await rotating()
    const { promoted } = await rotated()
    expect(await credential.whatOf({ superseded: current, pending: promoted })).toEqual({
      webhookId: current.id,
    })
    expect(await credential.isOurs?.({ current: promoted, id: current.id })).toBe(false)
    expect(await credential.isOurs?.({ current: promoted, id: promoted.id })).toBe(true)
    expect(await credential.isOurs?.({ current, id: (await make()).pending.id })).toBe(true)
    expect(await credential.isOurs?.({ current, id: 'wh-unknown' })).toBe(false)
  })
})

describe('retirement', () => {
  test('waits 25 hours from the enabling, and only that long', async () => {
    const { rotated, advance, find, first, world } = await rotating()
    const { retire, retiring } = await rotated()
    await advance(25 * hour - 1)
    const before = world.changes()
    const error = await failureOf(retire())
    expect(error).toMatchObject({ code: 'ERR_PREVIOUS_IN_GRACE', retryable: true })
    expect(error.message).toContain('2026-01-06T01:00:00.000Z')
    expect((await retiring()).isBegun()).toBe(false)
    expect(world.changes()).toBe(before)
    await advance(1)
    await retire()
    expect(find(first.webhookId)).toBeUndefined()
  })

  test('no event that only the old webhook carries is lost, though its receiver is away for a day', async () => {
    const { rotated, advance, dfns, orgId, world, find, first } = await rotating()
    const away = Array.from({ length: 4 }, () => ({ status: 503 }))
    receiver({ world, at: url, answers: away })
    await dfns.emit({ orgId, kind: 'wallet.created', data: { only: 'old' } })
    await advance(150 * minute)
    const deliveries = receiver({ world, at: url })
    const { retire } = await rotated()
    for (let hours = 0; find(first.webhookId) !== undefined && hours < 48; hours++) {
      await advance(hour)
      await retire().catch(() => {})
    }
    expect(find(first.webhookId)).toBeUndefined()
    expect(deliveries.map(({ body }) => body).join()).toContain('"only":"old"')
  })

  test('an event from before the enabling that is still to be delivered makes it wait, on whatever page', async () => {
    const { rotated, advance, world, find, first, clock } = await rotating()
    const { retire } = await rotated()
    const enabled = clock.now()
    await advance(26 * hour)
    const event = (date: number, next?: number) => ({
      id: 'whe-1',
      date: new Date(date).toISOString(),
      ...(next !== undefined && { nextAttemptDate: new Date(next).toISOString() }),
    })
    const page = (items: readonly object[], nextPageToken?: string) => ({
      reply: { status: 200, body: JSON.stringify({ items, nextPageToken }) },
    })
    const answer = (...pages: object[]) => {
      const left = [...pages]
      world.wire.plan = ({ operation }) =>
        operation === `GET /webhooks/${first.webhookId}/events` ? (left.shift() as never) : undefined
    }
    const later = clock.now() + hour
    answer(page([event(enabled + 1, later)], 'more'), page([event(enabled - 1, later)]))
    const error = await failureOf(retire())
    expect(error).toMatchObject({ code: 'ERR_PREVIOUS_IN_GRACE', retryable: true })
    expect(error.message).toContain(new Date(later).toISOString())
    expect(find(first.webhookId)).toBeDefined()
    answer(page([event(enabled + 1, later), event(enabled - 1), event(enabled - 1, clock.now() - 2 * hour)]))
    await retire()
    expect(find(first.webhookId)).toBeUndefined()
  })

  test('three days after the enabling no event is asked for any more', async () => {
    const { rotated, advance, world, find, first } = await rotating()
    const { retire } = await rotated()
    await advance(72 * hour)
    await retire()
    expect(find(first.webhookId)).toBeUndefined()
    expect(world.requests().filter((request) => request.endsWith('/events'))).toEqual([])
  })

  test('a receiver that refuses all that the old one signs does not keep it', async () => {
    const { rotated, advance, dfns, orgId, find, first } = await rotating()
    const { retire } = await rotated()
    dfns.receive({ url, respond: () => ({ status: 401 }) })
    await advance(24.5 * hour)
    await dfns.emit({ orgId, kind: 'wallet.created', data: {} })
    await advance(hour)
    expect(dfns.webhookEvents({ webhookId: first.webhookId }).some((event) => event.nextAttemptDate)).toBe(
      true,
    )
    await retire()
    expect(find(first.webhookId)).toBeUndefined()
  })

  /** Edits a webhook as somebody does at Dfns. */
  const edit = ({ dfns, clock }: Rotation, webhookId: string, settings: Partial<WebhookSettings>) => {
    const webhook = dfns.state.webhooks.get(webhookId)
    if (webhook === undefined) throw new Error('there is no such webhook')
    Object.assign(webhook, { settings: { ...webhook.settings, ...settings }, dateUpdated: clock.now() })
  }

  test('copies later edits of url and events before the old one goes', async () => {
    const rotation = await rotating()
    const { rotated, advance, find, first } = rotation
    const { retire, promoted } = await rotated()
    await advance(hour)
    const edits = { url: 'https://moved.test/', events: ['*'] }
    edit(rotation, first.webhookId, edits)
    await advance(25 * hour)
    await retire()
    expect(find(promoted.id)).toMatchObject({ ...edits, status: 'Enabled' })
    expect(find(first.webhookId)).toBeUndefined()
  })

  test('leaves alone what somebody edited in the new one', async () => {
    const rotation = await rotating()
    const { rotated, advance, find, first } = rotation
    const { retire, promoted } = await rotated()
    edit(rotation, promoted.id, { url: 'https://new.test/' })
    edit(rotation, first.webhookId, { url: 'https://old.test/', events: ['*'] })
    await advance(26 * hour)
    await retire()
    expect(find(promoted.id)).toMatchObject({ url: 'https://new.test/', events: ['*'] })
  })

  test('does not disable the new one because somebody disabled what is superseded', async () => {
    const rotation = await rotating()
    const { rotated, advance, find, first } = rotation
    const { retire, promoted } = await rotated()
    edit(rotation, first.webhookId, { status: 'Disabled' })
    await advance(26 * hour)
    await retire()
    expect(find(promoted.id)).toMatchObject({ status: 'Enabled' })
    expect(find(first.webhookId)).toBeUndefined()
  })

  test('enables the new one if the old one was enabled later, and then drains', async () => {
    const rotation = await rotating({ webhook: { status: 'Disabled' } })
    const { rotated, advance, find, first } = rotation
    const { retire, promoted } = await rotated()
    edit(rotation, first.webhookId, { status: 'Enabled' })
    await advance(30 * hour)
    expect(await failureOf(retire())).toMatchObject({ code: 'ERR_PREVIOUS_IN_GRACE' })
    expect(find(promoted.id)).toMatchObject({ status: 'Enabled' })
    await advance(25 * hour)
    await retire()
    expect(find(first.webhookId)).toBeUndefined()
  })

  test('where both are Disabled nothing is to be waited for', async () => {
    const { rotated, find, first } = await rotating({ webhook: { status: 'Disabled' } })
    const { retire } = await rotated()
    await retire()
    expect(find(first.webhookId)).toBeUndefined()
  })

  test('deletes nothing while the current webhook is not there', async () => {
    const { rotated, advance, dfns, find, first } = await rotating()
    const { retire, promoted } = await rotated()
    await advance(26 * hour)
    const gone = dfns.state.webhooks.get(promoted.id)
    if (gone !== undefined) gone.isDeleted = true
    expect(await failureOf(retire())).toMatchObject({ code: 'ERR_VERIFY', retryable: false })
    expect(find(first.webhookId)).toBeDefined()
  })

  test('what Dfns says to have deleted and goes on showing is not believed', async () => {
    const { rotated, advance, world, first } = await rotating()
    const { retiring } = await rotated()
    await advance(26 * hour)
    const { perform, confirm } = await retiring()
    world.wire.plan = ({ operation }) =>
      operation === `DELETE /webhooks/${first.webhookId}`
        ? { reply: { status: 200, body: '{"deleted":true}' } }
        : undefined
    await perform()
    expect(await failureOf(confirm())).toMatchObject({ code: 'ERR_DFNS_RESPONSE', retryable: true })
  })

  test('touches nothing foreign in a whole rotation', async () => {
    const { rotated, advance, dfns, orgId, webhooks } = await rotating()
    dfns.createWebhook({ orgId, url, events, description: 'somebody' })
    dfns.createWebhook({ orgId, url, events, description: strayOf(tokenA, `${secretArn}x`) })
    const foreign = webhooks().slice(1)
    const { retire } = await rotated()
    await advance(25 * hour)
    await retire()
    expect(webhooks().slice(0, 2)).toEqual(foreign)
    expect(webhooks()).toHaveLength(3)
  })

  test('only a webhook of the same organisation and origin is retired', async () => {
    const { credential, current, document } = await rotating()
    const assert = (superseded: Record<string, never> | typeof document) => () =>
      credential.assertSameIdentity({ current, superseded, on: 'version v1' })
    expect(assert(document)).not.toThrow()
    expect(assert({ ...document, orgId: 'or-other' })).toThrow('version v1')
    expect(assert({ ...document, baseUrl: 'https://api.dfns.io' })).toThrow('version v1')
    expect(assert({})).toThrow('version v1')
  })

  test('no use of it is told, and none is missed', async () => {
    const { credential, current, world } = await rotating()
    const superseded = { id: current.id, on: 'version v1' }
    expect(await credential.isUsedSince({ current, superseded, since: new Date(0) })).toBe(false)
    expect(world.requests()).toEqual([])
  })
})
