import { objectOf, oneOf, readBody, textOf } from './body.ts'
import { relyingParty } from './challenges.ts'
import { Refusal } from './errors.ts'
import type { Challenge, Credential } from './model.ts'
import { SignatureError, verifyAssertion } from './signatures.ts'
import { type Signatory, signersOf } from './signers.ts'

/** A signed challenge as it is sent to /auth/action and /auth/login. */
export interface Assertion {
  readonly credId: string
  readonly clientData: string
  readonly signature: string
}

/** Reads the body that completes a challenge with a Key. */
export function readAssertion(body: string): { identifier: string; sent: Assertion } {
  const fields = readBody({ body })
  const identifier = textOf({ fields, name: 'challengeIdentifier' })
  const firstFactor = objectOf({ fields, name: 'firstFactor' })
  oneOf({ fields: firstFactor, name: 'kind', among: ['Key'] })
  const assertion = objectOf({ fields: firstFactor, name: 'credentialAssertion' })
  const sent = {
    credId: textOf({ fields: assertion, name: 'credId' }),
    clientData: textOf({ fields: assertion, name: 'clientData' }),
    signature: textOf({ fields: assertion, name: 'signature' }),
  }
  return { identifier, sent }
}

/** A challenge as it is replied, with the keys that may sign it. */
export function challengeReply(given: {
  issued: { challenge: string; challengeIdentifier: string }
  signatory: Signatory
}) {
  return {
    ...given.issued,
    rp: relyingParty,
    supportedCredentialKinds: [{ kind: 'Key', factor: 'first', requiresSecondFactor: false }],
    userVerification: 'required',
    attestation: 'direct',
    allowCredentials: { key: allowedKeys(given.signatory), webauthn: [], passwordProtectedKey: [] },
    externalAuthenticationUrl: '',
  }
}

/**
 * The credential that made an assertion, 401 without one. One id may stand for several credentials, where
 * duplicates are allowed.
 */
export function whoSigned(made: { signatory: Signatory; challenge: Challenge; sent: Assertion }): Credential {
  const { signatory, challenge, sent } = made
  const byUuid = signatory.organisation.switches.allowCredentialsId === 'credentialUuid'
  const signer = signersOf({ signatory, reading: false })
    .filter(({ isActive }) => isActive)
    .filter((it) => it.credentialId === sent.credId || (byUuid && it.credentialUuid === sent.credId))
    .find(({ publicKey }) => holds({ ...sent, publicKey, challenge: challenge.challenge }))
  if (signer === undefined || signer.unaccepted > 0) {
    if (signer) signer.unaccepted -= 1
    throw new Refusal(401, 'Unauthorized')
  }
  return signer
}

function allowedKeys(signatory: Signatory): { type: 'public-key'; id: string }[] {
  const { allowCredentialsId, allowCredentialsInactive } = signatory.organisation.switches
  return signersOf({ signatory, reading: true })
    .filter(({ isActive }) => isActive || allowCredentialsInactive === 'listed')
    .map((credential) => ({ type: 'public-key', id: credential[allowCredentialsId] }))
}

function holds(assertion: Parameters<typeof verifyAssertion>[0]): boolean {
  try {
    verifyAssertion(assertion)
    return true
  } catch (error) {
    if (error instanceof SignatureError) return false
    throw error
  }
}
