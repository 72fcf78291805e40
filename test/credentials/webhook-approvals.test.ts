import { describe, expect, test } from 'vitest'
import type { Means } from '../../lambdas/credentials/credential.ts'
import { marked, markOf } from '../../lambdas/crypto/lineage.ts'
import type { HeldAction } from '../../sandbox/dfns/identity-switches.ts'
import type { Switches } from '../../sandbox/dfns/switches.ts'
import type { WebhookSettings } from '../../sandbox/dfns/webhook-model.ts'
import {
  events,
  failureOf,
  hour,
  minute,
  permissions,
  receiver,
  rotating,
  secretArn,
  type SignerKind,
  tokenA,
  url,
} from './webhook-world.ts'

const listing = 'Policies:Approvals:Read'
const tokenB = 'b'.repeat(32)

interface Given {
  readonly signer?: SignerKind
  readonly mayList?: boolean
  readonly webhook?: { readonly status: 'Disabled' }
  readonly switches?: Partial<Switches>
}

/** A rotation whose signer may list approvals unless told otherwise, and who decides them. */
async function scene({ mayList = true, ...given }: Given = {}, changed: Partial<Means> = {}) {
  const operations = mayList ? [...permissions, listing] : permissions
  const rotation = await rotating({ ...given, operations }, changed)
  const { dfns, orgId, world } = rotation
  const approvals = () => dfns.approvals({ orgId })
  const decide = (decision: 'Approved' | 'Denied') => {
    for (const { approvalId, status } of approvals())
      if (status === 'Pending') dfns.decideApproval({ approvalId, decision })
  }
  const hold = (...actions: HeldAction[]) => {
    const none = { create: false, activate: false, deactivate: false }
    world.change({
      approval: { ...none, ...Object.fromEntries(actions.map((action) => [action, true])) },
    })
  }
  const looks = () => world.requests().filter((request) => request === 'GET /v2/policy-approvals').length
  /** Edits a webhook as somebody does at Dfns. */
  const edit = (webhookId: string, settings: Partial<WebhookSettings>) => {
    const webhook = dfns.state.webhooks.get(webhookId)
    if (webhook !== undefined) Object.assign(webhook, { settings: { ...webhook.settings, ...settings } })
  }
  /** One that an earlier attempt left, old enough to go. */
  const leaveStray = async (token = tokenB) => {
    const mark = markOf({ secretArn, token })
    const description = marked({ text: 'payments', with: mark, longest: 256 })
    const { webhookId } = dfns.createWebhook({ orgId, url, events, status: 'Disabled', description })
    await rotation.advance(20 * minute)
    return webhookId
  }
  return { ...rotation, approvals, decide, hold, looks, edit, leaveStray }
}

type Scene = Awaited<ReturnType<typeof scene>>

const pendingWith = (id = '') => ({
  code: 'ERR_APPROVAL_PENDING',
  retryable: true,
  message: expect.stringContaining(id),
})
const denied = { code: 'ERR_APPROVAL_DENIED', retryable: false }

/** A change under a policy: how it is asked for, and what Dfns holds back. */
interface Held {
  readonly rotation: Scene
  readonly attempt: () => Promise<unknown>
}

type Open = (given?: Given) => Promise<Held>

const creation: Open = async (given) => {
  const rotation = await scene(given)
  rotation.hold('createWebhook')
  return { rotation, attempt: () => rotation.make() }
}

const changes: readonly (readonly [string, Open])[] = [
  [
    'the enabling of a new webhook',
    async (given) => {
      const rotation = await scene(given)
      const { pending } = await rotation.make()
      rotation.hold('updateWebhook')
      return { rotation, attempt: () => rotation.register(pending) }
    },
  ],
  [
    'the deletion of a superseded webhook',
    async (given) => {
      const rotation = await scene(given)
      const { retire } = await rotation.rotated()
      await rotation.advance(25 * hour)
      rotation.hold('deleteWebhook')
      return { rotation, attempt: retire }
    },
  ],
  [
    'the copying of later edits',
    async (given) => {
      const rotation = await scene(given)
      const { retire } = await rotation.rotated()
      rotation.edit(rotation.first.webhookId, { url: 'https://moved.test/', events: ['*'] })
      await rotation.advance(25 * hour)
      rotation.hold('updateWebhook')
      return { rotation, attempt: retire }
    },
  ],
  [
    'the enabling of the webhook that is kept',
    async (given) => {
      const rotation = await scene({ ...given, webhook: { status: 'Disabled' } })
      const { retire } = await rotation.rotated()
      rotation.edit(rotation.first.webhookId, { status: 'Enabled' })
      rotation.hold('updateWebhook')
      return { rotation, attempt: retire }
    },
  ],
]

