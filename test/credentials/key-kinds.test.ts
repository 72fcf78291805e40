import { describe, expect, test } from 'vitest'
import type { Credential, Means } from '../../lambdas/credentials/credential.ts'
import type { KeyDocument } from '../../lambdas/credentials/document.ts'
import { personalAccessTokenKey } from '../../lambdas/credentials/personal-access-token-key.ts'
import { userKey } from '../../lambdas/credentials/user-key.ts'
import { type Switches, selfRotation } from '../../sandbox/dfns/switches.ts'
import { newKey } from '../../sandbox/scene.ts'
import { dfnsWorld } from '../support/dfns-world.ts'
import { testCredential } from './conformance.ts'

const secretArn = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:prod/dfns-abcdef'
const signerArn = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:prod/user-abcdef'
const lineage = { secretArn, token: 'a'.repeat(32) }
const stranger = 'somebody else'
const note = { any: ['thing', 1, null] }

/** A user with a key to log in with, and a credential that somebody else registered on it. */
async function aUser(switches: Partial<Switches>) {
  const world = await dfnsWorld(switches)
  const { dfns, orgId, url: baseUrl } = world
  const { publicKey, privateKey } = newKey()
  const user = dfns.createUser({ orgId, name: 'robin', username: 'robin@example.com', publicKey })
  const { userId, credId } = user
  dfns.addCredential({ userId, name: stranger, publicKey: newKey().publicKey })
  const identity = { baseUrl, orgId, username: 'robin@example.com', credId, privateKey }
  const document = { kind: 'UserKey', ...identity, note }
  return { world, user, document }
}

const kept = ({ name, isActive }: { name: string; isActive: boolean }) => isActive && name !== stranger

/** What the suite needs of a kind whose document is `document`. */
function subjectOf(of: {
  kind: (means: Means) => Credential<KeyDocument>
  world: Awaited<ReturnType<typeof dfnsWorld>>
  document: { readonly kind: string; readonly credId: string; readonly privateKey: string }
  active: () => number
}) {
  const { kind, world, document, active } = of
  const credential = kind(world.means)
  const read = (fields: object, label = 'AWSCURRENT') =>
    credential.read({ text: JSON.stringify(fields), on: `${label} of ${secretArn}`, secretArn }, world.limits)
  return { world, credential, document, creation: 'POST /auth/credentials', active, read }
}

/** The matrix of Dfns's API reference: service accounts and tokens may not, users may. */
async function openUser(switches: Partial<Switches> = { selfRotation: selfRotation.allRefused }) {
  const { world, user, document } = await aUser(switches)
  const active = () => world.dfns.credentials({ userId: user.userId }).filter(kept).length
  return { ...subjectOf({ kind: userKey, world, document, active }), user }
}

const tokensOfUsers: Partial<Switches> = { patCredentialBelongsToUser: true, userCredentialSignsForPat: true }

/** A personal access token; with a signer, the UserKey secret of its user. */
async function openToken(switches: Partial<Switches> & { signed?: boolean } = {}) {
  const { signed = false, ...rest } = switches
  const { world, user, document: signer } = await aUser({ ...tokensOfUsers, ...rest })
  const { dfns, url: baseUrl, orgId } = world
  const { publicKey, privateKey } = newKey()
  const token = dfns.createPersonalAccessToken({ userId: user.userId, name: 'deploy', publicKey })
  const { authToken, credId } = token
  world.secrets.set(signerArn, JSON.stringify(signer))
  const signedBy = signed ? { signerArn } : {}
  const document = {
    kind: 'PersonalAccessTokenKey',
    baseUrl,
    orgId,
    authToken,
    credId,
    privateKey,
    ...signedBy,
    note,
  }
  const isOfToken = ({ credentialId }: { credentialId: string }) => credentialId !== user.credId
  const active = () =>
    dfns.credentials({ userId: user.userId }).filter((one) => kept(one) && isOfToken(one)).length
  return { ...subjectOf({ kind: personalAccessTokenKey, world, document, active }), user, token, signer }
}

const refused = { selfRotation: selfRotation.allRefused, signed: true }

testCredential({ kind: 'UserKey', open: openUser })
testCredential({ kind: 'PersonalAccessTokenKey, by itself', open: openToken })
testCredential({ kind: 'PersonalAccessTokenKey, by its user', open: () => openToken(refused) })

const failuresOf = async ({ credential, document, read }: Awaited<ReturnType<typeof openToken>>) =>
  (await credential.probe({ current: read(document) })).flatMap(({ failure }) => failure ?? [])

