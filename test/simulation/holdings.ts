import { createHash } from 'node:crypto'
import type { AccessToken, Credential, Identity } from '../../sandbox/dfns/model.ts'
import type { Webhook } from '../../sandbox/dfns/webhook-model.ts'
import { type Document, publicKeyOf } from './documents.ts'
import type { State, Watched } from './watched.ts'

/** What Dfns has that a version of a secret may name: a key, an account or token with its key, or a webhook. */
export interface Held {
  /** What a document calls it. */
  readonly id: string
  /** What a schedule calls it. */
  readonly scheduledAs: string
  /** Whether it is there, and not deactivated. */
  readonly isActive: boolean
  /** Whether it does what it is there for, as far as a superseded one still has to. */
  readonly works: boolean
  readonly isOurs: boolean
  /** When it was made, and by which rotation, where that stands in its name. */
  readonly made: number
  readonly rotation: string | undefined
}

/** All that Dfns has of a secret, or that stands beside it on the same identity. */
export function heldOf(state: State, watched: Watched): readonly Held[] {
  if (watched.rotates === 'key') return credentialsOf(state, watched).map((one) => key(state, watched, one))
  if (watched.rotates === 'webhook') {
    return [...state.dfns.state.webhooks.values()].map((one) => webhookHeld(watched, one))
  }
  return [...state.dfns.state.tokens.values()].flatMap((token) => identityHeld(state, watched, token))
}

function credentialsOf({ dfns }: State, { userId }: Watched): readonly Credential[] {
  return dfns.state.identities.get(userId)?.credentials ?? []
}

function key(state: State, watched: Watched, credential: Credential): Held {
  const { credentialId: id, credentialUuid: scheduledAs, isActive, dateCreated: made } = credential
  const isOurs = isOurCredential(state, watched, credential)
  return { id, scheduledAs, isActive, works: isActive, isOurs, made, rotation: undefined }
}

/**
 * Ours is what a version of the secret names or named, and what the functions made, unless it is another secret's: that
 * of another key of the same user, or of another token.
 */
export function isOurCredential(state: State, own: Watched, credential: Credential): boolean {
  const { credentialId, credentialUuid, patId } = credential
  if (own.named.has(credentialId)) return true
  const isAnothers = [...state.watched.values()].some(({ named }) => named.has(credentialId))
  const isOfToken = patId === undefined || patId === own.tokenId
  return !state.foreign.has(credentialUuid) && !isAnothers && isOfToken
}

function webhookHeld(watched: Watched, webhook: Webhook): Held {
  const { webhookId: id, isDeleted, settings, dateCreated: made } = webhook
  const mark = markIn(settings.description)
  const works = !isDeleted && settings.status === 'Enabled'
  const isOurs = watched.named.has(id) || mark?.secret === secretHash(watched.arn)
  return { id, scheduledAs: id, isActive: !isDeleted, works, isOurs, made, rotation: mark?.rotation }
}

/** A token that was made with a key: a service account's one stands for the whole account. */
function identityHeld(state: State, watched: Watched, token: AccessToken): readonly Held[] {
  const { identities, credentials } = state.dfns.state
  const owner = identities.get(token.userId)
  const credential = credentials.get(token.credentialUuid)
  if (token.kind === 'Token' || owner === undefined || credential === undefined) return []
  const mark = markIn(nameOf(token, owner))
  const isActive = owner.isActive && token.isActive && credential.isActive
  return [
    {
      id: credential.credentialId,
      scheduledAs: token.kind === 'Pat' ? token.tokenId : owner.userId,
      isActive,
      works: isActive,
      isOurs: watched.named.has(credential.credentialId) || mark?.secret === secretHash(watched.arn),
      made: token.dateCreated,
      rotation: mark?.rotation,
    },
  ]
}

const nameOf = (token: AccessToken, owner: Identity) => (token.kind === 'Pat' ? token.name : owner.name)

interface Mark {
  readonly secret: string
  readonly rotation: string
}

/** The mark of a rotation in a name or a description. */
function markIn(text = ''): Mark | undefined {
  const [, secret, rotation] = /dfns-rotator ([0-9a-f]{24}) ([0-9a-f]{32}) [0-9a-f]{8}$/.exec(text) ?? []
  return secret && rotation ? { secret, rotation } : undefined
}

const secretHash = (arn: string) => digest(arn).slice(0, 24)

/** What a mark says of a rotation, whose ClientRequestToken this is. */
export const rotationHash = (token: string) => digest(token).slice(0, 32)

const digests = new Map<string, string>()

function digest(text: string): string {
  const known = digests.get(text) ?? createHash('sha256').update(text).digest('hex')
  if (digests.size > 2_000) digests.clear()
  digests.set(text, known)
  return known
}

/** Why Dfns would not do now what this document is there for: nothing if it would. */
export function refusal(state: State, watched: Watched, document: Document | undefined): string | undefined {
  if (document === undefined) return 'it holds no key'
  if (watched.rotates === 'webhook') return webhookRefusal(state, document)
  const { dfns } = state
  const token = document.tokenId === undefined ? undefined : dfns.state.tokens.get(document.tokenId)
  const isReplaced = watched.rotates === 'identity'
  if (!isReplaced && document.tokenId !== watched.tokenId) return 'its token is not the one that it had'
  const identity = dfns.state.identities.get((isReplaced ? token?.userId : undefined) ?? watched.userId)
  if (!identity?.isActive || token?.isActive === false) return 'its account or its token is not active'
  const all = identity.credentials.filter(
    ({ credentialId, patId }) =>
      credentialId === document.id && (!isReplaced || patId === undefined || patId === token?.tokenId),
  )
  const own = all.filter((credential) => publicKeyOf(credential) === document.publicKey)
  if (own.length === 0) return 'Dfns does not know its key'
  const active = own.filter(({ isActive }) => isActive)
  if (active.length === 0) return 'its credential is deactivated'
  if (active.every(({ unaccepted }) => unaccepted > 0)) return 'its credential is not accepted yet'
  const { tokenDiesWithItsCredential } = dfns.state.organisations.get(identity.orgId)?.switches ?? {}
  const issuedWith = token && dfns.state.credentials.get(token.credentialUuid)
  if (tokenDiesWithItsCredential && issuedWith?.isActive === false)
    return 'its token died with its first credential'
  const holder = token?.kind === 'Pat' ? token.tokenId : identity.userId
  const has = new Set(dfns.assignments({ identityId: holder }).map(({ permissionId }) => permissionId))
  return watched.permissionIds.every((one) => has.has(one)) ? undefined : 'it lacks permissions'
}

function webhookRefusal({ dfns }: State, { id, fields }: Document): string | undefined {
  const webhook = dfns.state.webhooks.get(id)
  if (webhook === undefined || webhook.isDeleted) return 'its webhook is not there'
  if (webhook.secret !== fields['webhookSecret']) return "it holds another webhook's secret"
  return webhook.settings.status === 'Enabled' ? undefined : 'its webhook is Disabled'
}
