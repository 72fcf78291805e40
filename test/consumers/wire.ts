import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { clock } from '../../client/clock.ts'
import { dfnsClient } from '../../client/dfns.ts'
import type { KeyDocument } from '../../client/document.ts'
import { fromSecretsManager } from '../../client/fetch-secret.ts'
import { rotatingSecret } from '../../client/rotating-secret.ts'
import type { Switches } from '../../sandbox/dfns/switches.ts'
import { guideWorld, openScene, type Scene } from '../../sandbox/scene.ts'
import type { FaultPlan } from '../../sandbox/wire.ts'
import { seededRandom } from '../simulation/random.ts'
import { keep, type Kind } from '../support/kinds.ts'
import { cachedSecret } from './caching.ts'
import { isOfTheNetwork } from './calls.ts'
import type { SecretValue } from './door.ts'
import { type Application, plainApplication } from './plain.ts'

const minuteMs = 60_000

export interface WireOptions {
  readonly seed: number
  /** What rotates, in this order, each a few times. */
  readonly kinds: readonly Exclude<Kind, 'webhook'>[]
  readonly rotationsEach: number
  readonly grace: string
  /** How long the clock moves on after each rotation, in steps of half an hour. */
  readonly afterwardsMs: number
  readonly readers: readonly ('library' | 'plain')[]
}

export interface WireOutcome {
  readonly rotations: number
  readonly calls: number
  readonly done: number
  /** Attempts that a fault of the wire spoiled. */
  readonly repeated: number
  readonly failures: readonly string[]
  /** Calls that were carried out another number of times than once, although no reply was lost. */
  readonly miscounted: readonly string[]
  readonly faults: number
}

interface Reader {
  readonly name: string
  readonly arn: string
  readonly application: Application
}

/** Milliseconds of the applications' clock, which stands while a call is under way: no call lasts for minutes. */
interface Now {
  ms: number
}

const secretKind: Readonly<Record<string, KeyDocument['kind']>> = {
  account: 'ServiceAccountKey',
  'replaced account': 'ServiceAccountKey',
  user: 'UserKey',
}

/** Where every strategy is possible. The clock moves on in leaps, which no call under way should notice. */
const worldOfEveryKind: Partial<Switches> = {
  ...guideWorld,
  patCredentialBelongsToUser: true,
  userCredentialSignsForPat: true,
  rateLimit: 1_000_000,
  challengeTtl: 24 * 60 * minuteMs,
  userActionTtl: 24 * 60 * minuteMs,
  sessionTtl: 24 * 60 * minuteMs,
}

/** Where a world allows more than one way, the tag decides. */
const strategies: Readonly<Record<string, string>> = {
  account: 'self',
  token: 'self',
  'signed token': 'signer',
  'replaced account': 'replace',
  'replaced token': 'replace',
}

/** Rotations by the built bundles, over HTTP, while applications in this process call without a pause. */
export async function runOverHttp(options: WireOptions): Promise<WireOutcome> {
  const { kinds, rotationsEach, grace, seed } = options
  const scene = await openScene({
    dfnsSwitches: worldOfEveryKind,
    policy: (url) => JSON.stringify({ allowedBaseUrls: [url], grace: { default: grace, adopted: grace } }),
  })
  try {
    const { orgId } = scene.dfns.createOrganisation()
    const counter = { url: 'https://counter.test/', events: ['wallet.created'], status: 'Disabled' } as const
    const { webhookId } = scene.dfns.createWebhook({ orgId, ...counter })
    const watch = watching({ scene, webhookId })
    const faults = faultsOn({ scene, random: seededRandom(seed) })
    for (const [index, kind] of kinds.entries()) {
      scene.sandbox.wire.plan = undefined
      const { arn, now, readers } = await settle({ scene, orgId, kind, index, options })
      // Everybody has read it once, as an application does when it starts.
      for (const reader of readers) await watch.call(reader)
      scene.sandbox.wire.plan = faults
      for (let rotation = 0; rotation < rotationsEach; rotation++) {
        await watch.during(readers, scene.rotate(arn))
        for (let passed = 0; passed < options.afterwardsMs; passed += 30 * minuteMs) {
          await watch.during(readers, scene.clock.advance(30 * minuteMs))
          now.ms = scene.clock.now()
        }
      }
    }
    return watch.outcome()
  } finally {
    await scene.sandbox.stop()
  }
}

async function settle(of: {
  scene: Scene
  orgId: string
  kind: Exclude<Kind, 'webhook'>
  index: number
  options: WireOptions
}): Promise<{ arn: string; now: Now; readers: readonly Reader[] }> {
  const { scene, orgId, kind, index, options } = of
  const name = `${kind.replace(' ', '-')}-${index}`
  const { arn, userId } = await keep({ scene, kind, orgId, name: `prod/${name}` })
  const Tags = [{ Key: 'dfns-rotator:strategy', Value: strategies[kind] ?? 'auto' }]
  await scene.secretsManager('TagResource', { SecretId: arn, Tags })
  scene.dfns.assignPermission({ userId, operations: ['Webhooks:Update'] })
  const now: Now = { ms: scene.clock.now() }
  const readers = options.readers.map((sort, number) => {
    const parts = { scene, arn, kind, now, ttlMs: number % 2 === 0 ? 60 * minuteMs : 5 * minuteMs }
    const application = sort === 'library' ? withLibrary(parts) : withoutLibrary(parts)
    return { name: `${name}/${sort}-${number}`, arn, application }
  })
  return { arn, now, readers }
}

