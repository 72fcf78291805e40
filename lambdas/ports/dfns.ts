import type { KeyObject } from 'node:crypto'
import { AuthClient } from '@dfns/sdk/generated/auth/client.js'
import { transport } from 'cross-fetch'
import * as v from 'valibot'
import { assert, type CredentialInfo } from '../crypto/key-credential.ts'
import {
  credentialChallenge,
  isText,
  type ListedCredential,
  readReply,
  type UserActionChallenge,
} from './dfns-replies.ts'
import { isNotMade, isUnavailable, retrying } from './dfns-retries.ts'
import { dfnsTransport } from './dfns-transport.ts'
import type { Time } from './time.ts'

/** A user who logs in with a key. */
export interface Login {
  readonly orgId: string
  readonly username: string
}

/** Who speaks to Dfns: a bearer token, or a user who logs in for one, and the key that signs. */
export interface Identity {
  /** Origin of the API, `https://api.dfns.io`. */
  readonly origin: string
  readonly authToken: string | Login
  readonly credId: string
  readonly key: KeyObject
}

/** One that has a token: of its own, or of a session. */
export type Bearer = Identity & { readonly authToken: string }

/** A call as User Action Signing names it. */
export interface UserAction {
  readonly method: 'GET' | 'PUT'
  readonly path: string
  /** The exact body that would be sent. */
  readonly payload: string
}

/**
 * The calls to Dfns, one method each, named as the API names them; each reply is checked before it is used.
 * Calls that change nothing when they are repeated are repeated when Dfns is unavailable. Create Credential
 * is not: whoever calls it looks first.
 */
export interface Dfns {
  /** The token it speaks with: its own, or a session's; a new session's where the one `refused` has ended. */
  authToken(refused?: string): Promise<string>
  /** GET /auth/credentials: the caller's own, without pagination. */
  listCredentials(): Promise<readonly ListedCredential[]>
  /** POST /auth/credentials/init, kind Key: without effect. */
  createCredentialChallenge(): Promise<v.InferOutput<typeof credentialChallenge>>
  /** POST /auth/credentials, signed by the caller. `watch` sees the challenge, and may prevent it: throws. */
  createCredential(
    body: { name: string; challengeIdentifier: string; info: CredentialInfo },
    watch: (challenge: UserActionChallenge) => void,
  ): Promise<void>
  /**
   * PUT /auth/credentials/activate, signed: no effect on a credential that is active. Answers who was allowed
   * to sign it.
   */
  activateCredential(credentialUuid: string): Promise<readonly string[]>
  /** PUT /auth/credentials/deactivate, signed: no effect on a credential that is not active. */
  deactivateCredential(credentialUuid: string): Promise<void>
  /**
   * GET /auth/action/logs: what a user signed between two moments, as text. Its form is not documented; an id
   * that stands in it is what is looked for. Needs the permission Auth:Logs:Read.
   */
  listAuditLogs(period: { since: Date; until: Date; userId: string | undefined }): Promise<string>
  /** POST /auth/action/init: asks who may sign a call, which every identity may do. Without effect. */
  createUserActionChallenge(action: UserAction): Promise<UserActionChallenge>
  /**
   * POST /auth/action/init and POST /auth/action. The user action that comes back is dropped, so nothing
   * happens.
   */
  signUserAction(action: UserAction): Promise<void>
}

/** Dfns as whoever has a token hears it. */
export function dfnsAs(identity: Bearer, time: Time): Dfns {
  const fetchFromDfns = dfnsTransport({ origin: identity.origin, time, read: readReply, isText })
  const once = <T>(call: () => Promise<T>) => transport.run(fetchFromDfns, call)
  const repeated = <T>(call: () => Promise<T>) =>
    retrying({ time, call: () => once(call), when: isUnavailable })
  const client = clientOf(identity)

  return {
    authToken: async () => identity.authToken,
    listCredentials: () => repeated(async () => (await client.listCredentials()).items),
    createCredentialChallenge: () =>
      repeated(async () => {
        const reply = await client.createCredentialChallenge({ body: { kind: 'Key' } })
        return v.parse(credentialChallenge, reply)
      }),
    createCredential: ({ name, challengeIdentifier, info }, watch) => {
      const kind = { credentialKind: 'Key', credentialName: name } as const
      const body = { ...kind, challengeIdentifier, credentialInfo: info }
      const watched = clientOf(identity, watch)
      const call = () => once(async () => void (await watched.createCredential({ body })))
      return retrying({ time, call, when: isNotMade('POST /auth/credentials') })
    },
    activateCredential: (credentialUuid) =>
      repeated(async () => {
        let allowed: readonly string[] = []
        const watched = clientOf(identity, ({ allowCredentials }) => {
          allowed = allowCredentials.key.map(({ id }) => id)
        })
        await watched.activateCredential({ body: { credentialUuid } })
        return allowed
      }),
    deactivateCredential: (credentialUuid) =>
      repeated(async () => void (await client.deactivateCredential({ body: { credentialUuid } }))),
    listAuditLogs: ({ since, until, userId }) =>
      repeated(async () => {
        const period = { startTime: since.toISOString(), endTime: until.toISOString() }
        const query = { ...period, ...(userId !== undefined && { userId }) }
        return client.listAuditLogs({ query })
      }),
    createUserActionChallenge: (action) => repeated(() => challengeFor(client, action)),
    // Init and signature are repeated together: a challenge can be used once.
    signUserAction: (action) => repeated(() => signAction({ client, identity, action })),
  }
}

/** The SDK's client, signing its user actions with the identity's key. */
function clientOf(identity: Bearer, watch?: (challenge: UserActionChallenge) => void): AuthClient {
  const sign = async (challenge: UserActionChallenge) => {
    watch?.(challenge)
    return assert({ ...identity, challenge: challenge.challenge })
  }
  return new AuthClient({ baseUrl: identity.origin, authToken: identity.authToken, signer: { sign } })
}

function challengeFor(client: AuthClient, { method, path, payload }: UserAction) {
  const call = { userActionHttpMethod: method, userActionHttpPath: path, userActionPayload: payload }
  return client.createUserActionChallenge({ body: { ...call, userActionServerKind: 'Api' } })
}

async function signAction(signing: { client: AuthClient; identity: Bearer; action: UserAction }) {
  const { client, identity, action } = signing
  const { challenge, challengeIdentifier } = await challengeFor(client, action)
  const firstFactor = assert({ ...identity, challenge })
  await client.createUserActionSignature({ body: { challengeIdentifier, firstFactor } })
}
