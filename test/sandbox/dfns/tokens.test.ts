import { describe, expect, test } from 'vitest'
import { createMint } from '../../../sandbox/dfns/tokens.ts'
import { createWorld, harmless, kind, newKey } from './world.ts'

const decode = (part: string | undefined) =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8')) as Record<string, unknown>

const day = 86_400_000

test('a bearer token is a JWT with the header and the claims that Dfns’s are known to have', () => {
  const { account, orgId } = createWorld()
  const { authToken, userId } = account()
  const [header, claims] = authToken.split('.')
  expect(decode(header)).toEqual({ typ: 'JWT', alg: 'EdDSA' })
  const issued = Date.UTC(2026, 0, 1) / 1000
  expect(decode(claims)).toMatchObject({
    iat: issued,
    exp: issued + 730 * 86_400,
    'https://custom/app_metadata': { orgId, userId },
  })
})

test('a token expires when its days are over, to the millisecond', async () => {
  const { dfns, orgId, list, pass } = createWorld(kind)
  const as = dfns.createServiceAccount({ orgId, name: 'short', publicKey: newKey().publicKey, daysValid: 1 })
  pass(day - 1)
  expect((await list(as)).status).toBe(200)
  pass(1)
  expect((await list(as)).status).toBe(401)
})

describe('a request is refused with 401', () => {
  test.each([
    ['no token', ''],
    ['another scheme', 'Basic x'],
    ['no JWT', 'Bearer x'],
  ])('with %s', async (_, authorization) => {
    const { send } = createWorld(kind)
    const reply = await send({ method: 'GET', path: '/auth/credentials', headers: { authorization } })
    expect(reply.status).toBe(401)
  })

  test('with a claim, the header or the signature changed', async () => {
    const { account, list } = createWorld(kind)
    const { authToken } = account()
    const [header = '', claims = '', signature = ''] = authToken.split('.')
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const forged = [
      [header, encode({ ...decode(claims), exp: 1e10 }), signature],
      [encode({ typ: 'JWT', alg: 'none' }), claims, ''],
      [header, claims, signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))],
      [header, claims],
      [header, claims, signature, ''],
    ]
    expect((await list({ authToken })).status).toBe(200)
    for (const parts of forged) expect((await list({ authToken: parts.join('.') })).status).toBe(401)
  })

  test('with a token of another simulator', async () => {
    const [world, other] = [createWorld(kind), createWorld(kind)]
    world.account()
    expect((await world.list(other.account())).status).toBe(401)
  })

  test('with a deactivated token', async () => {
    const { account, dfns, list } = createWorld(kind)
    const holder = account()
    dfns.setTokenActive({ tokenId: holder.tokenId, isActive: false })
    expect((await list(holder)).status).toBe(401)
  })
})

test('a deactivated identity is told so, and comes back', async () => {
  const { account, dfns, list, authoriseAction } = createWorld(kind)
  const holder = account()
  dfns.setIdentityActive({ userId: holder.userId, isActive: false })
  const refused = await authoriseAction({ as: holder, ...harmless(holder.credentialUuid) })
  expect([refused.status, refused.json['error']]).toEqual([
    400,
    { id: 'BadRequest', status: 400, message: 'User account has been deactivated.' },
  ])
  dfns.setIdentityActive({ userId: holder.userId, isActive: true })
  expect((await list(holder)).status).toBe(200)
})

test('a token of one audience is not read for another', () => {
  const mint = createMint({ clock: { now: () => 0 } })
  const token = mint.issue({
    audience: 'challenge',
    id: 'ch-1',
    orgId: 'or-1',
    userId: 'us-1',
    lifetime: 1000,
  })
  expect(mint.read({ audience: 'challenge', token })).toBe('ch-1')
  expect(mint.read({ audience: 'user-action', token })).toBeUndefined()
})

test('a token that its mint no longer remembers is known by its signature, and a forged one is not', () => {
  const mint = createMint({ clock: { now: () => 0 } })
  const issue = (id: string) =>
    mint.issue({ audience: 'challenge', id, orgId: 'or-1', userId: 'us-1', lifetime: 1000 })
  const token = issue('ch-0')
  const other = issue('ch-1')
  const [head, body] = token.split('.')
  const forged = [head, body, other.split('.').at(-1)].join('.')
  for (let count = 2; count < 1_200; count++) issue(`ch-${count}`)
  expect(mint.read({ audience: 'challenge', token: forged })).toBeUndefined()
  expect(mint.read({ audience: 'challenge', token })).toBe('ch-0')
  expect(mint.read({ audience: 'challenge', token: forged })).toBeUndefined()
})
