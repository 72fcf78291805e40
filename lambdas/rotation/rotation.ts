import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { SSMClient } from '@aws-sdk/client-ssm'
import type { Means } from '../credentials/credential.ts'
import type { Lineage } from '../crypto/lineage.ts'
import type { Log } from '../ports/log.ts'
import { type DescribedSecret, type SecretStore, secretStore } from '../ports/secrets-manager.ts'
import type { Schedules } from '../ports/scheduler.ts'
import { early, type Time } from '../ports/time.ts'
import { isMarkedAsked, markAsked } from './asked.ts'
import type { RotationEvent } from './event.ts'
import { type Generations, generationsOf, type Started } from './generations.ts'
import { type Standing, standingOf } from './guard.ts'
import { meansOf } from './means.ts'
import { policyOf } from './reads.ts'
import { readSettings, type Settings } from './settings.ts'

/** One step of one rotation: what the four phases work with. */
export interface Rotation extends Generations {
  readonly secret: DescribedSecret
  readonly standing: Standing
  readonly lineage: Lineage
  readonly rotationToken: string | undefined
  readonly store: SecretStore
  /** Nothing where no scheduler was deployed. */
  readonly schedules: Schedules | undefined
  readonly time: Time
  readonly log: Log
  settingsFor(kind: string): Settings
}

export interface Opening {
  readonly event: RotationEvent
  readonly clients: { readonly secretsManager: SecretsManagerClient; readonly ssm: SSMClient }
  /** Name of the SSM parameter that holds the policy; without one, the defaults. */
  readonly policyName: string | undefined
  readonly schedules: Schedules | undefined
  readonly time: Time
  readonly log: Log
}

const firstAttemptMs = 30_000

/** Starts every read of the phase at once, and looks at what comes back in the order in which it matters. */
export async function openRotation(opening: Opening): Promise<Rotation> {
  const { event, clients, policyName, schedules, time, log } = opening
  const { secretId, rotationToken, token } = event
  const store = secretStore({ client: clients.secretsManager, secretId, time })
  const describing = early(store.describeSecret())
  const readingPolicy = early(policyOf({ client: clients.ssm, name: policyName, time }))
  const started = {
    current: early(store.getSecretValue({ label: 'AWSCURRENT' })),
    pending: early(store.getSecretValue({ label: 'AWSPENDING', versionId: token })),
  }
  const secret = await describing
  const standing = standingOf({ secret, event })
  const policy = await readingPolicy
  const { secretsManager } = clients
  const asking = askingOf({ standing, secret, started, store, time, log })
  const means = meansOf({ time, secretsManager, limits: policy, tags: secret.tags, log, ...asking })
  return {
    ...generationsOf({ store, secret, token, means, started }),
    secret,
    standing,
    lineage: { secretArn: secret.arn, token: token ?? '' },
    rotationToken,
    store,
    schedules,
    time,
    log,
    settingsFor: (kind) => readSettings({ tags: secret.tags, policy, kind }),
  }
}

/** Whether an earlier attempt can have asked Dfns for the same change, and what tells the next one of it. */
function askingOf(
  of: Pick<Rotation, 'standing' | 'secret' | 'store' | 'time' | 'log'> & { started: Started },
): Pick<Means, 'mayHaveAsked' | 'rememberAsked'> {
  const { standing, secret, started, store, time, log } = of
  const { stages } = secret
  return {
    /** A version that was stored a moment ago is in its first attempt. */
    async mayHaveAsked() {
      if (standing === 'promoted' || isMarkedAsked(stages)) return true
      const pending = await started.pending
      const stored = pending?.created?.getTime() ?? -Infinity
      return pending !== undefined && time.now() - stored > firstAttemptMs
    },
    rememberAsked: () => markAsked({ store, log, stages }),
  }
}
