import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AuthClient } from '@dfns/sdk/generated/auth/client.js'
import { afterEach, expect, test } from 'vitest'
import { createDfnsHandler } from '../../../sandbox/dfns/handler.ts'
import { selfRotation } from '../../../sandbox/dfns/switches.ts'
import type { WireResponse } from '../../../sandbox/wire.ts'
import {
  type Algorithm,
  assertion,
  attestation,
  base64url,
  createWorld,
  type Holder,
  kind,
  newKey,
} from './world.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** The simulator on an ephemeral port of the loopback interface. */
async function serve(world: ReturnType<typeof createWorld>): Promise<string> {
  const handle = createDfnsHandler(world.dfns)
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method = '', url: path = '' } = incoming
      const headers = incoming.headers as Record<string, string>
      const body = Buffer.concat(chunks).toString('utf8')
      const request = {
        service: 'dfns',
        operation: `${method} ${path}`,
        method,
        path,
        headers,
        body,
      } as const
      void Promise.resolve(handle(request)).then((reply: WireResponse) =>
        outgoing.writeHead(reply.status, reply.headers).end(reply.body),
      )
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function clientFor({
  baseUrl,
  orgId,
  holder,
}: {
  baseUrl: string
  orgId: string
  holder: Holder
}): AuthClient {
  const { authToken, credId, key } = holder
  const sign = ({ challenge }: { challenge: string }) =>
    Promise.resolve({ kind: 'Key' as const, credentialAssertion: assertion({ credId, key, challenge }) })
  return new AuthClient({ baseUrl, orgId, authToken, signer: { sign } })
}

test.each<Algorithm>(['Ed25519', 'P-256', 'secp256k1', 'RSA-2048'])(
  'Dfns’s own SDK rotates a service account to a %s key, and only the new key signs after that',
  async (algorithm) => {
    const world = createWorld(kind)
    const [baseUrl, old] = [await serve(world), world.account()]
    const oldClient = clientFor({ baseUrl, orgId: world.orgId, holder: old })
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
    const newClient = clientFor({ baseUrl, orgId: world.orgId, holder: fresh })
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
  const client = clientFor({ baseUrl, orgId: world.orgId, holder })
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
