import { describe, expect, test } from 'vitest'
import { attestation, base64url, createWorld, kind, newKey } from './world.ts'

const setUp = () => {
  const world = createWorld(kind)
  return { ...world, holder: world.account() }
}
const credId = base64url('a successor')

describe('a credential challenge', () => {
  test('carries every documented field', async () => {
    const { send, holder } = setUp()
    const { status, json } = await send({
      as: holder,
      method: 'POST',
      path: '/auth/credentials/init',
      body: { kind: 'Key' },
    })
    expect(status).toBe(200)
    expect(json).toEqual({
      kind: 'Key',
      user: { id: holder.userId, displayName: 'payments', name: 'payments' },
      challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
      challengeIdentifier: json.challengeIdentifier,
      temporaryAuthenticationToken: json.challengeIdentifier,
      rp: { id: 'dfns.io', name: 'Dfns' },
      attestation: 'direct',
      pubKeyCredParams: [-8, -7, -47, -257].map((alg) => ({ type: 'public-key', alg })),
    })
  })

  test.each([{}, { kind: 'Fido2' }, 'no JSON', '[]'])('is refused for %j', async (body) => {
    const { send, holder } = setUp()
    expect((await send({ as: holder, method: 'POST', path: '/auth/credentials/init', body })).status).toBe(
      400,
    )
  })
})

describe('Create Credential', () => {
  test('registers a key on the caller’s identity, and says so with every documented field', async () => {
    const { register, list, dfns, holder } = setUp()
    const key = newKey()
    const { status, json } = await register({ as: holder, key, credId })
    const documented = {
      kind: 'Key',
      credentialId: credId,
      credentialUuid: expect.stringMatching(/^cr-\w{5}-\w{5}-\w{16}$/) as string,
      dateCreated: '2026-01-01T00:00:00.000Z',
      isActive: true,
      name: 'next',
      publicKey: key.publicKey,
      relyingPartyId: '',
      origin: '',
    }
    expect(status).toBe(200)
    expect(json).toEqual(documented)
    expect((await list(holder)).json.items).toEqual([
      expect.objectContaining({ credentialId: holder.credId }),
      documented,
    ])

    const { credentialUuid } = json
    const by = { tokenId: holder.tokenId, credentialUuid: holder.credentialUuid }
    const created = dfns.effects().filter((effect) => effect.kind === 'credential created')
    expect(created.map((effect) => [effect.credentialUuid, effect.by])).toEqual([
      [holder.credentialUuid, 'administrator'],
      [credentialUuid, by],
    ])
  })

  const wrong = {
    'another key’s signature': () => ({ attestationData: base64url('{"publicKey":"x","signature":"aa"}') }),
    'an assertion’s client data': () => ({ clientData: base64url('{"type":"key.get","challenge":"x"}') }),
    'an id that is not base64url': () => ({ credId: 'not base64url' }),
    'no id': () => ({ credId: undefined }),
  }
  test.each(Object.keys(wrong) as (keyof typeof wrong)[])('is refused with %s', async (what) => {
    const { creation, signed, dfns, holder } = setUp()
    const good = await creation({ as: holder, key: newKey(), credId })
    const body = { ...good, credentialInfo: { ...good.credentialInfo, ...wrong[what]() } }
    expect((await signed({ as: holder, method: 'POST', path: '/auth/credentials', body })).status).toBe(400)
    expect(dfns.credentials(holder)).toHaveLength(1)
  })

  test.each([
    { credentialName: '' },
    { credentialKind: 'Fido2' },
    { challengeIdentifier: 'x' },
    { credentialInfo: null },
  ])('is refused with %j', async (changed) => {
    const { creation, signed, holder } = setUp()
    const body = { ...(await creation({ as: holder, key: newKey(), credId })), ...changed }
    expect((await signed({ as: holder, method: 'POST', path: '/auth/credentials', body })).status).toBe(400)
  })

  test('takes each challenge once, and none that was given to sign an action', async () => {
    const { creation, begin, signed, holder } = setUp()
    const body = await creation({ as: holder, key: newKey(), credId })
    const create = (changed: object) =>
      signed({ as: holder, method: 'POST', path: '/auth/credentials', body: { ...body, ...changed } })
    const action = await begin({ as: holder, method: 'POST', path: '/x', payload: '' })
    const { challenge, challengeIdentifier } = action.json
    const credentialInfo = attestation({ credId, key: newKey(), challenge })
    expect((await create({ challengeIdentifier, credentialInfo })).status).toBe(400)
    expect((await create({})).status).toBe(200)
    expect((await create({})).status).toBe(400)
  })
})

