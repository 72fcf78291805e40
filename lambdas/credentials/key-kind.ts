import type { KeyObject } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { type AlgorithmChoice, algorithmOf, generateKey, type KeyAlgorithm } from '../crypto/algorithms.ts'
import { credIdOf } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import { readAuthToken } from './auth-token.ts'
import type { Credential, Means, Successor } from './credential.ts'
import { deactivation } from './deactivation.ts'
import { type KeyDocument, readKeyDocument } from './document.ts'
import type { JsonObject } from './json.ts'
import { isUsedSince, ownIdOf, ownUuids } from './own-credentials.ts'
import { probe } from './probe.ts'
import { prove } from './proof.ts'
import { register } from './registration.ts'
import { assertFollows, successorOf } from './succession.ts'

/** What the kinds whose key signs have in common: whoever may manage its credentials registers a new one. */
export function keyCredential(means: Means): Credential<KeyDocument> {
  return {
    read: readKeyDocument,

    async create({ current, lineage, algorithm }) {
      const key = await newKeyOf({ current, algorithm })
      const document = successorOf({ current, to: { credId: credIdOf(lineage), key } })
      return { document, make: async () => storable(document) }
    },

    probe: (asked) => probe({ ...asked, means }),

    register: (rotation) => register({ ...rotation, means }),

    async verify({ generation, as, fresh }) {
      assertIsOf({ generation, as })
      await prove({ generation, fresh, means })
    },

    assertFollows,

    assertSameIdentity({ current, superseded: { authToken, orgId }, on }) {
      const userId = typeof authToken === 'string' ? readAuthToken(authToken)?.userId : undefined
      if (orgId === current.orgId && userId === current.userId) return
      const problem = `${on} is of another identity than AWSCURRENT`
      throw new RotationError('ERR_CANNOT_RETIRE', `${problem}: deactivate its credential at Dfns by hand`)
    },

    deactivate: (rotation) => deactivation({ ...rotation, means }),

    whatOf: ({ superseded }) => ownUuids({ generation: superseded, means }),

    idOf: (listed) => ownIdOf({ ...listed, means }),

    isUsedSince: (use) => isUsedSince({ ...use, means }),
  }
}

/** What can be stored as it is: Dfns makes nothing for it. */
export const storable = (document: JsonObject): Successor => ({ document, discard: async () => {} })

/** A key of the algorithm asked for. */
export function newKeyOf(of: { current: KeyDocument; algorithm: AlgorithmChoice }): Promise<KeyObject> {
  return generateKey(of.algorithm === 'same' ? sameAlgorithm(of.current) : of.algorithm)
}

function sameAlgorithm({ on, identity }: KeyDocument): KeyAlgorithm {
  const algorithm = algorithmOf(identity.key)
  if (algorithm !== undefined) return algorithm
  const problem =
    'privateKey has an algorithm that is not rotated. Choose one by the tag dfns-rotator:key-algorithm'
  throw new RotationError('ERR_DOCUMENT', `${on}: ${problem}`)
}

function assertIsOf({ generation, as }: { generation: KeyDocument; as: KeyDocument }): void {
  const isSame =
    generation.identity.origin === as.identity.origin &&
    generation.orgId === as.orgId &&
    generation.userId === as.userId &&
    (typeof as.identity.authToken === 'string' ||
      isDeepStrictEqual(generation.identity.authToken, as.identity.authToken))
  if (isSame) return
  throw new RotationError(
    'ERR_VERIFY',
    `${generation.on} is not the identity of ${as.on}: another origin, orgId or userId`,
  )
}
