import { createHash, verify } from 'node:crypto'
import { type OtherAttestations, readAttestation } from './attestation-statements.ts'
import { readAuthenticatorData } from './authenticator-data.ts'
import type { Passkey, RelyingParty } from './model.ts'
import { decodeBase64url, parseObject, readPublicKey, SignatureError } from './signatures.ts'

/** What passkeys are checked against: the relying parties of their organisation. */
interface Where {
  readonly relyingParties: readonly RelyingParty[]
}

/** A challenge as Dfns replied it, and what was sent for it. All base64url but the challenge. */
interface Answered {
  readonly challenge: string
  /** The browser's `clientDataJSON`. */
  readonly clientData: string
}

/**
 * Checks the registration of a passkey as a browser sends it (`attestationData` is its attestation object),
 * and returns the passkey. Client data: type `webauthn.create`, the challenge, an origin of the
 * organisation, not from another origin's frame. Authenticator data: that origin's relying party, the person
 * present and verified, the credential id that was sent. Throws a SignatureError.
 */
export function verifyPasskeyAttestation(
  sent: Where &
    Answered & {
      readonly attestationData: string
      readonly credentialId: string
      readonly otherAttestations: OtherAttestations
    },
): Passkey & { readonly publicKey: string } {
  const clientData = decodeBase64url(sent.clientData)
  const origin = originOf({ clientData, type: 'webauthn.create', challenge: sent.challenge })
  const { attested, ...data } = readAttestation({
    attestationObject: decodeBase64url(sent.attestationData),
    clientDataHash: sha256(clientData),
    others: sent.otherAttestations,
  })
  const { id: relyingPartyId } = relyingPartyOf({ ...sent, origin, rpIdHash: data.rpIdHash })
  refuseAbsent(data)
  if (attested.credentialId.toString('base64url') !== sent.credentialId.replace(/=+$/, '')) {
    throw new SignatureError('the credId is not the passkey’s')
  }
  const { publicKey, aaguid } = attested
  return { publicKey, relyingPartyId, origin, aaguid, signCount: data.signCount }
}

/**
 * Checks what a passkey signed for a challenge (login, user action), and returns its new signature counter.
 * Client data as at registration, of type `webauthn.get`; its origin may be another one of the same relying
 * party. The signature is over the authenticator data and the client data's hash. Where either counter is
 * not 0, the new one must be the greater. Throws a SignatureError.
 */
export function verifyPasskeyAssertion(
  sent: Where &
    Answered & {
      readonly authenticatorData: string
      readonly signature: string
      readonly publicKey: string
      readonly passkey: Pick<Passkey, 'relyingPartyId' | 'signCount'>
      readonly signCounter: 'enforced' | 'ignored'
    },
): { signCount: number } {
  const { passkey } = sent
  const clientData = decodeBase64url(sent.clientData)
  const origin = originOf({ clientData, type: 'webauthn.get', challenge: sent.challenge })
  const bytes = decodeBase64url(sent.authenticatorData)
  const data = readAuthenticatorData(bytes)
  const { id } = relyingPartyOf({ ...sent, origin, rpIdHash: data.rpIdHash })
  if (id !== passkey.relyingPartyId) throw new SignatureError('the passkey is of another relying party')
  refuseAbsent(data)
  const key = readPublicKey(sent.publicKey)
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  const signed = Buffer.concat([bytes, sha256(clientData)])
  if (!verify(digest, signed, key, decodeBase64url(sent.signature))) {
    throw new SignatureError('the signature does not match')
  }
  const { signCount } = data
  const counts = signCount > 0 || passkey.signCount > 0
  if (counts && sent.signCounter === 'enforced' && signCount <= passkey.signCount) {
    throw new SignatureError('the signature counter has not grown')
  }
  return { signCount }
}

/**
 * The origin of client data. Dfns's browser SDK hands the challenge to WebAuthn as text, not decoded, so the
 * browser's client data hold base64url of the UTF-8 bytes of the challenge's own base64url text.
 */
function originOf(expected: { clientData: Buffer; type: string; challenge: string }): string {
  const { type, challenge, origin, crossOrigin = false, topOrigin } = parseObject(expected.clientData)
  if (type !== expected.type) throw new SignatureError(`the client data's type is not ${expected.type}`)
  if (challenge !== Buffer.from(expected.challenge).toString('base64url')) {
    throw new SignatureError('the client data is for another challenge')
  }
  if (crossOrigin !== false || topOrigin !== undefined) {
    throw new SignatureError('the client data is from a frame of another origin')
  }
  if (typeof origin !== 'string') throw new SignatureError('the client data has no origin')
  return origin
}

function relyingPartyOf(sent: Where & { origin: string; rpIdHash: Buffer }): RelyingParty {
  const { relyingParties, origin, rpIdHash } = sent
  const ofOrigin = relyingParties.filter((party) => admits({ party, origin }))
  if (ofOrigin.length === 0) throw new SignatureError('the origin is not one of the organisation')
  const party = ofOrigin.find(({ id }) => sha256(id).equals(rpIdHash))
  if (party === undefined) throw new SignatureError('the relying party is not one of the origin')
  return party
}

/** Whether pages of an origin may use the passkeys of a relying party: those listed, or its whole domain. */
function admits({ party, origin }: { party: RelyingParty; origin: string }): boolean {
  if (party.origins !== '*') return party.origins.includes(origin)
  const url = URL.parse(origin)
  if (url?.origin !== origin) return false
  const { hostname, protocol } = url
  const local = /(^|\.)localhost$/.test(hostname)
  const inDomain = hostname === party.id || hostname.endsWith(`.${party.id}`)
  return inDomain && (protocol === 'https:' || (local && protocol === 'http:'))
}

function refuseAbsent(data: { userPresent: boolean; userVerified: boolean }): void {
  if (!data.userPresent) throw new SignatureError('nobody was present')
  if (!data.userVerified) throw new SignatureError('the person was not verified')
}

function sha256(data: Buffer | string): Buffer {
  return createHash('sha256').update(data).digest()
}
