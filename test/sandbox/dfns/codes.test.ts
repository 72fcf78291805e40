import { describe, expect, test } from 'vitest'
import { selfRotation } from '../../../sandbox/dfns/switches.ts'
import { open } from './clients.ts'
import {
  assertion,
  attestation,
  base64url,
  createWorld,
  type Holder,
  kind,
  newKey,
  type Reply,
} from './world.ts'

const credId = base64url('with a code')
const minute = 60_000
const now = Date.UTC(2026, 0, 1)
const iso = (time: number) => new Date(time).toISOString()

function setUp() {
  const world = createWorld(kind)
  const person = world.user()
  const ask = (expiration: unknown, as: Holder = person) =>
    world.signed({ as, method: 'POST', path: '/auth/credentials/code', body: { expiration } })
  const codeFor = async (as?: Holder) => String((await ask(iso(now + minute), as)).json['code'])
  const post = (path: string, body: object) =>
    world.send({ method: 'POST', path: `/auth/credentials/code/${path}`, body })
  const init = (code: unknown) => post('init', { code, credentialKind: 'Key' })
  const verify = ({ json }: Reply, key = newKey(), id = credId) => {
    const credentialInfo = attestation({ credId: id, key, challenge: json.challenge })
    const { challengeIdentifier } = json
    return post('verify', { challengeIdentifier, credentialName: 'n', credentialKind: 'Key', credentialInfo })
  }
  return { ...world, person, ask, codeFor, init, verify }
}

test('the SDK registers a key with a code and without a token, and the key signs', async () => {
  const world = await open()
  const person = world.user()
  const expiration = iso(now + minute)
  const made = await world.as(person).auth.createCredentialCode({ body: { expiration } })
  expect(made).toEqual({ code: expect.stringMatching(/^[A-Z0-9]{3}(-[A-Z0-9]{3}){2}$/), expiration })
  const { code } = made
  const nobody = world.as({ ...person, authToken: '' }).auth
  const body = { code, credentialKind: 'Key' as const }
  const challenge = await nobody.createCredentialChallengeWithCode({ body })
  if (challenge.kind !== 'Key') throw new Error(`asked for a Key, was given a ${challenge.kind}`)
  expect(challenge.user.id).toBe(person.userId)
  const key = newKey()
  const { challengeIdentifier } = challenge
  const credentialInfo = attestation({ credId, key, challenge: challenge.challenge })
  const { credentialUuid } = await nobody.createCredentialWithCode({
    body: { challengeIdentifier, credentialName: 'next', credentialKind: 'Key', credentialInfo },
  })
  const fresh = world.as({ ...person, credId, key: key.privateKey }).auth
  await fresh.activateCredential({ body: { credentialUuid } })
  const { tokenId } = person
  const by = { tokenId, credentialUuid: person.credentialUuid }
  const effects = world.dfns.effects(person).filter((effect) => effect.kind.startsWith('c'))
  expect(effects.slice(1)).toMatchObject([
    { kind: 'code created', by },
    { kind: 'credential created', credentialUuid, by },
  ])
})

describe('a code', () => {
  test('lives for a minute at most, and expires by ISO date or by unix timestamp', async () => {
    const { ask } = setUp()
    for (const good of [iso(now + minute), now / 1000 + 1]) expect((await ask(good)).status).toBe(200)
    for (const bad of [iso(now + minute + 1), iso(now), now, 'soon', undefined, null]) {
      expect((await ask(bad)).status).toBe(400)
    }
  })

  test('is good until it expires, also for what was begun before', async () => {
    const { codeFor, init, verify, pass } = setUp()
    const code = await codeFor()
    const begun = await init(code)
    pass(minute - 1)
    expect((await init(code)).status).toBe(200)
    pass(1)
    const late = await init(code)
    expect([late.status, late.body]).toEqual([403, expect.stringContaining('Invalid code')])
    expect((await verify(begun)).status).toBe(403)
  })

  test('is good for one credential', async () => {
    const { codeFor, init, verify, dfns, person } = setUp()
    const code = await codeFor()
    const [first, second] = [await init(code), await init(code)]
    expect((await verify(first)).status).toBe(200)
    expect((await verify(second, newKey(), base64url('another'))).status).toBe(403)
    expect((await init(code)).status).toBe(403)
    expect(dfns.credentials(person)).toHaveLength(2)
  })

  test('survives a registration that is refused', async () => {
    const { codeFor, init, verify, person } = setUp()
    const code = await codeFor()
    const { publicKey, key: privateKey } = person
    expect((await verify(await init(code), { publicKey, privateKey })).status).toBe(409)
    expect((await verify(await init(code))).status).toBe(200)
  })

  test('is not guessed, and is not good for a deactivated user', async () => {
    const { codeFor, init, dfns, person } = setUp()
    const code = await codeFor()
    for (const wrong of ['AAA-AAA-AAA', code.toLowerCase(), '']) {
      expect([400, 403]).toContain((await init(wrong)).status)
    }
    dfns.setIdentityActive({ userId: person.userId, isActive: false })
    expect((await init(code)).status).toBe(403)
  })

  test('of a PAT, where that is allowed, registers the PAT’s own credential', async () => {
    const { codeFor, init, verify, pat, person, dfns } = setUp()
    const token = pat(person)
    expect((await verify(await init(await codeFor(token)))).status).toBe(200)
    expect(dfns.credentials(person).at(-1)).toMatchObject({ credentialId: credId, patId: token.tokenId })
  })
})

