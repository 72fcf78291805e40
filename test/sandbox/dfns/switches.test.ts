import { describe, expect, test } from 'vitest'
import type { IdentitySwitches } from '../../../sandbox/dfns/identity-switches.ts'
import { pessimistic, type Switches, selfRotation } from '../../../sandbox/dfns/switches.ts'
import { passkeyProofs } from './passkey-proofs.ts'
import type { Proof, World } from './proof.ts'
import { webhookProofs } from './webhook-proofs.ts'
import { base64url, createWorld, harmless, type Holder, kind, newKey } from './world.ts'

const credId = base64url('a successor')
const minute = 60_000

/** A second, active credential of a service account, as a holder that signs with it. */
function beside({ world, holder }: { world: World; holder: Holder & { userId: string } }) {
  const { publicKey, privateKey } = newKey()
  const added = world.dfns.addCredential({ userId: holder.userId, name: 'beside', publicKey })
  return { ...added, authToken: holder.authToken, key: privateKey }
}

/** A user and one of its PATs. */
function userWithPat({ dfns, orgId }: World) {
  const [mine, its] = [newKey(), newKey()]
  const user = dfns.createUser({ orgId, name: 'person', publicKey: mine.publicKey })
  const pat = dfns.createPersonalAccessToken({ userId: user.userId, name: 'pat', publicKey: its.publicKey })
  return { user: { ...user, key: mine.privateKey }, pat: { ...pat, key: its.privateKey } }
}

const allowed = async (world: World, as: Holder) =>
  (await world.begin({ as, method: 'PUT', path: '/x', payload: '' })).json.allowCredentials.key.map(
    ({ id }) => id,
  )

const signs = async (world: World, as: Holder) =>
  (await world.authoriseAction({ as, method: 'PUT', path: '/x', payload: '' })).status

/** Signs `signed`, then sends `sent`: the status of the second request. */
async function spend(given: {
  world: World
  as: Holder
  signed: { path: string; payload: string }
  sent: { path: string; body: string }
}) {
  const method = 'PUT'
  const { json } = await given.world.authoriseAction({ as: given.as, method, ...given.signed })
  const headers = { 'x-dfns-useraction': json.userAction }
  return (await given.world.send({ as: given.as, method, ...given.sent, headers })).status
}

/** The switches of logins and identities have a file of their own. */
type Name = Exclude<keyof Switches, Exclude<keyof IdentitySwitches, 'approval'>>