describe('Activate and Deactivate Credential', () => {
  test('change a credential’s state, once, and answer every repetition alike', async () => {
    const { dfns, set, holder } = setUp()
    const { credentialUuid } = dfns.addCredential({
      userId: holder.userId,
      name: 'old',
      publicKey: newKey().publicKey,
    })
    for (const active of [false, false, true, true]) {
      const { status, json } = await set({ as: holder, active, credentialUuid })
      expect([status, json]).toEqual([200, { message: 'success' }])
      expect(dfns.credentials(holder)[1]?.isActive).toBe(active)
    }
    const changes = dfns.effects(holder).filter(({ kind: what }) => /activated/.test(what))
    const by = { tokenId: holder.tokenId, credentialUuid: holder.credentialUuid }
    expect(changes).toMatchObject([
      { kind: 'credential deactivated', credentialUuid, by },
      { kind: 'credential activated', credentialUuid, by },
    ])
  })

  test('do not reach another identity’s credential, nor an unknown one', async () => {
    const { account, set, dfns, holder } = setUp()
    const stranger = account('another')
    for (const credentialUuid of [stranger.credentialUuid, 'cr-none']) {
      expect((await set({ as: holder, active: false, credentialUuid })).status).toBe(404)
    }
    expect(dfns.credentials(stranger)[0]?.isActive).toBe(true)
  })

  test('ask for a credentialUuid', async () => {
    const { signed, holder } = setUp()
    const path = '/auth/credentials/deactivate'
    expect((await signed({ as: holder, method: 'PUT', path, body: {} })).status).toBe(400)
  })
})

describe('List Credentials', () => {
  test('shows every documented field of active and inactive ones, each with the time it was made', async () => {
    const { register, set, list, pass, holder } = setUp()
    const key = newKey()
    pass(90_000)
    const { json } = await register({ as: holder, key, credId })
    const { credentialUuid } = json
    await set({ as: holder, active: false, credentialUuid })
    const { status, json: listed } = await list(holder)
    const same = { kind: 'Key', relyingPartyId: '', origin: '' }
    expect([status, listed]).toEqual([
      200,
      {
        items: [
          {
            ...same,
            name: 'payments',
            credentialId: holder.credId,
            credentialUuid: holder.credentialUuid,
            dateCreated: '2026-01-01T00:00:00.000Z',
            isActive: true,
            publicKey: holder.publicKey,
          },
          {
            ...same,
            name: 'next',
            credentialId: credId,
            credentialUuid,
            dateCreated: '2026-01-01T00:01:30.000Z',
            isActive: false,
            publicKey: key.publicKey,
          },
        ],
      },
    ])
  })
})

