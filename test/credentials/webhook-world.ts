import { expect, onTestFinished } from 'vitest'
import type { Labelled, Means } from '../../lambdas/credentials/credential.ts'
import type { WebhookDocument } from '../../lambdas/credentials/webhook-document.ts'
import { webhookSecret } from '../../lambdas/credentials/webhook-secret.ts'
import { RotationError } from '../../lambdas/errors.ts'
import { accountsOf } from '../../lambdas/ports/dfns-accounts.ts'
import { dfnsOf } from '../../lambdas/ports/dfns-session.ts'
import { webhooksOf } from '../../lambdas/ports/dfns-webhooks.ts'
import type { Time } from '../../lambdas/ports/time.ts'
import type { Clock } from '../../sandbox/clock.ts'
import type { Switches } from '../../sandbox/dfns/switches.ts'
import type { Answer, Delivery } from '../../sandbox/dfns/webhook-model.ts'
import type { SceneWebhook } from '../../sandbox/dfns/webhook-scene.ts'
import { newKey } from '../../sandbox/scene.ts'
import { type DfnsWorld, dfnsWorld } from '../support/dfns-world.ts'

const place = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:prod'
export const secretArn = `${place}/dfns-abcdef`
export const signerArn = `${place}/signer-abcdef`
export const tokenA = 'a'.repeat(32)
export const url = 'https://receiver.test/hook'
export const events = ['wallet.created', 'wallet.transfer.confirmed']
export const hour = 3_600_000
export const minute = 60_000

export type SignerKind = 'UserKey' | 'ServiceAccountKey' | 'PersonalAccessTokenKey'

/** Every permission that the rotation of a webhook needs. */
export const permissions = ['Create', 'Read', 'Update', 'Delete', 'Ping', 'Events:Read'].map(
  (name) => `Webhooks:${name}`,
)

interface Given {
  readonly switches?: Partial<Switches>
  readonly signer?: SignerKind
  readonly operations?: readonly string[]
  readonly webhook?: Partial<Pick<SceneWebhook, 'status' | 'description' | 'events' | 'url'>>
}

/** Time that passes with Dfns's clock; an invocation of one minute begins with `restart`. */
function timeOn(clock: Clock): Time & { restart: () => void; pauses: number[] } {
  const pauses: number[] = []
  let end = clock.now() + minute
  return {
    pauses,
    now: () => clock.now(),
    remaining: () => Math.max(0, end - clock.now()),
    sleep: async (ms) => {
      pauses.push(ms)
      await clock.advance(ms)
    },
    random: () => 0.5,
    restart: () => {
      end = clock.now() + minute
    },
  }
}

/** A webhook that somebody made by hand, the secret that holds it, and who signs for it. */
export async function openWebhook(given: Given = {}) {
  const { switches = {}, signer = 'ServiceAccountKey', operations = permissions, webhook = {} } = given
  let time: ReturnType<typeof timeOn> | undefined
  const alone = await dfnsWorld({ webhookListLag: 0, ...switches }, (clock) => {
    time = timeOn(clock)
    return time
  })
  if (time === undefined) throw new Error('there is no time')
  const started = time
  // Each invocation logs in for itself.
  const invoked = () => {
    const dfnsAs = dfnsOf(started)
    const by = { time: started, dfnsAs }
    return { dfnsAs, webhooksAs: webhooksOf(by), accountsAs: accountsOf(by) }
  }
  let now = invoked()
  const means: Means = {
    ...alone.means,
    dfnsAs: (identity) => now.dfnsAs(identity),
    webhooksAs: (identity) => now.webhooksAs(identity),
    accountsAs: (identity) => now.accountsAs(identity),
  }
  const world = { ...alone, means }
  const { dfns, clock, orgId } = world
  const signing = signerOf({ world, signer })
  dfns.assignPermission({ userId: signing.userId, operations })
  world.secrets.set(signerArn, JSON.stringify(signing.document))
  const first = dfns.createWebhook({ orgId, url, events, description: 'payments', ...webhook })
  const received = receiver({ world, at: webhook.url ?? url })
  const document = {
    kind: 'WebhookSecret',
    baseUrl: world.url,
    orgId,
    webhookId: first.webhookId,
    webhookSecret: first.secret,
    url: webhook.url ?? url,
    events: webhook.events ?? events,
    signerArn,
    note: { any: ['thing', 1, null] },
    HOOK_SECRET: first.secret,
  }
  const advance = async (ms: number) => {
    await clock.advance(ms)
    started.restart()
    now = invoked()
  }
  const webhooks = () => dfns.webhooks({ orgId })
  const find = (id: string) => webhooks().find(({ webhookId }) => webhookId === id)
  hearsNoSecret({ world, document: signing.document })
  return {
    world,
    dfns,
    clock,
    orgId,
    time: started,
    advance,
    first,
    document,
    webhooks,
    find,
    received,
    signing,
  }
}

