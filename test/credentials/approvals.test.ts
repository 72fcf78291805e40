import { describe, expect, test } from 'vitest'
import { selfRotation } from '../../sandbox/dfns/switches.ts'
import { errorOf, held, leave, type Options, replacing } from './replacing.ts'

const listing = 'Policies:Approvals:Read'

type Scene = Awaited<ReturnType<typeof replacing>>

/** A service account that registers its own key, with what it takes to list approvals unless told otherwise. */
async function registering({ mayList = true, ...options }: Options & { mayList?: boolean } = {}) {
  const scene = await replacing({ switches: { selfRotation: selfRotation.allAllowed }, ...options })
  if (mayList) scene.assign(listing)
  return { ...scene, ...scribe(scene) }
}

/** Looks at approvals, and decides them. */
function scribe({ dfns, world }: Scene) {
  const { orgId } = world
  const approvals = () => dfns.approvals({ orgId })
  const decide = (decision: 'Approved' | 'Denied') => {
    for (const { approvalId, status } of approvals())
      if (status === 'Pending') dfns.decideApproval({ approvalId, decision })
  }
  return { approvals, decide }
}

/** A page of approvals as Dfns lists them. */
const listed = (approvals: ReturnType<ReturnType<typeof scribe>['approvals']>) =>
  JSON.stringify({
    items: approvals.map(({ approvalId: id, change: changeRequest }) => ({
      id,
      activity: { changeRequest },
    })),
  })

const pendingWith = (id = '') => ({
  code: 'ERR_APPROVAL_PENDING',
  retryable: true,
  message: expect.stringContaining(id),
})
const denied = { code: 'ERR_APPROVAL_DENIED', retryable: false }

/** A change under a policy: how it is asked for, and what Dfns holds back. */
interface Held {
  readonly scene: Scene
  readonly attempt: () => Promise<unknown>
}

const changes: readonly (readonly [string, () => Promise<Held>])[] = [
  [
    'the registration of a key by the identity itself',
    async () => {
      const scene = await registering()
      const pending = scene.read((await scene.make()).document)
      scene.world.change({ approval: { ...held, create: true } })
      return { scene, attempt: () => scene.register(pending) }
    },
  ],
  [
    'the deactivation of a superseded key',
    async () => {
      const scene = await registering()
      const { pending, what } = await scene.rotate()
      scene.world.change({ approval: { ...held, deactivate: true } })
      return { scene, attempt: async () => (await scene.retirement({ pending, what })).perform() }
    },
  ],
  [
    'the assignment of a permission to a new identity',
    async () => {
      const scene = await replacing()
      const pending = scene.read((await scene.make()).document)
      scene.world.change({ approval: { ...held, assignPermission: true } })
      return { scene, attempt: () => scene.register(pending) }
    },
  ],
  [
    'the making of a new identity',
    async () => {
      const scene = await replacing()
      scene.world.change({ approval: { ...held, createServiceAccount: true } })
      return { scene, attempt: () => scene.make() }
    },
  ],
  [
    'the deactivation of a whole account',
    async () => {
      const scene = await replacing()
      const after = await scene.rotate()
      scene.world.change({ approval: { ...held, deactivateServiceAccount: true } })
      return { scene, attempt: async () => (await scene.retirement(after)).perform() }
    },
  ],
  [
    'the deactivation of an account by the one that took its place',
    async () => {
      const scene = await replacing()
      scene.assign('Auth:ServiceAccounts:Deactivate', 'Auth:ServiceAccounts:Read', listing)
      const after = await scene.rotate()
      scene.world.change({ approval: { ...held, deactivateServiceAccount: true } })
      return { scene, attempt: async () => (await scene.retirement(after)).perform() }
    },
  ],
  [
    'the deactivation of a personal access token',
    async () => {
      const scene = await replacing({ kind: 'PersonalAccessTokenKey', strategy: 'replace' })
      scene.assign(listing)
      const after = await scene.rotate()
      scene.world.change({ approval: { ...held, deactivatePersonalAccessToken: true } })
      return { scene, attempt: async () => (await scene.retirement(after)).perform() }
    },
  ],
]

