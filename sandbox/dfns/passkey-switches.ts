import type { OtherAttestations } from './attestation-statements.ts'

/** What Dfns's documents leave open about passkeys. */
export interface PasskeySwitches {
  /**
   * Which of the identity's passkeys `excludeCredentials` names: an authenticator that holds one of them
   * makes no other. Where it names none, an authenticator overwrites the passkey it has for the same person
   * and relying party.
   */
  readonly excludeCredentials: 'all' | 'active' | 'none'
  /**
   * Whether an attestation in another format than `none` and `packed` (a TPM's, an old security key's) is
   * refused, or taken without a look at its statement.
   */
  readonly otherAttestations: OtherAttestations
  /** Whether a passkey whose signature counter does not grow is refused, as one that was copied. */
  readonly signCounter: 'enforced' | 'ignored'
}

/** The unkind answers. */
export const pessimisticPasskeys: PasskeySwitches = {
  excludeCredentials: 'all',
  otherAttestations: 'refuse',
  signCounter: 'enforced',
}
