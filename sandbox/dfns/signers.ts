import type { Call } from './call.ts'
import type { Credential } from './model.ts'

/**
 * The credentials that may sign for the calling token. `reading` counts as one listing of them, see `listed`.
 */
export function signersOf({ call, reading }: { call: Call; reading: boolean }): Credential[] {
  const { organisation, identity, token } = call
  const { userCredentialSignsForPat } = organisation.switches
  const own = identity.credentials.filter((credential) =>
    token.kind === 'Pat'
      ? credential.patId === token.tokenId || (userCredentialSignsForPat && credential.patId === undefined)
      : belongsToUser({ call, credential }),
  )
  return reading ? listed(own) : own
}

/** Whether a credential is one of the identity's own, and not only a PAT's. */
export function belongsToUser({ call, credential }: { call: Call; credential: Credential }): boolean {
  return credential.patId === undefined || call.organisation.switches.patCredentialBelongsToUser
}

/** Of these things the ones that a listing shows; each that it misses comes one listing nearer. */
export function listed<T extends { unlisted: number }>(things: readonly T[]): T[] {
  return things.filter((thing) => {
    const shown = thing.unlisted === 0
    if (!shown) thing.unlisted -= 1
    return shown
  })
}
