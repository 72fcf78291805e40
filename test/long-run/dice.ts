import crypto, { createHash, createPrivateKey, createPublicKey } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { promisify } from 'node:util'

// One seed has to reproduce every key, token and id, those that the product and the sandbox draw for themselves
// included. So this module takes the place of node:crypto's randomness, in the thread that imports it, before
// anything else is imported; nothing is shared with other threads.

/** A generator of numbers in [0, 1) with what a run needs to draw. */
export interface Dice {
  next(): number
  /** From `min` to `max`, both possible. */
  whole(min: number, max: number): number
  pick<T>(among: readonly [T, ...T[]]): T
  chance(probability: number): boolean
}

/** The same seed and name always give the same numbers; another name gives others. */
export function diceOf({ seed, name }: { seed: number; name: string }): Dice {
  const bytes = createHash('sha256').update(`${name} ${seed}`).digest()
  let state = bytes.readUInt32LE(0)
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const whole = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    whole,
    pick: (among) => among[whole(0, among.length - 1)] ?? among[0],
    chance: (probability) => next() < probability,
  }
}

let dice = diceOf({ seed: 0, name: 'crypto' })

/** Begins the randomness of node:crypto anew. */
export function seedCrypto(seed: number): void {
  dice = diceOf({ seed, name: 'crypto' })
}

const bytes = (length: number) => Buffer.from(Array.from({ length }, () => dice.whole(0, 255)))

function uuid(): string {
  const hex = bytes(16).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
}

/** PKCS#8 around the 32 bytes of an Ed25519 key (RFC 8410). */
const ed25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

function keyPair(type: string) {
  if (type !== 'ed25519') throw new Error(`a long run makes Ed25519 keys only, not ${type}`)
  const privateKey = createPrivateKey({
    key: Buffer.concat([ed25519, bytes(32)]),
    format: 'der',
    type: 'pkcs8',
  })
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

const generateKeyPair = Object.assign(() => {}, {
  [promisify.custom]: async (type: string) => keyPair(type),
})

/**
 * Whether a signature holds does not change, and a bearer token comes with every request: each is looked at once.
 */
const { verify: verifySignature } = crypto
const verified = new WeakMap<object, Map<string, boolean>>()

function verify(...given: Parameters<typeof verifySignature>): boolean | void {
  const [, data, key, signature] = given
  if (!(key instanceof crypto.KeyObject)) return verifySignature(...given)
  const known = verified.get(key) ?? new Map<string, boolean>()
  verified.set(key, known)
  const text = `${Buffer.from(data as Buffer).toString('latin1')} ${Buffer.from(signature as Buffer).toString('latin1')}`
  const holds = known.get(text) ?? verifySignature(...given)
  if (known.size > 500) known.clear()
  known.set(text, holds as boolean)
  return holds as boolean
}

Object.assign(crypto, {
  verify,
  randomUUID: uuid,
  randomBytes: bytes,
  generateKeyPair,
  generateKeyPairSync: keyPair,
  randomInt: (below: number) => dice.whole(0, below - 1),
})
syncBuiltinESMExports()
// The AWS SDK draws its idempotency tokens here.
Object.defineProperty(globalThis.crypto, 'randomUUID', { value: uuid })
