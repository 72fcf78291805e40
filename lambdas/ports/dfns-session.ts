import { createPublicKey } from 'node:crypto'
import { AuthClient } from '@dfns/sdk/generated/auth/client.js'
import { transport } from 'cross-fetch'
import { assert } from '../crypto/key-credential.ts'
import { type Bearer, type Dfns, dfnsAs, type Identity, type Login } from './dfns.ts'
import { type ListedCredential, readReply } from './dfns-replies.ts'
import { isUnavailable, retrying, withToken } from './dfns-retries.ts'
import { DfnsFailure, dfnsTransport } from './dfns-transport.ts'
import type { Time } from './time.ts'

/**
 * A session that is refused sooner was refused for another reason than its age, in milliseconds. How long one
 * lives is documented nowhere ("relatively short"); an audit of many secrets outlives it.
 */
const shortestSessionMs = 30_000

/**
 * Dfns for one invocation. A user logs in once, and anew when its session has ended. Whoever asks for a
 * token's credentials while the same list is under way is told what that tells: phases ask in parallel, and
 * every list counts against the rate limit.
 */
export function dfnsOf(time: Time): (identity: Identity) => Dfns {
  const lists = new Map<string, Promise<readonly ListedCredential[]>>()
  const sessions = new Map<string, { readonly since: number; readonly opened: Promise<Dfns> }>()
  const as = (bearer: Bearer) => sharingLists({ dfns: dfnsAs(bearer, time), bearer, lists })
  const open = (identity: Identity, login: Login): Promise<Dfns> => {
    const name = nameOf(identity, login)
    const opened = logIn({ identity, login, time }).then(as)
    sessions.set(name, { since: time.now(), opened })
    // What is refused now may be accepted a moment later.
    opened.catch(() => sessions.delete(name))
    return opened
  }
  const inSession = async (identity: Identity, login: Login, refused?: string): Promise<Dfns> => {
    const session = sessions.get(nameOf(identity, login))
    if (session === undefined) return open(identity, login)
    const dfns = await session.opened
    const isOld = time.now() - session.since >= shortestSessionMs
    return isOld && (await dfns.authToken()) === refused ? open(identity, login) : dfns
  }
  return (identity) => {
    const { authToken } = identity
    if (typeof authToken === 'string') return as({ ...identity, authToken })
    return afterLogin((refused) => inSession(identity, authToken, refused))
  }
}

function sharingLists(of: {
  dfns: Dfns
  bearer: Bearer
  lists: Map<string, Promise<readonly ListedCredential[]>>
}): Dfns {
  const { dfns, bearer, lists } = of
  const token = `${bearer.origin} ${bearer.authToken}`
  const listCredentials = () => {
    const running = lists.get(token) ?? dfns.listCredentials().finally(() => lists.delete(token))
    lists.set(token, running)
    return running
  }
  return { ...dfns, listCredentials }
}

/** Two generations of one user are two: each logs in with its own key. */
function nameOf({ origin, credId, key }: Identity, { orgId, username }: Login): string {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64')
  return JSON.stringify([origin, orgId, username, credId, publicKey])
}

/**
 * POST /auth/login/init and POST /auth/login. An organisation that demands single sign-on answers with no
 * token, and then no key can log in.
 */
async function logIn(by: { identity: Identity; login: Login; time: Time }): Promise<Bearer> {
  const { identity, login, time } = by
  const { origin } = identity
  const client = new AuthClient({ baseUrl: origin, signer: { sign: () => Promise.reject(new Error()) } })
  const fetchFromDfns = dfnsTransport({ origin, time, read: readReply })
  const call = () =>
    transport.run(fetchFromDfns, async () => {
      const { challenge, challengeIdentifier } = await client.createLoginChallenge({ body: login })
      const firstFactor = assert({ ...identity, challenge })
      return client.login({ body: { challengeIdentifier, firstFactor } })
    })
  // Init and signature are repeated together: a challenge can be used once.
  const reply = await retrying({ time, call, when: isUnavailable })
  if ('token' in reply) return { ...identity, authToken: reply.token }
  const problem = 'the organisation demands single sign-on, so a key cannot log in'
  throw new DfnsFailure('ERR_NOT_ALLOWED', problem, { endpoint: 'POST /auth/login', retryable: false })
}

function afterLogin(session: (refused?: string) => Promise<Dfns>): Dfns {
  const authToken = async (refused?: string) => (await session(refused)).authToken()
  const within = <T>(call: (dfns: Dfns) => Promise<T>) =>
    withToken({ dfns: { authToken }, call: async () => call(await session()) })
  return {
    authToken,
    listCredentials: () => within((dfns) => dfns.listCredentials()),
    createCredentialChallenge: () => within((dfns) => dfns.createCredentialChallenge()),
    createCredential: (body, watch) => within((dfns) => dfns.createCredential(body, watch)),
    activateCredential: (uuid) => within((dfns) => dfns.activateCredential(uuid)),
    deactivateCredential: (uuid) => within((dfns) => dfns.deactivateCredential(uuid)),
    listAuditLogs: (period) => within((dfns) => dfns.listAuditLogs(period)),
    createUserActionChallenge: (action) => within((dfns) => dfns.createUserActionChallenge(action)),
    signUserAction: (action) => within((dfns) => dfns.signUserAction(action)),
  }
}
