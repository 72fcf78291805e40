import type { KeyObject } from 'node:crypto'
import { AuthClient } from '@dfns/sdk/generated/auth/client.js'
import { transport } from 'cross-fetch'
import * as v from 'valibot'
import { assert, type CredentialInfo } from '../crypto/key-credential.ts'
import { DfnsFailure, dfnsTransport } from './dfns-transport.ts'
import type { Time } from './time.ts'

/** Who speaks to Dfns: a bearer token and the key that signs its user actions. */
export interface Identity {
  /** Origin of the API, `https://api.dfns.io`. */
  readonly origin: string
  readonly authToken: string
  readonly credId: string
  readonly key: KeyObject
}

/** A call as User Action Signing names it. */
export interface UserAction {
  readonly method: 'GET' | 'PUT'
  readonly path: string
  /** The exact body that would be sent. */
  readonly payload: string
}

// Ids go into messages, logs and request bodies.
const id = v.pipe(v.string(), v.regex(/^[\w.:-]{1,128}$/))
const bytes = v.pipe(v.string(), v.minLength(1), v.maxLength(8_192))

const listedCredential = v.object({
  credentialId: v.pipe(v.string(), v.maxLength(1_024)),
  credentialUuid: id,
  isActive: v.boolean(),
})
const credentialList = v.object({ items: v.array(listedCredential) })
const credentialChallenge = v.object({ challenge: bytes, challengeIdentifier: bytes })
const userActionChallenge = v.object({
  challenge: bytes,
  challengeIdentifier: bytes,
  allowCredentials: v.object({ key: v.optional(v.array(v.object({ id: v.string() })), []) }),
})
// It goes into a header.
const userAction = v.object({ userAction: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,8192}$/)) })

/** What is used of each reply. The SDK trusts what it gets, so nothing else reaches it. */
const replies: Readonly<Record<string, v.GenericSchema>> = {
  'GET /auth/credentials': credentialList,
  'POST /auth/credentials/init': credentialChallenge,
  'POST /auth/action/init': userActionChallenge,
  'POST /auth/action': userAction,
  'GET /auth/action/logs': v.unknown(),
}

export type ListedCredential = v.InferOutput<typeof listedCredential>
export type UserActionChallenge = v.InferOutput<typeof userActionChallenge>

/**
 * The calls to Dfns, one method each, named as the API names them; each reply is checked before it is used.
 * Calls that change nothing when they are repeated are repeated when Dfns is unavailable. Create Credential
 * is not: whoever calls it looks first.
 */
export interface Dfns {
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
  listAuditLogs(period: { since: Date; until: Date; userId: string }): Promise<string>
  /** POST /auth/action/init: asks who may sign a call, which every identity may do. Without effect. */
  createUserActionChallenge(action: UserAction): Promise<UserActionChallenge>
  /**
   * POST /auth/action/init and POST /auth/action. The user action that comes back is dropped, so nothing
   * happens.
   */
  signUserAction(action: UserAction): Promise<void>
}

/**
 * Dfns for one invocation. Whoever asks for a token's credentials while the same list is under way is told
 * what that tells: phases ask in parallel, and every list counts against the organisation's rate limit.
 */
export function dfnsOf(time: Time): (identity: Identity) => Dfns {
  const underWay = new Map<string, Promise<readonly ListedCredential[]>>()
  return (identity) => {
    const dfns = dfnsAs(identity, time)
    const token = `${identity.origin} ${identity.authToken}`
    const listCredentials = () => {
      const running = underWay.get(token) ?? dfns.listCredentials().finally(() => underWay.delete(token))
      underWay.set(token, running)
      return running
    }
    return { ...dfns, listCredentials }
  }
}

export function dfnsAs(identity: Identity, time: Time): Dfns {
  const fetchFromDfns = dfnsTransport({ origin: identity.origin, time, read: readReply })
  const once = <T>(call: () => Promise<T>) => transport.run(fetchFromDfns, call)
  const repeated = <T>(call: () => Promise<T>) =>
    retrying({ time, call: () => once(call), when: isUnavailable })
  const client = clientOf(identity)

  return {
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
      return retrying({ time, call, when: isNotCreated })
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
        const query = { startTime: since.toISOString(), endTime: until.toISOString(), userId }
        return JSON.stringify(await client.listAuditLogs({ query }))
      }),
    createUserActionChallenge: (action) => repeated(() => challengeFor(client, action)),
    // Init and signature are repeated together: a challenge can be used once.
    signUserAction: (action) => repeated(() => signAction({ client, identity, action })),
  }
}

/** The SDK's client, signing its user actions with the identity's key. */
function clientOf(identity: Identity, watch?: (challenge: UserActionChallenge) => void): AuthClient {
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

async function signAction(signing: { client: AuthClient; identity: Identity; action: UserAction }) {
  const { client, identity, action } = signing
  const { challenge, challengeIdentifier } = await challengeFor(client, action)
  const firstFactor = assert({ ...identity, challenge })
  await client.createUserActionSignature({ body: { challengeIdentifier, firstFactor } })
}

function readReply(endpoint: string, reply: unknown): unknown {
  const schema = replies[endpoint]
  if (schema === undefined) return {}
  const { success, output } = v.safeParse(schema, reply)
  if (success) return output
  const problem = 'success, but not the documented reply'
  throw new DfnsFailure('ERR_DFNS_RESPONSE', problem, { endpoint, status: 200, retryable: false })
}

const attempts = 4

function isUnavailable(error: unknown): error is DfnsFailure {
  return error instanceof DfnsFailure && error.code === 'ERR_DFNS_UNAVAILABLE'
}

/**
 * Only where it is certain that nothing was made: another request failed before it, or Dfns counted too many.
 */
function isNotCreated(error: unknown): error is DfnsFailure {
  return isUnavailable(error) && (error.endpoint !== 'POST /auth/credentials' || error.status === 429)
}

async function retrying<T>(retry: {
  time: Time
  call: () => Promise<T>
  when: (error: unknown) => error is DfnsFailure
}): Promise<T> {
  const { time, call, when } = retry
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (attempt === attempts || !when(error)) throw error
      // Exponential, half of it random, and never before the moment that Dfns named.
      const pause = Math.max(error.retryAfterMs, 200 * 2 ** attempt * (0.5 + time.random() / 2))
      // No use in waiting for a moment that this invocation will not see.
      if (pause >= time.remaining()) throw error
      await time.sleep(pause)
    }
  }
}