describe.each([['a new webhook', creation] as const, ...changes])('%s', (_, open) => {
  test('is asked for once while its approval is pending, which is named', async () => {
    const { rotation, attempt } = await open()
    const { approvals } = rotation
    const first = await failureOf(attempt())
    const [asked] = approvals()
    for (const error of [first, await failureOf(attempt()), await failureOf(attempt())])
      expect(error).toMatchObject(pendingWith(asked?.approvalId))
    expect(approvals()).toHaveLength(1)
  })

  test('is not asked for again once it was denied, for good', async () => {
    const { rotation, attempt } = await open()
    const { approvals, decide } = rotation
    await failureOf(attempt())
    decide('Denied')
    const message = expect.stringContaining(approvals()[0]?.approvalId ?? '?')
    expect(await failureOf(attempt())).toMatchObject({ ...denied, message })
    expect(await failureOf(attempt())).toMatchObject(denied)
    expect(approvals()).toHaveLength(1)
  })

  test('is not asked for while its approval cannot be looked for', async () => {
    const { rotation, attempt } = await open()
    rotation.world.wire.plan = ({ operation }) =>
      operation === 'GET /v2/policy-approvals' ? { reply: { status: 503, body: '' } } : undefined
    expect(await failureOf(attempt())).toMatchObject({ code: 'ERR_DFNS_UNAVAILABLE', retryable: true })
    expect(rotation.approvals()).toEqual([])
  })

  test('is asked for once in an attempt whose signer may not list approvals, and the error says so', async () => {
    const { rotation, attempt } = await open({ mayList: false })
    for (const count of [1, 2]) {
      expect(await failureOf(attempt())).toMatchObject(pendingWith('may not list approvals'))
      expect(rotation.approvals()).toHaveLength(count)
    }
  })

  test.each<SignerKind>(['UserKey', 'PersonalAccessTokenKey'])(
    'is looked for as the signer that asked, a %s',
    async (signer) => {
      const { rotation, attempt } = await open({ signer })
      const { approvals, signing } = rotation
      await failureOf(attempt())
      expect(await failureOf(attempt())).toMatchObject(pendingWith(approvals()[0]?.approvalId))
      expect(approvals().map(({ initiatorId }) => initiatorId)).toEqual([signing.userId])
    },
  )
})

test.each(changes)('%s goes on once it was approved', async (_, open) => {
  const { rotation, attempt } = await open()
  const { approvals, decide, advance } = rotation
  await failureOf(attempt())
  decide('Approved')
  await advance(25 * hour)
  await attempt()
  expect(approvals()).toHaveLength(1)
})

describe('a new webhook', () => {
  test('that an approval made is in vain: no other is asked for, and it goes as a stray', async () => {
    const { rotation, attempt } = await creation()
    const { approvals, decide, webhooks, advance, first } = rotation
    await failureOf(attempt())
    decide('Approved')
    const [asked] = approvals()
    expect(webhooks()).toHaveLength(2)
    const error = await failureOf(attempt())
    expect(error).toMatchObject({ code: 'ERR_NOT_ALLOWED', retryable: false })
    expect(error.message).toContain(asked?.approvalId)
    expect(webhooks()).toHaveLength(2)
    await advance(20 * minute)
    expect(await failureOf(attempt())).toMatchObject({ code: 'ERR_NOT_ALLOWED' })
    expect(webhooks().map(({ webhookId }) => webhookId)).toEqual([first.webhookId])
    expect(approvals()).toHaveLength(1)
  })

  test.each(['Denied', 'Approved'] as const)(
    'that was %s in another rotation is asked for',
    async (decision) => {
      const { rotation, attempt } = await creation()
      await failureOf(attempt())
      rotation.decide(decision)
      expect(await failureOf(rotation.make(tokenB))).toMatchObject(pendingWith())
      expect(rotation.approvals()).toHaveLength(2)
      rotation.hold()
      const { pending } = await rotation.make('c'.repeat(32))
      expect(rotation.find(pending.id)).toMatchObject({ status: 'Disabled' })
    },
  )

  test('that waits is told from the deletion of a stray of the same rotation', async () => {
    const { hold, leaveStray, make, approvals, webhooks } = await scene()
    await leaveStray(tokenA)
    hold('deleteWebhook')
    await make()
    await make()
    expect(approvals()).toHaveLength(1)
    expect(webhooks()).toHaveLength(4)
  })
})

test('edits that were denied are no word on later ones', async () => {
  const { rotated, edit, first, advance, hold, decide, approvals } = await scene()
  const { retire } = await rotated()
  edit(first.webhookId, { url: 'https://moved.test/' })
  await advance(25 * hour)
  hold('updateWebhook')
  await failureOf(retire())
  decide('Denied')
  edit(first.webhookId, { url: 'https://moved.test/again' })
  expect(await failureOf(retire())).toMatchObject(pendingWith())
  expect(approvals()).toHaveLength(2)
})

test('an enabling that was denied is no word on that of another webhook', async () => {
  const { make, register, hold, decide, approvals } = await scene()
  const [one, other] = [await make(), await make(tokenB)]
  hold('updateWebhook')
  await failureOf(register(one.pending))
  decide('Denied')
  expect(await failureOf(register(other.pending, tokenB))).toMatchObject(pendingWith())
  expect(approvals()).toHaveLength(2)
})

