import { asMap, decodeCbor } from './cbor.ts'
import { type CoseKey, readCoseKey } from './cose.ts'
import { SignatureError } from './signatures.ts'

/** What an authenticator says of itself, of the person before it, and, when it made one, of a passkey. */
export interface AuthenticatorData {
  /** SHA-256 of the relying party's id. */
  readonly rpIdHash: Buffer
  readonly userPresent: boolean
  readonly userVerified: boolean
  /** 0 for ever where the authenticator keeps none. */
  readonly signCount: number
  /** Only where a passkey was made. */
  readonly attested?: CoseKey & {
    /** The authenticator's model, 32 hexadecimal digits. */
    readonly aaguid: string
    readonly credentialId: Buffer
  }
}

const flags = { userPresent: 0, userVerified: 2, mayBackUp: 3, isBackedUp: 4, attested: 6, extensions: 7 }
const headLength = 37
const longestCredentialId = 1023

/**
 * Reads authenticator data (WebAuthn, section 6.1): its parts are those that its flags name, and nothing
 * follows them. Throws a SignatureError otherwise.
 */
export function readAuthenticatorData(bytes: Buffer): AuthenticatorData {
  if (bytes.length < headLength) throw malformed('cut short')
  const flagged = (flag: keyof typeof flags) => (((bytes[32] ?? 0) >> flags[flag]) & 1) === 1
  if (flagged('isBackedUp') && !flagged('mayBackUp')) throw malformed('backed up what may not be')
  let rest = bytes.subarray(headLength)
  const attested = flagged('attested') ? readAttested(rest) : undefined
  if (attested) rest = attested.rest
  if (flagged('extensions')) rest = afterExtensions(rest)
  if (rest.length > 0) throw malformed('bytes are left over')
  return {
    rpIdHash: bytes.subarray(0, 32),
    userPresent: flagged('userPresent'),
    userVerified: flagged('userVerified'),
    signCount: bytes.readUInt32BE(33),
    ...(attested && { attested: attested.passkey }),
  }
}

function readAttested(bytes: Buffer) {
  if (bytes.length < 18) throw malformed('cut short')
  const length = bytes.readUInt16BE(16)
  const credentialId = bytes.subarray(18, 18 + length)
  if (length === 0 || length > longestCredentialId) throw malformed('the credential id’s length')
  const keyBytes = bytes.subarray(18 + length)
  const key = decodeCbor(keyBytes)
  const aaguid = bytes.subarray(0, 16).toString('hex')
  const passkey = { aaguid, credentialId, ...readCoseKey(asMap(key.value)) }
  return { passkey, rest: keyBytes.subarray(key.length) }
}

/** Extensions are not looked at, but they are a map. */
function afterExtensions(bytes: Buffer): Buffer {
  const { value, length } = decodeCbor(bytes)
  asMap(value)
  return bytes.subarray(length)
}

const malformed = (what: string): SignatureError =>
  new SignatureError(`malformed authenticator data: ${what}`)
