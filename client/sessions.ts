import { BaseAuthApi } from '@dfns/sdk/baseAuthApi.js'
import { clock } from './clock.ts'
import type { KeyDocument, UserKey } from './document.ts'
import { ClientError } from './errors.ts'
import { allowed, signed } from './keys.ts'
import type { RotatingSecret } from './rotating-secret.ts'

/** A bearer token, and where it is from. */
export interface Bearer {
  readonly token: string
  /** Whether, now that Dfns refused the token, another is to be had of the same document. */
  isRenewed(): boolean
}

/** The document's own token, or that of a session that its user opens with the key. */
export type Bearers = (document: KeyDocument) => Promise<Bearer>

interface Session {
  readonly document: UserKey
  readonly openedAt: number
  readonly token: Promise<string>
  renewAt: number
}

/**
 * A session is renewed so long before its end, in milliseconds, or in the last fifth of its life if that is
 * later.
 */
const marginMs = 60_000
/** A token that is refused sooner after its login is not refused for its age. Milliseconds. */
const youngMs = 10_000

const shared = new WeakMap<RotatingSecret<KeyDocument>, Bearers>()

/** Those of a secret, whichever clients use it: one login serves all. */
export function bearersOf(secret: RotatingSecret<KeyDocument>): Bearers {
  const bearers = shared.get(secret) ?? opened(secret)
  shared.set(secret, bearers)
  return bearers
}

function opened(secret: RotatingSecret<KeyDocument>): Bearers {
  const time = secret[clock]
  let session: Session | undefined

  const open = (document: UserKey): Session => {
    const openedAt = time.now()
    const made: Session = { document, openedAt, token: logIn(document), renewAt: Number.POSITIVE_INFINITY }
    made.token.then(
      (token) => {
        const end = endOf(token)
        made.renewAt = end - Math.min(marginMs, (end - openedAt) / 5)
      },
      () => {
        if (session === made) session = undefined
      },
    )
    return made
  }

  return async (document) => {
    if (document.kind !== 'UserKey') return { token: document.authToken, isRenewed: () => false }
    if (session?.document !== document || time.now() >= session.renewAt) session = open(document)
    const mine = session
    return {
      token: await mine.token,
      isRenewed() {
        if (session === mine && time.now() - mine.openedAt >= youngMs) session = undefined
        return session !== mine
      },
    }
  }
}

/** POST /auth/login/init and POST /auth/login. */
async function logIn(document: UserKey): Promise<string> {
  const { baseUrl, orgId, username } = document
  const options = { baseUrl }
  const challenge = await BaseAuthApi.createUserLoginChallenge({ orgId, username }, options)
  if (allowed([document], challenge) === undefined) {
    throw new ClientError('ERR_NOT_ALLOWED', `Dfns does not allow ${document.credId} to log in`)
  }
  const firstFactor = signed(document, challenge)
  const { challengeIdentifier } = challenge
  const { token } = await BaseAuthApi.createUserLogin({ challengeIdentifier, firstFactor }, options)
  if (typeof token === 'string' && token !== '') return token
  throw new ClientError('ERR_LOGIN', `${orgId} demands single sign-on, so that a key cannot log in`)
}

/** Milliseconds since the epoch: the JWT's `exp`. A token without one is used until Dfns refuses it. */
function endOf(token: string): number {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    const { exp } = JSON.parse(payload) as { exp?: unknown }
    return typeof exp === 'number' ? exp * 1_000 : Number.MAX_SAFE_INTEGER
  } catch {
    return Number.MAX_SAFE_INTEGER
  }
}
