import { describe, expect, test } from 'vitest'
import { copyOf, newPasskey } from '../../support/authenticator.ts'
import { createPasskeyWorld, elsewhere, origin, said, type Wrong } from './passkey-world.ts'
import { assertion, base64url, harmless, newKey } from './world.ts'

type World = ReturnType<typeof createPasskeyWorld>

const unauthorised = [401, 'Unauthorized']
const withoutKey = [401, 'User does not have a credential that can be used for the application.']

/** The two calls that take an assertion: each is tried with what may be wrong in it. */
const calls = {
  'a login': async (world: World, wrong: Wrong = {}) => world.login({ ...world.person, ...wrong }),
  'a user action': async (world: World, wrong: Wrong = {}) => {
    const as = await world.session(world.person)
    return world.act({ ...world.person, ...wrong, as, ...harmless(world.person.credentialUuid) })
  },
} as const

describe.each(Object.entries(calls))('%s', (_, call) => {
  test('is signed by a passkey at any origin of its relying party', async () => {
    const world = createPasskeyWorld()
    const { userId } = world.person
    expect((await call(world)).status).toBe(200)
    expect((await call(world, { userHandle: userId })).status).toBe(200)
    expect((await call(world, { origin: 'https://example.com' })).status).toBe(200)
    expect((await call(world, { clientData: { crossOrigin: undefined } })).status).toBe(200)
  })

  test.each<readonly [string, Wrong]>([
    ['of another type', { clientData: { type: 'webauthn.create' } }],
    ['for a challenge that Dfns did not give', { challenge: 'Y2hhbGxlbmdl' }],
    ['for a challenge that was decoded first', { clientData: { challenge: base64url('challenge') } }],
    ['from an origin that is not allowed', { origin: 'https://app.example.net' }],
    ['from another relying party’s origin', { origin: elsewhere }],
    ['for another relying party', { rpId: 'example.org' }],
    ['for another relying party at its own origin', { origin: elsewhere, rpId: 'example.org' }],
    ['from a frame', { clientData: { crossOrigin: true } }],
    ['when nobody was present', { flags: 0x04 }],
    ['when nobody was verified', { flags: 0x01 }],
    ['when backed up what may not be', { flags: 0x15 }],
    ['with bytes behind its parts', { tail: Buffer.from([1]) }],
    ['for another person', { userHandle: 'us-1' }],
  ])('is refused %s', async (__, wrong) => {
    const world = createPasskeyWorld()
    expect(said(await call(world, wrong))).toEqual(unauthorised)
    expect((await call(world)).status).toBe(200)
  })

  test('is refused of a passkey that nobody registered, under its own id and under another’s', async () => {
    const world = createPasskeyWorld()
    const stranger = newPasskey()
    const { credId } = world.person.passkey
    expect(said(await call(world, { passkey: stranger } as Wrong))).toEqual(unauthorised)
    expect(said(await call(world, { passkey: { ...stranger, credId } } as Wrong))).toEqual(unauthorised)
  })

  test('is refused of a passkey that was deactivated, and not once it is active again', async () => {
    const world = createPasskeyWorld()
    const spare = newPasskey()
    const as = await world.session(world.person)
    await world.register({ as, passkey: spare, by: world.person })
    const { credentialUuid } = world.person
    const other = { ...world.person, passkey: spare }
    world.dfns.setCredentialActive({ credentialUuid, isActive: false })
    expect(said(await world.login(world.person))).toEqual(unauthorised)
    expect((await call({ ...world, person: other } as World)).status).toBe(200)
    world.dfns.setCredentialActive({ credentialUuid, isActive: true })
    expect((await call(world)).status).toBe(200)
  })
})

