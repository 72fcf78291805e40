import { expect, test } from 'vitest'
import { selfRotation } from '../../../sandbox/dfns/switches.ts'
import { clientsOf, serve } from './clients.ts'
import { type Algorithm, attestation, base64url, createWorld, kind, newKey } from './world.ts'

test.each<Algorithm>(['Ed25519', 'P-256', 'secp256k1', 'RSA-2048'])(
  'Dfns’s own SDK rotates a service account to a %s key, and only the new key signs after that',
  async (algorithm) => {
    const world = createWorld(kind)
    const [baseUrl, old] = [await serve(world), world.account()]
    const oldClient = clientsOf({ baseUrl, orgId: world.orgId, holder: old }).auth
    const key = newKey(algorithm)
    const credId = base64url(`credential for ${algorithm}`)

    const challenge = await oldClient.createCredentialChallenge({ body: { kind: 'Key' } })
    if (challenge.kind !== 'Key') throw new Error(`asked for a Key, was given a ${challenge.kind}`)
    const credentialInfo = attestation({ credId, key, challenge: challenge.challenge })
    const { challengeIdentifier } = challenge
    const body = {
      credentialKind: 'Key' as const,
      credentialName: 'next',
      challengeIdentifier,
      credentialInfo,
    }
    const created = await oldClient.createCredential({ body })
    expect(created).toMatchObject({ kind: 'Key', credentialId: credId, name: 'next', isActive: true })

    const fresh = { authToken: old.authToken, credId, key: key.privateKey }
    const newClient = clientsOf({ baseUrl, orgId: world.orgId, holder: fresh }).auth
    world.change({ tokenDiesWithItsCredential: false })
    const { items } = await newClient.listCredentials()
    expect(items.map(({ credentialUuid }) => credentialUuid)).toEqual([
      old.credentialUuid,
      created.credentialUuid,
    ])
    const done = await newClient.deactivateCredential({ body: { credentialUuid: old.credentialUuid } })
    expect(done).toEqual({ message: 'success' })

    const again = { body: { credentialUuid: old.credentialUuid } }
    await expect(oldClient.activateCredential(again)).rejects.toMatchObject({ httpStatus: 401 })
    await newClient.activateCredential(again)
    await expect(oldClient.activateCredential(again)).resolves.toEqual({ message: 'success' })
  },
)

test('the SDK sees refusals, approvals and permissions as Dfns’s errors', async () => {
  const world = createWorld()
  const [baseUrl, holder] = [await serve(world), world.account()]
  const client = clientsOf({ baseUrl, orgId: world.orgId, holder }).auth
  const { userId, credentialUuid } = holder

  await expect(client.listCredentials()).rejects.toMatchObject({ httpStatus: 403 })
  world.change({
    selfRotation: selfRotation.allAllowed,
    approval: { create: false, activate: true, deactivate: false },
  })
  await expect(client.activateCredential({ body: { credentialUuid } })).rejects.toMatchObject({
    httpStatus: 202,
  })

  const missing = `ServiceAccount ${userId} is not authorized to perform operation (Auth:ServiceAccounts:Read)`
  const read = () => client.getServiceAccount({ serviceAccountId: userId })
  await expect(read()).rejects.toMatchObject({ httpStatus: 403, message: missing })
  world.dfns.assignPermission({ userId, operations: ['Auth:ServiceAccounts:Read'] })
  const account = await read()
  expect(account.userInfo).toMatchObject({ userId, isServiceAccount: true, orgId: world.orgId })
  expect(account.accessTokens.map(({ tokenId }) => tokenId)).toEqual([holder.tokenId])
})
