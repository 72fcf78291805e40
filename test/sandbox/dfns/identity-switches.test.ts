import { describe, expect, test } from 'vitest'
import type { IdentitySwitches } from '../../../sandbox/dfns/identity-switches.ts'
import { pessimistic } from '../../../sandbox/dfns/switches.ts'
import { everyPermission } from './clients.ts'
import { assertion, createWorld, type Holder, harmless, kind, newKey } from './world.ts'

type World = ReturnType<typeof createWorld>
type Name = Exclude<keyof IdentitySwitches, 'approval'>

/** What a test sees of a switch: one observation, and what it yields in each position, the default first. */
interface Proof<Value> {
  readonly observe: (world: World) => Promise<unknown>
  readonly positions: readonly (readonly [Value, unknown])[]
}

const admin = (world: World) => world.user({ name: 'admin', permissions: everyPermission })
const read = (world: World, as: Pick<Holder, 'authToken'>, path: string) =>
  world.send({ as, method: 'GET', path })

async function logIn(world: World, { username, credId, key }: Holder & { username: string }) {
  const begun = { orgId: world.orgId, username }
  const { status, json } = await world.send({ method: 'POST', path: '/auth/login/init', body: begun })
  if (status !== 200) return { status, token: '', json }
  const { challenge, challengeIdentifier } = json
  const firstFactor = { kind: 'Key', credentialAssertion: assertion({ credId, key, challenge }) }
  const body = { challengeIdentifier, firstFactor }
  const reply = await world.send({ method: 'POST', path: '/auth/login', body })
  return { status: reply.status, token: String(reply.json['token']), json: reply.json }
}

/** A service account and a PAT of an administrator, both deleted. */
async function withDeleted(world: World) {
  const as = admin(world)
  const [account, token] = [world.account('gone'), world.pat({ userId: as.userId, name: 'gone' })]
  world.dfns.setIdentityActive({ userId: account.userId, isActive: false })
  world.dfns.setTokenActive({ tokenId: token.tokenId, isActive: false })
  const paths = [`/auth/service-accounts/${account.userId}`, `/auth/pats/${token.tokenId}`]
  for (const path of paths) await world.signed({ as, method: 'DELETE', path, body: {} })
  return { as, paths }
}

const make = (world: World, as: Holder, path: string, body: object = {}) =>
  world.signed({ as, method: 'POST', path, body: { name: 'gone', publicKey: newKey().publicKey, ...body } })

