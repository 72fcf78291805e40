import { randomUUID } from 'node:crypto'
import { selfRotation, type Switches } from '../../sandbox/dfns/switches.ts'
import { guideWorld, newKey, type Scene } from '../../sandbox/scene.ts'
import { leave } from '../credentials/replacing.ts'

/** Every kind in each world in which it can be rotated. */
export const kinds = [
  'account',
  'replaced account',
  'token',
  'signed token',
  'replaced token',
  'user',
  'webhook',
] as const
export type Kind = (typeof kinds)[number]

const ownKeys: readonly Kind[] = ['account', 'token', 'webhook']

/** Whether Dfns lets it register a key of its own. */
export const worldOf = (kind: Kind): Partial<Switches> => ({
  ...guideWorld,
  selfRotation: ownKeys.includes(kind) ? selfRotation.allAllowed : selfRotation.allRefused,
  patCredentialBelongsToUser: true,
  userCredentialSignsForPat: true,
})

export interface Kept {
  readonly arn: string
  /** Whose credential it is, or who signs for it. */
  readonly userId: string
  readonly orgId: string
  /** Of a kind that has one. */
  readonly signerArn?: string
}

interface Keeping {
  readonly scene: Scene
  readonly orgId: string
  readonly kind: Kind
  readonly name: string
  /** Of a service account's token; Dfns's two years unless told otherwise. */
  readonly daysValid?: number | undefined
}

const url = 'https://receiver.test/hook'
const events = ['wallet.created']
const webhookOperations = ['Create', 'Read', 'Update', 'Delete', 'Ping', 'Events:Read']

/** Puts a secret of the kind under rotation. */
export async function keep({
  scene,
  kind,
  name = 'prod/dfns',
  daysValid,
  ...given
}: Partial<Keeping> & Pick<Keeping, 'scene' | 'kind'>): Promise<Kept> {
  const { orgId = scene.dfns.createOrganisation().orgId } = given
  const made = await makers[kind]({ scene, kind, name, orgId, daysValid })
  const document = { baseUrl: scene.sandbox.urls.dfns, orgId, ...made.fields }
  const tags = kind === 'replaced token' ? { 'dfns-rotator:strategy': 'replace' } : {}
  const arn = await scene.keepSecret({ name, document, tags })
  const { signerArn } = made.fields as { signerArn?: string }
  return { arn, userId: made.userId, orgId, ...(signerArn !== undefined && { signerArn }) }
}

type Made = Promise<{ readonly userId: string; readonly fields: Readonly<Record<string, unknown>> }>

const makers: Readonly<Record<Kind, (keeping: Keeping) => Made>> = {
  account: async (keeping) => account(keeping),
  'replaced account': async (keeping) => {
    const { userId, fields } = account(keeping)
    const { signerArn } = await userIn(keeping)
    return { userId, fields: { ...fields, signerArn } }
  },
  token: (keeping) => token(keeping),
  'signed token': (keeping) => token(keeping),
  'replaced token': (keeping) => token(keeping),
  user: async (keeping) => {
    const { userId, document } = user(keeping)
    return { userId, fields: document }
  },
  webhook: async ({ scene, orgId, name }) => {
    const { dfns } = scene
    dfns.receive({ url, respond: () => ({ status: 200 }) })
    const keeper = account({ scene, orgId, name: `${name}-keeper` })
    const operations = webhookOperations.map((operation) => `Webhooks:${operation}`)
    dfns.assignPermission({ userId: keeper.userId, operations })
    const document = { baseUrl: scene.sandbox.urls.dfns, orgId, ...keeper.fields }
    const signerArn = await store({ scene, name: `${name}-keeper`, document })
    const { webhookId, secret: webhookSecret } = dfns.createWebhook({
      orgId,
      url,
      events,
      description: 'hook',
    })
    const fields = { kind: 'WebhookSecret', webhookId, webhookSecret, url, events, signerArn }
    return { userId: keeper.userId, fields }
  },
}

function account({ scene, orgId, name, daysValid }: Omit<Keeping, 'kind'>) {
  const { publicKey, privateKey } = newKey()
  const limited = daysValid === undefined ? {} : { daysValid }
  const { userId, authToken, credId } = scene.dfns.createServiceAccount({
    orgId,
    name,
    publicKey,
    ...limited,
  })
  return { userId, fields: { kind: 'ServiceAccountKey', authToken, credId, privateKey } }
}

/** A personal access token; where others sign for it, of a user whose key stands in a secret of its own. */
async function token(keeping: Keeping): Made {
  const { scene, name, kind } = keeping
  const { publicKey, privateKey } = newKey()
  const signer = kind === 'token' ? { ...user(keeping), signerArn: undefined } : await userIn(keeping)
  const { userId, signerArn } = signer
  const { authToken, credId } = scene.dfns.createPersonalAccessToken({ userId, name, publicKey })
  const fields = { kind: 'PersonalAccessTokenKey', authToken, credId, privateKey }
  return { userId, fields: { ...fields, ...(signerArn !== undefined && { signerArn }) } }
}

function user({ scene, orgId, name }: Keeping) {
  const { publicKey, privateKey } = newKey()
  const username = `${name}@example.com`
  const permissions = [...leave]
  const who = `${name}, its user`
  const { userId, credId } = scene.dfns.createUser({ orgId, name: who, username, publicKey, permissions })
  return { userId, document: { kind: 'UserKey', username, credId, privateKey } }
}

async function userIn(keeping: Keeping) {
  const { scene, orgId, name } = keeping
  const { userId, document } = user(keeping)
  const whole = { baseUrl: scene.sandbox.urls.dfns, orgId, ...document }
  return { userId, signerArn: await store({ scene, name: `${name}-user`, document: whole }) }
}

async function store(kept: { scene: Scene; name: string; document: object }): Promise<string> {
  const { scene, name: Name, document } = kept
  const SecretString = JSON.stringify(document)
  const secret = { Name, SecretString, ClientRequestToken: randomUUID() }
  return (await scene.secretsManager<{ ARN: string }>('CreateSecret', secret)).ARN
}
