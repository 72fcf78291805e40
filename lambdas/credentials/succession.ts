import { isDeepStrictEqual } from 'node:util'
import { writeKey } from '../crypto/private-key.ts'
import { RotationError } from '../errors.ts'
import type { KeyDocument } from './document.ts'
import type { Json, JsonObject } from './json.ts'
import { followerOf, type Replaced } from './owner-fields.ts'

/**
 * The document that follows `current` when its key is replaced. Fails, naming them, if fields cannot follow.
 */
export function successorOf({ current, to }: { current: KeyDocument; to: Replaced }): JsonObject {
  const from = current.identity
  const privateKey = writeKey({ key: to.key, form: current.stored.form })
  if (privateKey === undefined) {
    throw new RotationError(
      'ERR_DOCUMENT',
      `${current.on}: privateKey is ${current.stored.form.encoding.toUpperCase()}, which cannot hold a key ` +
        'of the new algorithm. Store it as PKCS#8, or choose another dfns-rotator:key-algorithm.',
    )
  }
  const follow = followerOf({ from, to })
  const entries = Object.entries(current.fields).map(([name, value]): [string, Json | undefined] => {
    if (name === 'privateKey') return [name, privateKey]
    if (name === 'credId') return [name, to.credId]
    return [name, current.ourFields.includes(name) ? value : follow({ name, value })]
  })
  const stuck = entries.filter(([, value]) => value === undefined).map(([name]) => name)
  if (stuck.length > 0) {
    throw new RotationError(
      'ERR_DOCUMENT',
      `${current.on}: ${stuck.join(', ')}: holds the key or its id inside something else, and would keep ` +
        'the old one. Store the bare value, or remove the field.',
    )
  }
  return Object.fromEntries(entries) as JsonObject
}

/**
 * Refuses a `pending` that does not follow from `current`: somebody changed AWSCURRENT since the rotation
 * began, and what they wrote is not overwritten.
 */
export function assertFollows({ current, pending }: { current: KeyDocument; pending: KeyDocument }): void {
  const expected = successorOf({ current, to: pending.identity })
  const names = new Set([...Object.keys(expected), ...Object.keys(pending.fields)])
  const changed = [...names].filter((name) => !isDeepStrictEqual(expected[name], pending.fields[name]))
  if (changed.length === 0) return
  throw new RotationError(
    'ERR_CURRENT_CHANGED',
    `${current.on} was changed since this rotation began: ${changed.join(', ')}. Nothing was moved.`,
  )
}