test('a challenge with a code registers nothing on a token, nor the other way round', async () => {
  const { codeFor, init, verify, person, register, creation, signed, send } = setUp()
  const begun = await init(await codeFor())
  const body = await creation({ as: person, key: newKey(), credId })
  const { challengeIdentifier } = begun.json
  const mixed = { ...body, challengeIdentifier }
  expect((await signed({ as: person, method: 'POST', path: '/auth/credentials', body: mixed })).status).toBe(
    400,
  )
  expect((await send({ method: 'POST', path: '/auth/credentials/code/verify', body })).status).toBe(400)
  expect((await verify(begun)).status).toBe(200)
  expect((await register({ as: person, key: newKey(), credId: base64url('y') })).status).toBe(200)
})

test('a challenge with a code logs nobody in, and one to log in registers nothing', async () => {
  const { codeFor, init, verify, person, orgId, send } = setUp()
  const { challenge, challengeIdentifier } = (await init(await codeFor())).json
  const firstFactor = { kind: 'Key', credentialAssertion: assertion({ ...person, challenge }) }
  const body = { challengeIdentifier, firstFactor }
  expect((await send({ method: 'POST', path: '/auth/login', body })).status).toBe(400)
  const { username } = person
  const login = await send({ method: 'POST', path: '/auth/login/init', body: { orgId, username } })
  expect(login.status).toBe(200)
  expect((await verify(login)).status).toBe(400)
})

describe('Delete Credential', () => {
  function withTwo() {
    const world = setUp()
    const { publicKey, privateKey: key } = newKey()
    const spare = world.dfns.addCredential({ userId: world.person.userId, name: 'spare', publicKey })
    const remove = (credentialUuid: string, as: Holder = world.person) =>
      world.signed({ as, method: 'DELETE', path: `/auth/credentials/${credentialUuid}` })
    return { ...world, spare: { ...spare, key, authToken: world.person.authToken }, publicKey, remove }
  }

  test('takes an inactive credential away for good', async () => {
    const { remove, set, list, person, spare, dfns, authoriseAction } = withTwo()
    const { credentialUuid } = spare
    expect((await remove(credentialUuid)).status).toBe(422)
    await set({ as: person, active: false, credentialUuid })
    const { status, json } = await remove(credentialUuid)
    expect([status, json]).toEqual([200, {}])
    expect((await list(person)).json.items).toHaveLength(1)
    expect((await remove(credentialUuid)).status).toBe(404)
    expect((await set({ as: person, active: true, credentialUuid })).status).toBe(404)
    expect((await authoriseAction({ as: spare, method: 'PUT', path: '/x', payload: '' })).status).toBe(401)
    expect(dfns.effects(person).at(-1)?.kind).not.toBe('credential activated')
  })

  test('does not reach another identity’s', async () => {
    const { remove, account } = withTwo()
    expect((await remove(account().credentialUuid)).status).toBe(404)
  })

  test('keeps the one that signs and the last one, where active ones may be deleted', async () => {
    const { remove, person, spare, change } = withTwo()
    change({ deleteActive: 'allow' })
    expect((await remove(person.credentialUuid)).status).toBe(422)
    expect((await remove(spare.credentialUuid)).status).toBe(200)
    change({ deactivateSigning: 'allow' })
    expect((await remove(person.credentialUuid)).status).toBe(422)
  })

  test('leaves the token that was issued with it, and its key taken', async () => {
    const { remove, account, dfns, change, send, register } = withTwo()
    change({
      deleteActive: 'allow',
      tokenDiesWithItsCredential: false,
      selfRotation: selfRotation.allAllowed,
    })
    const machine = account()
    const next = newKey()
    await register({ as: machine, key: next, credId })
    dfns.assignPermission({ userId: machine.userId, operations: ['Auth:ServiceAccounts:Read'] })
    const as = { ...machine, credId, key: next.privateKey }
    expect((await remove(machine.credentialUuid, as)).status).toBe(200)
    const read = { as, method: 'GET', path: `/auth/service-accounts/${machine.userId}` }
    expect((await send(read)).json.accessTokens).toMatchObject([{ publicKey: machine.publicKey }])
    const again = { publicKey: machine.publicKey, privateKey: machine.key }
    expect((await register({ as, key: again, credId: base64url('again') })).status).toBe(409)
  })
})