describe('the signature counter', () => {
  async function counting(signCount: number) {
    const world = createPasskeyWorld()
    const passkey = newPasskey()
    const { person, dfns } = world
    const { spki: publicKey, credId } = passkey
    const bound = { relyingPartyId: 'example.com', origin }
    dfns.addPasskey({ userId: person.userId, name: 'counts', credId, publicKey, signCount, ...bound })
    return async (next: number) => (await world.login({ passkey, signCount: next })).status
  }

  test('may be 0 for ever', async () => {
    const at = await counting(0)
    expect([await at(0), await at(0)]).toEqual([200, 200])
  })

  test('grows from then on, once it is not 0', async () => {
    const at = await counting(0)
    expect([await at(5), await at(5), await at(4), await at(0), await at(6)]).toEqual([
      200, 401, 401, 401, 200,
    ])
  })

  test('is counted from the registration, and may jump', async () => {
    const at = await counting(7)
    expect([await at(7), await at(0xffffffff)]).toEqual([401, 200])
  })

  test('gives a copy of a passkey away, whichever of the two signs second', async () => {
    const world = createPasskeyWorld()
    const { passkey } = world.person
    passkey.signCount = 1
    const copy = copyOf(passkey)
    expect((await world.login({ passkey })).status).toBe(200)
    expect(said(await world.login({ passkey: copy }))).toEqual(unauthorised)
    expect((await world.login({ passkey })).status).toBe(200)
  })

  test('is not moved by an assertion that was refused', async () => {
    const world = createPasskeyWorld()
    const { passkey } = world.person
    expect((await world.login({ passkey, signCount: 90, flags: 0x01 })).status).toBe(401)
    expect((await world.login({ passkey, signCount: 1 })).status).toBe(200)
  })
})

test('a challenge names the passkeys of every relying party by their credential ids', async () => {
  const world = createPasskeyWorld({ allowCredentialsId: 'credentialUuid' })
  const { person, register } = world
  const as = await world.session(person)
  const other = newPasskey()
  await register({ as, passkey: other, by: person, origin: elsewhere, rpId: 'example.org' })
  const { json } = await world.begin()
  expect(json.allowCredentials).toEqual({
    key: [],
    webauthn: [person.passkey, other].map(({ credId }) => ({ type: 'public-key', id: credId })),
    passwordProtectedKey: [],
  })
  expect(json['supportedCredentialKinds']).toEqual([
    { kind: 'Fido2', factor: 'either', requiresSecondFactor: false },
    { kind: 'Key', factor: 'first', requiresSecondFactor: false },
  ])
  expect(json['userVerification']).toBe('required')
})

test('a deactivated passkey leaves allowCredentials where the switch says so', async () => {
  const world = createPasskeyWorld()
  const { person, dfns, change } = world
  const spare = newPasskey()
  const as = await world.session(person)
  await world.register({ as, passkey: spare, by: person })
  dfns.setCredentialActive({ credentialUuid: person.credentialUuid, isActive: false })
  const names = async () => (await world.begin()).json.allowCredentials['webauthn' as 'key'].length
  expect(await names()).toBe(2)
  change({ allowCredentialsInactive: 'hidden' })
  expect(await names()).toBe(1)
})

describe('a login without a username', () => {
  test('is of whom the passkey was made for', async () => {
    const { begin, answer, person, list } = createPasskeyWorld()
    const begun = await begin({})
    expect(begun.json.allowCredentials).toEqual({ key: [], webauthn: [], passwordProtectedKey: [] })
    const { userId: userHandle, passkey } = person
    const { status, json } = await answer({ path: '/auth/login', begun, passkey, userHandle })
    expect(status).toBe(200)
    expect((await list({ authToken: String(json['token']) })).json.items).toHaveLength(1)
  })

  test.each([
    ['that says nothing', {}],
    ['of nobody', { userHandle: 'us-1' }],
    ['with another’s signature', { passkey: newPasskey() }],
  ])('is refused to a passkey %s', async (_, wrong) => {
    const { begin, answer, person } = createPasskeyWorld()
    const right = { userHandle: person.userId, passkey: person.passkey }
    const made = 'passkey' in wrong ? { ...right, ...wrong } : { passkey: person.passkey, ...wrong }
    expect(said(await answer({ path: '/auth/login', begun: await begin({}), ...made }))).toEqual(unauthorised)
  })

  test('is refused to another organisation’s person, and to a Key', async () => {
    const { dfns, post, answer, begin, person, user } = createPasskeyWorld()
    const { orgId } = dfns.createOrganisation()
    dfns.setRelyingParties({ orgId, relyingParties: [{ id: 'example.com', origins: '*' }] })
    const begun = await post('/auth/login/init', { orgId })
    const { passkey, userId: userHandle } = person
    expect(said(await answer({ path: '/auth/login', begun, passkey, userHandle }))).toEqual(unauthorised)
    const { challenge, challengeIdentifier } = (await begin({})).json
    const someone = user()
    const credentialAssertion = {
      ...assertion({ ...someone, challenge }),
      userHandle: base64url(someone.userId),
    }
    const firstFactor = { kind: 'Key', credentialAssertion }
    expect(said(await post('/auth/login', { challengeIdentifier, firstFactor }))).toEqual(unauthorised)
  })
})

