import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { Means, Wish } from '../credentials/credential.ts'
import { accountsOf } from '../ports/dfns-accounts.ts'
import { dfnsOf } from '../ports/dfns-session.ts'
import { secretStore } from '../ports/secrets-manager.ts'
import type { Time } from '../ports/time.ts'
import type { Policy } from './policy.ts'

/** What the kinds have to work with, for one invocation. */
export function meansOf(given: {
  time: Time
  secretsManager: SecretsManagerClient
  limits: Policy
  strategy: Wish
}): Means {
  const { time, secretsManager: client, limits, strategy } = given
  const known = new Map<string, Promise<unknown>>()
  const dfnsAs = dfnsOf(time)
  return {
    time,
    limits,
    strategy,
    dfnsAs,
    accountsAs: accountsOf({ dfnsAs, time }),
    async readSecret(secretId) {
      const version = await secretStore({ client, secretId, time }).getSecretValue({ label: 'AWSCURRENT' })
      return version?.text
    },
    once<T>(question: string, ask: () => Promise<T>): Promise<T> {
      const asked = (known.get(question) as Promise<T> | undefined) ?? ask()
      known.set(question, asked)
      asked.catch(() => known.delete(question))
      return asked
    },
  }
}
