import type { Means } from '../credentials/credential.ts'
import type { Log } from '../ports/log.ts'
import { type DescribedSecret, type SecretStore, secretStore } from '../ports/secrets-manager.ts'
import { early, type Time } from '../ports/time.ts'
import { type Generations, generationsOf, type Started } from './generations.ts'
import { isMarkedAsked, markAsked } from './asked.ts'
import { assertNotDeleted } from './guard.ts'
import { meansOf } from './means.ts'
import type { Policy } from './policy.ts'
import { policyOf } from './reads.ts'
import type { Opening } from './rotation.ts'
import { type LenientSettings, lenientSettings } from './settings.ts'

/** A secret as whoever is no rotation works with it: retire, audit, and the ways back. */
export interface OpenSecret {
  readonly store: SecretStore
  readonly secret: DescribedSecret
  /** Reads the policy, and what the generations need. */
  inside(): Promise<Inside>
}

export interface Inside extends Generations {
  readonly policy: Policy
  readonly means: Means
  /** A tag that is not understood counts as if it were not there, and is told to the log. */
  settingsFor(kind: string): LenientSettings
}

export interface Asked extends Pick<Opening, 'clients' | 'policyName'> {
  readonly secretArn: string
  readonly time: Time
  readonly log: Log
  /** Whether an earlier attempt can have asked for the same change. */
  readonly mayHaveAsked: (inside: Pick<Inside, 'settingsFor'>) => boolean
  /** Of whoever looks at many secrets. */
  readonly dfnsAs?: Means['dfnsAs']
  readonly policy?: Policy
}

/** Starts what every reader needs at once: the secret, its AWSCURRENT, and the policy. */
export async function openSecret(asked: Asked): Promise<OpenSecret> {
  const { secretArn, clients, policyName, time, policy } = asked
  const store = secretStore({ client: clients.secretsManager, secretId: secretArn, time })
  const describing = early(store.describeSecret())
  const readingPolicy = policy ?? early(policyOf({ client: clients.ssm, name: policyName, time }))
  const started = {
    current: early(store.getSecretValue({ label: 'AWSCURRENT' })),
    pending: early(Promise.resolve(undefined)),
  }
  const secret = await describing
  assertNotDeleted(secret)
  return {
    store,
    secret,
    inside: async () => insideOf({ ...asked, store, secret, started, policy: await readingPolicy }),
  }
}

function insideOf(
  known: Asked & { store: SecretStore; secret: DescribedSecret; started: Started; policy: Policy },
): Inside {
  const { store, secret, started, policy, time, log, clients, mayHaveAsked, dfnsAs } = known
  const settingsFor = (kind: string) => lenientSettings({ tags: secret.tags, policy, kind, log })
  const given = { time, log, limits: policy, tags: secret.tags, secretsManager: clients.secretsManager }
  const asking = {
    mayHaveAsked: async () => mayHaveAsked({ settingsFor }) || isMarkedAsked(secret.stages),
    rememberAsked: () => markAsked({ store, log, stages: secret.stages }),
  }
  const means = meansOf({ ...given, ...asking, ...(dfnsAs !== undefined && { dfnsAs }) })
  const generations = generationsOf({ store, secret, token: undefined, means, started })
  return { ...generations, policy, means, settingsFor }
}