describe('UserKey in particular', () => {
  test('is told for good where the organisation demands single sign-on', async () => {
    const { world, credential, document, read } = await openUser()
    const before = world.changes()
    world.change({ login: 'sso' })
    const probes = await credential.probe({ current: read(document) })
    const failures = probes.flatMap(({ failure }) => failure ?? [])
    expect(failures[0]).toMatchObject({ code: 'ERR_NOT_ALLOWED', retryable: false })
    expect(failures[0]?.message).toMatch(/single sign-on/)
    expect(world.changes()).toBe(before)
  })

  test('of a user who is not active is told apart from a key that Dfns does not accept', async () => {
    const { world, credential, document, read, user } = await openUser()
    const verify = (fields: object) =>
      credential.verify({ generation: read(fields), as: read(document), fresh: false })
    const wrong = { ...document, privateKey: newKey().privateKey }
    await expect(verify(wrong)).rejects.toMatchObject({ code: 'ERR_VERIFY', retryable: false })
    world.dfns.setIdentityActive({ userId: user.userId, isActive: false })
    await expect(verify(document)).rejects.toMatchObject({ code: 'ERR_TOKEN_EXPIRED', retryable: false })
  })

  test('of another user is not verified, and does not follow', async () => {
    const { credential, document, read } = await openUser()
    const other = read({ ...document, username: 'kim@example.com' }, 'AWSPENDING')
    const verification = credential.verify({ generation: other, as: read(document), fresh: false })
    await expect(verification).rejects.toMatchObject({ code: 'ERR_VERIFY' })
    expect(() => credential.assertFollows({ current: read(document), pending: other })).toThrow(/username/)
  })

  test('is registered also where Dfns says of a key that it does not know that it is not found', async () => {
    const { world, credential, document, read } = await openUser()
    const current = read(document)
    const pending = read((await credential.create({ current, lineage, algorithm: 'same' })).document)
    const { wire } = world
    let logins = 0
    wire.plan = ({ operation }) =>
      operation === 'POST /auth/login' && logins++ === 0 ? { reply: { status: 404, body: '{}' } } : undefined
    await credential.register({ current: async () => current, pending, lineage })
    const verification = credential.verify({ generation: pending, as: current, fresh: true })
    await expect(verification).resolves.toBeUndefined()
  })

  test('logs in once for all that one invocation asks', async () => {
    const { world, credential, document, read } = await openUser()
    await credential.probe({ current: read(document) })
    expect(world.requests().filter((request) => request === 'POST /auth/login')).toHaveLength(1)
  })
})

