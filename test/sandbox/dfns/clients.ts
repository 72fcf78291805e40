import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AuthClient } from '@dfns/sdk/generated/auth/client.js'
import { PermissionsClient } from '@dfns/sdk/generated/permissions/client.js'
import { PoliciesClient } from '@dfns/sdk/generated/policies/client.js'
import { onTestFinished } from 'vitest'
import { createDfnsHandler } from '../../../sandbox/dfns/handler.ts'
import type { Switches } from '../../../sandbox/dfns/switches.ts'
import type { WireResponse } from '../../../sandbox/wire.ts'
import { assertion, createWorld, type Holder, kind } from './world.ts'

export type World = ReturnType<typeof createWorld>

/** The simulator on an ephemeral port of the loopback interface, until the test is over. */
export async function serve(world: World): Promise<string> {
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
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Dfns's own clients for one token and its key. */
export function clientsOf({ baseUrl, orgId, holder }: { baseUrl: string; orgId: string; holder: Holder }) {
  const { authToken, credId, key } = holder
  const sign = ({ challenge }: { challenge: string }) =>
    Promise.resolve({ kind: 'Key' as const, credentialAssertion: assertion({ credId, key, challenge }) })
  const options = { baseUrl, orgId, authToken, signer: { sign } }
  return {
    auth: new AuthClient(options),
    permissions: new PermissionsClient(options),
    policies: new PoliciesClient(options),
  }
}

/** A world without lags over HTTP, and the SDK's clients for whoever is in it. */
export async function open(switches: Partial<Switches> = {}) {
  const world = createWorld({ ...kind, ...switches })
  const baseUrl = await serve(world)
  const { orgId } = world
  return { ...world, baseUrl, as: (holder: Holder) => clientsOf({ baseUrl, orgId, holder }) }
}

/** What an administrator of these tests may do. */
export const everyPermission = [
  'Auth:Logs:Read',
  'Auth:Pats:Create',
  'Permissions:Assign',
  'Permissions:Assignments:Read',
  'Permissions:Read',
  'Permissions:Revoke',
  'Policies:Approvals:Read',
  'Policies:Read',
  ...['Activate', 'Create', 'Deactivate', 'Delete', 'Read', 'Update'].map(
    (of) => `Auth:ServiceAccounts:${of}`,
  ),
  ...['Create', 'Delete', 'Read', 'Update'].map((of) => `Webhooks:${of}`),
]