describe('a stray', () => {
  test.each([undefined, 'Denied'] as const)(
    'whose deletion waits, or was denied (%s), stops nothing, and is asked for once',
    async (decision) => {
      const { hold, leaveStray, make, register, approvals, decide, find, world } = await scene({
        switches: { webhookCap: 20 },
      })
      const strays = [await leaveStray(), await leaveStray(tokenA)]
      hold('deleteWebhook')
      await make()
      if (decision !== undefined) decide(decision)
      const { pending } = await make()
      const { pending: twin } = await make()
      await register(pending)
      await register(pending)
      expect(find(pending.id)).toMatchObject({ status: 'Enabled' })
      for (const id of [...strays, twin.id]) expect(find(id)).toMatchObject({ status: 'Disabled' })
      // Those two, and what other attempts of this rotation made.
      const asked = approvals().map(({ change }) => change.entityId)
      expect(new Set(asked).size).toBe(asked.length)
      expect(asked).toEqual(expect.arrayContaining([...strays, twin.id]))
      expect(world.logged.join()).toContain(`the deletion of webhook ${twin.id} waits`)
    },
  )

  test('goes once its deletion is approved', async () => {
    const { hold, leaveStray, make, decide, find } = await scene()
    const stray = await leaveStray()
    hold('deleteWebhook')
    await make()
    decide('Approved')
    expect(find(stray)).toBeUndefined()
    await make()
  })
})

describe('a first attempt', () => {
  const first = { mayHaveAsked: async () => false }

  test('looks for no approval, since nobody can have asked', async () => {
    const { credential, current, rotated, advance, looks } = await scene({}, first)
    await credential.probe({ current })
    const { retire } = await rotated()
    await advance(25 * hour)
    await retire()
    expect(looks()).toBe(0)
  })

  test('remembers what waits, and nothing else', async () => {
    let remembered = 0
    const rememberAsked = async () => void (remembered += 1)
    const { make, hold } = await scene({}, { ...first, rememberAsked })
    await make()
    expect(remembered).toBe(0)
    hold('createWebhook')
    await failureOf(make())
    expect(remembered).toBe(1)
  })
})

describe('the question whether its signer may update', () => {
  const question = async ({ credential, current }: Scene) =>
    (await credential.probe({ current })).find((probe) => /update/.test(probe.question))

  test('is answered with yes where updates are held back, and asked once', async () => {
    const rotation = await scene()
    rotation.hold('updateWebhook')
    const answers = [await question(rotation), await question(rotation)]
    const [asked] = rotation.approvals()
    for (const answer of answers) {
      expect(answer).not.toHaveProperty('failure')
      expect(answer?.note).toContain(asked?.approvalId)
    }
    rotation.decide('Denied')
    expect(await question(rotation)).not.toHaveProperty('failure')
    expect(rotation.approvals()).toHaveLength(1)
  })

  test('is no word on the enabling, nor on the deletion of what is superseded', async () => {
    const rotation = await scene()
    const { hold, decide, rotated, advance, find, first } = rotation
    hold('updateWebhook')
    await question(rotation)
    decide('Denied')
    hold()
    const { retire } = await rotated()
    await advance(25 * hour)
    await retire()
    expect(find(first.webhookId)).toBeUndefined()
  })
})

describe('a new webhook that its receiver refuses', () => {
  const refused = async (given: Given = {}) => {
    const rotation = await scene(given)
    const { world, make, credential, current } = rotation
    const { pending } = await make()
    const answers = Array.from({ length: 99 }, () => ({ status: 401 }))
    const verify = async () => {
      receiver({ world, at: url, answers })
      await rotation.advance(minute)
      return failureOf(credential.verify({ generation: pending, as: current, fresh: true }))
    }
    return { ...rotation, pending, verify }
  }

  test('stays enabled where the enabling needed an approval: one given late would disable AWSCURRENT', async () => {
    const { hold, register, pending, decide, verify, approvals, find, world } = await refused()
    hold('updateWebhook')
    await failureOf(register(pending))
    decide('Approved')
    expect(await verify()).toMatchObject({ code: 'ERR_RECEIVER' })
    expect(approvals()).toHaveLength(1)
    expect(find(pending.id)).toMatchObject({ status: 'Enabled' })
    expect(world.logged.join()).toContain('the new webhook stays enabled')
  })

  test('is disabled by one approval at most, however often it is tried', async () => {
    const { hold, register, pending, verify, approvals, world } = await refused()
    await register(pending)
    hold('updateWebhook')
    expect(await verify()).toMatchObject({ code: 'ERR_RECEIVER' })
    expect(await verify()).toMatchObject({ code: 'ERR_RECEIVER' })
    const [asked] = approvals()
    expect(approvals()).toHaveLength(1)
    expect(world.logged.join()).toContain(`could not be disabled`)
    expect(world.logged.join()).toContain(asked?.approvalId)
  })
})
