import { describe, expect, test } from 'vitest'
import { readAuthToken } from '../../lambdas/credentials/auth-token.ts'
import type { KeyDocument } from '../../lambdas/credentials/document.ts'
import type { SecretStore, SecretVersion } from '../../lambdas/ports/secrets-manager.ts'
import { type Retirement, retire } from '../../lambdas/rotation/retirement.ts'
import { newKey } from '../../sandbox/scene.ts'
import { errorOf, type ReplacedKind, replacing, secretArn } from '../credentials/replacing.ts'

const nobody = () => Promise.reject(new Error('nobody may ask for this'))

type Label = 'AWSCURRENT' | 'AWSPENDING'

/** The end of the grace of an identity that was replaced, with a store whose labels name what a test wants. */
async function retiring(kind: ReplacedKind) {
  const scene = await replacing({ kind, strategy: 'replace' })
  const { pending: promoted, what } = await scene.rotate()
  const { current: old, document, credential, world, dfns, signer } = scene
  const labels = new Map<Label, SecretVersion>()
  const name = (label: Label, fields: object) => {
    const versionId = label === 'AWSCURRENT' ? 'v2' : 'v3'
    labels.set(label, { versionId, text: JSON.stringify(fields), created: undefined })
  }
  name('AWSCURRENT', promoted.fields)
  const store: SecretStore = {
    describeSecret: nobody,
    getSecretValue: async ({ label }) => labels.get(label as Label),
    putSecretValue: nobody,
    moveCurrent: nobody,
    removePrevious: async () => 'removed',
    attachLabel: async () => 'attached',
  }
  const retirement: Retirement = {
    store,
    time: scene.time,
    log: world.means.log,
    secretArn,
    credential: credential as unknown as Retirement['credential'],
    superseded: { id: old.id, what, on: 'version v1', fields: old.fields },
    supersededVersion: 'v1',
    current: promoted,
    currentVersion: 'v2',
    isPrevious: true,
  }
  const { privateKey, publicKey } = newKey()
  /** The old one's document with another key and id. */
  const otherKey = { ...document, credId: 'Y2ktYW5vdGhlcg', privateKey }
  /** The document of one that has nothing to do with the two. */
  const stranger = () => {
    const made =
      kind === 'ServiceAccountKey'
        ? dfns.createServiceAccount({ orgId: world.orgId, name: 'next', publicKey })
        : dfns.createPersonalAccessToken({ userId: signer.userId, name: 'next', publicKey })
    return { ...otherKey, authToken: made.authToken, credId: made.credId }
  }
  /** A person deactivates an account, or a token. */
  const deactivate = (generation: KeyDocument) => {
    if (kind === 'ServiceAccountKey')
      return dfns.setIdentityActive({ userId: generation.userId ?? '', isActive: false })
    const { authToken } = generation.identity
    const { tokenId = '' } = (typeof authToken === 'string' && readAuthToken(authToken)) || {}
    return dfns.setTokenActive({ tokenId, isActive: false })
  }
  return { ...scene, retirement, promoted, name, otherKey, stranger, deactivate }
}

describe.each(['ServiceAccountKey', 'PersonalAccessTokenKey'] as const)('a %s that was replaced', (kind) => {
  test('is deactivated where no label names it', async () => {
    const { retirement, isOldActive } = await retiring(kind)
    await retire(retirement)
    expect(isOldActive()).toBe(false)
  })

  test.each(['AWSCURRENT', 'AWSPENDING'] as const)(
    'is not deactivated where %s names another key of it',
    async (label) => {
      const { retirement, name, otherKey, isOldActive, count, oldId } = await retiring(kind)
      name(label, otherKey)
      expect(await errorOf(retire(retirement))).toMatchObject({
        code: 'ERR_RETIRE_REFUSED',
        retryable: false,
      })
      expect(isOldActive()).toBe(true)
      const path = kind === 'ServiceAccountKey' ? 'service-accounts' : 'pats'
      expect(count(`PUT /auth/${path}/${oldId}/deactivate`)).toBe(0)
    },
  )

  test('nor where its own version is gone, so that only the schedule tells which one it is', async () => {
    const { retirement, name, otherKey, isOldActive } = await retiring(kind)
    const { fields: _, ...superseded } = retirement.superseded
    name('AWSPENDING', otherKey)
    const error = await errorOf(retire({ ...retirement, superseded }))
    expect(error).toMatchObject({ code: 'ERR_RETIRE_REFUSED', retryable: false })
    expect(isOldActive()).toBe(true)
  })

  test('is activated again where a label gets another key of it at that very moment', async () => {
    const { retirement, name, otherKey, isOldActive, world, oldId } = await retiring(kind)
    world.wire.plan = ({ operation }) => {
      if (operation.endsWith(`/${oldId}/deactivate`)) name('AWSPENDING', otherKey)
      return undefined
    }
    expect(await errorOf(retire(retirement))).toMatchObject({ code: 'ERR_RETIRE_UNDONE' })
    expect(isOldActive()).toBe(true)
  })

  test('stays deactivated where a person has deactivated AWSCURRENT as well', async () => {
    const { retirement, promoted, current, deactivate, isOldActive } = await retiring(kind)
    deactivate(current)
    deactivate(promoted)
    expect(await errorOf(retire(retirement))).toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
    expect(isOldActive()).toBe(false)
  })

  test('stays active where a person has deactivated AWSCURRENT: nothing else works', async () => {
    const { retirement, promoted, deactivate, isOldActive } = await retiring(kind)
    deactivate(promoted)
    expect(await errorOf(retire(retirement))).toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
    expect(isOldActive()).toBe(true)
  })

  test('is not activated again by an event that comes once more when the token in AWSCURRENT has expired', async () => {
    const { retirement, world, promoted, isOldActive } = await retiring(kind)
    await retire(retirement)
    const { authToken } = promoted.fields
    world.wire.plan = ({ headers }) =>
      headers['authorization'] === `Bearer ${authToken as string}`
        ? { reply: { status: 401, body: '{}' } }
        : undefined
    const current = { ...promoted, tokenExpires: new Date(0) }
    expect(await errorOf(retire({ ...retirement, current }))).toMatchObject({ code: 'ERR_TOKEN_EXPIRED' })
    expect(isOldActive()).toBe(false)
    expect(await errorOf(retire(retirement))).toMatchObject({ code: 'ERR_RETIRE_UNDONE' })
  })

  test('is deactivated beside a rotation that makes yet another one', async () => {
    const { retirement, name, stranger, isOldActive } = await retiring(kind)
    name('AWSPENDING', stranger())
    await retire(retirement)
    expect(isOldActive()).toBe(false)
  })

  test('is deactivated beside a rotation of the key of the one that took its place', async () => {
    const { retirement, name, otherKey, promoted, isOldActive } = await retiring(kind)
    name('AWSPENDING', { ...otherKey, authToken: promoted.fields['authToken'] })
    await retire(retirement)
    expect(isOldActive()).toBe(false)
  })
})

// No page of Dfns's says that a token's jti is the id by which the token is listed.
test('a personal access token is known by the token itself, whatever id that tells', async () => {
  const { retirement, name, otherKey, world } = await retiring('PersonalAccessTokenKey')
  const superseded = { ...retirement.superseded, what: { tokenId: 'to-listed-otherwise' } }
  name('AWSPENDING', otherKey)
  const error = await errorOf(retire({ ...retirement, superseded }))
  expect(error).toMatchObject({ code: 'ERR_RETIRE_REFUSED', retryable: false })
  expect(world.requests().filter((request) => request.endsWith('/deactivate'))).toEqual([])
})
