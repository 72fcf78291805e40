import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { clock } from '../../client/clock.ts'
import type { SecretKind } from '../../client/document.ts'
import { fromSecretsManager } from '../../client/fetch-secret.ts'
import { type RotatingSecretOptions, rotatingSecret } from '../../client/rotating-secret.ts'
import type { Switches } from '../../sandbox/dfns/switches.ts'
import type { Scene } from '../../sandbox/scene.ts'
import type { WireRequest } from '../../sandbox/wire.ts'
import { type Kept, type Kind, keep, worldOf } from '../support/kinds.ts'
import { watchedScene } from '../support/scene.ts'

/** What a secret of the kind holds. */
export const documentKinds = {
  account: 'ServiceAccountKey',
  'replaced account': 'ServiceAccountKey',
  token: 'PersonalAccessTokenKey',
  'signed token': 'PersonalAccessTokenKey',
  'replaced token': 'PersonalAccessTokenKey',
  user: 'UserKey',
  webhook: 'WebhookSecret',
} as const satisfies Record<Kind, SecretKind>

export const keyKinds = [
  'account',
  'replaced account',
  'token',
  'signed token',
  'replaced token',
  'user',
] as const
export type KeyKind = (typeof keyKinds)[number]

const operations = ['Webhooks:Create', 'Webhooks:Read', 'Webhooks:Update']
const url = 'https://application.test/hook'

export interface Stage {
  readonly scene: Scene
  readonly kept: Kept
  /** What the application changes. */
  readonly webhookId: string
  /** How often the webhook was changed. */
  readonly effects: () => number
  /** Operations of Dfns, from now on; AWS's of the application. */
  readonly requests: () => readonly string[]
  readonly readings: () => number
  /** Does something before the first request of an operation reaches Dfns. */
  readonly before: (operation: string, work: () => Promise<unknown>) => void
  readonly secretOf: <const K extends SecretKind>(
    kind: K,
    options?: RotatingSecretOptions<K>,
  ) => ReturnType<typeof rotatingSecret<K>>
}

/** A secret of the kind under rotation, and an application that changes a webhook with it, over HTTP. */
export async function stage(
  kind: Kind,
  { grace = 'PT0S', switches = {} }: { grace?: string; switches?: Partial<Switches> } = {},
): Promise<Stage> {
  const limits = (dfnsUrl: string) => ({
    allowedBaseUrls: [dfnsUrl],
    grace: { default: grace, adopted: grace },
  })
  const scene = await watchedScene({
    dfnsSwitches: { ...worldOf(kind), ...switches },
    policy: (dfnsUrl) => JSON.stringify(limits(dfnsUrl)),
  })
  const { dfns, sandbox } = scene
  const kept = await keep({ scene, kind })
  if (kind !== 'webhook') dfns.assignPermission({ userId: kept.userId, operations })
  const { webhookId } = dfns.createWebhook({ orgId: kept.orgId, url, events: ['wallet.created'] })
  const { wire } = sandbox
  const ofDfns = () => wire.calls.filter(({ request }) => request.service === 'dfns').length
  const [requestsBefore, callsBefore] = [ofDfns(), wire.calls.length]
  const client = new SecretsManagerClient({
    endpoint: sandbox.urls.aws,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    customUserAgent: 'the-application',
  })
  const isOurs = ({ headers }: WireRequest) => (headers['user-agent'] ?? '').includes('the-application')
  return {
    scene,
    kept,
    webhookId,
    effects: () => dfns.effects().filter((effect) => effect.kind === 'webhook updated').length,
    requests: () =>
      wire.calls
        .filter(({ request }) => request.service === 'dfns')
        .slice(requestsBefore)
        .map(({ request }) => request.operation),
    readings: () => wire.calls.slice(callsBefore).filter(({ request }) => isOurs(request)).length,
    before(operation, work) {
      const dispatch = wire.dispatch.bind(wire)
      let isDone = false
      wire.dispatch = async (request) => {
        if (!isDone && request.operation === operation) {
          isDone = true
          await work()
        }
        return dispatch(request)
      }
    },
    secretOf: (of, options = {}) =>
      rotatingSecret(kept.arn, {
        kind: of,
        fetchSecret: fromSecretsManager({ client }),
        [clock]: scene.clock,
        ...options,
      }),
  }
}
