import { describe, expect, test } from 'vitest'
import { everyPermission, open } from './clients.ts'
import { createWorld, kind, newKey } from './world.ts'

function setUp() {
  const world = createWorld(kind)
  const admin = world.user({ name: 'admin', permissions: everyPermission })
  const operations = ['Auth:ServiceAccounts:Read']
  const { permissionId } = world.dfns.createPermission({ orgId: world.orgId, name: 'reader', operations })
  const path = `/permissions/${permissionId}/assignments`
  const assign = (identityId: string) =>
    world.signed({ as: admin, method: 'POST', path, body: { identityId } })
  const revoke = (assignmentId: string) =>
    world.signed({ as: admin, method: 'DELETE', path: `${path}/${assignmentId}`, body: {} })
  const reads = async (as: { authToken: string }) =>
    (await world.send({ as, method: 'GET', path: '/auth/service-accounts' })).status
  return { ...world, admin, permissionId, path, assign, revoke, reads }
}

test('the SDK reads, gives and takes permissions', async () => {
  const world = await open()
  const { dfns, orgId } = world
  const { permissions } = world.as(world.user({ permissions: everyPermission }))
  const account = world.account()
  const operations = ['Auth:ServiceAccounts:Read']
  const { permissionId } = dfns.createPermission({ orgId, name: 'reader', operations })
  dfns.createPermission({ orgId, name: 'last', operations })
  dfns.createPermission({ orgId: dfns.createOrganisation().orgId, name: 'foreign', operations })

  const first = await permissions.listPermissions()
  expect(first.items).toHaveLength(2)
  const paginationToken = first.nextPageToken ?? ''
  const second = await permissions.listPermissions({ query: { paginationToken } })
  expect([...first.items, ...second.items].map(({ name }) => name).slice(1)).toEqual(['reader', 'last'])
  expect(second).not.toHaveProperty('nextPageToken')
  expect(await permissions.getPermission({ permissionId })).toMatchObject({ name: 'reader', operations })

  const { auth } = world.as(account)
  await expect(auth.listServiceAccounts()).rejects.toMatchObject({ httpStatus: 403 })
  const body = { identityId: account.userId }
  const assigned = await permissions.createAssignment({ permissionId, body })
  expect((await auth.listServiceAccounts()).items[0]?.userInfo.permissionAssignments).toEqual([
    { permissionId, permissionName: 'reader', assignmentId: assigned.id, operations },
  ])
  expect((await permissions.listAssignments({ permissionId })).items).toEqual([assigned])
  await permissions.deleteAssignment({ permissionId, assignmentId: assigned.id })
  await expect(auth.listServiceAccounts()).rejects.toMatchObject({ httpStatus: 403 })
  const kinds = dfns.effects(account).filter((effect) => effect.permissionId === permissionId)
  expect(kinds.map((effect) => effect.kind)).toEqual(['permission assigned', 'permission revoked'])
})

describe('Assign Permission', () => {
  test('works for a user, a service account and a PAT', async () => {
    const { assign, user, account, pat, reads, dfns, path, send, admin } = setUp()
    const [person, machine] = [user(), account()]
    const token = pat(person)
    for (const [who, id] of [
      [token, token.tokenId],
      [machine, machine.userId],
      [person, person.userId],
    ] as const) {
      expect(await reads(who)).toBe(403)
      expect((await assign(id)).json).toMatchObject({ identityId: id, isImmutable: false })
      expect(await reads(who)).toBe(200)
      expect(dfns.assignments({ identityId: id })).toHaveLength(1)
    }
    const pages = await send({ as: admin, method: 'GET', path: `${path}?limit=3` })
    expect(pages.json.items).toHaveLength(3)
  })

  test('is refused twice over, and to whom there is not', async () => {
    const { assign, user, account, dfns, admin, permissionId, signed } = setUp()
    const [machine, session] = [account(), user()]
    expect((await assign(machine.userId)).status).toBe(200)
    expect((await assign(machine.userId)).status).toBe(409)
    const { orgId } = dfns.createOrganisation({ name: 'elsewhere' })
    const foreign = dfns.createServiceAccount({ orgId, name: 'there', publicKey: newKey().publicKey })
    for (const id of ['us-1', session.tokenId, foreign.userId]) expect((await assign(id)).status).toBe(404)
    const other = dfns.createPermission({ orgId, name: 'foreign', operations: [] }).permissionId
    for (const id of ['pm-1', other]) {
      const path = `/permissions/${id}/assignments`
      const body = { identityId: session.userId }
      expect((await signed({ as: admin, method: 'POST', path, body })).status).toBe(404)
    }
    expect((await assign('')).status).toBe(400)
    expect(dfns.effects().filter((effect) => effect.permissionId === permissionId)).toHaveLength(1)
  })
})

test('a permission is revoked by the permission and the assignment that belong together', async () => {
  const { assign, revoke, account, dfns, orgId, admin, signed } = setUp()
  const { userId } = account()
  const id = String((await assign(userId)).json['id'])
  const other = dfns.createPermission({ orgId, name: 'other', operations: [] }).permissionId
  const path = `/permissions/${other}/assignments/${id}`
  expect((await signed({ as: admin, method: 'DELETE', path, body: {} })).status).toBe(404)
  expect((await revoke(id)).status).toBe(200)
  expect((await revoke(id)).status).toBe(404)
  expect(dfns.assignments({ identityId: userId })).toEqual([])
})

test('a PAT with permissions of its own has no other, and its user’s again when it loses them', async () => {
  const { pat, admin, dfns, reads } = setUp()
  const token = pat(admin)
  expect(await reads(token)).toBe(200)
  const { assignmentId } = dfns.assignPermission({ ...token, operations: ['Wallets:Read'] })
  expect([await reads(token), await reads(admin)]).toEqual([403, 200])
  dfns.state.assignments.delete(assignmentId)
  expect(await reads(token)).toBe(200)
})

test.each(['limit=0', 'limit=101', 'limit=x', 'paginationToken=x'])(
  'a page with %s is refused',
  async (query) => {
    const { send, admin } = setUp()
    expect((await send({ as: admin, method: 'GET', path: `/permissions?${query}` })).status).toBe(400)
  },
)
