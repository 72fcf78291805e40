import { isMarkOf, markIn } from '../crypto/lineage.ts'
import { isCode, RotationError } from '../errors.ts'
import { isKeyDocument, type KeyDocument } from './document.ts'
import { type Held, type Holder, tookPlaceOf } from './holder.ts'
import { type Found, type Survey, type Surveyed, surveyKeys } from './survey.ts'

/** The credentials of the identity, and the accounts or tokens that its signer lists. */
export async function surveyReplaceable(asked: Surveyed<KeyDocument> & { holder: Holder }): Promise<Survey> {
  const { current, holder } = asked
  const [keys, held] = await Promise.all([surveyKeys(asked), heldBySigner(asked)])
  const { listed, signers, problem } = held
  const { secretArn } = current
  const own = holder.idOf({ generation: current, listed })
  const { name: ownName = '' } = listed.find(({ id }) => id === own) ?? {}
  const marked = listed.filter(({ name }) => isMarkOf(markIn(name), secretArn))
  // Which one is AWSCURRENT's own has to be known before any other can be told from it.
  const others = own === undefined ? [] : marked.filter(({ id }) => id !== own)
  const seen = (one: Held): Found => ({
    ...foundOf({ held: one, holder }),
    isReplaced: tookPlaceOf({ name: ownName, old: one.name, secretArn }),
  })
  const found = others.map(seen)
  const holderOf = (generation: KeyDocument): Found | undefined => {
    const id = holder.idOf({ generation, listed })
    if (id === undefined || own === undefined) return undefined
    // Its own one may have had another token before: then only the key is another.
    if (id === own) return keys.find(generation)
    const one = listed.find((candidate) => candidate.id === id)
    return one && seen(one)
  }
  return {
    ...keys,
    problems: problem === undefined ? keys.problems : [...keys.problems, problem],
    found: [...keys.found, ...found],
    signers,
    made: marked.some(({ id }) => id === own) ? [...keys.made, holder.noun] : keys.made,
    isPartial: listed.length > 0,
    find: (generation) => {
      if (!isKeyDocument(generation)) return undefined
      const isSame = generation.identity.authToken === current.identity.authToken
      return isSame ? keys.find(generation) : holderOf(generation)
    },
  }
}

interface HeldBySigner {
  readonly listed: readonly Held[]
  readonly signers: readonly string[]
  readonly problem?: RotationError
}

/** One list serves every secret of a signer. Without a signer nobody was ever replaced. */
async function heldBySigner(of: Surveyed<KeyDocument> & { holder: Holder }): Promise<HeldBySigner> {
  const { current, holder, means, lists } = of
  const { signerArn } = current
  if (signerArn === undefined) return { listed: [], signers: [] }
  try {
    const signer = await holder.signer({ generation: current, means })
    const list = () => holder.list(means.accountsAs(signer.document.identity)).catch(signer.explain)
    const listed = await lists(`${holder.noun}s as ${signerArn}`, list)
    return { listed, signers: [signer.document.id] }
  } catch (error) {
    if (!isCode(error, 'ERR_SIGNER', 'ERR_NOT_ALLOWED', 'ERR_TOKEN_EXPIRED')) throw error
    return { listed: [], signers: [], problem: error }
  }
}

function foundOf({ held, holder }: { held: Held; holder: Holder }): Found {
  const { id, name, isActive, created } = held
  return { id, name, isActive, created, noun: holder.noun, what: holder.whatOf(id), lineage: markIn(name) }
}