describe('PersonalAccessTokenKey in particular', () => {
  test('by its user: nothing is deactivated for the sake of an AWSCURRENT whose token is dead', async () => {
    const { world, credential, document, read, token, active } = await openToken(refused)
    const superseded = read(document)
    const made = await credential.create({ current: superseded, lineage, algorithm: 'same' })
    const current = read(made.document)
    await credential.register({ current: async () => superseded, pending: current, lineage })
    const retirement = await credential.deactivate({ current, superseded })
    world.dfns.setTokenActive({ tokenId: token.tokenId, isActive: false })
    const before = world.changes()
    await expect(retirement.perform()).rejects.toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
    expect(retirement.isBegun()).toBe(false)
    expect(world.changes()).toBe(before)
    expect(active()).toBe(2)
  })

  test('is registered by its user where Dfns refuses the token, on that user, and by nobody else', async () => {
    const { world, credential, document, read, user } = await openToken(refused)
    const current = read(document)
    const pending = read((await credential.create({ current, lineage, algorithm: 'same' })).document)
    await credential.register({ current: async () => current, pending, lineage })
    const made = world.dfns
      .effects()
      .filter(({ kind }) => kind === 'credential created')
      .at(-1)
    expect(made).toMatchObject({ userId: user.userId })
    const signedBy = made?.by === 'administrator' ? undefined : made?.by.credentialUuid
    expect(signedBy).toBe(user.credentialUuid)
  })

  test('is registered by itself where Dfns lets it, also with a signer', async () => {
    const { world, credential, document, read, token } = await openToken({ signed: true })
    const current = read(document)
    const pending = read((await credential.create({ current, lineage, algorithm: 'same' })).document)
    await credential.register({ current: async () => current, pending, lineage })
    const made = world.dfns
      .effects()
      .filter(({ kind }) => kind === 'credential created')
      .at(-1)
    expect(made?.by).toMatchObject({ tokenId: token.tokenId, credentialUuid: token.credentialUuid })
    expect(world.requests()).not.toContain('POST /auth/login')
  })

  test('without a signer is told the ways out where Dfns refuses the token', async () => {
    const opened = await openToken({ selfRotation: selfRotation.allRefused })
    const [failure] = await failuresOf(opened)
    expect(failure).toMatchObject({ code: 'ERR_NOT_ALLOWED', retryable: false })
    for (const part of [secretArn, 'POST /auth/credentials/init', '403', 'signerArn', 'Nothing was made'])
      expect(failure?.message).toContain(part)
  })

  test('is not rotated by its user where a key of that user does not sign for the token', async () => {
    const opened = await openToken({ ...refused, userCredentialSignsForPat: false })
    const failures = await failuresOf(opened)
    expect(failures.map(({ code }) => code)).toContain('ERR_NOT_ALLOWED')
  })

  test('is not rotated by its user where its own key is not in the list of that user', async () => {
    const opened = await openToken({ ...refused, patCredentialBelongsToUser: false })
    expect((await failuresOf(opened)).map(({ code }) => code)).toContain('ERR_CANNOT_RETIRE')
  })

  type Opened = Awaited<ReturnType<typeof openToken>>
  const unfit: readonly (readonly [string, (opened: Opened) => object | undefined, RegExp])[] = [
    ['is not there', () => undefined, /not a JSON document|binary/],
    ['is of another kind', ({ document }) => document, /not of kind UserKey/],
    ['is of another organisation', ({ signer }) => ({ ...signer, orgId: 'or-1' }), /another organisation/],
    ['has another baseUrl', ({ signer }) => ({ ...signer, baseUrl: 'https://api.dfns.io' }), /baseUrl/],
    ['has no key', ({ signer }) => ({ ...signer, privateKey: 'none' }), /privateKey/],
    [
      'has a key that Dfns does not know',
      ({ signer }) => ({ ...signer, ...fresh() }),
      /does not accept its key/,
    ],
    ['is another user', another, /another user/],
    [
      'holds the very key of the token',
      ({ document: { credId, privateKey }, signer }) => ({ ...signer, credId, privateKey }),
      /the very key that is to be rotated/,
    ],
  ]
  test('ends no grace of a key that its signer has taken for its own', async () => {
    const { world, credential, document, read, token, signer } = await openToken(refused)
    const current = read(document)
    const { privateKey, publicKey } = newKey()
    const { userId } = token
    const added = world.dfns.addCredential({ userId, name: 'next', publicKey })
    const next = read({ ...document, credId: added.credId, privateKey })
    const { credId, privateKey: old } = document
    world.secrets.set(signerArn, JSON.stringify({ ...signer, credId, privateKey: old }))
    const superseded = { id: current.id, on: 'version v1' }
    await expect(credential.deactivate({ current: next, superseded })).rejects.toMatchObject({
      code: 'ERR_RETIRE_REFUSED',
    })
  })

  const fresh = () => ({ privateKey: newKey().privateKey })
  function another({ world, signer }: Opened) {
    const { publicKey, privateKey } = newKey()
    const { dfns, orgId } = world
    const username = 'admin@example.com'
    const { credId } = dfns.createUser({ orgId, name: 'admin', username, publicKey })
    return { ...signer, username, credId, privateKey }
  }

  test.each(unfit)('is not rotated by a signer that %s: nothing is made', async (_, signerOf, problem) => {
    const opened = await openToken(refused)
    const { world } = opened
    const signer = signerOf(opened)
    if (signer === undefined) world.secrets.delete(signerArn)
    else world.secrets.set(signerArn, JSON.stringify(signer))
    const before = world.changes()
    const [failure, ...others] = await failuresOf(opened)
    expect(others).toEqual([])
    expect(failure).toMatchObject({ code: 'ERR_SIGNER', retryable: false })
    expect(failure?.message).toMatch(problem)
    expect(failure?.message).toContain(secretArn)
    expect(world.changes()).toBe(before)
  })

  test.each([
    ['itself', secretArn, /itself/],
    ['in another region', signerArn.replace('eu-west-1', 'us-east-1'), /account or region/],
    ['in another account', signerArn.replace('000000000000', '000000000001'), /account or region/],
  ])('is not rotated by a signer that is %s', async (_, arn, problem) => {
    const opened = await openToken(refused)
    const document = { ...opened.document, signerArn: arn }
    const [failure] = await failuresOf({ ...opened, document })
    expect(failure).toMatchObject({ code: 'ERR_SIGNER', message: expect.stringMatching(problem) })
  })

  test('is not rotated by a signer that the policy does not list', async () => {
    const opened = await openToken(refused)
    const limits = { ...opened.world.limits, allowedSigners: [] }
    const credential = personalAccessTokenKey({ ...opened.world.means, limits })
    const [failure] = await failuresOf({ ...opened, credential })
    expect(failure).toMatchObject({ code: 'ERR_SIGNER', message: expect.stringMatching(/allowedSigners/) })
  })
})
