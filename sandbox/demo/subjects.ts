import { randomUUID } from 'node:crypto'
import { type Switches, selfRotation } from '../dfns/switches.ts'
import { guideWorld, newKey, type Scene } from '../scene.ts'
import { hookSubject } from './hook.ts'

/** The kinds of credential that a secret may hold. */
export const kinds = ['ServiceAccountKey', 'PersonalAccessTokenKey', 'UserKey', 'WebhookSecret'] as const
export type Kind = (typeof kinds)[number]

/** A secret's document as its owner reads it. */
export type Fields = Readonly<Record<string, unknown>>

/** A credential that is ready to be rotated, and how to look at what became of it. */
export interface Subject {
  readonly orgId: string
  readonly document: Fields
  /** Whether Dfns, or whoever it is for, takes what this document holds. */
  isAccepted(document: Fields): Promise<boolean>
  /** Who made the successor, in the words of a table; taken from Dfns's audit trail. */
  maker(): string
}

/** One way to rotate one kind. */
export interface Way {
  readonly kind: Kind
  /** Beside the kind, where a kind has several. */
  readonly strategy?: string
  /** The words of `maker` that this way promises. */
  readonly signer: string
  /** Of the secret, where they are what chooses this way. */
  readonly tags?: Readonly<Record<string, string>>
  /** Sets it up in an organisation of its own; `more` are switches on top of those that the way needs. */
  open(scene: Scene, more?: Partial<Switches>): Promise<Subject>
}

/** What a user needs of permissions to replace a service account. */
const leaveToReplace = [
  'Auth:ServiceAccounts:Create',
  'Auth:ServiceAccounts:Read',
  'Auth:ServiceAccounts:Activate',
  'Auth:ServiceAccounts:Deactivate',
  'Permissions:Read',
  'Permissions:Assignments:Read',
  'Permissions:Assign',
  'Policies:Read',
]

/** The same for a personal access token of that user. */
const leaveToReplaceToken = [
  'Auth:Pats:Create',
  'Permissions:Read',
  'Permissions:Assignments:Read',
  'Permissions:Assign',
]

const tokensOfUsers = { patCredentialBelongsToUser: true, userCredentialSignsForPat: true }
const refused = { selfRotation: selfRotation.allRefused }
// A token is the way to try a key here, so it has to outlive the key that it was issued with.
const tokensStay = { tokenDiesWithItsCredential: false }

/** Each kind and strategy once. */
export const ways: readonly Way[] = [
  {
    kind: 'ServiceAccountKey',
    strategy: 'self',
    signer: 'its own key',
    open: async (scene, more) =>
      openAccount({ scene, orgId: organisation(scene, { ...guideWorld, ...more }) }),
  },
  {
    kind: 'ServiceAccountKey',
    strategy: 'replace',
    signer: 'the signer',
    open: async (scene, more) => {
      const orgId = organisation(scene, { ...refused, ...more })
      const admin = openUser({ scene, orgId, name: 'admin', permissions: leaveToReplace })
      const signerArn = await keepSigner({ scene, document: admin.document })
      return openAccount({ scene, orgId, signerArn, signerId: admin.userId })
    },
  },
  {
    kind: 'PersonalAccessTokenKey',
    strategy: 'self',
    signer: 'its own key',
    open: async (scene, more) => {
      const orgId = organisation(scene, { ...guideWorld, ...tokensOfUsers, ...more })
      return openToken({ scene, orgId, user: openUser({ scene, orgId, name: 'robin' }) })
    },
  },
  {
    kind: 'PersonalAccessTokenKey',
    strategy: 'signer',
    signer: 'the signer',
    open: async (scene, more) => {
      const orgId = organisation(scene, { ...refused, ...tokensOfUsers, ...tokensStay, ...more })
      const user = openUser({ scene, orgId, name: 'robin' })
      return openToken({
        scene,
        orgId,
        user,
        signerArn: await keepSigner({ scene, document: user.document }),
      })
    },
  },
  {
    kind: 'PersonalAccessTokenKey',
    strategy: 'replace',
    signer: 'the signer',
    tags: { 'dfns-rotator:strategy': 'replace' },
    open: async (scene, more) => {
      const orgId = organisation(scene, { ...refused, ...more })
      const user = openUser({ scene, orgId, name: 'robin', permissions: leaveToReplaceToken })
      const signerArn = await keepSigner({ scene, document: user.document })
      return openToken({ scene, orgId, user, signerArn, permissions: ['Wallets:Read'] })
    },
  },
  {
    kind: 'UserKey',
    signer: 'its own key',
    open: async (scene, more) => {
      const orgId = organisation(scene, { ...refused, ...tokensStay, ...more })
      const { userId, credentialUuid, authToken, document } = openUser({ scene, orgId, name: 'robin' })
      const maker = makerOf({ scene, orgId, signers: { 'its own key': { userId, credentialUuid } } })
      return { orgId, document, maker, isAccepted: (at) => signs(scene, { ...at, authToken }) }
    },
  },
  {
    kind: 'WebhookSecret',
    signer: 'the signer',
    open: async (scene, more) => {
      const orgId = organisation(scene, { ...guideWorld, ...more })
      const keep = (document: Fields) => keepSigner({ scene, document })
      const { signer, ...hook } = await hookSubject({ scene, orgId, keep })
      return { ...hook, maker: makerOf({ scene, orgId, signers: { 'the signer': { userId: signer } } }) }
    },
  },
]

