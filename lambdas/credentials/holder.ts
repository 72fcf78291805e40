import type { KeyObject } from 'node:crypto'
import { isSameKey, readPublicKey } from '../crypto/private-key.ts'
import { isMarkOf, type Mark, marked, markIn } from '../crypto/lineage.ts'
import type { PermissionAssignment } from '../ports/dfns-account-replies.ts'
import type { DfnsAccounts, NewHolder } from '../ports/dfns-accounts.ts'
import { dateIn } from '../ports/dfns-replies.ts'
import { readAuthToken } from './auth-token.ts'
import type { Means, What } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { type Signer, signedBy, signerOf, userOf } from './signer.ts'

/** A service account or a personal access token as Dfns lists it. */
export interface Held {
  readonly id: string
  readonly name: string
  readonly isActive: boolean
  readonly created: Date | undefined
  /** Absent where Dfns does not show them. */
  readonly permissions: readonly PermissionAssignment[] | undefined
  /** Id or uuid of its key; may be empty, and is that of its first one. */
  readonly credId: string
  readonly publicKey: string
}

/** What is made: an id, a token that is never shown again, and its key's id, where Dfns says it. */
export interface MadeHolder {
  readonly id: string
  readonly authToken: string
  readonly credId: string
}

/** The two things that hold a token and a key and can be made anew: accounts, and tokens of one user. */
export interface Holder {
  readonly noun: 'service account' | 'personal access token'
  /** Whether a new one is another user to Dfns. */
  readonly changesUser: boolean
  readonly operations: { readonly create: string; readonly deactivate?: string }
  signer(asked: { generation: KeyDocument; means: Means }): Promise<Signer>
  list(accounts: DfnsAccounts): Promise<readonly Held[]>
  create(accounts: DfnsAccounts, body: NewHolder): Promise<MadeHolder>
  setActive(accounts: DfnsAccounts, change: { id: string; isActive: boolean }): Promise<void>
  /** The id of the one in a document, if it can be told for certain. */
  idOf(of: { generation: KeyDocument; listed: readonly Held[] }): string | undefined
  whatOf(id: string): What
  idIn(what: What | undefined): string | undefined
}

export const serviceAccounts: Holder = {
  noun: 'service account',
  changesUser: true,
  operations: { create: 'Auth:ServiceAccounts:Create', deactivate: 'Auth:ServiceAccounts:Deactivate' },
  signer: ({ generation, means }) => signerOf({ signed: signedBy(generation), kinds: ['UserKey'], means }),
  async list(accounts) {
    return (await accounts.listServiceAccounts()).map(({ userInfo, accessTokens: [token] }) => ({
      id: userInfo.userId,
      name: userInfo.name,
      isActive: userInfo.isActive,
      created: dateIn(token?.dateCreated),
      permissions: userInfo.permissionAssignments,
      credId: token?.credId ?? '',
      publicKey: token?.publicKey ?? '',
    }))
  },
  async create(accounts, body) {
    const { userInfo, accessTokens } = await accounts.createServiceAccount(body)
    const { accessToken = '', credId } = accessTokens[0] ?? {}
    return { id: userInfo.userId, authToken: accessToken, credId: credId ?? '' }
  },
  setActive: (accounts, change) => accounts.setServiceAccountActive(change),
  idOf: ({ generation }) => generation.userId,
  whatOf: (serviceAccountId) => ({ serviceAccountId }),
  idIn: (what) => (what !== undefined && 'serviceAccountId' in what ? what.serviceAccountId : undefined),
}

export const personalAccessTokens: Holder = {
  noun: 'personal access token',
  changesUser: false,
  operations: { create: 'Auth:Pats:Create' },
  signer: userOf,
  async list(accounts) {
    return (await accounts.listPersonalAccessTokens()).map((token) => ({
      id: token.tokenId,
      name: token.name,
      isActive: token.isActive,
      created: dateIn(token.dateCreated),
      permissions: token.permissionAssignments,
      credId: token.credId ?? '',
      publicKey: token.publicKey ?? '',
    }))
  },
  async create(accounts, body) {
    const { tokenId, accessToken, credId } = await accounts.createPersonalAccessToken(body)
    return { id: tokenId, authToken: accessToken, credId: credId ?? '' }
  },
  setActive: (accounts, change) => accounts.setPersonalAccessTokenActive(change),
  idOf: tokenIdOf,
  whatOf: (tokenId) => ({ tokenId }),
  idIn: (what) => (what !== undefined && 'tokenId' in what ? what.tokenId : undefined),
}

/** All that the signer of a generation lists, and as whom it does. */
export interface Seen {
  readonly signer: Signer
  readonly accounts: DfnsAccounts
  readonly listed: readonly Held[]
}

export async function seenBySigner(asked: {
  generation: KeyDocument
  holder: Holder
  means: Means
}): Promise<Seen> {
  const { generation, holder, means } = asked
  const signer = await holder.signer({ generation, means })
  const accounts = means.accountsAs(signer.document.identity)
  return { signer, accounts, listed: await holder.list(accounts).catch(signer.explain) }
}

/** A token's own id need not stand in it: then its key tells, or that key's id, if one alone has it. */
function tokenIdOf(of: { generation: KeyDocument; listed: readonly Held[] }): string | undefined {
  const { generation, listed } = of
  const { authToken, key, credId } = generation.identity
  const named = typeof authToken === 'string' ? readAuthToken(authToken)?.tokenId : undefined
  if (named !== undefined && listed.some(({ id }) => id === named)) return named
  const found = listed.filter((held) => held.credId === credId || isKeyOf({ held, key }))
  return found.length === 1 ? found[0]?.id : undefined
}

/** Whether the private key is that of the public one that Dfns shows: who has it need not have a token. */
export function isKeyOf({ held, key }: { held: Held; key: KeyObject }): boolean {
  const stored = readPublicKey(held.publicKey)
  return stored !== undefined && isSameKey(stored.key, key)
}

/** Characters of a name: no page says how many Dfns takes. */
const longestName = 128

/** The name of what takes the place of another: its own, with the mark. */
export const nameAfter = ({ old, mark }: { old: string; mark: Mark }): string =>
  marked({ text: old, with: mark, longest: longestName })

/**
 * Whether a rotation of this secret made one in the place of the other. A token in a document says whose it
 * is, but not who wrote it there: no document alone may tell what is traded, or retired, for what.
 */
export function tookPlaceOf(of: { name: string; old: string; secretArn: string }): boolean {
  const { name, old, secretArn } = of
  const mark = markIn(name)
  return mark !== undefined && isMarkOf(mark, secretArn) && nameAfter({ old, mark }) === name
}