const proofs: { readonly [Switch in Name]: Proof<Switches[Switch]> } = {
  selfRotation: {
    observe: async (world) => (await world.list(world.account())).status,
    positions: [
      [selfRotation.allRefused, 403],
      [selfRotation.allUnauthorised, 401],
      [selfRotation.createAllowedListRefused, 403],
      [selfRotation.allAllowed, 200],
    ],
  },
  userCredentialSignsForPat: {
    observe: async (world) => {
      const { user, pat } = userWithPat(world)
      const listed = (await allowed(world, pat)).includes(user.credId)
      return [listed, await signs(world, { ...user, authToken: pat.authToken }), await signs(world, pat)]
    },
    positions: [
      [false, [false, 401, 200]],
      [true, [true, 200, 200]],
    ],
  },
  patCredentialBelongsToUser: {
    observe: async (world) => {
      const { user, pat } = userWithPat(world)
      const listed = (await world.list(user)).json.items.some((item) => item.credentialId === pat.credId)
      const { status } = await world.set({ as: user, active: false, credentialUuid: pat.credentialUuid })
      return [listed, await signs(world, { ...pat, authToken: user.authToken }), status]
    },
    positions: [
      [false, [false, 401, 404]],
      [true, [true, 401, 200]],
    ],
  },
  allowCredentialsId: {
    observe: async (world) => {
      const holder = world.account()
      const [id = ''] = await allowed(world, holder)
      return [
        id.slice(0, 3),
        await signs(world, { ...holder, credId: holder.credentialUuid }),
        await signs(world, holder),
      ]
    },
    positions: [
      ['credentialId', ['Y2k', 401, 200]],
      ['credentialUuid', ['cr-', 200, 200]],
    ],
  },
  allowCredentialsInactive: {
    observe: async (world) => {
      const holder = world.account()
      const inactive = beside({ world, holder })
      world.dfns.setCredentialActive({ credentialUuid: inactive.credentialUuid, isActive: false })
      return [(await allowed(world, holder)).includes(inactive.credId), await signs(world, inactive)]
    },
    positions: [
      ['listed', [true, 401]],
      ['hidden', [false, 401]],
    ],
  },
  listPublicKey: {
    observe: async (world) => (await world.list(world.account())).json.items[0]?.publicKey.slice(0, 10),
    positions: [
      ['empty', ''],
      ['fingerprint', expect.stringMatching(/^SHA256:.../)],
      ['pem', '-----BEGIN'],
    ],
  },
  accessTokenCredId: {
    observe: async (world) => {
      const holder = world.account()
      const { userId } = holder
      world.dfns.assignPermission({ userId, operations: ['Auth:ServiceAccounts:Read'] })
      const reply = await world.send({ as: holder, method: 'GET', path: `/auth/service-accounts/${userId}` })
      return reply.json.accessTokens[0]?.credId.slice(0, 3)
    },
    positions: [
      ['empty', ''],
      ['credentialId', 'Y2k'],
      ['credentialUuid', 'cr-'],
    ],
  },
  errorBody: {
    observe: async (world) => {
      world.change({ selfRotation: selfRotation.allRefused })
      const holder = world.account()
      const { json } = await world.list(holder)
      return [json, (await world.list({ authToken: 'x' })).json]
    },
    positions: [
      [
        'error',
        [
          {
            error: {
              id: 'Forbidden',
              status: 403,
              message: expect.stringContaining('not authorized') as string,
            },
          },
          { error: { id: 'Unauthorized', status: 401, message: 'Unauthorized' } },
        ],
      ],
      [
        'legacy',
        [
          { error: { message: expect.stringContaining('not authorized') as string } },
          { error: { message: 'Unauthorized' } },
        ],
      ],
      [
        'details',
        [
          { message: expect.stringContaining('not authorized') as string, details: { kind: 'Forbidden' } },
          { message: 'Unauthorized', details: { kind: 'Unauthorized' } },
        ],
      ],
    ],
  },
  approval: {
    observe: async (world) => {
      const holder = world.account()
      const { credentialUuid } = beside({ world, holder })
      const deactivated = await world.set({ as: holder, active: false, credentialUuid })
      const activated = await world.set({ as: holder, active: true, credentialUuid })
      const created = await world.register({ as: holder, key: newKey(), credId })
      const asked = world.dfns.effects(holder).filter((effect) => effect.kind === 'approval requested')
      const active = world.dfns.credentials(holder).filter(({ isActive }) => isActive)
      return [created.status, activated.status, deactivated.status, asked.length, active.length]
    },
    positions: [
      [{ create: false, activate: false, deactivate: false }, [200, 200, 200, 0, 3]],
      [{ create: true, activate: false, deactivate: false }, [202, 200, 200, 1, 2]],
      [{ create: false, activate: true, deactivate: false }, [200, 202, 200, 1, 2]],
      [{ create: false, activate: false, deactivate: true }, [200, 200, 202, 1, 3]],
    ],
  },
  duplicateCredId: {
    observe: async (world) => {
      const [holder, stranger] = [world.account(), world.account('another')]
      const key = newKey()
      const first = await world.register({ as: holder, key, credId })
      const second = await world.register({ as: holder, key: newKey(), credId })
      const elsewhere = await world.register({ as: stranger, key: newKey(), credId })
      await world.set({ as: holder, active: false, credentialUuid: first.json.credentialUuid })
      const again = await world.register({ as: holder, key: newKey(), credId })
      return [
        first.status,
        second.status,
        elsewhere.status,
        again.status,
        world.dfns.credentials(holder).length,
      ]
    },
    positions: [
      ['refuse', [200, 409, 409, 409, 2]],
      ['allow', [200, 200, 200, 200, 4]],
    ],
  },
  keyReuse: {
    observe: async (world) => {
      const holder = world.account()
      const key = { publicKey: holder.publicKey.trimEnd(), privateKey: holder.key }
      return (await world.register({ as: holder, key, credId })).status
    },
    positions: [
      ['refuse', 409],
      ['allow', 200],
    ],
  },
  listLag: {
    observe: async (world) => {
      const holder = world.account()
      await world.register({ as: holder, key: newKey(), credId })
      const lists: boolean[] = []
      const listed = async () =>
        (await world.list(holder)).json.items.some((item) => item.credentialId === credId)
      for (let read = 0; read < 2; read += 1) lists.push(await listed())
      return [...lists, (await allowed(world, holder)).includes(credId)]
    },
    positions: [
      [1, [false, true, true]],
      [0, [true, true, true]],
      [2, [false, false, true]],
    ],
  },
  acceptanceLag: {
    observe: async (world) => {
      const { authToken, ...holder } = world.account()
      const key = newKey()
      await world.register({ as: { authToken, ...holder }, key, credId })
      const fresh = { authToken, credId, key: key.privateKey }
      const forged = await signs(world, { ...fresh, key: newKey().privateKey })
      return [forged, await signs(world, fresh), await signs(world, fresh), await signs(world, fresh)]
    },
    positions: [
      [1, [401, 401, 200, 200]],
      [0, [401, 200, 200, 200]],
      [2, [401, 401, 401, 200]],
    ],
  },
  deactivateSigning: {
    observe: async (world) => {
      const holder = world.account()
      beside({ world, holder })
      return (await world.set({ as: holder, active: false, credentialUuid: holder.credentialUuid })).status
    },
    positions: [
      ['refuse', 422],
      ['allow', 200],
    ],
  },
  deactivateLast: {
    observe: async (world) => {
      world.change({ deactivateSigning: 'allow' })
      const holder = world.account()
      return (await world.set({ as: holder, active: false, credentialUuid: holder.credentialUuid })).status
    },
    positions: [
      ['refuse', 422],
      ['allow', 200],
    ],
  },
  tokenDiesWithItsCredential: {
    observe: async (world) => {
      const holder = world.account()
      const fresh = beside({ world, holder })
      const { credentialUuid } = holder
      const statuses = [await signs(world, fresh)]
      statuses.push(
        (await world.set({ as: fresh, active: false, credentialUuid })).status,
        await signs(world, fresh),
      )
      const other = fresh.credentialUuid
      for (const active of [true, false])
        statuses.push((await world.set({ as: fresh, active, credentialUuid: other })).status)
      statuses.push((await world.list(fresh)).status)
      statuses.push(
        (await world.set({ as: fresh, active: true, credentialUuid })).status,
        await signs(world, fresh),
      )
      return statuses
    },
    positions: [
      // Signs; deactivates the first credential; is refused whatever it signs, but may read; undoes it; signs again.
      [true, [200, 200, 401, 401, 401, 200, 200, 200]],
      [false, [200, 200, 200, 200, 422, 200, 200, 200]],
    ],
  },
  userActionDiesWithItsCredential: {
    observe: async (world) => {
      const holder = world.account()
      const fresh = beside({ world, holder })
      const { payload, ...request } = harmless(holder.credentialUuid)
      const { json } = await world.authoriseAction({ as: fresh, ...request, payload })
      await world.set({ as: holder, active: false, credentialUuid: fresh.credentialUuid })
      const headers = { 'x-dfns-useraction': json.userAction }
      return (await world.send({ as: fresh, ...request, body: payload, headers })).status
    },
    positions: [
      [true, 403],
      [false, 200],
    ],
  },
  challengeTtl: {
    observe: async (world) => {
      const holder = world.account()
      const request = { as: holder, ...harmless(holder.credentialUuid) }
      const challenge = await world.begin(request)
      world.pass(15 * minute - 1)
      const late = await world.complete({ as: holder, challenge })
      const next = await world.begin(request)
      world.pass(15 * minute)
      return [late.status, (await world.complete({ as: holder, challenge: next })).status]
    },
    positions: [
      [15 * minute, [200, 400]],
      [20 * minute, [200, 200]],
      [minute, [400, 400]],
    ],
  },
  userActionTtl: {
    observe: async (world) => {
      const holder = world.account()
      const { payload, ...request } = harmless(holder.credentialUuid)
      const { json } = await world.authoriseAction({ as: holder, ...request, payload })
      world.pass(minute)
      const headers = { 'x-dfns-useraction': json.userAction }
      return (await world.send({ as: holder, ...request, body: payload, headers })).status
    },
    positions: [
      [minute, 403],
      [minute + 1000, 200],
    ],
  },
  singleUse: {
    observe: async (world) => {
      const holder = world.account()
      const { payload, ...request } = harmless(holder.credentialUuid)
      const challenge = await world.begin({ as: holder, ...request, payload })
      const { json } = await world.complete({ as: holder, challenge })
      const again = await world.complete({ as: holder, challenge })
      const headers = { 'x-dfns-useraction': json.userAction }
      const spendIt = () => world.send({ as: holder, ...request, body: payload, headers })
      return [again.status, (await spendIt()).status, (await spendIt()).status]
    },
    positions: [
      ['enforced', [400, 200, 400]],
      ['ignored', [200, 200, 200]],
    ],
  },
  emptyPayload: {
    // A request that passes the user action fails on its empty body: 400, not 403.
    observe: async (world) => {
      const as = world.account()
      const path = '/auth/credentials/activate'
      const mixed = [
        ['', ''],
        ['{}', '{}'],
        ['', '{}'],
        ['{}', ''],
      ] as const
      const statuses: number[] = []
      for (const [payload, body] of mixed) {
        statuses.push(await spend({ world, as, signed: { path, payload }, sent: { path, body } }))
      }
      return statuses
    },
    positions: [
      ['exact', [400, 400, 403, 403]],
      ['tolerant', [400, 400, 400, 400]],
    ],
  },
  signedPath: {
    observe: async (world) => {
      const as = world.account()
      const { path, payload } = harmless(as.credentialUuid)
      const sent = { path: `${path}?force=true`, body: payload }
      const whole = await spend({ world, as, signed: { path: sent.path, payload }, sent })
      return [whole, await spend({ world, as, signed: { path, payload }, sent })]
    },
    positions: [
      ['path-and-query', [200, 403]],
      ['path', [403, 200]],
      ['either', [200, 200]],
    ],
  },
  rateLimit: {
    observe: async (world) => {
      const holder = world.account()
      const statuses: number[] = []
      for (let request = 0; request < 1001; request += 1) statuses.push((await world.list(holder)).status)
      return statuses.filter((status) => status === 200).length
    },
    positions: [
      [1000, 1000],
      [100, 100],
    ],
  },
  ...passkeyProofs,
  ...webhookProofs,
}

