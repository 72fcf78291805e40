import type { CreationChallenge, UserVerification } from './replies.ts'

/** How the authenticator that answered is attached to this device: built in, or not. */
export type Attachment = 'platform' | 'cross-platform' | undefined

/** A new passkey, all bytes base64url. */
export interface Attestation {
  readonly credId: string
  readonly clientData: string
  readonly attestationData: string
  readonly attachment: Attachment
}

/** What a passkey signed, all bytes base64url. */
export interface Assertion {
  readonly credId: string
  readonly clientData: string
  readonly authenticatorData: string
  readonly signature: string
  readonly userHandle: string | undefined
  readonly attachment: Attachment
}

/** The browser's passkeys. Both calls prompt the person, and throw a `Problem` unless they agree. */
export interface Authenticator {
  /** Whether this browser has passkeys at all. */
  readonly isSupported: boolean
  create(request: {
    challenge: CreationChallenge
    relyingParty: { readonly id: string; readonly name: string }
    signal: AbortSignal
  }): Promise<Attestation>
  /** With `allowed` empty the browser offers every passkey that it knows for the domain. */
  get(request: {
    challenge: string
    rpId: string
    allowed: readonly string[]
    userVerification: UserVerification
    signal: AbortSignal
  }): Promise<Assertion>
  /** Tells the keeper of passkeys that this one is good for nothing, where it listens. */
  forget(passkey: { rpId: string; credId: string }): Promise<void>
}
