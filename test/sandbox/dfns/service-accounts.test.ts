import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { everyPermission, open } from './clients.ts'
import { createWorld, kind, newKey } from './world.ts'

const path = '/auth/service-accounts'

function setUp() {
  const world = createWorld(kind)
  const admin = world.user({ name: 'admin', permissions: everyPermission })
  const create = (body: object) => world.signed({ as: admin, method: 'POST', path, body })
  const named = (name: string) => create({ name, publicKey: newKey().publicKey })
  const change = (userId: string, what: string, body: object = {}) =>
    world.signed({ as: admin, method: 'PUT', path: `${path}/${userId}${what}`, body })
  const remove = (userId: string, query = '') =>
    world.signed({ as: admin, method: 'DELETE', path: `${path}/${userId}${query}`, body: {} })
  const read = (userId: string) => world.send({ as: admin, method: 'GET', path: `${path}/${userId}` })
  return { ...world, admin, create, named, change, remove, read }
}

test('the SDK makes a service account, which works until it is deactivated, and is deleted', async () => {
  const world = await open()
  const admin = world.user({ name: 'admin', permissions: everyPermission })
  const { auth } = world.as(admin)
  const { permissionId } = world.dfns.createPermission({
    orgId: world.orgId,
    name: 'reader',
    operations: ['Auth:ServiceAccounts:Read'],
  })
  const { publicKey, privateKey: key } = newKey('P-256')
  const body = { name: 'payments', publicKey, permissionId, externalId: 'mine', daysValid: 7 }
  const { userInfo, accessTokens } = await auth.createServiceAccount({ body })
  const { userId, credentialUuid } = userInfo
  expect(userInfo).toMatchObject({ name: 'payments', isActive: true, isServiceAccount: true })
  expect(userInfo.permissionAssignments).toMatchObject([{ permissionId, permissionName: 'reader' }])
  const [{ accessToken: authToken = '', tokenId } = { tokenId: '' }] = accessTokens
  const { credentialId: credId } = world.dfns.credentials({ userId })[0] ?? { credentialId: '' }
  const account = world.as({ authToken, credId, key }).auth

  const own = await account.getServiceAccount({ serviceAccountId: userId })
  expect(own.accessTokens.map((token) => [token.tokenId, token.accessToken])).toEqual([[tokenId, undefined]])
  const { items } = await auth.listServiceAccounts()
  expect(items.map((item) => item.userInfo.userId)).toEqual([userId])

  const which = { serviceAccountId: userId }
  const renamed = await auth.updateServiceAccount({ ...which, body: { name: 'payments (old)' } })
  expect(renamed.userInfo.name).toBe('payments (old)')
  expect((await auth.deactivateServiceAccount({ ...which, body: {} })).userInfo.isActive).toBe(false)
  await expect(account.listServiceAccounts()).rejects.toMatchObject({ httpStatus: 400 })
  expect((await auth.activateServiceAccount(which)).userInfo.isActive).toBe(true)
  await account.listServiceAccounts()
  await auth.deactivateServiceAccount({ ...which, body: { force: true } })
  expect((await auth.archiveServiceAccount(which)).userInfo.isActive).toBe(false)
  await expect(account.listServiceAccounts()).rejects.toMatchObject({ httpStatus: 401 })
  expect((await auth.listServiceAccounts()).items).toEqual([])

  const effects = world.dfns.effects({ userId })
  const by = expect.objectContaining({ tokenId: admin.tokenId, credentialUuid: admin.credentialUuid })
  expect(effects.every((effect) => by.asymmetricMatch(effect.by))).toBe(true)
  expect(effects.map((effect) => effect.kind)).toEqual([
    'service account created',
    'credential created',
    'token created',
    'permission assigned',
    'service account updated',
    'service account deactivated',
    'service account activated',
    'service account deactivated',
    'service account deleted',
  ])
  expect(effects[1]).toMatchObject({ credentialUuid })
})

