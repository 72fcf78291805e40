import { randomUUID } from 'node:crypto'
import { selfRotation } from '../../sandbox/dfns/switches.ts'
import { newKey, type Scene } from '../../sandbox/scene.ts'
import { day, hour } from '../support/graces.ts'
import { keep, type Kept } from '../support/kinds.ts'

/** Something wrong with one secret, as an administrator may have left it. */
export interface Seed {
  readonly name: string
  /** Puts it into the scene; returns how the secret is called. */
  readonly plant: (scene: Scene) => Promise<string>
  /** The finding: its type, its code if it has one, and what its line has to say. */
  readonly type: string
  readonly code?: string
  readonly says: RegExp
}

type Fields = Readonly<Record<string, unknown>>

const created = async (scene: Scene, more: object = {}): Promise<string> => {
  const input = { Name: `prod/${randomUUID()}/dfns`, ClientRequestToken: randomUUID(), ...more }
  return (await scene.secretsManager<{ ARN: string }>('CreateSecret', input)).ARN
}

const put = (scene: Scene, SecretId: string, SecretString: string) =>
  scene.secretsManager('PutSecretValue', { SecretId, ClientRequestToken: randomUUID(), SecretString })

/** A service account that works, with a secret of its own and an organisation of its own. */
async function account(scene: Scene, more: Partial<Parameters<typeof keep>[0]> = {}) {
  const kept = await keep({ scene, kind: 'account', name: `prod/${randomUUID()}/dfns`, ...more })
  const document = (await scene.documentOf(kept.arn, 'AWSCURRENT')) as Fields
  return { ...kept, document }
}

/** A secret whose document is another than that of the account that works. */
async function documented(scene: Scene, change: (document: Fields) => Fields | string): Promise<string> {
  const { arn, document } = await account(scene)
  const changed = change(document)
  await put(scene, arn, typeof changed === 'string' ? changed : JSON.stringify(changed))
  return arn
}

const without = (document: Fields, field: string): Fields => ({ ...document, [field]: undefined })

async function tagged(scene: Scene, Key: string, Value: string): Promise<string> {
  const { arn } = await account(scene)
  await scene.secretsManager('TagResource', { SecretId: arn, Tags: [{ Key, Value }] })
  return arn
}

const refuse = (scene: Scene, { orgId }: Kept) =>
  scene.dfns.setSwitches({ orgId, switches: { selfRotation: selfRotation.allRefused } })

/** A service account that needs its signer, which is another than it should be. */
async function signedBy(scene: Scene, signer: (document: Fields) => Promise<string>): Promise<string> {
  const kept = await account(scene)
  refuse(scene, kept)
  await put(scene, kept.arn, JSON.stringify({ ...kept.document, signerArn: await signer(kept.document) }))
  return kept.arn
}

const webhook = (scene: Scene) => keep({ scene, kind: 'webhook', name: `prod/${randomUUID()}/hook` })

const rotates = (scene: Scene, SecretId: string, more: object) =>
  scene.secretsManager('RotateSecret', {
    SecretId,
    ClientRequestToken: randomUUID(),
    RotateImmediately: false,
    ...more,
  })

const otherFunction = 'arn:aws:lambda:eu-west-1:000000000000:function:somebody-elses'

/** What is planted before a day passes. */
export const old: readonly Seed[] = [
  {
    name: 'a rotation that does not come to its end',
    async plant(scene) {
      const kept = await account(scene)
      refuse(scene, kept)
      await scene.rotate(kept.arn)
      return kept.arn
    },
    type: 'stuck-pending',
    says: /AWSPENDING is on version/,
  },
  {
    name: 'a token that has expired',
    plant: async (scene) => (await account(scene, { daysValid: 1 })).arn,
    type: 'current-not-accepted',
    code: 'ERR_TOKEN_EXPIRED',
    says: /its token has expired or was revoked/,
  },
]

/** What is planted hours before, after the last daily audit. */
export const recent: readonly Seed[] = [
  {
    name: 'AWSPREVIOUS past its grace',
    async plant(scene) {
      const { arn } = await account(scene)
      await scene.rotate(arn)
      for (const { group, name } of scene.sandbox.scheduler.list())
        if (name !== 'dfns-rotator-audit-daily') scene.sandbox.scheduler.delete({ group, name })
      return arn
    },
    type: 'previous-past-grace',
    says: /past its grace, and still active/,
  },
]

