import type { KeyDocument } from './document.ts'
import { ClientError } from './errors.ts'
import { allowed, type KeySigner, signed } from './keys.ts'
import { isRefusal } from './refusals.ts'
import type { RotatingSecret, Snapshot } from './rotating-secret.ts'
import { type Bearer, bearersOf } from './sessions.ts'

/** What a client of @dfns/sdk is made with, for one call. */
export interface CallOptions {
  readonly baseUrl: string
  readonly orgId: string
  readonly authToken: string
  readonly signer: KeySigner
}

type Call<C> = (client: C) => Promise<unknown>
type Caller<C extends object> = (call: Call<C>, options: { readonly repeats: boolean }) => Promise<unknown>

/**
 * A client of @dfns/sdk, or one of its parts, each of whose calls uses token and key of one generation, and
 * is repeated once, whole, if Dfns refused that generation before it did anything and there is a newer one.
 * `make` makes the client: `(options) => new WalletsClient(options)`; it is made for every call.
 */
export function dfnsClientOf<C extends object>(
  secret: RotatingSecret<KeyDocument>,
  make: (options: CallOptions) => C,
): C {
  return proxied<C, C>({ client: make(nobody), caller: callerOf({ secret, make }), part: (client) => client })
}

/** Who has no call under way: for a client that only shows which methods there are. */
const nobody: CallOptions = {
  baseUrl: 'https://api.dfns.io',
  orgId: '',
  authToken: '',
  signer: { sign: () => Promise.reject(new ClientError('ERR_NOT_ALLOWED', 'no call is under way')) },
}

function callerOf<C extends object>(of: {
  secret: RotatingSecret<KeyDocument>
  make: (options: CallOptions) => C
}): Caller<C> {
  const { secret, make } = of
  const open = openerOf(secret)
  const run = ({ snapshot: { active }, bearer: { token } }: Open, call: Call<C>) => {
    const { baseUrl, orgId } = active
    return call(make({ baseUrl, orgId, authToken: token, signer: signerOf(active) }))
  }
  const attempt = async (made: Open, call: Call<C>, left: Left): Promise<unknown> => {
    try {
      return await run(made, call)
    } catch (error) {
      if (!isRefusal(error)) throw error
      const { snapshot, bearer } = made
      if (bearer.isRenewed() && left.sessions > 0)
        return attempt(await open(snapshot), call, { ...left, sessions: left.sessions - 1 })
      const newer = await secret.refused(snapshot)
      if (newer.versionId === snapshot.versionId || left.generations === 0) throw error
      return attempt(await open(newer), call, { ...left, generations: left.generations - 1 })
    }
  }
  return async (call, { repeats }) => {
    const once = repeats ? 1 : 0
    return attempt(await open(await secret.get()), call, { sessions: once, generations: once })
  }
}

/** A session may end in the very call in which its key is retired: each is a reason of its own to repeat. */
interface Left {
  readonly sessions: number
  readonly generations: number
}

/** A generation, and the token that goes with it. */
interface Open {
  readonly snapshot: Snapshot<KeyDocument>
  readonly bearer: Bearer
}

/** A login that is refused is tried once more with a newer generation, if there is one. */
function openerOf(secret: RotatingSecret<KeyDocument>): (snapshot: Snapshot<KeyDocument>) => Promise<Open> {
  const bearers = bearersOf(secret)
  const openWith = async (snapshot: Snapshot<KeyDocument>) => {
    return { snapshot, bearer: await bearers(snapshot.active) }
  }
  return async (snapshot) => {
    try {
      return await openWith(snapshot)
    } catch (error) {
      if (!isRefusal(error)) throw error
      const newer = await secret.refused(snapshot)
      if (newer.versionId === snapshot.versionId) throw error
      return await openWith(newer)
    }
  }
}

/** Of one generation: what a challenge does not allow is refused before anything is sent. */
function signerOf(document: KeyDocument): KeySigner {
  return {
    async sign(challenge) {
      if (allowed([document], challenge) !== undefined) return signed(document, challenge)
      throw new ClientError('ERR_NOT_ALLOWED', `Dfns does not allow ${document.credId} to sign`)
    },
  }
}

/**
 * Looks like `client`, whose methods and parts it has. The second half of a delegated call is not repeated:
 * it carries a signature of somebody else, which can be used once.
 */
function proxied<C extends object, P extends object>(of: {
  client: P
  caller: Caller<C>
  part: (client: C) => P
}): P {
  const { client, caller, part } = of
  const known = new Map<PropertyKey, unknown>()
  const wrapped = (name: keyof P): unknown => {
    const member = client[name]
    if (typeof member === 'function') {
      const repeats = !String(name).endsWith('Complete')
      return (...given: readonly unknown[]) =>
        caller(async (made) => (part(made)[name] as (...args: readonly unknown[]) => unknown)(...given), {
          repeats,
        })
    }
    if (typeof member !== 'object' || member === null) return member
    return proxied({ client: member, caller, part: (made: C) => part(made)[name] as object })
  }
  return new Proxy(client, {
    get(_target, name) {
      if (!known.has(name)) known.set(name, wrapped(name as keyof P))
      return known.get(name)
    },
  })
}
