import { createPublicKey } from 'node:crypto'
import { issueCode } from './codes.ts'
import { addIdentity, findByUsername, noteIdentity } from './identities.ts'
import type { IdentityKind, RelyingParty } from './model.ts'
import { freeUsername } from './scene-identities.ts'
import { need, type State, storeCredential } from './state.ts'

const by = 'administrator'

/** Somebody who can log in once there is a credential. */
interface Person {
  readonly userId: string
  readonly username: string
}

interface NewPerson {
  readonly orgId: string
  readonly name: string
  readonly kind?: Exclude<IdentityKind, 'ServiceAccount'>
  readonly username?: string
}

interface NewPasskey {
  readonly userId: string
  readonly name: string
  /** The authenticator's credential id, base64url. */
  readonly credId: string
  /** SPKI in DER, as `getPublicKey()` of a browser's attestation gives it. */
  readonly publicKey: Uint8Array
  /** What the passkey is bound to. */
  readonly relyingPartyId: string
  readonly origin: string
  readonly signCount?: number
}

/** The methods that set a scene with people and their passkeys. */
export function passkeys(state: State) {
  return {
    /** Replaces what passkeys of an organisation may be bound to, as Dashboard > Settings > Passkeys does. */
    setRelyingParties(given: { orgId: string; relyingParties: readonly RelyingParty[] }): void {
      need(state.organisations, given.orgId).relyingParties = given.relyingParties
    },
    /** A user without a credential or a session. The first passkey comes with a code, or by `addPasskey`. */
    createPerson({ orgId, name, kind = 'EndUser', ...given }: NewPerson): Person {
      const username = given.username ?? freeUsername({ state, orgId, name })
      if (findByUsername({ state, orgId, username })) throw new Error(`the username ${username} is taken`)
      const person = addIdentity({ state, orgId, kind, name, username })
      noteIdentity({ state, identity: person, by, kind: 'user created' })
      return { userId: person.userId, username }
    },
    /**
     * A one-time code for an identity as Create Credential Code makes it, without anybody who signs; good for
     * a minute of the clock, or for `seconds`. Dfns has no such call: there a person's first credential comes
     * with a registration, which is not simulated.
     */
    issueCode({ userId, seconds = 60 }: { userId: string; seconds?: number }): { code: string } {
      const expires = state.clock.now() + seconds * 1000
      return issueCode({ state, owner: need(state.identities, userId), expires, by })
    },
    /** A passkey whose key is on an authenticator already, at once listed and accepted. */
    addPasskey({ userId, name, credId, signCount = 0, ...given }: NewPasskey): { credentialUuid: string } {
      const { relyingPartyId, origin } = given
      const key = createPublicKey({ key: Buffer.from(given.publicKey), format: 'der', type: 'spki' })
      const publicKey = String(key.export({ type: 'spki', format: 'pem' }))
      const passkey = { relyingPartyId, origin, aaguid: '0'.repeat(32), signCount }
      const owner = need(state.identities, userId)
      const credential = { owner, credentialId: credId, name, publicKey, passkey }
      const { credentialUuid } = storeCredential({ state, by, credential })
      return { credentialUuid }
    },
  }
}