describe.each(changes)('%s', (_, open) => {
  test('is asked for once while its approval is pending, which is named', async () => {
    const { scene, attempt } = await open()
    const { approvals } = scribe(scene)
    const first = await errorOf(attempt())
    const [asked] = approvals()
    expect(first).toMatchObject(pendingWith(asked?.approvalId))
    expect(await errorOf(attempt())).toMatchObject(pendingWith(asked?.approvalId))
    expect(await errorOf(attempt())).toMatchObject(pendingWith(asked?.approvalId))
    expect(approvals()).toHaveLength(1)
  })

  test('is not asked for again once it was denied, for good', async () => {
    const { scene, attempt } = await open()
    const { approvals, decide } = scribe(scene)
    await errorOf(attempt())
    decide('Denied')
    const [asked] = approvals()
    const error = await errorOf(attempt())
    expect(error).toMatchObject({ ...denied, message: expect.stringContaining(asked?.approvalId ?? '?') })
    expect(await errorOf(attempt())).toMatchObject(denied)
    expect(approvals()).toHaveLength(1)
  })

  test('is not taken for pending where Dfns lists approvals of every status', async () => {
    const { scene, attempt } = await open()
    const { approvals } = scribe(scene)
    await errorOf(attempt())
    const { items } = JSON.parse(listed(approvals())) as { items: object[] }
    const body = JSON.stringify({ items: items.map((one) => ({ ...one, status: 'Approved' })) })
    scene.world.wire.plan = ({ path }) =>
      path.startsWith('/v2/policy-approvals') ? { reply: { status: 200, body } } : undefined
    const error = await errorOf(attempt())
    // Of what an approval makes is of no use to anybody, that is said; all else is asked for again.
    expect(error.code === 'ERR_NOT_ALLOWED' ? 2 : approvals().length).toBe(2)
  })

  test('is not asked for again where its approval expired', async () => {
    const { scene, attempt } = await open()
    const { approvals } = scribe(scene)
    await errorOf(attempt())
    // The simulator lets none expire: what is pending is shown as expired.
    const body = listed(approvals())
    const { wire } = scene.world
    const of = (status: string, path: string) => path.includes(`status=${status}`)
    wire.plan = ({ path }) => {
      if (of('Pending', path)) return { reply: { status: 200, body: '{"items":[]}' } }
      return of('Expired', path) ? { reply: { status: 200, body } } : undefined
    }
    expect(await errorOf(attempt())).toMatchObject(denied)
    expect(approvals()).toHaveLength(1)
  })
})

// What an approval makes shows its token to nobody.
const resumable = changes.filter(([name]) => !name.startsWith('the making'))

test.each(resumable)('%s goes on once it was approved', async (_, open) => {
  const { scene, attempt } = await open()
  const { approvals, decide } = scribe(scene)
  await errorOf(attempt())
  decide('Approved')
  await attempt()
  expect(approvals()).toHaveLength(1)
})

test('a new identity that an approval made is in vain: no other is asked for', async () => {
  const scene = await replacing()
  const { approvals, decide } = scribe(scene)
  scene.world.change({ approval: { ...held, createServiceAccount: true } })
  await errorOf(scene.make())
  decide('Approved')
  const message = expect.stringContaining(approvals()[0]?.approvalId ?? '?')
  expect(await errorOf(scene.make())).toMatchObject({ code: 'ERR_NOT_ALLOWED', retryable: false, message })
  expect(approvals()).toHaveLength(1)
})

