import { AuthClient } from '@dfns/sdk/generated/auth/client.js'
import { PermissionsClient } from '@dfns/sdk/generated/permissions/client.js'
import { PoliciesClient } from '@dfns/sdk/generated/policies/client.js'
import { WebhooksClient } from '@dfns/sdk/generated/webhooks/client.js'
import { transport } from 'cross-fetch'
import type * as v from 'valibot'
import { assert } from '../crypto/key-credential.ts'
import type { Dfns, Identity } from './dfns.ts'
import { readAs, readReply, undocumented } from './dfns-replies.ts'
import { isNotMade, isUnavailable, retrying, withToken } from './dfns-retries.ts'
import { type DfnsFailure, dfnsTransport } from './dfns-transport.ts'
import { everyPage } from './pages.ts'
import type { Time } from './time.ts'

/** The SDK's clients of one identity, which sign with its key. */
export interface Clients {
  readonly auth: AuthClient
  readonly permissions: PermissionsClient
  readonly policies: PoliciesClient
  readonly webhooks: WebhooksClient
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
    webhooks: new WebhooksClient(options),
  }
}

/** So many pages, of 50 items or more, are followed. */
const mostPages = 1_000

/** Every item of one of Dfns's lists. */
export function everyDfnsPage<T>(
  endpoint: string,
  page: (
    paginationToken: string | undefined,
  ) => Promise<{ readonly items: readonly T[]; readonly nextPageToken?: string | null | undefined }>,
): Promise<readonly T[]> {
  return everyPage({
    most: mostPages,
    page: async (token) => {
      const { items, nextPageToken } = await page(token)
      return { items, next: nextPageToken }
    },
    endless: () => undocumented(endpoint),
  })
}
