import { SignatureError } from './signatures.ts'

/** What the subset of CBOR (RFC 8949) that WebAuthn needs can hold. */
export type CborValue = number | boolean | null | string | Buffer | readonly CborValue[] | CborMap
export type CborMap = ReadonlyMap<number | string, CborValue>

/** Levels of arrays and maps; an attestation object has three. */
const deepest = 8

/** How many bytes after a head hold its argument, by the head's low five bits. */
const widths: Readonly<Record<number, 1 | 2 | 4>> = { 24: 1, 25: 2, 26: 4 }

interface Reader {
  readonly bytes: Buffer
  at: number
}

/**
 * Decodes the first item of some bytes, and says how many bytes it took. Only what CTAP2's canonical form
 * allows, but for the order of a map's keys, which clients do not all keep: definite lengths, integers of up
 * to 32 bits in their shortest form, no tags, no floating point, no key twice, eight levels. Throws a
 * SignatureError otherwise. Every item takes a byte at least, so the work is bounded by the bytes.
 */
export function decodeCbor(bytes: Buffer): { value: CborValue; length: number } {
  const reader = { bytes, at: 0 }
  const value = readItem({ reader, depth: 0 })
  return { value, length: reader.at }
}

/** Decodes bytes that are one map and nothing else. */
export function decodeCborMap(bytes: Buffer): CborMap {
  const { value, length } = decodeCbor(bytes)
  if (length !== bytes.length) throw malformed('bytes are left over')
  return asMap(value)
}

/** A map, or a SignatureError. */
export function asMap(value: CborValue | undefined): CborMap {
  if (value instanceof Map) return value
  throw malformed('a map is missing')
}

/** A byte string, or a SignatureError. */
export function asBytes(value: CborValue | undefined): Buffer {
  if (Buffer.isBuffer(value)) return value
  throw malformed('a byte string is missing')
}

function readItem({ reader, depth }: { reader: Reader; depth: number }): CborValue {
  const [head] = take({ reader, count: 1 })
  const major = (head ?? 0) >> 5
  const low = (head ?? 0) & 0x1f
  if (major === 7) return simple(low)
  const argument = readArgument({ reader, low })
  if (major === 0) return argument
  if (major === 1) return -1 - argument
  if (major === 2) return take({ reader, count: argument })
  if (major === 3) return textOf(take({ reader, count: argument }))
  if (major === 6) throw malformed('a tag')
  if (depth === deepest) throw malformed('nested too deep')
  const inner = { reader, depth: depth + 1 }
  return major === 4 ? readArray({ ...inner, count: argument }) : readMap({ ...inner, count: argument })
}

interface Counted {
  readonly reader: Reader
  readonly depth: number
  readonly count: number
}

function readArray({ count, ...inner }: Counted): readonly CborValue[] {
  return Array.from({ length: count }, () => readItem(inner))
}

function readMap({ count, ...inner }: Counted): CborMap {
  const map = new Map<number | string, CborValue>()
  for (let index = 0; index < count; index += 1) {
    const key = readItem(inner)
    if (typeof key !== 'number' && typeof key !== 'string') throw malformed('a key of another type')
    if (map.has(key)) throw malformed('a key that is there twice')
    map.set(key, readItem(inner))
  }
  return map
}

function simple(low: number): boolean | null {
  if (low === 20 || low === 21) return low === 21
  if (low === 22) return null
  throw malformed('a value of another type')
}

function readArgument({ reader, low }: { reader: Reader; low: number }): number {
  if (low < 24) return low
  const width = widths[low]
  if (width === undefined) throw malformed('a length that is not supported')
  const argument = take({ reader, count: width }).readUIntBE(0, width)
  const shortest = width === 1 ? 24 : 2 ** (4 * width)
  if (argument < shortest) throw malformed('a number that is not in its shortest form')
  return argument
}

function take({ reader, count }: { reader: Reader; count: number }): Buffer {
  const end = reader.at + count
  if (end > reader.bytes.length) throw malformed('cut short')
  const taken = reader.bytes.subarray(reader.at, end)
  reader.at = end
  return taken
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw malformed('a text that is not UTF-8')
  }
}

const malformed = (what: string): SignatureError => new SignatureError(`malformed CBOR: ${what}`)
