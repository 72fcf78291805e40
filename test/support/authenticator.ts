import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'

/** Anything that the encoder writes; a `Raw` stands for bytes that are CBOR already. */
export type Cbor = number | string | boolean | null | Uint8Array | readonly Cbor[] | CborPairs | Raw
export type CborPairs = Map<number | string, Cbor>
export interface Raw {
  readonly raw: Uint8Array
}

/** CBOR in its shortest form, with a map's keys in the order in which they stand. */
export function encodeCbor(value: Cbor): Buffer {
  if (value === null) return Buffer.from([0xf6])
  if (typeof value === 'boolean') return Buffer.from([value ? 0xf5 : 0xf4])
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return sized(3, Buffer.from(value))
  if (value instanceof Uint8Array) return sized(2, value)
  if (value instanceof Map) {
    return Buffer.concat([head(5, value.size), ...[...value].flat().map((item) => encodeCbor(item as Cbor))])
  }
  if ('raw' in value) return Buffer.from(value.raw)
  return Buffer.concat([head(4, value.length), ...value.map(encodeCbor)])
}

function sized(major: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([head(major, bytes.length), bytes])
}

function head(major: number, argument: number): Buffer {
  const first = major << 5
  if (argument < 24) return Buffer.from([first | argument])
  if (argument < 0x100) return Buffer.from([first | 24, argument])
  if (argument < 0x10000) return Buffer.from([first | 25, argument >> 8, argument & 0xff])
  const long = Buffer.alloc(5)
  long[0] = first | 26
  long.writeUInt32BE(argument, 1)
  return long
}

export type PasskeyAlgorithm = 'ES256' | 'EdDSA' | 'RS256'

/** A passkey as an authenticator holds it. `signCount` is that of its last signature; 0 for ever if it keeps none. */
export interface HeldPasskey {
  readonly algorithm: PasskeyAlgorithm
  readonly privateKey: KeyObject
  /** SPKI, DER. */
  readonly spki: Buffer
  readonly cose: CborPairs
  readonly id: Buffer
  readonly credId: string
  signCount: number
}

const numbers = { ES256: -7, EdDSA: -8, RS256: -257 } as const

const generators = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
}

export function newPasskey(algorithm: PasskeyAlgorithm = 'ES256'): HeldPasskey {
  const { privateKey, publicKey } = generators[algorithm]()
  const id = randomBytes(32)
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const credId = id.toString('base64url')
  return { algorithm, privateKey, spki, cose: coseOf(privateKey, algorithm), id, credId, signCount: 0 }
}

/** The same passkey on another device. */
export function copyOf(passkey: HeldPasskey): HeldPasskey {
  const key = passkey.privateKey.export({ type: 'pkcs8', format: 'pem' })
  return { ...passkey, privateKey: createPrivateKey(key) }
}

function coseOf(key: KeyObject, algorithm: PasskeyAlgorithm): CborPairs {
  const jwk = key.export({ format: 'jwk' })
  const bytes = (part: string | undefined) => Buffer.from(part ?? '', 'base64url')
  const shared = [3, numbers[algorithm]] as const
  if (algorithm === 'ES256')
    return new Map<number, Cbor>([[1, 2], shared, [-1, 1], [-2, bytes(jwk.x)], [-3, bytes(jwk.y)]])
  if (algorithm === 'EdDSA') return new Map<number, Cbor>([[1, 1], shared, [-1, 6], [-2, bytes(jwk.x)]])
  return new Map<number, Cbor>([[1, 3], shared, [-1, bytes(jwk.n)], [-2, bytes(jwk.e)]])
}

/** What a browser asks of an authenticator, and the ways in which the answer may be a wrong one. */
export interface Ceremony {
  readonly passkey: HeldPasskey
  /** As Dfns replied it. */
  readonly challenge: string
  readonly origin: string
  readonly rpId: string
  /** Fields of the client data that are other than they should be; `undefined` leaves one out. */
  readonly clientData?: Record<string, unknown>
  /** Instead of present, verified and, when a passkey is made, attested (0x45). */
  readonly flags?: number
  readonly signCount?: number
  /** After the last part of the authenticator data. */
  readonly tail?: Uint8Array
}

export interface Creation extends Ceremony {
  readonly format?: 'none' | 'packed'
  /** Instead of the key that the passkey has. */
  readonly cose?: Cbor
  /** Instead of the length that the credential id has. */
  readonly idLength?: number
  /** The last word on the attestation object, from what it should be. */
  readonly object?: (right: { authData: Buffer; signature: Buffer }) => Cbor
}

const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest()
const base64url = (data: Uint8Array) => Buffer.from(data).toString('base64url')
const digestOf = ({ algorithm }: HeldPasskey) => (algorithm === 'EdDSA' ? null : 'sha256')

function clientDataOf({ type, challenge, origin, clientData }: Ceremony & { type: string }): Buffer {
  const right = { type, challenge: base64url(Buffer.from(challenge)), origin, crossOrigin: false }
  return Buffer.from(JSON.stringify({ ...right, ...clientData }))
}

function headOf({ rpId, flags, signCount }: { rpId: string; flags: number; signCount: number }): Buffer {
  const rest = Buffer.alloc(5)
  rest[0] = flags
  rest.writeUInt32BE(signCount, 1)
  return Buffer.concat([sha256(rpId), rest])
}

/** A registration as a browser sends it: `credentialInfo`. */
export function attest(made: Creation) {
  const { passkey, rpId, format = 'none', flags = 0x45, signCount = passkey.signCount } = made
  const clientData = clientDataOf({ ...made, type: 'webauthn.create' })
  const length = Buffer.alloc(2)
  length.writeUInt16BE(made.idLength ?? passkey.id.length)
  const authData = Buffer.concat([
    headOf({ rpId, flags, signCount }),
    ...(flags & 0x40 ? [Buffer.alloc(16, 7), length, passkey.id, encodeCbor(made.cose ?? passkey.cose)] : []),
    made.tail ?? Buffer.alloc(0),
  ])
  const signature = sign(digestOf(passkey), Buffer.concat([authData, sha256(clientData)]), passkey.privateKey)
  const statement = {
    none: [],
    packed: [
      ['alg', numbers[passkey.algorithm]],
      ['sig', signature],
    ],
  } as const
  const right = new Map<string, Cbor>([
    ['fmt', format],
    ['attStmt', new Map<string, Cbor>(statement[format])],
    ['authData', authData],
  ])
  const object = encodeCbor(made.object?.({ authData, signature }) ?? right)
  return { credId: passkey.credId, clientData: base64url(clientData), attestationData: base64url(object) }
}

/** A signature as a browser sends it: `credentialAssertion`. Its counter grows by one where the passkey keeps one. */
export function assert(made: Ceremony & { readonly userHandle?: string }) {
  const { passkey, rpId, flags = 0x05, tail = Buffer.alloc(0) } = made
  const signCount = made.signCount ?? (passkey.signCount > 0 ? passkey.signCount + 1 : 0)
  passkey.signCount = signCount
  const clientData = clientDataOf({ ...made, type: 'webauthn.get' })
  const authenticatorData = Buffer.concat([headOf({ rpId, flags, signCount }), tail])
  const signed = Buffer.concat([authenticatorData, sha256(clientData)])
  const signature = sign(digestOf(passkey), signed, passkey.privateKey)
  return {
    credId: passkey.credId,
    clientData: base64url(clientData),
    authenticatorData: base64url(authenticatorData),
    signature: base64url(signature),
    ...(made.userHandle !== undefined && { userHandle: base64url(Buffer.from(made.userHandle)) }),
  }
}