describe('a login is refused', () => {
  test('to a deactivated account, before and after the challenge', async () => {
    const { begin, answer, person, dfns } = createPasskeyWorld()
    const begun = await begin()
    dfns.setIdentityActive({ userId: person.userId, isActive: false })
    const deactivated = [400, 'User account has been deactivated.']
    expect(said(await answer({ path: '/auth/login', begun, passkey: person.passkey }))).toEqual(deactivated)
    expect(said(await begin())).toEqual(deactivated)
  })

  test('to whom no active credential is left', async () => {
    const { begin, person, dfns } = createPasskeyWorld()
    dfns.setCredentialActive({ credentialUuid: person.credentialUuid, isActive: false })
    expect(said(await begin())).toEqual(withoutKey)
  })

  test('a second time for one challenge', async () => {
    const { begin, answer, person } = createPasskeyWorld()
    const begun = await begin()
    const made = { path: '/auth/login', begun, passkey: person.passkey }
    expect((await answer(made)).status).toBe(200)
    expect(said(await answer(made))).toEqual([400, 'Challenge token is not valid.'])
  })

  test.each([
    ['without authenticator data', { authenticatorData: undefined }, 'authenticatorData'],
    ['without a signature', { signature: '' }, 'signature'],
    ['with a userHandle that is no text', { userHandle: 1 }, 'userHandle'],
  ])('%s', async (_, wrong, field) => {
    const { begin, post, person } = createPasskeyWorld()
    const { challenge, challengeIdentifier } = (await begin()).json
    const right = {
      credId: person.passkey.credId,
      clientData: 'e30',
      signature: 'AA',
      authenticatorData: 'AA',
    }
    const firstFactor = { kind: 'Fido2', credentialAssertion: { ...right, ...wrong } }
    const reply = await post('/auth/login', { challengeIdentifier, firstFactor, challenge })
    expect(said(reply)).toEqual([400, `Invalid field: ${field}`])
  })
})

test('a Key that says it is a Fido2 signs nothing, nor a passkey that says it is a Key', async () => {
  const { begin, post, person, dfns } = createPasskeyWorld()
  const { publicKey, privateKey: key } = newKey()
  const added = dfns.addCredential({ userId: person.userId, name: 'key', publicKey })
  const send = async (kind: string, made: (challenge: string) => object) => {
    const { challenge, challengeIdentifier } = (await begin()).json
    const firstFactor = { kind, credentialAssertion: { authenticatorData: 'AA', ...made(challenge) } }
    return (await post('/auth/login', { challengeIdentifier, firstFactor })).status
  }
  const { credId } = added
  const { privateKey, credId: passkeyId } = person.passkey
  expect(await send('Key', (challenge) => assertion({ credId, key, challenge }))).toBe(200)
  expect(await send('Fido2', (challenge) => assertion({ credId, key, challenge }))).toBe(401)
  expect(await send('Key', (challenge) => assertion({ credId: passkeyId, key: privateKey, challenge }))).toBe(
    401,
  )
})

test('the audit log keeps what a passkey signed', async () => {
  const world = createPasskeyWorld()
  const { person, dfns, set, user, send } = world
  const as = await world.session(person)
  await set({ ...person, as, active: true })
  const [entry] = [...dfns.state.logs.values()]
  const admin = user({ permissions: ['Auth:Logs:Read'] })
  const { json } = await send({ as: admin, method: 'GET', path: `/auth/action/logs/${entry?.id}` })
  expect(json['firstFactorCredential']).toMatchObject({
    kind: 'Fido2',
    assertion: { authenticatorData: expect.stringMatching(/^[\w-]{50}$/) as string },
  })
})
