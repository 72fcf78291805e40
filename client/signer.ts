import type { KeyDocument } from './document.ts'
import { ClientError } from './errors.ts'
import { allowed, type Challenge, type KeySigner, signed } from './keys.ts'
import type { RotatingSecret } from './rotating-secret.ts'

/**
 * Signs with the key that the challenge allows, which is not always the newest: a token that was read before
 * a rotation may go with the key of that time only. For a client whose token does not change while it is
 * used; where it may (`replace`, grace `PT0S`), use `dfnsClient`. ERR_NOT_ALLOWED where no key is allowed,
 * also after the secret has been read anew.
 */
export function signer(secret: RotatingSecret<KeyDocument>): KeySigner {
  return {
    async sign(challenge) {
      const { active } = await secret.get()
      const usable = allowed([active], challenge)
      if (usable !== undefined) return signed(usable, challenge)
      const known = await secret.get({ alsoAccepted: true })
      const found = amongAll(known, challenge) ?? amongAll(await secret.refused(known), challenge)
      if (found !== undefined) return signed(found, challenge)
      throw new ClientError('ERR_NOT_ALLOWED', `Dfns allows none of the keys in ${secret.secretId} to sign`)
    },
  }
}

function amongAll(
  { active, alsoAccepted }: { active: KeyDocument; alsoAccepted: readonly KeyDocument[] },
  challenge: Challenge,
): KeyDocument | undefined {
  return allowed([active, ...alsoAccepted], challenge)
}
