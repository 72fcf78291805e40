import type { Attachment, Attestation, Authenticator } from '../core/authenticator.ts'
import { fromBase64url, toBase64url, utf8 } from '../core/bytes.ts'
import { Problem, type ProblemCode } from '../core/problems.ts'

// Milliseconds; what Dfns's own browser signer allows.
const timeout = 60_000

/** The passkeys of this browser, by WebAuthn. */
export function createAuthenticator(): Authenticator {
  return {
    isSupported: typeof PublicKeyCredential === 'function' && window.isSecureContext,
    create: async ({ challenge, relyingParty, signal }) => {
      const { user, algorithms } = challenge
      const created = await prompted(
        navigator.credentials.create({
          signal,
          publicKey: {
            // The challenge and the person's id are signed as texts, not decoded: so does Dfns's browser SDK.
            challenge: utf8(challenge.challenge),
            rp: relyingParty,
            user: { id: utf8(user.id), name: user.name, displayName: user.displayName },
            pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
            attestation: challenge.attestation,
            excludeCredentials: descriptors(challenge.excluded),
            authenticatorSelection: challenge.selection,
            timeout,
          },
        }),
      )
      return readAttestation(created)
    },
    get: async ({ challenge, rpId, allowed, userVerification, signal }) => {
      const answered = await prompted(
        navigator.credentials.get({
          signal,
          publicKey: {
            challenge: utf8(challenge),
            rpId,
            allowCredentials: descriptors(allowed),
            userVerification,
            timeout,
          },
        }),
      )
      const { id, response, authenticatorAttachment } = answered
      if (!(response instanceof AuthenticatorAssertionResponse)) throw new Problem('prompt-ended')
      return {
        credId: id,
        clientData: toBase64url(response.clientDataJSON),
        authenticatorData: toBase64url(response.authenticatorData),
        signature: toBase64url(response.signature),
        userHandle: response.userHandle ? toBase64url(response.userHandle) : undefined,
        attachment: attachmentOf(authenticatorAttachment),
      }
    },
    forget: async ({ rpId, credId }) => {
      // A courtesy that not every browser knows, and that fails without harm.
      await PublicKeyCredential.signalUnknownCredential?.({ rpId, credentialId: credId }).catch(
        () => undefined,
      )
    },
  }
}

function readAttestation({ id, response, authenticatorAttachment }: PublicKeyCredential): Attestation {
  if (!(response instanceof AuthenticatorAttestationResponse)) throw new Problem('prompt-ended')
  return {
    credId: id,
    clientData: toBase64url(response.clientDataJSON),
    attestationData: toBase64url(response.attestationObject),
    attachment: attachmentOf(authenticatorAttachment),
  }
}

/** Ids that no authenticator could have (Dfns shows uuids in one of its pages) are left out. */
function descriptors(ids: readonly string[]): PublicKeyCredentialDescriptor[] {
  return ids.flatMap((id) => {
    const bytes = fromBase64url(id)
    return bytes === undefined || /^cr-\w{5}-\w{5}-/.test(id) ? [] : [{ type: 'public-key', id: bytes }]
  })
}

function attachmentOf(text: string | null): Attachment {
  return text === 'platform' || text === 'cross-platform' ? text : undefined
}

const meanings: Readonly<Record<string, ProblemCode>> = {
  // Cancelled, timed out, or none of the passkeys is here: a browser does not tell which.
  NotAllowedError: 'prompt-ended',
  AbortError: 'stopped',
  InvalidStateError: 'already-here',
  SecurityError: 'wrong-domain',
  NotSupportedError: 'unsupported',
  // The authenticator cannot do what was asked, for example verify the person.
  ConstraintError: 'unsupported',
}

async function prompted(prompt: Promise<unknown>): Promise<PublicKeyCredential> {
  const credential = await prompt.catch((error: unknown) => {
    throw new Problem((error instanceof DOMException && meanings[error.name]) || 'prompt-ended')
  })
  if (credential instanceof PublicKeyCredential) return credential
  throw new Problem('prompt-ended')
}
