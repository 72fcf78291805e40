import { randomUUID } from 'node:crypto'
import { credIdOf, markOf, marked } from '../../lambdas/crypto/lineage.ts'
import type { Dfns } from '../../sandbox/dfns/organisation.ts'
import { type AccountAlgorithm, newKey } from '../../sandbox/scene.ts'
import type { RotationRules } from '../../sandbox/secrets-manager/secret.ts'
import type { Checkers } from './checkers.ts'
import type { SimulatedGrace, WatchedSecret } from './watched.ts'

/**
 * A key that is registered anew (a personal access token does it itself, or its user does it), an account or a token that
 * is replaced whole, or a webhook.
 */
export const simulatedKinds = [
  'ServiceAccountKey',
  'UserKey',
  'PersonalAccessTokenKey',
  'signed token',
  'replaced account',
  'replaced token',
  'webhook',
] as const

export type SimulatedKind = (typeof simulatedKinds)[number]

export interface NewSecret {
  readonly name: string
  /** A person made what it holds first (the default), or an earlier rotation of this secret did. */
  readonly first?: 'adopted' | 'own'
  readonly algorithm?: AccountAlgorithm
  /** ServiceAccountKey, unless given. */
  readonly kind?: SimulatedKind
  /** Its signer is the key of another user than the one whose token it is. */
  readonly isSignerForeign?: boolean
  /** The UserKey secret of this world whose user signs for it, instead of one that is made along with it. */
  readonly signer?: Pick<SimulatedSecret, 'arn' | 'userId'>
  /** The tag dfns-rotator:grace. */
  readonly grace?: string
  readonly tags?: Readonly<Record<string, string>>
  /** More fields of the document. */
  readonly fields?: Readonly<Record<string, string>>
}

export interface SimulatedSecret {
  readonly arn: string
  /** Whose key it is; of a webhook whoever signs for it. */
  readonly userId: string
  readonly rules: RotationRules
}

interface Making {
  readonly dfns: Dfns
  readonly orgId: string
  readonly checkers: Pick<Checkers, 'watch'>
  readonly administrator: <T>(operation: string, input: object) => Promise<T>
  readonly origin: string
  readonly secret: NewSecret
}

/** Keeps a secret of its kind, and watches it from its first value on. */
export async function addSecret(adding: Making & { grace: SimulatedGrace }): Promise<SimulatedSecret> {
  const { orgId, checkers, administrator, origin, grace, secret } = adding
  const { name, kind, fields = {}, tags = {} } = secret
  const all = {
    ...tags,
    ...(secret.grace !== undefined && { 'dfns-rotator:grace': secret.grace }),
    ...(kind === 'replaced token' && { 'dfns-rotator:strategy': 'replace' }),
  }
  const { ARN: arn } = await administrator<{ ARN: string }>('CreateSecret', {
    Name: name,
    Tags: Object.entries(all).map(([Key, Value]) => ({ Key, Value })),
    ClientRequestToken: randomUUID(),
  })
  const made = await firstOf({ ...adding, arn })
  // Before the value: from its first moment on it is watched.
  checkers.watch({ arn, grace, tag: secret.grace, ...made.watched })
  const SecretString = JSON.stringify({ baseUrl: origin, orgId, ...made.fields, ...fields })
  await administrator('PutSecretValue', { SecretId: arn, SecretString, ClientRequestToken: randomUUID() })
  made.afterwards?.()
  return { arn, userId: made.watched.userId, rules: { AutomaticallyAfterDays: 30 } }
}