describe('a PAT', () => {
  const withPats = () => {
    const world = createWorld(kind)
    const { dfns, orgId } = world
    const user = dfns.createUser({ orgId, name: 'person', publicKey: newKey().publicKey })
    const make = (name: string) => {
      const { publicKey, privateKey } = newKey()
      return { ...dfns.createPersonalAccessToken({ userId: user.userId, name, publicKey }), key: privateKey }
    }
    return { ...world, user, pat: make('one'), other: make('other') }
  }

  test('signs with what was made together with it or by it, and with no other PAT’s credential', async () => {
    const { begin, authoriseAction, register, pat, other } = withPats()
    const key = newKey()
    expect((await register({ as: pat, key, credId })).status).toBe(200)
    const action = { method: 'PUT', path: '/x', payload: '' }
    for (const [as, ids] of [
      [pat, [pat.credId, credId]],
      [other, [other.credId]],
    ] as const) {
      const { key: allowed } = (await begin({ as, ...action })).json.allowCredentials
      expect(allowed.map(({ id }) => id)).toEqual(ids)
    }
    const successor = { credId, key: key.privateKey }
    expect((await authoriseAction({ as: { ...pat, ...successor }, ...action })).status).toBe(200)
    expect((await authoriseAction({ as: { ...other, ...successor }, ...action })).status).toBe(401)
  })

  test('deactivates its own credentials and its user’s, and no other PAT’s', async () => {
    const { set, register, dfns, user, pat, other } = withPats()
    const { json } = await register({ as: pat, key: newKey(), credId })
    const deactivate = async (credentialUuid: string) =>
      (await set({ as: pat, active: false, credentialUuid })).status
    expect(await deactivate(json.credentialUuid)).toBe(200)
    expect(await deactivate(other.credentialUuid)).toBe(404)
    expect(await deactivate(user.credentialUuid)).toBe(200)
    expect(dfns.credentials(user).map(({ isActive }) => isActive)).toEqual([false, true, true, false])
  })
})

describe('Get Service Account', () => {
  const read = (world: ReturnType<typeof setUp>, id: string) =>
    world.send({ as: world.holder, method: 'GET', path: `/auth/service-accounts/${id}` })

  test('asks for a permission, and shows the account without its token', async () => {
    const world = setUp()
    const { userId, credentialUuid, tokenId } = world.holder
    expect((await read(world, userId)).status).toBe(403)
    world.dfns.assignPermission({ userId, operations: ['Auth:ServiceAccounts:Read'] })
    const { status, json } = await read(world, userId)
    expect(status).toBe(200)
    expect(json['userInfo']).toMatchObject({ userId, credentialUuid, isServiceAccount: true, isActive: true })
    expect(json.accessTokens).toEqual([
      expect.objectContaining({
        tokenId,
        kind: 'ServiceAccount',
        linkedUserId: userId,
        publicKey: world.holder.publicKey,
      }),
    ])
    expect(JSON.stringify(json)).not.toContain(world.holder.authToken)
  })

  test('knows only service accounts of the caller’s organisation', async () => {
    const world = setUp()
    const { dfns, holder, orgId } = world
    dfns.assignPermission({ userId: holder.userId, operations: ['Auth:ServiceAccounts:Read'] })
    const { orgId: elsewhere } = dfns.createOrganisation({ name: 'elsewhere' })
    const { publicKey } = newKey()
    const foreign = dfns.createServiceAccount({ orgId: elsewhere, name: 'foreign', publicKey })
    const user = dfns.createUser({ orgId, name: 'person', publicKey: newKey().publicKey })
    for (const id of [foreign.userId, user.userId, 'us-none'])
      expect((await read(world, id)).status).toBe(404)
  })
})

test.each([
  ['GET', '/auth/credentials/activate'],
  ['POST', '/webhooks/wh-1/events'],
  ['GET', '/auth/service-accounts/us-1/activate'],
])('%s %s is not simulated: 404', async (method, path) => {
  const { send, holder } = setUp()
  const reply = await send({ as: holder, method, path })
  expect([reply.status, reply.json['error']]).toEqual([
    404,
    { id: 'NotFound', status: 404, message: 'Not Found' },
  ])
})

test('ids are the same in every run, so that a failing one can be replayed', () => {
  const [first, second] = [setUp(), setUp()]
  expect(first.holder.credentialUuid).toBe(second.holder.credentialUuid)
  expect(first.holder.credId).toMatch(/^Y2kt/)
  expect(first.holder.userId).not.toBe(first.account('another').userId)
})
