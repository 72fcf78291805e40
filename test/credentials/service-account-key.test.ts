import { describe, expect, test } from 'vitest'
import type { KeyDocument } from '../../lambdas/credentials/document.ts'
import { serviceAccountKey } from '../../lambdas/credentials/service-account-key.ts'
import { credIdOf } from '../../lambdas/crypto/lineage.ts'
import { newKey } from '../../sandbox/scene.ts'
import { dfnsWorld } from '../support/dfns-world.ts'
import { type KindUnderTest, testCredential } from './conformance.ts'

const secretArn = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:prod/dfns-abcdef'
const lineage = { secretArn, token: 'a'.repeat(32) }
const stranger = 'somebody else'

async function open() {
  const world = await dfnsWorld()
  const { publicKey, privateKey } = newKey()
  const account = world.dfns.createServiceAccount({ orgId: world.orgId, name: 'payments', publicKey })
  const { authToken, credId, userId } = account
  world.dfns.addCredential({ userId, name: stranger, publicKey: newKey().publicKey })
  const note = { any: ['thing', 1, null] }
  const document = {
    kind: 'ServiceAccountKey',
    baseUrl: world.url,
    orgId: world.orgId,
    authToken,
    credId,
    privateKey,
    note,
  }
  const credentials = () => world.dfns.credentials({ userId })
  const active = () => credentials().filter(({ isActive, name }) => isActive && name !== stranger).length
  const credential = serviceAccountKey(world.means)
  const subject = {
    world,
    credential,
    document,
    creation: 'POST /auth/credentials',
    active,
  } satisfies KindUnderTest<KeyDocument>
  const read = (fields: object) =>
    credential.read(
      { text: JSON.stringify(fields), on: `AWSCURRENT of ${secretArn}`, secretArn },
      world.limits,
    )
  return { ...subject, account, credentials, read }
}

testCredential({ kind: 'ServiceAccountKey', open })

describe('ServiceAccountKey in particular', () => {
  test('its credential at Dfns carries the lineage in id and name', async () => {
    const { credential, document, read, credentials } = await open()
    const current = read(document)
    const pending = read((await credential.create({ current, lineage, algorithm: 'same' })).document)
    await credential.register({ current: async () => current, pending, lineage })
    expect(credentials().at(-1)).toMatchObject({
      credentialId: credIdOf(lineage),
      name: expect.stringMatching(/^dfns-rotator [0-9a-f]{24} [0-9a-f]{32}$/),
    })
  })

  test('deactivates every credential under the superseded id, where a lost reply left two', async () => {
    const { world, credential, account, document, read, credentials, active } = await open()
    world.change({ duplicateCredId: 'allow' })
    const superseded = read(document)
    const { publicKey } = newKey()
    world.dfns.addCredential({ userId: account.userId, credId: superseded.id, name: 'payments', publicKey })
    const current = read(
      (await credential.create({ current: superseded, lineage, algorithm: 'same' })).document,
    )
    await credential.register({ current: async () => superseded, pending: current, lineage })
    await credential.verify({ generation: current, as: superseded, fresh: true })
    const { ids, perform } = await credential.deactivate({ current, superseded })
    await perform()
    expect(ids).toHaveLength(2)
    expect(active()).toBe(1)
    expect(credentials().find(({ name }) => name === stranger)).toMatchObject({ isActive: true })
  })

  test('does not register where AWSCURRENT was changed since pending was made', async () => {
    const { world, credential, document, read } = await open()
    const pending = read(
      (await credential.create({ current: read(document), lineage, algorithm: 'same' })).document,
    )
    const before = world.changes()
    const changed = read({ ...document, note: 'edited' })
    const registration = credential.register({ current: async () => changed, pending, lineage })
    await expect(registration).rejects.toMatchObject({
      code: 'ERR_CURRENT_CHANGED',
      message: expect.stringContaining('note'),
    })
    expect(world.changes()).toBe(before)
  })

  test('does not register again what somebody deactivated', async () => {
    const { world, credential, document, read, credentials } = await open()
    const current = read(document)
    const pending = read((await credential.create({ current, lineage, algorithm: 'same' })).document)
    const register = () => credential.register({ current: async () => current, pending, lineage })
    await register()
    const { credentialUuid = '' } = credentials().at(-1) ?? {}
    world.dfns.setCredentialActive({ credentialUuid, isActive: false })
    const before = world.changes()
    // The first time the list still lags, the second time it does not.
    await expect(register()).rejects.toMatchObject({ code: 'ERR_VERIFY', retryable: false })
    await expect(register()).rejects.toMatchObject({ code: 'ERR_VERIFY', retryable: false })
    expect(world.changes()).toBe(before)
  })

  test('is not verified as another identity', async () => {
    const { world, credential, document, read } = await open()
    const { publicKey, privateKey } = newKey()
    const other = world.dfns.createServiceAccount({ orgId: world.orgId, name: 'other', publicKey })
    const { authToken, credId } = other
    const verification = credential.verify({
      generation: read({ ...document, authToken, credId, privateKey }),
      as: read(document),
      fresh: false,
    })
    await expect(verification).rejects.toMatchObject({
      code: 'ERR_VERIFY',
      message: expect.stringContaining('identity'),
    })
  })
})