interface First {
  readonly watched: Omit<WatchedSecret, 'arn' | 'grace' | 'tag'>
  /** Of the secret's document. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly afterwards?: () => void
}

type MakingFirst = Making & { readonly arn: string }

const earlier = 'an earlier rotation of this very secret'

/** What stands in the secret first. */
function firstOf(making: MakingFirst): Promise<First> {
  const { kind } = making.secret
  if (kind === 'replaced account' || kind === 'replaced token') return replacedIdentity(making)
  return kind === 'webhook' ? webhook(making) : key(making)
}

async function key(making: MakingFirst): Promise<First> {
  const { dfns, arn, secret } = making
  const { first = 'adopted', algorithm = 'Ed25519' } = secret
  const { publicKey, privateKey } = newKey(algorithm)
  const { userId, tokenId, credId, credentialUuid, fields } = await keyHolder(making, publicKey)
  const watched = {
    rotates: 'key',
    userId,
    tokenId,
    signerUserId: undefined,
    permissionIds: [],
    adoptedId: credId,
  } as const
  if (first === 'adopted') return { watched, fields: { ...fields, credId, privateKey } }
  const own = registeredEarlier({ dfns, userId, arn, algorithm })
  // A credential made by an earlier rotation has outlived the one it superseded.
  const afterwards = () => dfns.setCredentialActive({ credentialUuid, isActive: false })
  return { watched, fields: { ...fields, ...own }, afterwards }
}

interface KeyHolder {
  readonly userId: string
  readonly tokenId: string | undefined
  readonly credId: string
  readonly credentialUuid: string
  readonly fields: Readonly<Record<string, string>>
}

/** Whose key it is: a service account, a user, or a token of a user whose own key may stand in another secret. */
async function keyHolder(making: Making, publicKey: string): Promise<KeyHolder> {
  const { dfns, orgId, secret } = making
  const { name, kind = 'ServiceAccountKey' } = secret
  if (kind === 'ServiceAccountKey') {
    const issued = dfns.createServiceAccount({ orgId, name, publicKey })
    return { ...issued, fields: { kind, authToken: issued.authToken } }
  }
  const username = `${name}@example.com`
  if (kind === 'UserKey') {
    const user = dfns.createUser({ orgId, name, username, publicKey })
    return { ...user, tokenId: undefined, fields: { kind, username } }
  }
  const { userId, signerArn } = await userOf(making)
  const token = dfns.createPersonalAccessToken({ userId, name, publicKey })
  const fields = { kind: 'PersonalAccessTokenKey', authToken: token.authToken }
  if (kind === 'PersonalAccessTokenKey') return { ...token, fields }
  const signer = secret.isSignerForeign
    ? await userOf({ ...making, secret: { ...secret, name: `${name}-administrator` } })
    : { signerArn }
  return { ...token, fields: { ...fields, signerArn: await signer.signerArn() } }
}

/** A user with a key, which is put into a secret of its own where that is asked for. */
async function userOf(
  { dfns, orgId, origin, administrator, secret }: Making,
  permissions?: readonly string[],
) {
  const { signer } = secret
  if (signer !== undefined) {
    if (permissions !== undefined) dfns.assignPermission({ userId: signer.userId, operations: permissions })
    return { userId: signer.userId, signerArn: async () => signer.arn }
  }
  const { publicKey, privateKey } = newKey()
  const [name, username] = [`${secret.name}, its user`, `${secret.name}@example.com`]
  const may = permissions === undefined ? {} : { permissions }
  const { userId, credId } = dfns.createUser({ orgId, name, username, publicKey, ...may })
  const document = { kind: 'UserKey', baseUrl: origin, orgId, username, credId, privateKey }
  const signerArn = () => keepSigner({ administrator, name: `${secret.name}-user`, document })
  return { userId, signerArn }
}

async function keepSigner(kept: { name: string; document: object } & Pick<Making, 'administrator'>) {
  const { ARN } = await kept.administrator<{ ARN: string }>('CreateSecret', {
    Name: kept.name,
    SecretString: JSON.stringify(kept.document),
    ClientRequestToken: randomUUID(),
  })
  return ARN
}

function registeredEarlier(registered: {
  dfns: Dfns
  userId: string
  arn: string
  algorithm: AccountAlgorithm
}): { credId: string; privateKey: string } {
  const { dfns, userId, arn, algorithm } = registered
  const { publicKey, privateKey } = newKey(algorithm)
  const credId = credIdOf({ secretArn: arn, token: earlier })
  dfns.addCredential({ userId, name: 'earlier', publicKey, credId })
  return { credId, privateKey }
}

/** The mark that an earlier rotation left, if one made it. */
function named({ arn, secret }: MakingFirst): string {
  if (secret.first !== 'own') return secret.name
  return marked({ text: secret.name, with: markOf({ secretArn: arn, token: earlier }), longest: 128 })
}

const leave = [
  ...['Create', 'Read', 'Activate', 'Deactivate'].map((name) => `Auth:ServiceAccounts:${name}`),
  'Auth:Pats:Create',
  ...['Read', 'Assignments:Read', 'Assign'].map((name) => `Permissions:${name}`),
  ...['Read', 'Approvals:Read'].map((name) => `Policies:${name}`),
]

/** An account, or a token of the very user who signs: with a permission that its successor has to get. */
async function replacedIdentity(making: MakingFirst): Promise<First> {
  const { dfns, orgId, secret } = making
  const isAccount = secret.kind === 'replaced account'
  const { publicKey, privateKey } = newKey(secret.algorithm)
  const signer = await userOf(making, leave)
  const name = named(making)
  const issued = isAccount
    ? dfns.createServiceAccount({ orgId, name, publicKey })
    : dfns.createPersonalAccessToken({ userId: signer.userId, name, publicKey })
  const { userId, tokenId, authToken, credId } = issued
  const whose = isAccount ? { userId } : { userId, tokenId }
  const { permissionId } = dfns.assignPermission({ ...whose, operations: ['Wallets:Read'] })
  const kind = isAccount ? 'ServiceAccountKey' : 'PersonalAccessTokenKey'
  const signerArn = await signer.signerArn()
  return {
    watched: {
      rotates: 'identity',
      userId,
      tokenId,
      signerUserId: signer.userId,
      permissionIds: [permissionId],
      adoptedId: credId,
    },
    fields: { kind, authToken, credId, privateKey, signerArn },
  }
}

/** Where the webhooks of a world deliver to: whoever wants to hear of it puts a receiver there. */
export const receiverUrl = 'https://receiver.test/hook'

/** The kinds of event that they are told of. */
export const webhookEvents = ['wallet.created'] as const

const leaveForWebhooks = ['Create', 'Read', 'Update', 'Delete', 'Ping', 'Events:Read'].map(
  (name) => `Webhooks:${name}`,
)

function keeperOf({ dfns, orgId, origin, administrator, secret }: Making) {
  const { publicKey, privateKey } = newKey(secret.algorithm)
  const account = dfns.createServiceAccount({ orgId, name: `${secret.name}, its keeper`, publicKey })
  const { userId, authToken, credId } = account
  dfns.assignPermission({ userId, operations: leaveForWebhooks })
  const document = { kind: 'ServiceAccountKey', baseUrl: origin, orgId, authToken, credId, privateKey }
  return { userId, signerArn: () => keepSigner({ administrator, name: `${secret.name}-keeper`, document }) }
}

/** A webhook, and whoever signs for it: a service account, unless there is a user. */
async function webhook(making: MakingFirst): Promise<First> {
  const { dfns, orgId, secret } = making
  const signer = secret.signer ? await userOf(making, leaveForWebhooks) : keeperOf(making)
  const { userId } = signer
  const signerArn = await signer.signerArn()
  const settings = { url: receiverUrl, events: [...webhookEvents] }
  const description = named(making)
  const { webhookId, secret: webhookSecret } = dfns.createWebhook({ orgId, ...settings, description })
  return {
    watched: {
      rotates: 'webhook',
      userId,
      tokenId: undefined,
      signerUserId: undefined,
      permissionIds: [],
      // Which grace is its own one's the mark decides.
      adoptedId: secret.first === 'own' ? '' : webhookId,
    },
    fields: { kind: 'WebhookSecret', webhookId, webhookSecret, ...settings, signerArn },
  }
}
