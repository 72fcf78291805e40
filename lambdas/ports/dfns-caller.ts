import { AuthClient } from '@dfns/sdk/generated/auth/client.js'
import { PermissionsClient } from '@dfns/sdk/generated/permissions/client.js'
import { PoliciesClient } from '@dfns/sdk/generated/policies/client.js'
import { transport } from 'cross-fetch'
import type * as v from 'valibot'
import { assert } from '../crypto/key-credential.ts'
import type { Dfns, Identity } from './dfns.ts'
import { readAs } from './dfns-account-replies.ts'
import { readReply, undocumented } from './dfns-replies.ts'
import { isNotMade, isUnavailable, retrying, withToken } from './dfns-retries.ts'
import { type DfnsFailure, dfnsTransport } from './dfns-transport.ts'
import type { Time } from './time.ts'

/** The SDK's clients of one identity, which sign with its key. */
export interface Clients {
  readonly auth: AuthClient
  readonly permissions: PermissionsClient
  readonly policies: PoliciesClient
}

type Ask = (clients: Clients) => Promise<unknown>

type Asking = <const S extends v.GenericSchema>(
  endpoint: string,
  schema: S,
  ask: Ask,
) => Promise<v.InferOutput<S>>

/** How an identity makes its calls: each reply is checked by its schema before it is used. */
export interface Caller {
  /** A call that changes nothing when it is repeated. */
  readonly read: Asking
  /** A creation: repeated only where it is certain that nothing was made. */
  readonly make: Asking
}

/** A user is logged in by `dfnsAs`, whose session is used here, too. */
export function callerOf(given: {
  identity: Identity
  dfnsAs: (identity: Identity) => Dfns
  time: Time
}): Caller {
  const { identity, dfnsAs, time } = given
  const { origin } = identity
  const isSigning = (endpoint: string) => endpoint.startsWith('POST /auth/action')
  const read = (endpoint: string, reply: unknown) =>
    isSigning(endpoint) ? readReply(endpoint, reply) : reply
  const fetchFromDfns = dfnsTransport({ origin, time, read })
  const dfns = dfnsAs(identity)
  const repeating =
    (when: (endpoint: string) => (error: unknown) => error is DfnsFailure): Asking =>
    async (endpoint, schema, ask) => {
      const call = (authToken: string) => {
        const clients = clientsOf({ identity, authToken })
        const asked = () => transport.run(fetchFromDfns, () => ask(clients))
        return retrying({ time, call: asked, when: when(endpoint) })
      }
      const reply = await withToken({ dfns, call })
      return readAs({ schema, endpoint, reply })
    }
  return { read: repeating(() => isUnavailable), make: repeating(isNotMade) }
}

function clientsOf({ identity, authToken }: { identity: Identity; authToken: string }): Clients {
  const sign = async ({ challenge }: { challenge: string }) => assert({ ...identity, challenge })
  const options = { baseUrl: identity.origin, authToken, signer: { sign } }
  return {
    auth: new AuthClient(options),
    permissions: new PermissionsClient(options),
    policies: new PoliciesClient(options),
  }
}

/** Pages are followed this far. */
const mostPages = 200

/** Every item of a list with pages. One whose next page is the same again is none that can be relied on. */
export async function everyPage<T>(
  endpoint: string,
  page: (
    paginationToken: string | undefined,
  ) => Promise<{ readonly items: readonly T[]; readonly nextPageToken?: string | null | undefined }>,
): Promise<readonly T[]> {
  const all: T[] = []
  let token: string | undefined
  for (let count = 0; count < mostPages; count++) {
    const { items, nextPageToken } = await page(token)
    for (const item of items) all.push(item)
    if (typeof nextPageToken !== 'string' || nextPageToken === '') return all
    if (nextPageToken === token) throw undocumented(endpoint)
    token = nextPageToken
  }
  return all
}
