import { describe, expect, test } from 'vitest'
import { open } from './clients.ts'
import { assertion, createWorld, type Holder, kind, newKey, type Reply } from './world.ts'

type World = ReturnType<typeof createWorld>
type Someone = Holder & { readonly userId: string; readonly username: string }

const post = (world: World, path: string, body: unknown) => world.send({ method: 'POST', path, body })

const begin = (world: World, { username }: { username: string }) =>
  post(world, '/auth/login/init', { orgId: world.orgId, username })

const complete = (world: World, { credId, key }: Holder, { json }: Reply) => {
  const { challenge, challengeIdentifier } = json
  const credentialAssertion = assertion({ credId, key, challenge })
  return post(world, '/auth/login', {
    challengeIdentifier,
    firstFactor: { kind: 'Key', credentialAssertion },
  })
}

const login = async (world: World, someone: Someone) => complete(world, someone, await begin(world, someone))

const said = ({ status, json }: Reply) => [status, (json['error'] as { message: string }).message]

function setUp() {
  const world = createWorld(kind)
  return { world, person: world.user() }
}

test('the SDK logs a user in, acts in the session, and ends it', async () => {
  const world = await open()
  const person = world.user({ name: 'Ada Lovelace' })
  const { username } = person
  expect(username).toBe('ada.lovelace@example.com')
  const nobody = world.as({ ...person, authToken: '' }).auth
  const challenge = await nobody.createLoginChallenge({ body: { orgId: world.orgId, username } })
  expect(challenge.allowCredentials.key).toEqual([{ type: 'public-key', id: person.credId }])
  const credentialAssertion = assertion({ ...person, challenge: challenge.challenge })
  const firstFactor = { kind: 'Key' as const, credentialAssertion }
  const { challengeIdentifier } = challenge
  const reply = await nobody.login({ body: { challengeIdentifier, firstFactor } })
  if (!('token' in reply)) throw new Error('no token')

  const session = world.as({ ...person, authToken: reply.token }).auth
  const { credentialUuid } = person
  await expect(session.activateCredential({ body: { credentialUuid } })).resolves.toEqual({
    message: 'success',
  })
  await session.logout()
  await expect(session.listCredentials()).rejects.toMatchObject({ httpStatus: 401 })
  await world.as(person).auth.listCredentials()
  const kinds = world.dfns.effects(person).map(({ kind: effect }) => effect)
  expect(kinds.slice(-3)).toEqual(['user action signed', 'user action spent', 'session closed'])
})

test('a session’s token says whose it is and when it ends', async () => {
  const { world, person } = setUp()
  const { token } = (await login(world, person)).json as unknown as { token: string }
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { exp: number }
  expect(claims.exp).toBe(Date.UTC(2026, 0, 1) / 1000 + 300)
  expect(claims).toMatchObject({
    'https://custom/app_metadata': { orgId: world.orgId, userId: person.userId },
  })
})

describe('a login is refused', () => {
  const unauthorised = [401, 'Unauthorized']
  const unknown = [401, 'User not found']
  const withoutKey = [401, 'User does not have a credential that can be used for the application.']
  const deactivated = [400, 'User account has been deactivated.']
  const badChallenge = [400, 'Challenge token is not valid.']

  test('to whom there is not', async () => {
    const { world, person } = setUp()
    expect(said(await begin(world, { username: 'nobody' }))).toEqual(unknown)
    const body = { orgId: 'or-1', username: person.username }
    expect(said(await post(world, '/auth/login/init', body))).toEqual(unknown)
    const { orgId } = world.dfns.createOrganisation({ name: 'elsewhere' })
    expect(said(await post(world, '/auth/login/init', { ...body, orgId }))).toEqual(unknown)
    expect((await post(world, '/auth/login/init', { orgId: world.orgId })).status).toBe(400)
  })

  test('to a service account', async () => {
    const { world } = setUp()
    expect(said(await begin(world, world.account()))).toEqual(unknown)
  })

  test('to a deactivated user, before and after the challenge', async () => {
    const { world, person } = setUp()
    const challenge = await begin(world, person)
    world.dfns.setIdentityActive({ userId: person.userId, isActive: false })
    expect(said(await begin(world, person))).toEqual(deactivated)
    expect(said(await complete(world, person, challenge))).toEqual(deactivated)
  })

  test('to a user without an active key', async () => {
    const { world, person } = setUp()
    world.dfns.setCredentialActive({ credentialUuid: person.credentialUuid, isActive: false })
    expect(said(await begin(world, person))).toEqual(withoutKey)
  })

  test('with another’s key, and with a PAT’s', async () => {
    const { world, person } = setUp()
    const pat = world.pat(person)
    for (const holder of [world.user({ name: 'other' }), pat, { ...person, key: newKey().privateKey }]) {
      expect(said(await complete(world, holder, await begin(world, person)))).toEqual(unauthorised)
    }
  })

  test('with a challenge that is used, expired, forged or to sign something else', async () => {
    const { world, person } = setUp()
    const [used, late] = [await begin(world, person), await begin(world, person)]
    expect((await complete(world, person, used)).status).toBe(200)
    const action = await world.begin({ as: person, method: 'PUT', path: '/x', payload: '' })
    for (const challenge of [used, action]) {
      expect(said(await complete(world, person, challenge))).toEqual(badChallenge)
    }
    world.pass(15 * 60_000)
    expect(said(await complete(world, person, late))).toEqual(badChallenge)
  })
})

test('a login’s challenge signs no user action', async () => {
  const { world, person } = setUp()
  const challenge = await begin(world, person)
  expect(said(await world.complete({ as: person, challenge }))).toEqual([
    400,
    'Challenge token is not valid.',
  ])
})

test('logging out of all sessions leaves a user’s PATs', async () => {
  const { world, person } = setUp()
  const pat = world.pat(person)
  const { token: authToken } = (await login(world, person)).json as unknown as { token: string }
  const out = await world.send({
    as: { authToken },
    method: 'PUT',
    path: '/auth/logout',
    body: { allSessions: true },
  })
  expect(out.status).toBe(200)
  const statuses = [person, { authToken }, pat].map(async (as) => (await world.list(as)).status)
  expect(await Promise.all(statuses)).toEqual([401, 401, 200])
})

test('logins count against the organisation’s rate limit, and answer in its error shape', async () => {
  const { world, person } = setUp()
  world.change({ rateLimit: 1, errorBody: 'legacy' })
  expect((await begin(world, person)).headers?.['x-ratelimit-remaining']).toBe('0')
  const { status, json } = await begin(world, person)
  expect([status, json['error']]).toEqual([429, { message: 'Too Many Requests' }])
})

test('usernames are never given twice', () => {
  const { world, person } = setUp()
  expect(person.username).toBe('person@example.com')
  expect(world.user().username).toBe('person2@example.com')
  const { orgId, dfns } = world
  const again = { orgId, name: 'x', publicKey: newKey().publicKey, username: person.username }
  expect(() => dfns.createUser(again)).toThrow('taken')
})
