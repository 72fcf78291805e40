import { isDeepStrictEqual } from 'node:util'
import { isOfSecret } from '../crypto/lineage.ts'
import { writeKey } from '../crypto/private-key.ts'
import { RotationError } from '../errors.ts'
import type { KeyDocument } from './document.ts'
import type { Json, JsonObject } from './json.ts'
import { type Follow, followerOf, type Replaced } from './owner-fields.ts'

/**
 * The document that follows `current` when its key is replaced, and with it the token, if `to` names another.
 * Fails, naming them, if fields cannot follow.
 */
export function successorOf({ current, to }: { current: KeyDocument; to: Replaced }): JsonObject {
  const { credId, key } = current.identity
  const from = { credId, key, authToken: to.authToken === undefined ? undefined : tokenOf(current) }
  const privateKey = writeKey({ key: to.key, form: current.stored.form })
  if (privateKey === undefined) {
    throw new RotationError(
      'ERR_DOCUMENT',
      `${current.on}: privateKey is ${current.stored.form.encoding.toUpperCase()}, which cannot hold a key ` +
        'of the new algorithm. Store it as PKCS#8, or choose another dfns-rotator:key-algorithm.',
    )
  }
  const token = to.authToken === undefined ? {} : { authToken: to.authToken }
  const changed = { privateKey, credId: to.credId, ...token }
  const what = to.authToken === undefined ? 'the key or its id' : 'the key, its id or the token'
  return followingDocument({ current, changed, follow: followerOf({ from, to }), what })
}

interface Owned {
  readonly on: string
  readonly fields: JsonObject
  readonly ourFields: readonly string[]
}

/**
 * A document with these fields of ours changed, and those of the owner that follow them. `what` is how an
 * error calls what a field holds inside something else.
 */
export function followingDocument(succession: {
  current: Owned
  changed: JsonObject
  follow: Follow
  what: string
}): JsonObject {
  const { current, changed, follow, what } = succession
  const entries = Object.entries(current.fields).map(([name, value]): [string, Json | undefined] => {
    if (Object.hasOwn(changed, name)) return [name, changed[name]]
    return [name, current.ourFields.includes(name) ? value : follow({ name, value })]
  })
  // A name may be what it is to hold, and stands in the message.
  const isNameHeld = (name: string) => follow({ name, value: null }) === undefined
  const stuck = entries
    .filter(([, value]) => value === undefined)
    .map(([name]) => (isNameHeld(name) ? 'the name of a field' : name))
  if (stuck.length > 0) {
    throw new RotationError(
      'ERR_DOCUMENT',
      `${current.on}: ${stuck.join(', ')}: holds ${what} inside something else, and would keep ` +
        'the old one. Store the bare value, or remove the field.',
    )
  }
  return Object.fromEntries(entries) as JsonObject
}

const tokenOf = ({ identity: { authToken } }: KeyDocument): string | undefined =>
  typeof authToken === 'string' ? authToken : undefined

interface Pair {
  readonly current: KeyDocument
  readonly pending: KeyDocument
}

/**
 * Whether `pending` is another identity, which `replace` made. Dfns chose its key's id, while the id of a key
 * that was registered carries the lineage of its secret: beside that another token is somebody's edit, and so
 * it is where there is no signer to have made it.
 */
export function isReplacement({ current, pending }: Pair): boolean {
  const [old, fresh] = [tokenOf(current), tokenOf(pending)]
  if (old === undefined || fresh === undefined || old === fresh) return false
  const { id: credId, secretArn } = pending
  return current.signerArn !== undefined && !isOfSecret({ credId, secretArn })
}

/**
 * Refuses a `pending` that does not follow from `current`: somebody changed AWSCURRENT since the rotation
 * began, and what they wrote is not overwritten.
 */
export function assertFollows({ current, pending }: Pair): void {
  const { credId, key } = pending.identity
  assertIsExpected({ current, pending, expected: successorOf({ current, to: { credId, key } }) })
}

/** The same where `pending` is another identity: its token changed, too, and what follows it. */
export function assertReplaces({ current, pending }: Pair): void {
  const { credId, key } = pending.identity
  const to = { credId, key, authToken: tokenOf(pending) }
  assertIsExpected({ current, pending, expected: successorOf({ current, to }) })
}

/** The same, where the document that follows is known. */
export function assertIsExpected(compared: {
  current: { readonly on: string }
  pending: { readonly fields: JsonObject }
  expected: JsonObject
}): void {
  const { current, pending, expected } = compared
  const names = new Set([...Object.keys(expected), ...Object.keys(pending.fields)])
  const changed = [...names].filter((name) => !isDeepStrictEqual(expected[name], pending.fields[name]))
  if (changed.length === 0) return
  throw new RotationError(
    'ERR_CURRENT_CHANGED',
    `${current.on} was changed since this rotation began: ${changed.join(', ')}. Nothing was moved.`,
  )
}
