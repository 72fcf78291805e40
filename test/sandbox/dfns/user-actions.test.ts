import { describe, expect, test } from 'vitest'
import { assertion, createWorld, harmless, type Holder, kind, newKey, type Reply } from './world.ts'

const setUp = () => {
  const world = createWorld(kind)
  const holder = world.account()
  return { ...world, holder, action: harmless(holder.credentialUuid) }
}

/** Sends a request with a user action, as it was signed unless told otherwise. */
function spend(given: {
  world: Pick<ReturnType<typeof setUp>, 'send' | 'action'>
  as: Pick<Holder, 'authToken'>
  userAction: string
  changed?: { path?: string; payload?: string }
}): Promise<Reply> {
  const { method, path, payload } = { ...given.world.action, ...given.changed }
  const headers = { 'x-dfns-useraction': given.userAction }
  return given.world.send({ as: given.as, method, path, body: payload, headers })
}

const message = ({ json }: Reply) => (json['error'] as { message: string }).message

describe('a challenge', () => {
  test('carries every documented field', async () => {
    const { begin, holder, action } = setUp()
    const { status, json } = await begin({ as: holder, ...action })
    expect(status).toBe(200)
    expect(json).toEqual({
      challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
      challengeIdentifier: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string,
      rp: { id: 'dfns.io', name: 'Dfns' },
      supportedCredentialKinds: [{ kind: 'Key', factor: 'first', requiresSecondFactor: false }],
      userVerification: 'required',
      attestation: 'direct',
      allowCredentials: {
        key: [{ type: 'public-key', id: holder.credId }],
        webauthn: [],
        passwordProtectedKey: [],
      },
      externalAuthenticationUrl: '',
    })
  })

  test.each([
    ['another field', { extra: 1 }],
    ['an unknown method', { userActionHttpMethod: 'PATCH' }],
    ['no payload', { userActionPayload: undefined }],
    ['an empty path', { userActionHttpPath: '' }],
    ['an unknown server kind', { userActionServerKind: 'Else' }],
  ])('is refused for %s', async (_, changed) => {
    const { send, holder } = setUp()
    const good = {
      userActionPayload: '',
      userActionHttpMethod: 'PUT',
      userActionHttpPath: '/x',
      userActionServerKind: 'Api',
    }
    const init = (body: unknown) => send({ as: holder, method: 'POST', path: '/auth/action/init', body })
    expect((await init(good)).status).toBe(200)
    expect((await init({ ...good, ...changed })).status).toBe(400)
  })

  test('is good for one attempt, failed ones included', async () => {
    const { begin, complete, holder, action } = setUp()
    const challenge = await begin({ as: holder, ...action })
    expect((await complete({ as: holder, challenge })).status).toBe(200)
    const replayed = await complete({ as: holder, challenge })
    expect([replayed.status, message(replayed)]).toEqual([400, 'Challenge token is not valid.'])

    const next = await begin({ as: holder, ...action })
    expect((await complete({ as: { ...holder, key: newKey().privateKey }, challenge: next })).status).toBe(
      401,
    )
    expect((await complete({ as: holder, challenge: next })).status).toBe(400)
  })

  test('is refused to another token, and when it is forged', async () => {
    const { begin, complete, holder, action, account } = setUp()
    const challenge = await begin({ as: holder, ...action })
    const stranger = account('another')
    expect((await complete({ as: stranger, challenge })).status).toBe(400)
    const forged = { ...challenge, json: { ...challenge.json, challengeIdentifier: holder.authToken } }
    expect((await complete({ as: holder, challenge: forged })).status).toBe(400)
    expect((await complete({ as: holder, challenge })).status).toBe(200)
  })

  test('to register a credential is not one to sign an action with', async () => {
    const { send, complete, holder } = setUp()
    const init = await send({
      as: holder,
      method: 'POST',
      path: '/auth/credentials/init',
      body: { kind: 'Key' },
    })
    expect((await complete({ as: holder, challenge: init })).status).toBe(400)
  })
})