function organisation(scene: Scene, switches: Partial<Switches>): string {
  const { orgId } = scene.dfns.createOrganisation()
  scene.dfns.setSwitches({ orgId, switches })
  return orgId
}

function openAccount(of: { scene: Scene; orgId: string; signerArn?: string; signerId?: string }): Subject {
  const { scene, orgId, signerArn, signerId } = of
  const { userId, credentialUuid, document } = scene.openAccount({ orgId, name: 'payments' })
  scene.dfns.assignPermission({ userId, operations: ['Wallets:Read'] })
  const own = { 'its own key': { userId, credentialUuid } }
  const signers = signerId === undefined ? own : { ...own, 'the signer': { userId: signerId } }
  return {
    orgId,
    document: { ...document, ...(signerArn !== undefined && { signerArn }) },
    maker: makerOf({ scene, orgId, signers }),
    isAccepted: (at) => signs(scene, at),
  }
}

type User = ReturnType<typeof openUser>

function openUser(of: { scene: Scene; orgId: string; name: string; permissions?: readonly string[] }) {
  const { scene, ...given } = of
  const { publicKey, privateKey } = newKey()
  // The session outlives the grace: with it a key is tried, before and after.
  const user = scene.dfns.createUser({ ...given, publicKey, sessionMinutes: 7 * 24 * 60 })
  const { username, credId } = user
  const identity = { baseUrl: scene.sandbox.urls.dfns, orgId: of.orgId, username, credId, privateKey }
  return { ...user, document: { kind: 'UserKey', ...identity } }
}

function openToken(of: {
  scene: Scene
  orgId: string
  user: User
  signerArn?: string
  permissions?: readonly string[]
}): Subject {
  const { scene, orgId, user, signerArn, permissions = [] } = of
  const { userId } = user
  const { publicKey, privateKey } = newKey()
  const token = scene.dfns.createPersonalAccessToken({ userId, name: 'deploy', publicKey })
  const { authToken, credId, credentialUuid, tokenId } = token
  for (const one of permissions) scene.dfns.assignPermission({ userId, tokenId, operations: [one] })
  const identity = { baseUrl: scene.sandbox.urls.dfns, orgId, authToken, credId, privateKey }
  const signers = {
    'its own key': { userId, credentialUuid },
    'the signer': { userId, credentialUuid: user.credentialUuid },
  }
  return {
    orgId,
    document: { kind: 'PersonalAccessTokenKey', ...identity, ...(signerArn !== undefined && { signerArn }) },
    maker: makerOf({ scene, orgId, signers }),
    isAccepted: (at) => signs(scene, at),
  }
}

async function keepSigner({ scene, document }: { scene: Scene; document: Fields }): Promise<string> {
  const { ARN } = await scene.secretsManager<{ ARN: string }>('CreateSecret', {
    Name: `prod/dfns/signer-${randomUUID().slice(0, 8)}`,
    SecretString: JSON.stringify(document),
    ClientRequestToken: randomUUID(),
  })
  return ARN
}

async function signs(scene: Scene, document: Fields): Promise<boolean> {
  const [authToken, credId, privateKey] = ['authToken', 'credId', 'privateKey'].map((name) =>
    String(document[name]),
  )
  if (authToken === undefined || credId === undefined || privateKey === undefined) return false
  return (await scene.signingStatus({ authToken, credId, privateKey })) === 200
}

/** Who a signature is told by: a whole identity, or one key of it. */
type Signers = Readonly<Record<string, { readonly userId: string; readonly credentialUuid?: string }>>

const creations = ['credential created', 'service account created', 'token created', 'webhook created']

function makerOf(of: { scene: Scene; orgId: string; signers: Signers }): () => string {
  const { scene, orgId, signers } = of
  const { dfns } = scene
  return () => {
    const made = dfns.effects().findLast((one) => one.orgId === orgId && creations.includes(one.kind))
    if (made === undefined || made.by === 'administrator') return 'nobody'
    const { credentialUuid } = made.by
    const isBy = ([, signer]: [string, Signers[string]]) =>
      signer.credentialUuid === undefined
        ? dfns.credentials({ userId: signer.userId }).some((one) => one.credentialUuid === credentialUuid)
        : signer.credentialUuid === credentialUuid
    return Object.entries(signers).find(isBy)?.[0] ?? 'a stranger'
  }
}
