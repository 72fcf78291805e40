import { isOfSecret, lineageIn, type Mark } from '../crypto/lineage.ts'
import { isCode, RotationError } from '../errors.ts'
import { dateIn, type ListedCredential } from '../ports/dfns-replies.ts'
import { answer, asFailure } from './answer.ts'
import type { Means, What } from './credential.ts'
import type { Generation, KeyDocument } from './document.ts'
import { managerOf } from './manager.ts'
import { listing, proveListed } from './proof.ts'

/** Something that Dfns lists: a credential on the identity of a secret, or an object that a version names. */
export interface Found {
  /** What a version or a schedule calls it. */
  readonly id: string
  readonly noun: 'credential' | 'service account' | 'personal access token' | 'webhook'
  readonly name: string
  readonly isActive: boolean
  /** Nothing where Dfns does not tell. */
  readonly created: Date | undefined
  /** What its retirement is about. */
  readonly what: What
  /** The rotation that made it, if one did. */
  readonly lineage: Pick<Mark, 'secret' | 'token'> | undefined
  /** Of an account or token: whether that of AWSCURRENT was made in its place. */
  readonly isReplaced?: boolean
}

/** What Dfns has of a secret, found out without effect. */
export interface Survey {
  /** Why Dfns does not accept AWSCURRENT; nothing if it does. */
  readonly refusal: RotationError | undefined
  /** What could not be looked at, and why. */
  readonly problems: readonly RotationError[]
  /** All that is on the identity, or that a rotation of some secret made for it; active or not. */
  readonly found: readonly Found[]
  /** Of what AWSCURRENT names: which of it a rotation of this secret made. */
  readonly made: readonly Found['noun'][]
  /** Whether a version can name what is not in `found`, which has only marked accounts and webhooks. */
  readonly isPartial: boolean
  /** Ids of the keys that sign for it: of a token they are on the same user, and no strangers'. */
  readonly signers?: readonly string[]
  /** What a version of the secret names, if it was listed. */
  find(generation: Generation): Found | undefined
}

export interface Surveyed<G extends Generation> {
  readonly current: G
  readonly means: Means
  /** Lists that serve many secrets are asked for once. */
  readonly lists: Means['once']
}

/** Whether AWSCURRENT is accepted, proved by a signature, and every credential of its identity. */
export async function surveyKeys({ current, means }: Surveyed<KeyDocument>): Promise<Survey> {
  const [listed, proof] = await Promise.all([
    answer(credentialsAround({ current, means })),
    answer(proveListed({ generation: current, credentialUuid: undefined, means })),
  ])
  const refusal = 'error' in proof ? asRefusal(proof.error) : undefined
  // A token that is dead cannot list either: one problem, and it is told once.
  const problems = 'error' in listed && refusal === undefined ? [asFailure(listed.error)] : []
  const found = 'value' in listed ? listed.value : []
  const find = ({ id }: Generation) => found.find((one) => one.id === id)
  const { id: credId, secretArn } = current
  const made = isOfSecret({ credId, secretArn }) ? (['credential'] as const) : []
  return { refusal, problems, found, find, made, isPartial: false }
}

/** The refusal of a key or a token is an answer; that Dfns was not reached is none. */
export function asRefusal(error: unknown): RotationError {
  if (isCode(error, 'ERR_VERIFY', 'ERR_TOKEN_EXPIRED', 'ERR_NOT_ALLOWED')) return error
  throw error
}

/** By the list; where the identity may not list, by the ids that it may sign with, which is all there is. */
async function credentialsAround({
  current,
  means,
}: Omit<Surveyed<KeyDocument>, 'lists'>): Promise<readonly Found[]> {
  try {
    const manager = await managerOf({ generation: current, means })
    return credentialsIn(await manager.dfns.listCredentials().catch(manager.explain))
  } catch (error) {
    if (!isCode(error, 'ERR_NOT_ALLOWED', 'ERR_CANNOT_RETIRE')) throw error
    const { allowCredentials } = await means.dfnsAs(current.identity).createUserActionChallenge(listing)
    // Ids of another kind, its own not among them, cannot be told from strangers'.
    if (!allowCredentials.key.some(({ id }) => id === current.id)) throw error
    return allowCredentials.key.map(({ id }) => ({ ...unknownOf(id), what: { credentialUuids: [] } }))
  }
}

/** Where ids are not unique, one id stands for several credentials, and is active if one of them is. */
function credentialsIn(listed: readonly ListedCredential[]): readonly Found[] {
  const byId = Map.groupBy(listed, ({ credentialId }) => credentialId)
  return [...byId].map(([id, under]) => {
    const names = under.map(({ name, kind }) => (kind === 'Key' ? (name ?? '') : `${kind} ${name ?? ''}`))
    return {
      ...unknownOf(id),
      name: names[0] ?? '',
      isActive: under.some(({ isActive }) => isActive),
      created: youngest(under.map(({ dateCreated }) => dateIn(dateCreated))),
      what: { credentialUuids: under.map(({ credentialUuid }) => credentialUuid) },
    }
  })
}

const unknownOf = (id: string) => ({
  id,
  noun: 'credential' as const,
  name: '',
  isActive: true,
  created: undefined,
  lineage: lineageIn(id),
})

function youngest(dates: readonly (Date | undefined)[]): Date | undefined {
  return dates.reduce((one, other) => ((other?.getTime() ?? 0) > (one?.getTime() ?? 0) ? other : one))
}
