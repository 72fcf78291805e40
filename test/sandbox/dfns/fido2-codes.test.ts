import { expect, test } from 'vitest'
import { personWorld } from '../../../sandbox/passkey-scene.ts'
import { type HeldPasskey, newPasskey } from '../../support/authenticator.ts'
import { type At, createPasskeyWorld, elsewhere, said } from './passkey-world.ts'

const minute = 60_000
const invalidCode = [403, 'Invalid code']
const there = { origin: elsewhere, rpId: 'example.org' }

async function setUp() {
  const world = createPasskeyWorld(personWorld)
  const { person, post, registration, signed } = world
  const as = await world.session(person)
  /** Create Credential Code, signed at the old domain. */
  const code = async (milliseconds = minute) => {
    const expiration = new Date(Date.UTC(2026, 0, 1) + milliseconds).toISOString()
    const call = { method: 'POST', path: '/auth/credentials/code', body: { expiration } }
    return String((await signed({ ...person, as, ...call })).json['code'])
  }
  const init = (given: string) =>
    post('/auth/credentials/code/init', { code: given, credentialKind: 'Fido2' })
  const verify = (begun: Awaited<ReturnType<typeof init>>, made: At) =>
    post('/auth/credentials/code/verify', registration(begun, made))
  return { ...world, as, code, init, verify }
}

test('a code from one domain registers a passkey at another, which then logs in there', async () => {
  const { code, init, verify, login, person, as, list, set } = await setUp()
  const made = await code()
  expect(made).toMatch(/^[A-Z0-9]{3}(-[A-Z0-9]{3}){2}$/)
  const begun = await init(made)
  expect(begun.json).toMatchObject({
    kind: 'Fido2',
    user: { id: person.userId },
    excludeCredentials: [{ type: 'public-key', id: person.passkey.credId }],
  })
  const passkey = newPasskey()
  const { status, json } = await verify(begun, { passkey, ...there })
  expect([status, json['relyingPartyId'], json['origin']]).toEqual([200, 'example.org', elsewhere])
  expect((await login({ passkey, ...there })).status).toBe(200)
  expect((await login({ passkey })).status).toBe(401)
  expect((await list(as)).json.items.map((item) => item.credentialId)).toEqual([
    person.passkey.credId,
    passkey.credId,
  ])
  const { credentialUuid } = person
  expect((await set({ as, passkey, ...there, active: false, credentialUuid })).status).toBe(200)
  expect((await login(person)).status).toBe(401)
})

test('the first passkey comes with a code of an administrator', async () => {
  const { dfns, orgId, init, verify, login, post } = await setUp()
  const { userId, username } = dfns.createPerson({ orgId, name: 'Grace Hopper' })
  expect(username).toBe('grace.hopper@example.com')
  expect((await post('/auth/login/init', { orgId, username })).status).toBe(401)
  const passkey: HeldPasskey = newPasskey()
  const begun = await init(dfns.issueCode({ userId }).code)
  expect(begun.json['excludeCredentials']).toEqual([])
  expect((await verify(begun, { passkey })).status).toBe(200)
  expect(dfns.effects({ userId }).map(({ kind, by }) => [kind, by])).toEqual([
    ['user created', 'administrator'],
    ['code created', 'administrator'],
    ['credential created', 'administrator'],
  ])
  expect((await login({ passkey, userHandle: userId })).status).toBe(401)
})

test('a code works once, and not after a minute, not even when it was begun with before', async () => {
  const { code, init, verify, pass } = await setUp()
  const used = await code()
  const begun = await init(used)
  const second = await init(used)
  expect((await verify(begun, { passkey: newPasskey() })).status).toBe(200)
  expect(said(await verify(second, { passkey: newPasskey() }))).toEqual(invalidCode)
  expect(said(await init(used))).toEqual(invalidCode)

  const late = await code()
  pass(minute - 1)
  const inTime = await init(late)
  pass(1)
  expect(said(await verify(inTime, { passkey: newPasskey() }))).toEqual(invalidCode)
  expect(said(await init(late))).toEqual(invalidCode)
  expect(said(await init('AAA-AAA-AAA'))).toEqual(invalidCode)
})

test('a code outlives a registration that was refused', async () => {
  const { code, init, verify } = await setUp()
  const made = await code()
  const wrong = { passkey: newPasskey(), origin: 'https://app.example.net' }
  expect((await verify(await init(made), wrong)).status).toBe(400)
  expect((await verify(await init(made), { passkey: newPasskey() })).status).toBe(200)
})

test('a code of an account that was deactivated meanwhile registers nothing', async () => {
  const { code, init, verify, dfns, person } = await setUp()
  const begun = await init(await code())
  dfns.setIdentityActive({ userId: person.userId, isActive: false })
  expect(said(await verify(begun, { passkey: newPasskey() }))).toEqual(invalidCode)
})

test('in the person’s world the last passkey deactivates itself, and nobody gets in any more', async () => {
  const { set, as, person, begin, dfns } = await setUp()
  expect((await set({ ...person, as, active: false })).status).toBe(200)
  expect((await begin()).status).toBe(401)
  const activation = await set({ ...person, as, active: true })
  expect(activation.status).toBe(401)
  expect(dfns.credentials(person).map(({ isActive }) => isActive)).toEqual([false])
})

test('the passkey that replaced another undoes that, within the session of the old one', async () => {
  const { set, as, person, register, login } = await setUp()
  const passkey = newPasskey()
  await register({ as, passkey, by: person })
  const { credentialUuid } = person
  expect((await set({ as, passkey, active: false, credentialUuid })).status).toBe(200)
  expect((await set({ as, passkey, active: false, credentialUuid })).status).toBe(401)
  expect((await set({ as, passkey, active: true, credentialUuid })).status).toBe(200)
  expect((await login(person)).status).toBe(200)
})

test('a PAT has no passkey: not by a code that it asked for, nor from its user', async () => {
  const { user, pat, dfns, change, post, ...world } = await setUp()
  change({ userCredentialSignsForPat: true })
  const someone = user()
  const token = pat(someone)
  const { spki: publicKey, credId } = newPasskey()
  const bound = { relyingPartyId: 'example.org', origin: elsewhere }
  dfns.addPasskey({ userId: someone.userId, name: 'n', credId, publicKey, ...bound })
  const { json } = await world.beginAction({ as: token, method: 'PUT', path: '/x', payload: '' })
  expect(json.allowCredentials).toMatchObject({
    key: [{ id: someone.credId }, { id: token.credId }],
    webauthn: [],
  })

  const expiration = new Date(Date.UTC(2026, 0, 1) + minute).toISOString()
  const asked = await world.signedByKey({
    as: token,
    method: 'POST',
    path: '/auth/credentials/code',
    body: { expiration },
  })
  const code = asked.json['code']
  const begin = async (credentialKind: string) =>
    (await post('/auth/credentials/code/init', { code, credentialKind })).status
  expect([await begin('Fido2'), await begin('Key')]).toEqual([400, 200])
})

test('a person’s passkeys are nobody else’s to deactivate', async () => {
  const { set, as, person, dfns, orgId } = await setUp()
  const { userId } = dfns.createPerson({ orgId, name: 'Grace Hopper' })
  const { spki: publicKey, credId } = newPasskey()
  const bound = { relyingPartyId: 'example.org', origin: elsewhere }
  const theirs = dfns.addPasskey({ userId, name: 'n', credId, publicKey, ...bound })
  expect((await set({ ...person, as, active: false, ...theirs })).status).toBe(404)
})