const proofs: { readonly [Switch in Name]: Proof<IdentitySwitches[Switch]> } = {
  login: {
    observe: async (world) => Object.keys((await logIn(world, world.user())).json),
    positions: [
      ['token', ['token']],
      ['sso', ['ssoClientId']],
    ],
  },
  sessionTtl: {
    observe: async (world) => {
      const as = { authToken: (await logIn(world, world.user())).token }
      const statuses: number[] = []
      for (const seconds of [59, 1, 239, 1]) {
        world.pass(seconds * 1000)
        statuses.push((await world.list(as)).status)
      }
      return statuses
    },
    positions: [
      [5 * 60_000, [200, 200, 200, 401]],
      [60_000, [200, 401, 401, 401]],
    ],
  },
  serviceAccountLogin: {
    observe: async (world) => {
      const account = world.account()
      const { status, token } = await logIn(world, account)
      const acts = await world.authoriseAction({ as: { ...account, authToken: token }, ...harmless('cr-1') })
      const path = `/auth/service-accounts/${account.userId}`
      const shown = (await read(world, admin(world), path)).json.accessTokens
      return [status, acts.status, shown.length, world.dfns.tokens(account).length]
    },
    positions: [
      ['refuse', [401, 401, 1, 1]],
      ['allow', [200, 200, 1, 2]],
    ],
  },
  unsettledRows: {
    observe: async (world) => {
      const account = world.account()
      world.dfns.assignPermission({ ...account, operations: everyPermission, tokenId: account.userId })
      const path = `/auth/service-accounts/${account.userId}`
      return (await world.signed({ as: account, method: 'PUT', path, body: { name: 'mine' } })).status
    },
    positions: [
      ['refuse', 403],
      ['allow', 200],
    ],
  },
  archivedName: {
    observe: async (world) => {
      const { as } = await withDeleted(world)
      const replies = ['/auth/service-accounts', '/auth/pats'].map((path) => make(world, as, path))
      return (await Promise.all(replies)).map(({ status }) => status)
    },
    positions: [
      ['taken', [409, 409]],
      ['free', [200, 200]],
    ],
  },
  patName: {
    observe: async (world) => {
      const as = admin(world)
      world.pat({ userId: as.userId, name: 'gone' })
      world.account('gone')
      const replies = ['/auth/service-accounts', '/auth/pats'].map((path) => make(world, as, path))
      return (await Promise.all(replies)).map(({ status }) => status)
    },
    positions: [
      ['unique', [409, 409]],
      ['free', [409, 200]],
    ],
  },
  archived: {
    observe: async (world) => {
      const { as, paths } = await withDeleted(world)
      const lists = await Promise.all(
        ['/auth/service-accounts', '/auth/pats'].map((path) => read(world, as, path)),
      )
      const ones = await Promise.all(paths.map((path) => read(world, as, path)))
      const revived = await Promise.all(
        paths.map((path) => world.signed({ as, method: 'PUT', path: `${path}/activate`, body: {} })),
      )
      const statuses = [...ones, ...revived].map(({ status }) => status)
      return [lists.map(({ json }) => json.items.length), statuses]
    },
    positions: [
      [
        'gone',
        [
          [0, 0],
          [410, 410, 410, 410],
        ],
      ],
      [
        'listed',
        [
          [1, 1],
          [200, 200, 422, 422],
        ],
      ],
    ],
  },
  deleteActive: {
    observe: async (world) => {
      const as = admin(world)
      const { publicKey } = newKey()
      const { credentialUuid } = world.dfns.addCredential({ userId: as.userId, name: 'spare', publicKey })
      const ids = [`service-accounts/${world.account().userId}`, `pats/${world.pat(as).tokenId}`]
      const replies = [...ids, `credentials/${credentialUuid}`].map((id) =>
        world.signed({ as, method: 'DELETE', path: `/auth/${id}`, body: {} }),
      )
      return (await Promise.all(replies)).map(({ status }) => status)
    },
    positions: [
      ['refuse', [422, 422, 422]],
      ['allow', [200, 200, 200]],
    ],
  },
  longestTokenDays: {
    observe: async (world) => {
      const as = admin(world)
      const days = [30, 31, 730, 731]
      const replies = days.map((daysValid) =>
        make(world, as, '/auth/pats', { name: `${daysValid}`, daysValid }),
      )
      return (await Promise.all(replies)).map(({ status }) => status)
    },
    positions: [
      [730, [200, 200, 200, 400]],
      [30, [200, 400, 400, 400]],
      [1_000, [200, 200, 200, 200]],
    ],
  },
  pageSize: {
    observe: async (world) => {
      const as = admin(world)
      for (const name of ['1', '2', '3']) {
        world.dfns.createPermission({ orgId: world.orgId, name, operations: [] })
      }
      const { items, nextPageToken } = (await read(world, as, '/permissions')).json
      return [items.length, typeof nextPageToken]
    },
    positions: [
      [2, [2, 'string']],
      [4, [4, 'undefined']],
    ],
  },
  auditLogBody: {
    observe: async (world) => {
      const query = 'startTime=2026-01-01&endTime=2026-01-02'
      const path = `/auth/action/logs?${query}`
      const { headers, body } = await world.raw({ as: admin(world), method: 'GET', path })
      return [headers?.['content-type'], body.slice(0, 4)]
    },
    positions: [
      ['csv', ['text/csv', 'id,a']],
      ['json', ['application/json', '"id,']],
    ],
  },
  auditLogCredentialId: {
    observe: async (world) => {
      const as = admin(world)
      await world.set({ as, active: true, credentialUuid: as.credentialUuid })
      const [id = ''] = world.dfns.state.logs.keys()
      const { json } = await read(world, as, `/auth/action/logs/${id}`)
      const shown = (json['firstFactorCredential'] as { id: string }).id
      return [shown === as.credentialUuid, shown === as.credId]
    },
    positions: [
      ['credentialUuid', [true, false]],
      ['credentialId', [false, true]],
    ],
  },
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

test('a name that is free again logs in who has it now', async () => {
  const world = createWorld({ ...kind, archivedName: 'free', serviceAccountLogin: 'allow' })
  await withDeleted(world)
  expect((await logIn(world, world.account('gone'))).status).toBe(200)
})
