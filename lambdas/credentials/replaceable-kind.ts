import { credIdOf, isMarkOf, markIn } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import { readAuthToken } from './auth-token.ts'
import { chooseStrategy, isSurelyReplaced } from './choice.ts'
import type { Credential, Means, Probe, What } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { type Holder, seenBySigner, tookPlaceOf } from './holder.ts'
import type { JsonObject } from './json.ts'
import { keyCredential, newKeyOf, storable } from './key-kind.ts'
import { probe } from './probe.ts'
import { prove } from './proof.ts'
import { replacedDeactivation } from './replaced-deactivation.ts'
import { draftOf, replace } from './replacement.ts'
import { probeReplacement } from './replacement-probe.ts'
import { assertFollows, assertReplaces, isReplacement, successorOf } from './succession.ts'
import { assertTakenOver, takeOver } from './takeover.ts'

interface Kind {
  readonly holder: Holder
  readonly means: Means
}

/**
 * A kind whose key is rotated where somebody may register one, and whose whole identity is replaced where
 * nobody may, or the owner says so. createSecret decides; later phases see it in the pending document.
 */
export function replaceableCredential({ holder, means }: Kind): Credential<KeyDocument> {
  const key = keyCredential(means)
  return {
    ...key,
    create: creation({ holder, means }),
    probe: questions({ holder, means }),

    async register(rotation) {
      const { pending, lineage } = rotation
      // Under every other strategy it is the lineage that chose the id.
      if (pending.id === credIdOf(lineage)) return key.register(rotation)
      const current = await rotation.current()
      if (!isReplacement({ current, pending })) return key.register(rotation)
      return takeOver({ current, pending, lineage, holder, means })
    },

    async verify(rotation) {
      const { generation: pending, as: current, fresh } = rotation
      if (!isReplacement({ current, pending })) return key.verify(rotation)
      assertMayFollow({ pending, current, holder })
      await prove({ generation: pending, fresh, means })
      await assertTakenOver({ pending, current, holder, means })
    },

    assertFollows: (pair) => (isReplacement(pair) ? assertReplaces : assertFollows)(pair),

    assertSameIdentity(versions) {
      if (!isOfReplaced({ ...versions, holder })) key.assertSameIdentity(versions)
    },

    async deactivate(rotation) {
      const { current, superseded } = rotation
      const id = holder.idIn(superseded.what)
      if (id === undefined) return key.deactivate(rotation)
      const isOtherToken = isOther({ current, fields: superseded.fields ?? {} })
      return replacedDeactivation({ current, id, on: superseded.on, isOtherToken, holder, means })
    },

    async whatOf(generations) {
      const { superseded: current, pending } = generations
      if (!isReplacement({ current, pending })) return key.whatOf(generations)
      return replacedIn({ current, pending, holder, means })
    },

    idOf: (listed) =>
      holder.idIn(listed.what) === undefined ? key.idOf(listed) : gone({ ...listed, holder, means }),
  }
}

function creation({ holder, means }: Kind): Credential<KeyDocument>['create'] {
  return async (rotation) => {
    const { current, lineage, algorithm, isTokenExpiring } = rotation
    const renewsToken = isSurelyReplaced({ current, means, isTokenExpiring })
    if (renewsToken) assertSigned(current)
    const key = await newKeyOf({ current, algorithm })
    const registered = () => successorOf({ current, to: { credId: credIdOf(lineage), key } })
    const document = renewsToken ? draftOf({ current, lineage, key }) : registered()
    return {
      document,
      renewsToken,
      async make() {
        const { strategy } = await chooseStrategy({ current, means, isTokenExpiring })
        if (strategy === 'replace') return replace({ current, lineage, key, holder, means })
        return storable(registered())
      },
    }
  }
}

function assertSigned({ on, signerArn }: KeyDocument): void {
  if (signerArn !== undefined) return
  const problem = 'to replace it takes a signer, and the document names no signerArn'
  throw new RotationError('ERR_SIGNER', `${on}: ${problem}. Nothing was made.`)
}