describe('Create Service Account', () => {
  test('gives no permission and two years, unless asked', async () => {
    const { named } = setUp()
    const { json } = await named('a')
    expect(json['userInfo']).toMatchObject({ permissionAssignments: [] })
    const [{ accessToken }] = json.accessTokens as unknown as [{ accessToken: string }]
    const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString()) as object
    expect(claims).toMatchObject({ exp: Date.UTC(2026, 0, 1) / 1000 + 730 * 86_400 })
  })

  const pkcs8 = String(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))
  test.each([
    ['no name', { name: '' }],
    ['an OpenSSH key', { publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHpvcGU=' }],
    ['a private key', { publicKey: pkcs8 }],
    ['a PEM that is no key', { publicKey: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----' }],
    ['a P-384 key', { publicKey: newKey('P-384').publicKey }],
    ['a short RSA key', { publicKey: newKey('RSA-1024').publicKey }],
    ['no days', { daysValid: 0 }],
    ['half a day', { daysValid: 0.5 }],
    ['three years', { daysValid: 1095 }],
    ['a field that is not documented', { secondsValid: 60 }],
  ])('refuses %s: 400', async (_, body) => {
    const { create, dfns, orgId } = setUp()
    const good = { name: 'a', publicKey: newKey().publicKey }
    expect((await create({ ...good, ...body })).status).toBe(400)
    expect(dfns.identities({ orgId })).toHaveLength(1)
    expect((await create(good)).status).toBe(200)
  })

  test('refuses what another has: name, externalId, key', async () => {
    const { create, dfns, orgId } = setUp()
    const [{ publicKey }, other] = [newKey(), newKey()]
    const first = { name: 'a', externalId: '1', publicKey }
    const second = { name: 'b', externalId: '2', publicKey: other.publicKey }
    expect((await create(first)).status).toBe(200)
    for (const taken of [{ name: 'a' }, { externalId: '1' }, { publicKey }]) {
      expect((await create({ ...second, ...taken })).status).toBe(409)
    }
    expect(dfns.identities({ orgId }).map(({ name }) => name)).toEqual(['admin', 'a'])
    expect((await create(second)).status).toBe(200)
  })

  test('assigns only what exists, and only for who may assign', async () => {
    const { create, orgId, dfns, user, signed } = setUp()
    const { publicKey } = newKey()
    expect((await create({ name: 'a', publicKey, permissionId: 'pm-1' })).status).toBe(404)
    const { permissionId } = dfns.createPermission({ orgId, name: 'p', operations: [] })
    const as = user({ name: 'clerk', permissions: ['Auth:ServiceAccounts:Create'] })
    const body = { name: 'a', publicKey, permissionId }
    const { status, json } = await signed({ as, method: 'POST', path, body })
    expect([status, JSON.stringify(json)]).toEqual([403, expect.stringContaining('(Permissions:Assign)')])
  })
})

test('a name changes to one that is free, or not at all', async () => {
  const { named, change, dfns, orgId } = setUp()
  await named('a')
  await named('b')
  const { userId } = dfns.identities({ orgId })[2] ?? { userId: '' }
  expect((await change(userId, '', { name: 'a' })).status).toBe(409)
  expect((await change(userId, '', { name: 'b', externalId: 'x' })).status).toBe(200)
  expect((await change(userId, '', { isActive: false })).status).toBe(400)
  expect(dfns.identities({ orgId })[2]).toMatchObject({ name: 'b', externalId: 'x', isActive: true })
})

test('an approver of a policy is deactivated and deleted with force alone', async () => {
  const { account, dfns, orgId, change, remove } = setUp()
  const { userId } = account()
  const policy = { orgId, name: 'p', activityKind: 'Wallets:Sign', approverUserIds: [userId] }
  dfns.addPolicy({ ...policy, status: 'Archived' })
  expect((await change(userId, '/deactivate')).status).toBe(200)
  dfns.addPolicy(policy)
  expect((await change(userId, '/activate')).status).toBe(200)
  expect((await change(userId, '/deactivate', { force: false })).status).toBe(202)
  expect((await change(userId, '/deactivate', { force: true })).status).toBe(200)
  expect((await remove(userId)).status).toBe(202)
  expect((await remove(userId, '?force=true')).status).toBe(200)
})

test('a service account deactivates another, and itself', async () => {
  const { account, dfns, signed, send } = setUp()
  const [as, other] = [account(), account('other')]
  dfns.assignPermission({ userId: as.userId, operations: ['Auth:ServiceAccounts:Deactivate'] })
  for (const { userId } of [other, as]) {
    const request = { as, method: 'PUT', path: `${path}/${userId}/deactivate`, body: {} }
    expect((await signed(request)).status).toBe(200)
    expect((await send({ as, method: 'GET', path: '/auth/pats' })).status).toBe(
      userId === as.userId ? 400 : 200,
    )
  }
})

test('what is deleted never comes back', async () => {
  const { account, change, remove, read, change: again } = setUp()
  const { userId } = account()
  expect((await remove(userId)).status).toBe(422)
  await change(userId, '/deactivate')
  expect((await remove(userId)).status).toBe(200)
  expect((await read(userId)).status).toBe(410)
  for (const what of ['/activate', '/deactivate', '']) expect((await again(userId, what)).status).toBe(410)
  expect((await remove(userId)).status).toBe(410)
})

test('users and other organisations’ accounts are not found', async () => {
  const { dfns, admin, change, remove } = setUp()
  const { orgId } = dfns.createOrganisation({ name: 'elsewhere' })
  const foreign = dfns.createServiceAccount({ orgId, name: 'there', publicKey: newKey().publicKey })
  for (const { userId } of [foreign, admin]) {
    for (const what of ['/activate', '/deactivate', '']) expect((await change(userId, what)).status).toBe(404)
    expect((await remove(userId)).status).toBe(404)
  }
})