describe('an approval', () => {
  test('that its asker may not list is asked for once in an attempt, and the error says so', async () => {
    const scene = await registering({ mayList: false })
    const pending = scene.read((await scene.make()).document)
    scene.world.change({ approval: { ...held, create: true } })
    const error = await errorOf(scene.register(pending))
    expect(error).toMatchObject(pendingWith('may not list approvals'))
    expect(scene.approvals()).toHaveLength(1)
    await errorOf(scene.register(pending))
    expect(scene.approvals()).toHaveLength(2)
  })

  test('that was denied to another rotation does not count for this one', async () => {
    const scene = await registering()
    const pending = scene.read((await scene.make()).document)
    scene.world.change({ approval: { ...held, create: true } })
    await errorOf(scene.register(pending))
    scene.decide('Denied')
    const again = { secretArn: pending.secretArn, token: 'c'.repeat(32) }
    const { current, credential } = scene
    const draft = await credential.create({ current, lineage: again, algorithm: 'same' })
    const other = scene.read((await draft.make()).document)
    const error = await errorOf(
      credential.register({ current: async () => current, pending: other, lineage: again }),
    )
    expect(error).toMatchObject(pendingWith())
    expect(scene.approvals()).toHaveLength(2)
  })

  test('is looked for on every page', async () => {
    const scene = await registering({ switches: { selfRotation: selfRotation.allAllowed, pageSize: 1 } })
    const pending = scene.read((await scene.make()).document)
    scene.world.change({ approval: { ...held, create: true } })
    await errorOf(scene.register(pending))
    const { wire } = scene.world
    const body = listed(scene.approvals())
    wire.plan = ({ path }) => {
      if (!path.includes('status=Pending')) return undefined
      const isSecond = path.includes('paginationToken=next')
      return { reply: { status: 200, body: isSecond ? body : '{"items":[],"nextPageToken":"next"}' } }
    }
    expect(await errorOf(scene.register(pending))).toMatchObject(pendingWith())
    expect(scene.approvals()).toHaveLength(1)
  })

  test('that cannot be looked for right now is not asked for either', async () => {
    const scene = await registering()
    const pending = scene.read((await scene.make()).document)
    scene.world.wire.plan = ({ operation }) =>
      operation.startsWith('GET /v2/policy-approvals') ? { reply: { status: 503, body: '' } } : undefined
    expect(await errorOf(scene.register(pending))).toMatchObject({ retryable: true })
    expect(scene.count('POST /auth/credentials')).toBe(0)
  })
})

describe('permissions of a new identity', () => {
  test('are all asked for, before the first that waits ends the phase', async () => {
    const scene = await replacing()
    scene.assign('Keys:Read')
    const { approvals } = scribe(scene)
    const pending = scene.read((await scene.make()).document)
    scene.world.change({ approval: { ...held, assignPermission: true } })
    await errorOf(scene.register(pending))
    await errorOf(scene.register(pending))
    expect(approvals()).toHaveLength(2)
  })

  test('that wait fail the proof, and so do those that were denied', async () => {
    const scene = await replacing()
    const { approvals, decide } = scribe(scene)
    const pending = scene.read((await scene.make()).document)
    scene.world.change({ approval: { ...held, assignPermission: true } })
    await errorOf(scene.register(pending))
    expect(await errorOf(scene.verify(pending))).toMatchObject(pendingWith(approvals()[0]?.approvalId))
    decide('Denied')
    expect(await errorOf(scene.verify(pending))).toMatchObject(denied)
  })

  test('that wait fail the proof by name where the signer may not list approvals', async () => {
    const scene = await replacing({ signerMay: leave.filter((one) => one !== listing) })
    const pending = scene.read((await scene.make()).document)
    scene.world.change({ approval: { ...held, assignPermission: true } })
    expect(await errorOf(scene.register(pending))).toMatchObject(pendingWith('may not list approvals'))
    const error = await errorOf(scene.verify(pending))
    expect(error).toMatchObject({ code: 'ERR_VERIFY', message: expect.stringContaining(scene.permissionId) })
  })
})

test('an account that a policy names is not deactivated past it', async () => {
  const scene = await replacing()
  const { approvals } = scribe(scene)
  const after = await scene.rotate()
  const { orgId } = scene.world
  const policy = { orgId, name: 'late', activityKind: 'Wallets:Sign', approverUserIds: [scene.oldId] }
  scene.dfns.addPolicy(policy)
  const deactivation = await scene.retirement(after)
  expect(await errorOf(deactivation.perform())).toMatchObject(pendingWith())
  expect(approvals()).toHaveLength(1)
  expect([scene.isOldActive(), deactivation.isBegun()]).toEqual([true, false])
})