describe('a signature is refused', () => {
  const attempt = async (
    make: (good: { credId: string; key: Holder['key']; challenge: string }) => object,
  ) => {
    const { begin, send, holder, action } = setUp()
    const { json } = await begin({ as: holder, ...action })
    const credentialAssertion = make({ credId: holder.credId, key: holder.key, challenge: json.challenge })
    const { challengeIdentifier } = json
    const body = { challengeIdentifier, firstFactor: { kind: 'Key', credentialAssertion } }
    return (await send({ as: holder, method: 'POST', path: '/auth/action', body })).status
  }

  test.each([
    ['of another key', { key: newKey().privateKey }],
    ['of an unknown credential', { credId: 'dW5rbm93bg' }],
    ['for another challenge', { challenge: 'b3RoZXI' }],
    ['of a registration’s type', { type: 'key.create' }],
  ])('%s', async (_, changed) => {
    expect(await attempt(assertion)).toBe(200)
    expect(await attempt((good) => assertion({ ...good, ...changed }))).toBe(401)
  })

  test('that is not base64url', async () => {
    expect(await attempt((good) => ({ ...assertion(good), signature: '+/+/' }))).toBe(401)
  })

  test('that lacks a field', async () => {
    expect(await attempt((good) => ({ ...assertion(good), signature: undefined }))).toBe(400)
  })

  test('of another identity’s credential', async () => {
    const { begin, complete, holder, action, account } = setUp()
    const challenge = await begin({ as: holder, ...action })
    const stranger = account('another')
    expect((await complete({ as: { ...stranger, authToken: holder.authToken }, challenge })).status).toBe(401)
  })

  test('of a deactivated credential, although it is listed', async () => {
    const world = setUp()
    const { holder, action, dfns } = world
    const other = newKey()
    const added = dfns.addCredential({ userId: holder.userId, name: 'other', publicKey: other.publicKey })
    const as = { authToken: holder.authToken, credId: added.credId, key: other.privateKey }
    expect((await world.authoriseAction({ as, ...action })).status).toBe(200)
    dfns.setCredentialActive({ credentialUuid: added.credentialUuid, isActive: false })
    const challenge = await world.begin({ as, ...action })
    expect(challenge.json.allowCredentials.key.map(({ id }) => id)).toContain(added.credId)
    expect((await world.complete({ as, challenge })).status).toBe(401)
  })
})

describe('a user action', () => {
  const withAction = async () => {
    const world = setUp()
    const { userAction } = (await world.authoriseAction({ as: world.holder, ...world.action })).json
    return { world, as: world.holder, userAction }
  }

  test('is good for the request it was signed for, once', async () => {
    const given = await withAction()
    expect((await spend(given)).status).toBe(200)
    const replayed = await spend(given)
    expect([replayed.status, message(replayed)]).toEqual([400, 'user action has already been used'])
  })

  test.each([
    ['path', () => ({ path: '/auth/credentials/deactivate' })],
    ['payload', () => ({ payload: '{"credentialUuid":"cr-other"}' })],
    ['payload, if only by a blank', ({ payload }: { payload: string }) => ({ payload: `${payload} ` })],
  ])('is refused with another %s, and stays unspent', async (_, change) => {
    const given = await withAction()
    const refused = await spend({ ...given, changed: change(given.world.action) })
    expect([refused.status, message(refused)]).toEqual([403, 'user action signature is missing or invalid'])
    expect((await spend(given)).status).toBe(200)
  })

  test('is refused with another method', async () => {
    const world = setUp()
    const signedForPost = { ...world.action, method: 'POST' }
    const { userAction } = (await world.authoriseAction({ as: world.holder, ...signedForPost })).json
    expect((await spend({ world, as: world.holder, userAction })).status).toBe(403)
  })

  test('is refused to another token', async () => {
    const given = await withAction()
    expect((await spend({ ...given, as: given.world.account('another') })).status).toBe(403)
  })

  test.each(['', 'x.y.z'])('is refused when it is %j', async (userAction) => {
    const given = await withAction()
    expect((await spend({ ...given, userAction })).status).toBe(403)
  })

  test('is not a bearer token, nor is a bearer token one', async () => {
    const given = await withAction()
    expect((await given.world.list({ authToken: given.userAction })).status).toBe(401)
    expect((await spend({ ...given, userAction: given.as.authToken })).status).toBe(403)
  })

  test('is asked for by every call that changes something, before the body is looked at', async () => {
    const { send, holder: as } = setUp()
    for (const [method, path] of [
      ['POST', '/auth/credentials'],
      ['PUT', '/auth/credentials/activate'],
      ['PUT', '/auth/credentials/deactivate'],
    ] as const) {
      expect((await send({ as, method, path, body: 'no JSON' })).status).toBe(403)
    }
  })

  test('is written down when it is signed and when it is spent, with the credential that signed it', async () => {
    const given = await withAction()
    await spend(given)
    const { userId, tokenId, credentialUuid } = given.as
    const actions = given.world.dfns
      .effects({ userId })
      .filter((effect) => effect.kind.startsWith('user action'))
    const by = { tokenId, credentialUuid }
    const request = { method: 'PUT', path: '/auth/credentials/activate' }
    expect(actions).toMatchObject([
      { kind: 'user action signed', at: Date.UTC(2026, 0, 1), credentialUuid, by, request },
      { kind: 'user action spent', credentialUuid, by, request },
    ])
  })
})
