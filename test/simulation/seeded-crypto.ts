import crypto, { type KeyObject } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { promisify } from 'node:util'
import { currentInvocation } from './invocation.ts'
import { numberOf, seededRandom } from './random.ts'

// One seed has to reproduce every key, token and id, those that the product and the sandbox draw for themselves
// included. So this module takes the place of node:crypto's randomness, in the thread that imports it, before
// anything else is imported; nothing is shared with other threads.
//
// Thousands of schedules then ask for the same signatures of the same keys, up to the fault and beyond it. What depends
// on its arguments alone is computed once: keys that are read and written, signatures that are made and checked. Each is
// computed by node:crypto, and answered to the very same bytes only.

let seeded = 0
const sequences = new Map<string, () => number>()

/** Begins the randomness of node:crypto anew. No two worlds that live at once may be begun so. */
export function seedCrypto(seed: number): void {
  seeded = seed
  sequences.clear()
}

/**
 * One sequence for each sort of thing that is drawn, and for each invocation that overtakes another: a challenge more does
 * not change the next key, nor the keys of whoever stands meanwhile.
 */
function sequence(drawn: string): () => number {
  const sort = `${drawn}${currentInvocation()?.nth ?? ''}`
  const known = sequences.get(sort)
  if (known !== undefined) return known
  const begun = seededRandom(seeded ^ numberOf(sort))
  sequences.set(sort, begun)
  return begun
}

function bytes(length: number, sort = String(length)): Buffer {
  const random = sequence(sort)
  const drawn = Buffer.alloc(length)
  for (let index = 0; index < length; index++) drawn[index] = Math.floor(random() * 256)
  return drawn
}

function uuid(): string {
  const hex = bytes(16, 'uuid').toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
}

const real = { ...crypto }

/** Enough for all that a world and its neighbours ask again. */
const mostKept = 20_000

/** Remembers results by a text. */
function remembering<T>() {
  const known = new Map<string, T>()
  return (text: string, compute: () => T): T => {
    const before = known.get(text)
    if (before !== undefined) return before
    const result = compute()
    if (known.size >= mostKept) known.clear()
    known.set(text, result)
    return result
  }
}

const readOnce = { private: remembering<KeyObject>(), public: remembering<KeyObject>() }

/** A private key's public one, of the key object itself. */
const publicOf = new WeakMap<object, KeyObject>()

type Read = typeof crypto.createPrivateKey

function createPrivateKey(...given: Parameters<Read>): KeyObject {
  const [key] = given
  return typeof key === 'string'
    ? readOnce.private(key, () => real.createPrivateKey(key))
    : real.createPrivateKey(...given)
}

function createPublicKey(...given: Parameters<typeof crypto.createPublicKey>): KeyObject {
  const [key] = given
  if (typeof key === 'string') return readOnce.public(key, () => real.createPublicKey(key))
  if (!(key instanceof crypto.KeyObject)) return real.createPublicKey(...given)
  const found = publicOf.get(key) ?? real.createPublicKey(key)
  publicOf.set(key, found)
  return found
}

const written = new WeakMap<object, Map<string, unknown>>()

type Export = (this: KeyObject, options?: object) => unknown

/** Private and public keys each have an `export` of their own. A copy each time: whoever gets bytes may write on them. */
function exportingOnce(write: Export): Export {
  return function exported(options) {
    const forms = written.get(this) ?? new Map<string, unknown>()
    written.set(this, forms)
    const form = JSON.stringify(options ?? {})
    if (!forms.has(form)) forms.set(form, write.call(this, options))
    const result = forms.get(form)
    if (Buffer.isBuffer(result)) return Buffer.from(result)
    return typeof result === 'string' ? result : structuredClone(result)
  }
}

for (const key of Object.values(real.generateKeyPairSync('ed25519'))) {
  const prototype = Object.getPrototypeOf(key) as { export: Export }
  prototype.export = exportingOnce(prototype.export)
}

/** The same text for the same bytes, and for no others. */
const textOf = (data: unknown) => Buffer.from(data as Uint8Array).toString('latin1')

const signed = new WeakMap<object, (text: string, compute: () => Buffer) => Buffer>()
const verified = new WeakMap<object, (text: string, compute: () => boolean) => boolean>()

function sign(...given: unknown[]): unknown {
  const [algorithm, data, key, callback] = given
  const compute = () => (real.sign as (...all: unknown[]) => Buffer)(...given)
  if (!(key instanceof crypto.KeyObject) || callback !== undefined) return compute()
  const known = signed.get(key) ?? remembering<Buffer>()
  signed.set(key, known)
  return Buffer.from(known(`${String(algorithm)} ${textOf(data)}`, compute))
}

function verify(...given: unknown[]): unknown {
  const [algorithm, data, key, signature, callback] = given
  const compute = () => (real.verify as (...all: unknown[]) => boolean)(...given)
  if (!(key instanceof crypto.KeyObject) || callback !== undefined) return compute()
  const known = verified.get(key) ?? remembering<boolean>()
  verified.set(key, known)
  const text = textOf(data)
  return known(`${String(algorithm)} ${text.length} ${text} ${textOf(signature)}`, compute)
}

/** PKCS#8 around the 32 bytes of an Ed25519 key (RFC 8410). */
const ed25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

const keyPairs = remembering<{ privateKey: KeyObject; publicKey: KeyObject }>()

function keyPair(...given: unknown[]): unknown {
  const [type] = given
  // Of another kind no seed makes one.
  if (type !== 'ed25519') return (real.generateKeyPairSync as (...all: unknown[]) => unknown)(...given)
  const seed = bytes(32, 'key')
  return keyPairs(seed.toString('latin1'), () => {
    const key = Buffer.concat([ed25519, seed])
    const privateKey = real.createPrivateKey({ key, format: 'der', type: 'pkcs8' })
    return { privateKey, publicKey: real.createPublicKey(privateKey) }
  })
}

const generateKeyPair = Object.assign(() => {}, {
  [promisify.custom]: async (...given: unknown[]) => keyPair(...given),
})

Object.assign(crypto, {
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
  randomUUID: uuid,
  randomBytes: (length: number) => bytes(length),
  generateKeyPair,
  generateKeyPairSync: keyPair,
  randomInt: (below: number) => Math.floor(sequence('int')() * below),
})
syncBuiltinESMExports()
// The AWS SDK draws its idempotency tokens here.
Object.defineProperty(globalThis.crypto, 'randomUUID', { value: uuid })
