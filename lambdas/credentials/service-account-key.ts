import { algorithmOf, generateKey, type KeyAlgorithm } from '../crypto/algorithms.ts'
import { credIdOf } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import type { Credential, Means } from './credential.ts'
import { deactivateBySelf } from './deactivation.ts'
import { type KeyDocument, readKeyDocument } from './document.ts'
import { prove } from './proof.ts'
import { isUsedSince, ownIdOf, ownUuids } from './own-credentials.ts'
import { registerBySelf } from './self.ts'
import { probeSelf } from './self-probe.ts'
import { assertFollows, successorOf } from './succession.ts'

/** The Key credential of a service account. Its token stays, its key and the key's id change. */
export function serviceAccountKey(means: Means): Credential<KeyDocument> {
  return {
    read: readKeyDocument,

    async create({ current, lineage, algorithm }) {
      const key = await generateKey(algorithm === 'same' ? sameAlgorithm(current) : algorithm)
      return successorOf({ current, to: { credId: credIdOf(lineage), key } })
    },

    probe: ({ current }) => probeSelf({ current, means }),

    register: (rotation) => registerBySelf({ ...rotation, means }),

    async verify({ generation, as, fresh }) {
      assertSameIdentity({ generation, as })
      await prove({ generation, fresh, means })
    },

    assertFollows,

    deactivate: (rotation) => deactivateBySelf({ ...rotation, means }),

    credentialUuids: (generation) => ownUuids({ generation, means }),

    idOf: (listed) => ownIdOf({ ...listed, means }),

    isUsedSince: (use) => isUsedSince({ ...use, means }),
  }
}

function sameAlgorithm({ on, identity }: KeyDocument): KeyAlgorithm {
  const algorithm = algorithmOf(identity.key)
  if (algorithm !== undefined) return algorithm
  const problem =
    'privateKey has an algorithm that is not rotated. Choose one by the tag dfns-rotator:key-algorithm'
  throw new RotationError('ERR_DOCUMENT', `${on}: ${problem}`)
}

function assertSameIdentity({ generation, as }: { generation: KeyDocument; as: KeyDocument }): void {
  const isSame =
    generation.identity.origin === as.identity.origin &&
    generation.orgId === as.orgId &&
    generation.userId === as.userId
  if (isSame) return
  throw new RotationError(
    'ERR_VERIFY',
    `${generation.on} is not the identity of ${as.on}: another origin, orgId or userId`,
  )
}
