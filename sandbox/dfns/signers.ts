import type { AccessToken, Credential, CredentialKind, Identity, Organisation } from './model.ts'

/** Who signs: an identity, for one of its tokens or, without one, to log in. */
export interface Signatory {
  readonly organisation: Organisation
  readonly identity: Identity
  readonly token?: AccessToken
}

/** The credentials that may sign for a signatory. `reading` counts as one listing of them, see `listed`. */
export function signersOf({ signatory, reading }: { signatory: Signatory; reading: boolean }): Credential[] {
  const { organisation, identity, token } = signatory
  const { userCredentialSignsForPat } = organisation.switches
  const own = identity.credentials.filter((credential) =>
    token?.kind === 'Pat'
      ? credential.patId === token.tokenId || (userCredentialSignsForPat && isUsersKey(credential))
      : belongsToUser({ organisation, credential }),
  )
  return reading ? listed(own) : own
}

/** The kind of a credential. */
export function kindOf({ passkey }: Pick<Credential, 'passkey'>): CredentialKind {
  return passkey ? 'Fido2' : 'Key'
}

/** The kinds that an identity, or one of its PATs, may register: only people have passkeys. */
export function kindsFor(owner: { identity: Identity; ofPat: boolean }): readonly CredentialKind[] {
  return owner.identity.kind === 'ServiceAccount' || owner.ofPat ? ['Key'] : ['Fido2', 'Key']
}

/** Whether a credential is one of the identity's own, and not only a PAT's. */
export function belongsToUser({
  organisation,
  credential,
}: {
  organisation: Organisation
  credential: Credential
}): boolean {
  return credential.patId === undefined || organisation.switches.patCredentialBelongsToUser
}

/** Of these things the ones that a listing shows; each that it misses comes one listing nearer. */
export function listed<T extends { unlisted: number }>(things: readonly T[]): T[] {
  return things.filter((thing) => {
    const shown = thing.unlisted === 0
    if (!shown) thing.unlisted -= 1
    return shown
  })
}

const isUsersKey = (credential: Credential): boolean =>
  credential.patId === undefined && credential.passkey === undefined
