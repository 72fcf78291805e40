import { type KeyObject, verify, X509Certificate } from 'node:crypto'
import { asBytes, asMap, type CborMap, type CborValue, decodeCborMap } from './cbor.ts'
import { type PasskeyAlgorithm, passkeyAlgorithms } from './cose.ts'
import { type AuthenticatorData, readAuthenticatorData } from './authenticator-data.ts'
import { readPublicKey, SignatureError } from './signatures.ts'

/** See the switch `otherAttestations`. */
export type OtherAttestations = 'refuse' | 'unproven'

/** What an attestation object says, once its statement holds. */
export type Attested = AuthenticatorData & Required<Pick<AuthenticatorData, 'attested'>>

/**
 * Reads an attestation object (WebAuthn, section 6.5) and checks its statement over the client data's hash:
 * `none`; `packed`, by the passkey itself or by a certificate, whose issuer nobody looks at. Other formats
 * are refused, or taken without a look at their statement. Throws a SignatureError.
 */
export function readAttestation(sent: {
  attestationObject: Buffer
  /** SHA-256 of the client data as it was sent. */
  clientDataHash: Buffer
  others: OtherAttestations
}): Attested {
  const object = decodeCborMap(sent.attestationObject)
  const authData = asBytes(object.get('authData'))
  const { attested, ...data } = readAuthenticatorData(authData)
  if (attested === undefined) throw new SignatureError('the attestation names no passkey')
  const statement = asMap(object.get('attStmt'))
  const signed = Buffer.concat([authData, sent.clientDataHash])
  checkStatement({ format: object.get('fmt'), statement, attested, signed, others: sent.others })
  return { ...data, attested }
}

interface Statement {
  readonly statement: CborMap
  readonly attested: Attested['attested']
  readonly signed: Buffer
}

function checkStatement(given: Statement & { format: CborValue | undefined; others: OtherAttestations }) {
  const { format, statement, others } = given
  if (typeof format !== 'string') throw new SignatureError('the attestation has no format')
  if (format === 'packed') return checkPacked(given)
  if (format !== 'none') {
    if (others === 'refuse') throw new SignatureError('the format of the attestation is not supported')
  } else if (statement.size > 0) throw new SignatureError('the attestation none has a statement')
}

/** WebAuthn, section 8.2. */
function checkPacked({ statement, attested, signed }: Statement): void {
  const algorithm = passkeyAlgorithms.find((known) => known === statement.get('alg'))
  if (algorithm === undefined) throw new SignatureError('the algorithm of the attestation is not supported')
  const chain = statement.get('x5c')
  if (chain === undefined && algorithm !== attested.algorithm) {
    throw new SignatureError('the attestation is of another algorithm than its passkey')
  }
  const key = chain === undefined ? readPublicKey(attested.publicKey) : keyOfChain(chain)
  const signature = asBytes(statement.get('sig'))
  const digest = digests[algorithm]
  if (key.asymmetricKeyType !== digest.keyType || !verify(digest.name, signed, key, signature)) {
    throw new SignatureError('the signature of the attestation does not match')
  }
}

const digests = {
  [-7]: { name: 'sha256', keyType: 'ec' },
  [-8]: { name: null, keyType: 'ed25519' },
  [-257]: { name: 'sha256', keyType: 'rsa' },
} as const satisfies Record<PasskeyAlgorithm, { name: string | null; keyType: string }>

function keyOfChain(chain: CborValue): KeyObject {
  if (!Array.isArray(chain)) throw new SignatureError('the attestation’s certificates are no list')
  const [leaf, ...issuers] = (chain as readonly CborValue[]).map((certificate) => asBytes(certificate))
  if (leaf === undefined) throw new SignatureError('the attestation’s certificates are missing')
  for (const issuer of issuers) readCertificate(issuer)
  return readCertificate(leaf).publicKey
}

function readCertificate(bytes: Buffer): X509Certificate {
  try {
    return new X509Certificate(bytes)
  } catch {
    throw new SignatureError('a certificate of the attestation cannot be read')
  }
}
