import { objectOf, oneOf, optionalText, readBody, textOf } from './body.ts'
import { relyingParty } from './challenges.ts'
import { Refusal } from './errors.ts'
import type { Challenge, Credential, CredentialKind } from './model.ts'
import { verifyPasskeyAssertion } from './passkeys.ts'
import { SignatureError, verifyAssertion } from './signatures.ts'
import { kindOf, kindsFor, type Signatory, signersOf } from './signers.ts'

/** A signed challenge as it is sent to /auth/action and /auth/login; all but its kind is base64url. */
export interface Assertion {
  readonly kind: CredentialKind
  readonly credId: string
  readonly clientData: string
  readonly signature: string
  /** Of a passkey; for a Key it is empty. */
  readonly authenticatorData: string
  /** Of a passkey, if its authenticator told: the `user.id` that it was made for. */
  readonly userHandle?: string
}

/**
 * Reads the body that completes a challenge: `{challengeIdentifier, firstFactor: {kind,
 * credentialAssertion}}` with kind `Key` or `Fido2`.
 */
export function readAssertion(body: string): { identifier: string; sent: Assertion } {
  const fields = readBody({ body })
  const identifier = textOf({ fields, name: 'challengeIdentifier' })
  const firstFactor = objectOf({ fields, name: 'firstFactor' })
  const kind = oneOf({ fields: firstFactor, name: 'kind', among: ['Key', 'Fido2'] })
  const assertion = objectOf({ fields: firstFactor, name: 'credentialAssertion' })
  const userHandle = kind === 'Fido2' ? optionalText({ fields: assertion, name: 'userHandle' }) : undefined
  const sent = {
    kind,
    credId: textOf({ fields: assertion, name: 'credId' }),
    clientData: textOf({ fields: assertion, name: 'clientData' }),
    signature: textOf({ fields: assertion, name: 'signature' }),
    authenticatorData: kind === 'Fido2' ? textOf({ fields: assertion, name: 'authenticatorData' }) : '',
    ...(userHandle !== undefined && { userHandle }),
  }
  return { identifier, sent }
}

/**
 * A challenge as it is replied, with the credentials that may sign it: passkeys of every relying party, since
 * nothing in the request says where the person is. A login that names nobody has no signatory, and offers
 * nothing: the authenticator knows its own passkeys.
 */
export function challengeReply(given: {
  issued: { challenge: string; challengeIdentifier: string }
  signatory?: Signatory
}) {
  const { issued, signatory } = given
  const offered = signatory ? offeredBy(signatory) : []
  const idsOf = (kind: CredentialKind) => offered.filter((it) => it.kind === kind).map(({ id }) => id)
  const allow = (kind: CredentialKind) => idsOf(kind).map((id) => ({ type: 'public-key', id }))
  return {
    ...issued,
    rp: relyingParty,
    supportedCredentialKinds: supported(signatory).map((kind) => factors[kind]),
    userVerification: 'required',
    attestation: 'direct',
    allowCredentials: { key: allow('Key'), webauthn: allow('Fido2'), passwordProtectedKey: [] },
    externalAuthenticationUrl: '',
  }
}

/**
 * The credential that made an assertion, 401 without one. One id may stand for several credentials, where
 * duplicates are allowed. A passkey's signature counter moves on.
 */
export function whoSigned(made: { signatory: Signatory; challenge: Challenge; sent: Assertion }): Credential {
  const { signatory, sent } = made
  const byUuid =
    sent.kind === 'Key' && signatory.organisation.switches.allowCredentialsId === 'credentialUuid'
  const named = signersOf({ signatory, reading: false })
    .filter((it) => it.isActive && kindOf(it) === sent.kind)
    .filter((it) => it.credentialId === sent.credId || (byUuid && it.credentialUuid === sent.credId))
  for (const credential of named) {
    const proof = proofOf({ ...made, credential })
    if (proof === undefined) continue
    if (credential.unaccepted > 0) {
      credential.unaccepted -= 1
      break
    }
    if (credential.passkey) credential.passkey.signCount = proof.signCount
    return credential
  }
  throw new Refusal(401, 'Unauthorized')
}

const factors = {
  Fido2: { kind: 'Fido2', factor: 'either', requiresSecondFactor: false },
  Key: { kind: 'Key', factor: 'first', requiresSecondFactor: false },
} as const satisfies Record<CredentialKind, unknown>

function supported(signatory: Signatory | undefined): readonly CredentialKind[] {
  if (signatory === undefined) return ['Fido2']
  const { identity, token } = signatory
  return kindsFor({ identity, ofPat: token?.kind === 'Pat' })
}

function offeredBy(signatory: Signatory): { kind: CredentialKind; id: string }[] {
  const { allowCredentialsId, allowCredentialsInactive } = signatory.organisation.switches
  return signersOf({ signatory, reading: true })
    .filter(({ isActive }) => isActive || allowCredentialsInactive === 'listed')
    .map((credential) => {
      const kind = kindOf(credential)
      return { kind, id: kind === 'Key' ? credential[allowCredentialsId] : credential.credentialId }
    })
}

/** What an assertion proves of a credential, or nothing where it does not hold. */
function proofOf(made: {
  signatory: Signatory
  challenge: Challenge
  sent: Assertion
  credential: Credential
}): { signCount: number } | undefined {
  const { sent, credential } = made
  const { publicKey, passkey } = credential
  const { challenge } = made.challenge
  const { relyingParties, switches } = made.signatory.organisation
  try {
    if (passkey === undefined) {
      verifyAssertion({ ...sent, publicKey, challenge })
      return { signCount: 0 }
    }
    const handle = handleOf(sent)
    if (handle !== undefined && handle !== credential.userId) return undefined
    const { signCounter } = switches
    return verifyPasskeyAssertion({ ...sent, publicKey, passkey, challenge, relyingParties, signCounter })
  } catch (error) {
    if (error instanceof SignatureError) return undefined
    throw error
  }
}

/**
 * The user that a passkey says it was made for, if it says so; nobody where that is not base64url. Browsers
 * hold `user.id` as its UTF-8 bytes.
 */
export function handleOf({ userHandle }: Pick<Assertion, 'userHandle'>): string | undefined {
  return userHandle === undefined ? undefined : Buffer.from(userHandle, 'base64url').toString('utf8')
}
