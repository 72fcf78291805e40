import { describe, expect, test } from 'vitest'
import { everyPermission, open } from './clients.ts'
import { createWorld, kind, newKey } from './world.ts'

const path = '/auth/pats'

function setUp() {
  const world = createWorld(kind)
  const person = world.user({ permissions: everyPermission })
  const create = (body: object) => world.signed({ as: person, method: 'POST', path, body })
  const change = (tokenId: string, what: string, body: object = {}) =>
    world.signed({ as: person, method: 'PUT', path: `${path}/${tokenId}${what}`, body })
  const remove = (tokenId: string) =>
    world.signed({ as: person, method: 'DELETE', path: `${path}/${tokenId}`, body: {} })
  return { ...world, person, create, change, remove }
}

test('the SDK makes a PAT, which works for its user until it is deactivated, and is deleted', async () => {
  const world = await open()
  const person = world.user({ permissions: everyPermission })
  const { userId } = person
  const { auth } = world.as(person)
  const { publicKey, privateKey: key } = newKey('secp256k1')
  const made = await auth.createPersonalAccessToken({ body: { name: 'cli', publicKey, secondsValid: 90 } })
  const { accessToken: authToken, tokenId } = made
  expect(made).toMatchObject({ kind: 'Pat', name: 'cli', linkedUserId: userId, publicKey, isActive: true })
  const { credentialId: credId } = world.dfns.credentials({ userId })[1] ?? { credentialId: '' }
  const pat = world.as({ authToken, credId, key }).auth

  const which = { tokenId }
  expect((await pat.listPersonalAccessTokens()).items).toMatchObject([{ tokenId, permissionAssignments: [] }])
  expect(await pat.getPersonalAccessToken(which)).not.toHaveProperty('accessToken')
  const renamed = await auth.updatePersonalAccessToken({ ...which, body: { name: 'old' } })
  expect(renamed.name).toBe('old')
  expect((await pat.deactivatePersonalAccessToken(which)).isActive).toBe(false)
  await expect(pat.listPersonalAccessTokens()).rejects.toMatchObject({ httpStatus: 401 })
  expect((await auth.activatePersonalAccessToken(which)).isActive).toBe(true)
  await pat.listPersonalAccessTokens()
  world.pass(90_000)
  await expect(pat.listPersonalAccessTokens()).rejects.toMatchObject({ httpStatus: 401 })
  await auth.deactivatePersonalAccessToken(which)
  await auth.archivePersonalAccessToken(which)
  expect((await auth.listPersonalAccessTokens()).items).toEqual([])
  await expect(auth.getPersonalAccessToken(which)).rejects.toMatchObject({ httpStatus: 410 })

  const kinds = world.dfns
    .effects({ userId })
    .flatMap((effect) => (effect.tokenId === tokenId ? effect.kind : []))
  expect(kinds.map((of) => of.replace('token ', ''))).toEqual([
    'created',
    'updated',
    'deactivated',
    'activated',
    'deactivated',
    'deleted',
  ])
})

describe('Create Personal Access Token', () => {
  test.each([
    ['no name', { name: '' }],
    ['a key that is none', { publicKey: 'ssh-rsa AAAA' }],
    ['no seconds', { secondsValid: 0 }],
    ['too many days', { daysValid: 731 }],
  ])('refuses %s: 400', async (_, body) => {
    const { create } = setUp()
    const good = { name: 'a', publicKey: newKey().publicKey }
    expect((await create({ ...good, ...body })).status).toBe(400)
    expect((await create(good)).status).toBe(200)
  })

  test('refuses a key that any identity has, and a name of the same user', async () => {
    const { create, account, pat, person, user } = setUp()
    const { publicKey } = account()
    expect((await create({ name: 'a', publicKey })).status).toBe(409)
    pat({ ...person, name: 'a' })
    pat({ ...user({ name: 'other' }), name: 'b' })
    expect((await create({ name: 'a', publicKey: newKey().publicKey })).status).toBe(409)
    expect((await create({ name: 'b', publicKey: newKey().publicKey })).status).toBe(200)
  })

  test('with a permission makes a PAT that may do that alone', async () => {
    const { create, dfns, orgId, send } = setUp()
    const operations = ['Permissions:Read']
    const { permissionId } = dfns.createPermission({ orgId, name: 'p', operations })
    const body = { name: 'a', publicKey: newKey().publicKey }
    const may = async (token: unknown) => {
      const as = { authToken: String(token) }
      const paths = ['/permissions', '/v2/policies']
      return Promise.all(paths.map(async (of) => (await send({ as, method: 'GET', path: of })).status))
    }
    const whole = await create(body)
    expect(await may(whole.json['accessToken'])).toEqual([200, 200])
    const { json } = await create({ ...body, name: 'b', publicKey: newKey().publicKey, permissionId })
    expect(await may(json['accessToken'])).toEqual([200, 403])
    expect(json['permissionAssignments']).toMatchObject([{ permissionId, operations }])
  })
})

test('a PAT is found by its own user alone, whatever the call', async () => {
  const { user, pat, person, change, remove, send } = setUp()
  const { tokenId } = pat(user({ name: 'other' }))
  for (const what of ['', '/activate', '/deactivate']) expect((await change(tokenId, what)).status).toBe(404)
  expect((await remove(tokenId)).status).toBe(404)
  const read = await send({ as: person, method: 'GET', path: `${path}/${tokenId}` })
  const own = await send({ as: person, method: 'GET', path: `${path}/${person.tokenId}` })
  expect([read.status, own.status]).toEqual([404, 404])
})

test('a deactivated user’s PATs stop', async () => {
  const { pat, person, dfns, send } = setUp()
  const as = pat(person)
  dfns.setIdentityActive({ userId: person.userId, isActive: false })
  expect((await send({ as, method: 'GET', path })).status).toBe(400)
})

test('deleting a PAT asks to deactivate it first, and leaves its credential', async () => {
  const { pat, person, change, remove, dfns } = setUp()
  const { tokenId } = pat(person)
  expect((await remove(tokenId)).status).toBe(422)
  await change(tokenId, '/deactivate')
  expect((await remove(tokenId)).status).toBe(200)
  expect((await change(tokenId, '/activate')).status).toBe(410)
  expect(dfns.tokens(person).at(-1)).toMatchObject({ tokenId, isArchived: true, isActive: false })
  expect(dfns.credentials(person).map(({ isActive }) => isActive)).toEqual([true, true])
})