describe.each(Object.keys(proofs) as Name[])('%s', (name) => {
  const { observe, positions } = proofs[name]

  test('the first position is the default', () => {
    expect(positions[0]?.[0]).toEqual(pessimistic[name])
  })

  test.each(positions.map(([value, expected]) => ({ value, expected })))(
    '$value',
    async ({ value, expected }) => {
      expect(await observe(createWorld({ ...kind, [name]: value }))).toEqual(expected)
    },
  )
})

test('a switch changes between two requests, and for one organisation alone', async () => {
  const world = createWorld(kind)
  const here = world.account()
  const { orgId } = world.dfns.createOrganisation({ name: 'elsewhere' })
  const there = world.dfns.createServiceAccount({ orgId, name: 'there', publicKey: newKey().publicKey })
  const statuses = async () => [(await world.list(here)).status, (await world.list(there)).status]
  expect(await statuses()).toEqual([200, 200])
  world.change({ selfRotation: selfRotation.allUnauthorised })
  expect(await statuses()).toEqual([401, 200])
  world.dfns.setSwitches({ orgId, switches: { selfRotation: selfRotation.allRefused } })
  expect(await statuses()).toEqual([401, 403])
})

test('a token whose credential is inactive signs for nothing but the activation of that credential', async () => {
  const world = createWorld({ ...kind, tokenDiesWithItsCredential: true })
  const holder = world.account()
  const as = beside({ world, holder })
  const { credentialUuid } = holder
  world.dfns.setCredentialActive({ credentialUuid, isActive: false })
  const revival = harmless(credentialUuid)
  const refused = [
    { ...revival, method: 'POST' },
    { ...revival, path: '/auth/credentials/deactivate' },
    harmless(as.credentialUuid),
    { ...revival, payload: '' },
  ]
  for (const action of refused) expect((await world.authoriseAction({ as, ...action })).status).toBe(401)
  expect((await world.authoriseAction({ as, ...revival })).status).toBe(200)
})

