import { isCode } from '../errors.ts'
import type { Dfns } from '../ports/dfns.ts'
import type { Means, Strategy } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { explaining, meaningOf } from './refusals.ts'
import { userOf } from './signer.ts'

interface Managed {
  readonly generation: KeyDocument
  readonly means: Means
}

/** Whoever lists, registers, activates and deactivates the credentials of a generation. */
export interface Manager {
  /** Whose document it is: a generation's own, or its signer's. */
  readonly document: KeyDocument
  readonly dfns: Dfns
  /** For `catch`: throws what a failure of its calls means. */
  readonly explain: (error: unknown) => Promise<never>
}

export async function managerOf(managed: Managed): Promise<Manager> {
  const { generation, means } = managed
  if ((await strategyOf(managed)) === 'self') {
    const dfns = means.dfnsAs(generation.identity)
    return { document: generation, dfns, explain: explaining({ generation, means }) }
  }
  return userOf(managed)
}

/**
 * Who manages the keys of an identity that is not replaced, or was not: what the tag says of replacing does
 * not matter to it. `auto` is `self` wherever Dfns lets this token register and list its own, and for a token
 * with a signer otherwise `signer`. Every phase finds the same: it asks for the token, which no rotation of a
 * key changes.
 */
export function strategyOf({ generation, means }: Managed): Promise<Exclude<Strategy, 'replace'>> {
  const { identity, signerArn, kind } = generation
  const { strategy } = means
  if (strategy === 'self' || strategy === 'signer') return Promise.resolve(strategy)
  if (signerArn === undefined || kind !== 'PersonalAccessTokenKey') return Promise.resolve('self')
  return means.once(`strategy ${JSON.stringify(identity.authToken)}`, async () => {
    const dfns = means.dfnsAs(identity)
    try {
      await Promise.all([dfns.createCredentialChallenge(), dfns.listCredentials()])
      return 'self'
    } catch (error) {
      const meaning = await meaningOf({ error, generation, means })
      if (isCode(meaning, 'ERR_NOT_ALLOWED')) return 'signer'
      throw meaning
    }
  })
}