interface ApplicationParts {
  readonly scene: Scene
  readonly arn: string
  readonly kind: Kind
  readonly now: Now
  readonly ttlMs: number
}

const secretsManagerOf = ({ scene }: ApplicationParts) =>
  new SecretsManagerClient({
    endpoint: scene.sandbox.urls.aws,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'application', secretAccessKey: 'application' },
  })

function withLibrary(parts: ApplicationParts): Application {
  const { arn, kind, now, ttlMs: ttl } = parts
  const secret = rotatingSecret(arn, {
    kind: secretKind[kind] ?? 'PersonalAccessTokenKey',
    ttl,
    fetchSecret: fromSecretsManager({ client: secretsManagerOf(parts) }),
    [clock]: { now: () => now.ms, at: () => () => {} },
  })
  const client = dfnsClient(secret)
  return {
    async change({ webhookId, description }) {
      await client.webhooks.updateWebhook({ webhookId, body: { description } })
    },
  }
}

function withoutLibrary(parts: ApplicationParts): Application {
  const { arn, now: time, ttlMs } = parts
  const now = () => time.ms
  const client = secretsManagerOf(parts)
  const readSecret = async (input: { SecretId: string }) =>
    (await client.send(new GetSecretValueCommand(input))) as unknown as SecretValue
  const secret = cachedSecret({ arn, ttlMs, now, random: () => 1, door: { readSecret } })
  return plainApplication({ secret, now })
}

/** Breaks connections, and sometimes the process of a function at a call that only functions make. */
function faultsOn({ random }: { scene: Scene; random: () => number }): FaultPlan {
  const ofFunctions = [
    'PutSecretValue',
    'UpdateSecretVersionStage',
    'POST /auth/credentials',
    'CreateSchedule',
  ]
  return ({ operation, headers }) => {
    const lot = random()
    if (ofFunctions.includes(operation) && lot < 0.05) return lot < 0.025 ? 'killed-before' : 'killed-after'
    // The administrator makes his calls once.
    if (operation === 'RotateSecret' || headers['x-amz-target']?.endsWith('TagResource')) return undefined
    if (lot > 0.985) return lot > 0.99 ? 'lost-after' : 'lost-before'
    if (lot > 0.98) return 'throttled'
    return undefined
  }
}

const mostAttempts = 8

/** Makes calls, and counts what came of them. */
function watching({ scene, webhookId }: { scene: Scene; webhookId: string }) {
  const { wire, engine } = scene.sandbox
  const failures: string[] = []
  const succeeded = new Set<string>()
  let calls = 0
  let repeated = 0
  const attempt = async (reader: Reader, description: string, count = 1): Promise<void> => {
    try {
      await reader.application.change({ webhookId, description })
      succeeded.add(description)
    } catch (error) {
      if (!isOfTheNetwork(error) || count === mostAttempts) {
        failures.push(`${description}: ${String(error).replaceAll(/\s+/g, ' ').slice(0, 200)}`)
        return
      }
      repeated += 1
      await attempt(reader, description, count + 1)
    }
  }
  const call = (reader: Reader) => attempt(reader, `${reader.name}, call ${++calls}`)
  return {
    call,
    /** Everybody calls, again and again and at least once, until `event` is over. */
    async during(readers: readonly Reader[], event: Promise<unknown>): Promise<void> {
      let isOver = false
      const over = event.finally(() => {
        isOver = true
      })
      const keepCalling = async (reader: Reader): Promise<void> => {
        await call(reader)
        if (!isOver) await keepCalling(reader)
      }
      await Promise.all([over, ...readers.map(keepCalling)])
    },
    outcome(): WireOutcome {
      const changes = wire.calls.filter(({ request }) => request.operation === `PUT /webhooks/${webhookId}`)
      const times = new Map<string, number>()
      const isLost = new Set<string>()
      for (const { request, status, fault } of changes) {
        const { description } = JSON.parse(request.body) as { description: string }
        if (fault === 'lost-after') isLost.add(description)
        if (status === 200) times.set(description, (times.get(description) ?? 0) + 1)
      }
      const miscounted = [...succeeded].filter((id) => (times.get(id) ?? 0) !== 1 && !isLost.has(id))
      const rotations = engine.events.items.filter(
        ({ detail }) => 'eventName' in detail && detail.eventName === 'RotationSucceeded',
      ).length
      const faults = wire.calls.filter(({ fault }) => fault !== undefined).length
      return { rotations, calls, done: times.size, repeated, failures, miscounted, faults }
    },
  }
}