test('two credentials with one id both sign, and each can be deactivated by its uuid', async () => {
  const world = createWorld({ ...kind, duplicateCredId: 'allow' })
  const holder = world.account()
  const keys = [newKey(), newKey()]
  const uuids: string[] = []
  for (const key of keys) uuids.push((await world.register({ as: holder, key, credId })).json.credentialUuid)
  const each = () =>
    Promise.all(keys.map(({ privateKey: key }) => signs(world, { authToken: holder.authToken, credId, key })))
  expect(await each()).toEqual([200, 200])
  await world.set({ as: holder, active: false, credentialUuid: uuids[0] ?? '' })
  expect(await each()).toEqual([401, 200])
})

describe('the rate limit', () => {
  const headers = ({ headers: all }: { headers?: Readonly<Record<string, string>> }) => [
    all?.['x-ratelimit-limit'],
    all?.['x-ratelimit-remaining'],
    all?.['x-ratelimit-reset'],
    all?.['retry-after'],
  ]

  test('is counted for the whole organisation in windows of 60 s, and says when to come back', async () => {
    const world = createWorld({ ...kind, rateLimit: 2 })
    const [one, other] = [world.account('one'), world.account('other')]
    const reset = String(Date.UTC(2026, 0, 1, 0, 1) / 1000)
    expect(headers(await world.list(one))).toEqual(['2', '1', reset, undefined])
    world.pass(20_000)
    expect(headers(await world.list(other))).toEqual(['2', '0', reset, undefined])
    const refused = await world.list(one)
    expect([refused.status, ...headers(refused)]).toEqual([429, '2', '0', reset, '40'])
    world.pass(39_999)
    expect(headers(await world.list(one))[3]).toBe('1')
    world.pass(1)
    expect((await world.list(one)).status).toBe(200)
  })

  test.each([
    ['a success', 200, { method: 'GET', path: '/auth/credentials' }],
    ['a wrong body', 400, { method: 'POST', path: '/auth/credentials/init', body: {} }],
    ['a missing permission', 403, { method: 'GET', path: '/auth/service-accounts' }],
  ])('is told in the headers of %s, without Retry-After', async (_, status, request) => {
    const world = createWorld({ ...kind, rateLimit: 5 })
    const reply = await world.send({ as: world.account(), ...request })
    const reset = String(Date.UTC(2026, 0, 1, 0, 1) / 1000)
    expect([reply.status, ...headers(reply)]).toEqual([status, '5', '4', reset, undefined])
  })

  test('is not spent by requests without a valid token, nor by those that it refuses', async () => {
    const world = createWorld({ ...kind, rateLimit: 1 })
    const holder = world.account()
    await world.list({ authToken: 'x' })
    expect((await world.list(holder)).status).toBe(200)
    for (let request = 0; request < 3; request += 1) expect((await world.list(holder)).status).toBe(429)
    world.change({ rateLimit: 2 })
    expect((await world.list(holder)).status).toBe(200)
  })

  test('of one organisation is not another’s', async () => {
    const world = createWorld({ ...kind, rateLimit: 1 })
    const { orgId } = world.dfns.createOrganisation()
    const there = world.dfns.createServiceAccount({ orgId, name: 'there', publicKey: newKey().publicKey })
    await world.list(world.account())
    expect((await world.list(there)).status).toBe(200)
  })
})
