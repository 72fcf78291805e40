import type { KeyObject } from 'node:crypto'
import { publicPem } from '../crypto/key-credential.ts'
import { credIdOf, type Lineage, markOf } from '../crypto/lineage.ts'
import { RotationError } from '../errors.ts'
import { dayMs, early, settled, settleMs } from '../ports/time.ts'
import { unlessRefused } from './answer.ts'
import { asking, earlierApprovals } from './approvals.ts'
import { readAuthToken } from './auth-token.ts'
import type { Means, Successor } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { type Held, type Holder, type MadeHolder, nameAfter } from './holder.ts'
import type { JsonObject } from './json.ts'
import { listing } from './proof.ts'
import { removeQuietly, removeStrays, inHandMs } from './strays.ts'
import { successorOf } from './succession.ts'

interface Replacement {
  readonly current: KeyDocument
  readonly lineage: Lineage
  readonly key: KeyObject
  readonly holder: Holder
  readonly means: Means
}

/** How long a new key is waited for: no later attempt can go on, since each makes another. Milliseconds. */
const acceptanceMs = 3 * settleMs

/** What a successor will look like; fails, naming them, if fields of the owner's cannot follow. */
export function draftOf({ current, lineage, key }: Omit<Replacement, 'holder' | 'means'>): JsonObject {
  const { authToken } = current.identity
  const placeholder = 'x'.repeat(typeof authToken === 'string' ? authToken.length : 0)
  return successorOf({ current, to: { credId: credIdOf(lineage), key, authToken: placeholder } })
}

/**
 * Makes a new service account or personal access token with the drafted key. Each attempt makes its own,
 * under a name that no other has: only who made it knows its token, and nobody else can store it.
 */
export async function replace(replacement: Replacement): Promise<Successor> {
  const { current, lineage, key, holder, means } = replacement
  draftOf(replacement)
  const signer = await holder.signer({ generation: current, means })
  const accounts = means.accountsAs(signer.document.identity)
  const asker = { document: signer.document, means }
  const approvals = early(earlierApprovals(asker))
  const listed = await holder.list(accounts).catch(signer.explain)
  const old = listed.find(({ id }) => id === holder.idOf({ generation: current, listed }))
  if (old === undefined) throw new RotationError('ERR_CANNOT_RETIRE', `${current.on}: ${unlisted(holder)}`)
  const removal = { holder, accounts, asker, approvals }
  const isStray = ({ created }: Held) =>
    created !== undefined && created.getTime() + inHandMs < means.time.now()
  await removeStrays({ ...removal, listed, lineage, isStray })
  const mark = markOf(lineage)
  const name = nameAfter({ old: old.name, mark })
  const body = { name, publicKey: publicPem(key), ...lifetimeOf({ current, old }) }
  const made = await asking({
    what: `a new ${holder.noun} (whose token nobody would see if it were made by an approval)`,
    on: current.on,
    about: [`${mark.secret} ${mark.token}`],
    isForAsker: true,
    asker,
    approvals,
    call: () => holder.create(accounts, body).catch(signer.explain),
  })
  const discard = () => removeQuietly({ ...removal, id: made.id })
  try {
    return { document: await documentOf({ ...replacement, made }), discard }
  } catch (error) {
    await discard()
    throw error
  }
}

export const unlisted = ({ noun }: Holder): string =>
  `its signer does not see its ${noun}, so it could not be deactivated later. Nothing was made`

async function documentOf(made: Replacement & { made: MadeHolder }): Promise<JsonObject> {
  const { current, key, holder } = made
  const { authToken } = made.made
  const claims = readAuthToken(authToken)
  const isSame = claims?.orgId === current.orgId && (holder.changesUser || claims.userId === current.userId)
  if (!isSame || claims.userId === undefined) {
    throw new RotationError(
      'ERR_VERIFY',
      `${current.on}: the new ${holder.noun} has another identity's token`,
    )
  }
  return successorOf({ current, to: { credId: await credIdIn(made), key, authToken } })
}

/**
 * The id of the new key, which Dfns chose: its reply may leave it out or name a uuid, and a user's other keys
 * may sign for a personal access token, too. The one that the key is accepted under is it.
 */
async function credIdIn(of: Replacement & { made: MadeHolder }): Promise<string> {
  const { current, key, holder, means, made } = of
  const { authToken } = made
  const as = (credId: string) => means.dfnsAs({ origin: current.identity.origin, authToken, credId, key })
  const accepted = await settled(
    means.time,
    async () => {
      const challenge = await unlessRefused(as(made.credId).createUserActionChallenge(listing))
      const allowed = (challenge?.allowCredentials.key ?? []).map(({ id }) => id)
      const ids = allowed.toSorted((a, b) => Number(b === made.credId) - Number(a === made.credId))
      // The list may name uuids where the signature has to name the id.
      if (ids.length > 0 && made.credId !== '' && !ids.includes(made.credId)) ids.push(made.credId)
      for (const id of ids) {
        const signed = await unlessRefused(
          as(id)
            .signUserAction(listing)
            .then(() => true),
        )
        if (signed === true) return id
      }
      return undefined
    },
    acceptanceMs,
  )
  if (accepted !== undefined) return accepted
  const problem = `Dfns does not accept the key of the new ${holder.noun} ${made.id} yet`
  throw new RotationError('ERR_VERIFY', `${current.on}: ${problem}`, { retryable: true })
}

/** Days, the most that Dfns takes (Create Service Account, Create Personal Access Token). */
const longestLife = 730

/** As many days as the old token had from the beginning; Dfns's default where that is not known. */
function lifetimeOf({ current, old }: { current: KeyDocument; old: Held }): { daysValid?: number } {
  const { tokenExpires } = current
  if (tokenExpires === undefined || old.created === undefined) return {}
  const daysValid = Math.round((tokenExpires.getTime() - old.created.getTime()) / dayMs)
  return daysValid > 0 ? { daysValid: Math.min(daysValid, longestLife) } : {}
}