/** Milliseconds from the old ones to the recent ones, and from those to now; an audit ends every day. */
export const passing = { toRecent: day + 18 * hour, toNow: 5 * hour }

export const fresh: readonly Seed[] = [
  {
    name: 'a name that is none',
    plant: async () => 'prod/nothing',
    type: 'secret-missing',
    code: 'ERR_SECRET_GONE',
    says: /there is no such secret/,
  },
  {
    name: 'marked for deletion',
    async plant(scene) {
      const { arn } = await account(scene)
      await scene.secretsManager('DeleteSecret', { SecretId: arn, RecoveryWindowInDays: 7 })
      return arn
    },
    type: 'secret-deleted',
    says: /marked for deletion/,
  },
  {
    name: 'no value',
    async plant(scene) {
      const arn = await created(scene)
      await rotates(scene, arn, {
        RotationLambdaARN: scene.functionArn,
        RotationRules: { AutomaticallyAfterDays: 30 },
      })
      return arn
    },
    type: 'unreadable',
    code: 'ERR_NOT_STAGED',
    says: /has no value/,
  },
  {
    name: 'no JSON',
    plant: (scene) => documented(scene, () => 'not JSON'),
    type: 'policy-violation',
    code: 'ERR_DOCUMENT',
    says: /is not a JSON document/,
  },
  {
    name: 'a bare PEM',
    plant: (scene) => documented(scene, ({ privateKey }) => String(privateKey)),
    type: 'policy-violation',
    code: 'ERR_DOCUMENT',
    says: /bare private key/,
  },
  {
    name: 'no kind',
    plant: (scene) => documented(scene, (document) => without(document, 'kind')),
    type: 'policy-violation',
    code: 'ERR_DOCUMENT',
    says: /has no field kind/,
  },
  {
    name: 'an unknown kind',
    plant: (scene) => documented(scene, (document) => ({ ...document, kind: 'Key' })),
    type: 'policy-violation',
    code: 'ERR_DOCUMENT',
    says: /kind is none of/,
  },
  {
    name: 'a field that is missing',
    plant: (scene) => documented(scene, (document) => without(document, 'orgId')),
    type: 'policy-violation',
    code: 'ERR_DOCUMENT',
    says: /missing or malformed: orgId/,
  },
  {
    name: 'a field that is misspelt',
    plant: (scene) =>
      documented(scene, (document) => ({ ...without(document, 'credId'), cred_ID: document['credId'] })),
    type: 'policy-violation',
    code: 'ERR_DOCUMENT',
    says: /cred_ID is not credId/,
  },
  {
    name: 'several credentials',
    plant: (scene) => documented(scene, (document) => ({ staging: document, live: document })),
    type: 'policy-violation',
    code: 'ERR_DOCUMENT',
    says: /several credentials: staging, live/,
  },
  {
    name: 'a private key that cannot be read',
    plant: (scene) => documented(scene, (document) => ({ ...document, privateKey: 'x' })),
    type: 'policy-violation',
    code: 'ERR_DOCUMENT',
    says: /privateKey is not one unencrypted/,
  },
  {
    name: 'a private key that is not that of credId',
    plant: (scene) => documented(scene, (document) => ({ ...document, privateKey: newKey().privateKey })),
    type: 'current-not-accepted',
    code: 'ERR_VERIFY',
    says: /privateKey is not its key/,
  },
  {
    name: 'a credId that Dfns does not know',
    plant: (scene) => documented(scene, (document) => ({ ...document, credId: 'Y3ItdW5rbm93bg' })),
    type: 'current-not-accepted',
    code: 'ERR_VERIFY',
    says: /does not accept AWSCURRENT/,
  },
  {
    name: 'a credential that is deactivated',
    async plant(scene) {
      const { arn, userId } = await account(scene)
      for (const { credentialUuid } of scene.dfns.credentials({ userId }))
        scene.dfns.setCredentialActive({ credentialUuid, isActive: false })
      return arn
    },
    type: 'current-not-accepted',
    says: /does not accept AWSCURRENT/,
  },
  {
    name: 'a token that ends soon',
    plant: async (scene) => (await account(scene, { daysValid: 20 })).arn,
    type: 'token-expiring',
    says: /its token ends on/,
  },
  {
    name: 'the token of another organisation',
    plant: (scene) => documented(scene, (document) => ({ ...document, orgId: 'or-aaaaa-bbbbb-ccccc' })),
    type: 'policy-violation',
    code: 'ERR_ORG',
    says: /authToken is of another organisation/,
  },
  ...['https://api.dfns.example', 'https://user@api.dfns.io', 'http://api.dfns.io'].map(
    (baseUrl): Seed => ({
      name: `the baseUrl ${baseUrl}`,
      plant: (scene) => documented(scene, (document) => ({ ...document, baseUrl })),
      type: 'policy-violation',
      code: 'ERR_BASE_URL',
      says: /baseUrl is not an origin that the policy's allowedBaseUrls names/,
    }),
  ),
  ...[
    ['dfns-rotator:grace', 'a day'],
    ['dfns-rotator:grace', 'P90D'],
    ['dfns-rotator:key-algorithm', 'RSA-1024'],
    ['dfns-rotator:gracee', 'PT1H'],
  ].map(
    ([key = '', value = '']): Seed => ({
      name: `the tag ${key} = ${value}`,
      plant: (scene) => tagged(scene, key, value),
      type: 'policy-violation',
      code: 'ERR_TAG',
      says: new RegExp(`tag ${key} `),
    }),
  ),
  {
    name: "an owner's field that merely contains what changes",
    plant: (scene) =>
      documented(scene, (document) => ({ ...document, url: `key=${String(document['credId'])}` })),
    type: 'would-stop',
    code: 'ERR_DOCUMENT',
    says: /\burl\b/,
  },
  {
    name: 'no rotation configured',
    async plant(scene) {
      const { document } = await account(scene)
      return created(scene, { SecretString: JSON.stringify(document) })
    },
    type: 'rotation-missing',
    says: /no rotation is configured/,
  },
  {
    name: 'rotation turned off',
    async plant(scene) {
      const { arn } = await account(scene)
      await scene.secretsManager('CancelRotateSecret', { SecretId: arn })
      return arn
    },
    type: 'rotation-cancelled',
    says: /its rotation is off/,
  },
  {
    name: 'the rotation function of somebody else',
    async plant(scene) {
      const { arn } = await account(scene)
      const { functions } = scene.sandbox
      const ours = functions.get(scene.functionArn)
      if (ours === undefined) throw new Error('there is no function')
      functions.set(otherFunction, ours)
      await rotates(scene, arn, { RotationLambdaARN: otherFunction })
      await scene.sandbox.engine.settled()
      return arn
    },
    type: 'other-function',
    says: /its rotation function is arn:aws:lambda:.*somebody-elses/,
  },
  {
    name: 'a webhook that is rotated before the old one is gone',
    async plant(scene) {
      const { arn } = await webhook(scene)
      await rotates(scene, arn, { RotationRules: { ScheduleExpression: 'rate(1 day)' } })
      await scene.sandbox.engine.settled()
      return arn
    },
    type: 'schedule-too-short',
    says: /rotated every 24 h, but the old one lives for its grace and a day/,
  },
  {
    name: 'a receiver that does not answer',
    async plant(scene) {
      const { arn, orgId } = await webhook(scene)
      const document = (await scene.documentOf(arn, 'AWSCURRENT')) as Fields
      const url = 'https://receiver.test/broken'
      scene.dfns.receive({ url, respond: () => ({ status: 500 }) })
      const { webhookId, secret: webhookSecret } = scene.dfns.createWebhook({
        orgId,
        url,
        events: ['wallet.created'],
        description: 'broken',
      })
      await put(scene, arn, JSON.stringify({ ...document, webhookId, webhookSecret, url }))
      return arn
    },
    type: 'receiver',
    says: /answers a ping with 500, and not with 200/,
  },
  {
    name: 'no room for another webhook',
    async plant(scene) {
      const { arn, orgId } = await webhook(scene)
      for (const description of ['b', 'c', 'd', 'e'])
        scene.dfns.createWebhook({ orgId, url: 'https://x.test/', events: ['wallet.created'], description })
      return arn
    },
    type: 'webhook-cap',
    says: /has 5 webhooks, and a rotation makes one more/,
  },
  {
    name: 'a signer that is not there',
    plant: (scene) =>
      signedBy(scene, async () => 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:nobody-abcdef'),
    type: 'policy-violation',
    code: 'ERR_SIGNER',
    says: /its signer cannot be used/,
  },
  {
    name: 'a signer in another region',
    plant: (scene) =>
      signedBy(scene, async () => 'arn:aws:secretsmanager:us-east-1:000000000000:secret:admin-abcdef'),
    type: 'policy-violation',
    code: 'ERR_SIGNER',
    says: /is in another account or region/,
  },
  {
    name: 'a signer of another organisation',
    plant: (scene) =>
      signedBy(
        scene,
        async () => (await keep({ scene, kind: 'user', name: `prod/${randomUUID()}/admin` })).arn,
      ),
    type: 'policy-violation',
    code: 'ERR_SIGNER',
    says: /is of another organisation or baseUrl/,
  },
  {
    name: 'a signer of another kind',
    plant: (scene) =>
      signedBy(scene, async (document) => created(scene, { SecretString: JSON.stringify(document) })),
    type: 'policy-violation',
    code: 'ERR_SIGNER',
    says: /is not of kind UserKey/,
  },
  {
    name: "another user's signer for a token",
    async plant(scene) {
      const token = await keep({ scene, kind: 'signed token', name: `prod/${randomUUID()}/token` })
      const name = `prod/${randomUUID()}/other`
      const other = await keep({ scene, kind: 'user', name, orgId: token.orgId })
      refuse(scene, token)
      const document = (await scene.documentOf(token.arn, 'AWSCURRENT')) as Fields
      await put(scene, token.arn, JSON.stringify({ ...document, signerArn: other.arn }))
      return token.arn
    },
    type: 'policy-violation',
    code: 'ERR_SIGNER',
    says: /is another user than the one whose token authToken is/,
  },
  {
    name: 'self-rotation refused, and no signer',
    async plant(scene) {
      const kept = await account(scene)
      refuse(scene, kept)
      return kept.arn
    },
    type: 'would-stop',
    code: 'ERR_NOT_ALLOWED',
    says: /may not register a key of its own/,
  },
  {
    name: 'a credential that another managed secret holds',
    async plant(scene) {
      const { document } = await account(scene)
      const name = `prod/${randomUUID()}/copy`
      return scene.keepSecret({ name, document: document as object })
    },
    type: 'shared-credential',
    says: /is held by another secret, too: arn:/,
  },
  {
    name: 'a credential that a secret beside it holds, which is not managed',
    async plant(scene) {
      const folder = `prod/${randomUUID()}`
      const { arn, document } = await account(scene, { name: `${folder}/dfns` })
      await created(scene, {
        Name: `${folder}/copy`,
        SecretString: JSON.stringify({ MY_ID: document['credId'] }),
      })
      return arn
    },
    type: 'shared-credential',
    says: /stands in another secret, too: arn:/,
  },
  {
    name: "a stranger's credential on the identity",
    async plant(scene) {
      const { arn, userId } = await account(scene)
      scene.dfns.addCredential({ userId, name: 'whose?', publicKey: newKey().publicKey })
      return arn
    },
    type: 'foreign-credential',
    says: /nobody here knows it \("whose\?"/,
  },
  {
    name: 'a replica that does not follow',
    async plant(scene) {
      const { arn } = await account(scene)
      const AddReplicaRegions = [{ Region: 'eu-west-3' }]
      scene.sandbox.vault.replicaStatus = () => 'Failed'
      await scene.secretsManager('ReplicateSecretToRegions', { SecretId: arn, AddReplicaRegions })
      return arn
    },
    type: 'replication-failed',
    says: /replica in eu-west-3 is not up to date/,
  },
]