function questions({ holder, means }: Kind): Credential<KeyDocument>['probe'] {
  return async ({ current, isTokenExpiring }) => {
    const { strategy, why, probes } = await chooseStrategy({ current, means, isTokenExpiring }).catch(unknown)
    if (strategy !== 'replace') return probes ?? probe({ current, means })
    const chosen: Probe = { question: 'is it to be replaced by a new one', note: why }
    return [chosen, ...(await probeReplacement({ current, holder, means }))]
  }
}

/** Whatever keeps the choice away keeps it away from the questions, too, which tell it line by line. */
const unknown = (error: unknown): Awaited<ReturnType<typeof chooseStrategy>> => {
  if (error instanceof RotationError) return { strategy: 'self', why: error.code }
  throw error
}

/** A personal access token stays one of the same user; a new service account is a user of its own. */
function assertMayFollow(of: { pending: KeyDocument; current: KeyDocument; holder: Holder }): void {
  const { pending, current, holder } = of
  const isSame = pending.identity.origin === current.identity.origin && pending.orgId === current.orgId
  if (isSame && (holder.changesUser || pending.userId === current.userId)) return
  const problem = `cannot take the place of ${current.on}: another origin, orgId or userId`
  throw new RotationError('ERR_VERIFY', `${pending.on} ${problem}`)
}

interface Versions {
  readonly current: KeyDocument
  readonly superseded: JsonObject
  readonly what?: What
  readonly holder: Holder
}

/** Whether a schedule names the very identity that a superseded version is of, and it is not AWSCURRENT's. */
function isOfReplaced({ current, superseded, what, holder }: Versions): boolean {
  const id = holder.idIn(what)
  const { authToken } = superseded
  if (id === undefined || typeof authToken !== 'string') return false
  const claims = readAuthToken(authToken)
  if (claims?.orgId !== current.orgId || !isOther({ current, fields: superseded })) return false
  if (holder.changesUser) return claims.userId === id && id !== current.userId
  return claims.userId === current.userId
}

/** Whether a document holds another token than AWSCURRENT. */
function isOther({ current, fields }: { current: KeyDocument; fields: JsonObject }): boolean {
  const { authToken } = fields
  return typeof authToken === 'string' && authToken !== current.identity.authToken
}

/**
 * What a replacement superseded: nothing, unless the mark in its name says that a rotation of this secret
 * made the one that took its place. An account that somebody put into the secret by hand retires no other.
 */
async function replacedIn(of: Kind & { current: KeyDocument; pending: KeyDocument }): Promise<What> {
  const { current, pending, holder, means } = of
  const { listed } = await seenBySigner({ generation: pending, holder, means })
  const newId = holder.idOf({ generation: pending, listed })
  const { name = '' } = listed.find(({ id }) => id === newId) ?? {}
  const { secretArn } = pending
  if (!isMarkOf(markIn(name), secretArn)) return { credentialUuids: [] }
  const oldId = holder.idOf({ generation: current, listed })
  const old = listed.find(({ id }) => id === oldId)
  if (old !== undefined && !tookPlaceOf({ name, old: old.name, secretArn })) return { credentialUuids: [] }
  if (oldId !== undefined) return holder.whatOf(oldId)
  const problem = `Dfns does not tell which ${holder.noun} it is, so it could not be deactivated later`
  throw new RotationError('ERR_CANNOT_RETIRE', `${current.on}: ${problem}`)
}

/** The id of one whose version is gone: its name has to carry the lineage of this very secret. */
async function gone(of: Kind & { current: KeyDocument; what: What }): Promise<string | undefined> {
  const { current, what, holder, means } = of
  const { listed } = await seenBySigner({ generation: current, holder, means })
  const found = listed.find(({ id }) => id === holder.idIn(what))
  if (found === undefined || isMarkOf(markIn(found.name), current.secretArn)) return found?.id
  const problem = `its version is gone, and its name does not carry the lineage of ${current.secretArn}`
  throw new RotationError('ERR_RETIRE_REFUSED', `${holder.noun} ${found.id} is not deactivated: ${problem}`)
}
