import type { KeyObject } from 'node:crypto'
import { isSameKey, readPrivateKey, readPublicKey, writeKey } from '../crypto/private-key.ts'
import type { Json } from './json.ts'
import { holds, type Traces, tracesOf } from './traces.ts'

/** The values of a document that a rotation replaces. */
export interface Replaced {
  readonly credId: string
  readonly key: KeyObject
  /** Only where the whole identity is replaced: any other rotation leaves the token as it is. */
  readonly authToken?: string | undefined
}

/** An owner's field after a rotation, or nothing for one that cannot follow it. */
export type Follow = (field: { name: string; value: Json }) => Json | undefined

/**
 * A field whose value is one that changes (applications have names of their own, `DFNS_PRIVATE_KEY`) changes
 * with it, in its own form; a public key counts as its private key. A field that holds such a value and more,
 * or whose form cannot hold the new key, cannot follow. All others stay as they are.
 */
export function followerOf({ from, to }: { from: Replaced; to: Replaced }): Follow {
  const traces = tracesOf(from)
  return ({ name, value }) => {
    if (value === from.credId) return to.credId
    if (from.authToken !== undefined && value === from.authToken) return to.authToken
    const stored = typeof value === 'string' ? (readPrivateKey(value) ?? readPublicKey(value)) : undefined
    if (stored !== undefined && isSameKey(stored.key, from.key))
      return writeKey({ key: to.key, form: stored.form })
    return isHeld({ name, value, traces }) ? undefined : value
  }
}

/** The same where all that changes are texts: each old one, and the new one that takes its place. */
export function textFollowerOf(replaced: ReadonlyMap<string, string>): Follow {
  const traces = [...replaced.keys()]
  return ({ name, value }) => {
    const follower = typeof value === 'string' ? replaced.get(value) : undefined
    return follower ?? (isHeld({ name, value, traces }) ? undefined : value)
  }
}

function isHeld({ name, value, traces }: { name: string; value: Json; traces: Traces }): boolean {
  return holds(name, traces) || holds(value, traces)
}