/** The kind in an opened world, and a rotation of it, step by step. */
export async function rotating(given: Given = {}, changed: Partial<Means> = {}) {
  const opened = await openWebhook(given)
  const { world, document } = opened
  const credential = webhookSecret({ ...world.means, ...changed })
  const read = (fields: object, label = 'AWSCURRENT'): WebhookDocument =>
    credential.read({ text: JSON.stringify(fields), on: `${label} of ${secretArn}`, secretArn }, world.limits)
  const current = read(document)
  const draft = (token = tokenA, from = current, labelled?: Labelled) => {
    const lineage = { secretArn, token }
    const options = labelled === undefined ? {} : { labelled }
    return credential.create({ current: from, lineage, algorithm: 'same', ...options })
  }
  const make = async (token = tokenA, from = current, labelled?: Labelled) => {
    const successor = await (await draft(token, from, labelled)).make()
    return { ...successor, pending: read(successor.document, 'AWSPENDING') }
  }
  const register = (pending: WebhookDocument, token = tokenA, from = current) =>
    credential.register({ current: async () => from, pending, lineage: { secretArn, token } })
  /** Up to the moment when the second webhook is current, and the first one superseded. */
  const rotated = async () => {
    const { pending } = await make()
    await register(pending)
    await credential.verify({ generation: pending, as: current, fresh: true })
    const retiring = () => credential.deactivate({ current: pending, superseded: current })
    const retire = async () => (await retiring()).perform()
    return { promoted: pending, retiring, retire }
  }
  return { ...opened, credential, read, current, draft, make, register, rotated }
}

/** What a call ended with; not an error of ours, or none at all, fails. No secret may stand in it. */
export async function failureOf(asked: Promise<unknown>): Promise<RotationError> {
  const reason = await asked.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(reason instanceof RotationError))
    throw new Error('was not refused by an error of ours', { cause: reason })
  messages.push(reason.message)
  return reason
}

const messages: string[] = []

/** Nothing that was logged or thrown in a test may hold a webhook's secret, or a key's or token's. */
function hearsNoSecret({ world, document }: { world: DfnsWorld; document: object }): void {
  messages.length = 0
  onTestFinished(() => {
    const { state } = world.dfns
    const webhookSecrets = [...state.webhooks.values()].map(({ secret }) => secret)
    const { privateKey = '', authToken = '' } = document as Record<string, string>
    const secrets = [
      ...webhookSecrets,
      authToken,
      ...privateKey.split('\n').filter((line) => line.length > 32),
    ]
    const said = [...messages, ...world.logged].join('\n')
    expect(secrets.filter((secret) => secret !== '' && said.includes(secret))).toEqual([])
  })
}

/** Puts a receiver at an address that gives these answers in turn, and 200 from then on. */
export function receiver({
  world,
  at,
  answers = [],
}: {
  world: DfnsWorld
  at: string
  answers?: readonly Answer[]
}) {
  const left = [...answers]
  const deliveries: Delivery[] = []
  world.dfns.receive({
    url: at,
    respond: (delivery) => {
      deliveries.push(delivery)
      return left.shift() ?? { status: 200 }
    },
  })
  return deliveries
}

function signerOf({ world, signer }: { world: DfnsWorld; signer: SignerKind }) {
  const { dfns, orgId } = world
  const [{ publicKey, privateKey }, other] = [newKey(), newKey()]
  const common = { kind: signer, baseUrl: world.url, orgId, privateKey }
  if (signer === 'UserKey') {
    const username = 'person@example.com'
    const { userId, credId } = dfns.createUser({ orgId, name: 'person', publicKey, username })
    return { userId, document: { ...common, username, credId } }
  }
  if (signer === 'ServiceAccountKey') {
    const { userId, credId, authToken } = dfns.createServiceAccount({ orgId, name: 'keeper', publicKey })
    return { userId, document: { ...common, credId, authToken } }
  }
  const { userId } = dfns.createUser({ orgId, name: 'owner', publicKey: other.publicKey })
  const { credId, authToken } = dfns.createPersonalAccessToken({ userId, name: 'token', publicKey })
  return { userId, document: { ...common, credId, authToken } }
}
