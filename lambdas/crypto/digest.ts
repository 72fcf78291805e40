import { createHash } from 'node:crypto'

/** SHA-256 of a text, in hex: all 64 characters of it, or the first `length`. */
export function hexDigest(text: string, length = 64): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length)
}
