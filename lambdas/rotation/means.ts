import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { Means } from '../credentials/credential.ts'
import { accountsOf } from '../ports/dfns-accounts.ts'
import { dfnsOf } from '../ports/dfns-session.ts'
import { webhooksOf } from '../ports/dfns-webhooks.ts'
import type { Log } from '../ports/log.ts'
import { secretStore } from '../ports/secrets-manager.ts'
import type { Time } from '../ports/time.ts'
import type { Policy } from './policy.ts'
import { pingIn, wishIn } from './settings.ts'

/** Asks once, whoever asks for the same. Failures are forgotten, and all but the last `most` answers. */
export function onceOf(most = Infinity): Means['once'] {
  const known = new Map<string, Promise<unknown>>()
  return <T>(question: string, ask: () => Promise<T>): Promise<T> => {
    const asked = (known.get(question) as Promise<T> | undefined) ?? ask()
    known.set(question, asked)
    const [oldest = ''] = known.keys()
    if (known.size > most) known.delete(oldest)
    asked.catch(() => known.delete(question))
    return asked
  }
}

/** What the kinds have to work with, for one secret in one invocation. */
export function meansOf(given: {
  time: Time
  secretsManager: SecretsManagerClient
  limits: Policy
  /** The secret's. */
  tags: ReadonlyMap<string, string>
  log: Log
  mayHaveAsked: () => Promise<boolean>
  rememberAsked: () => Promise<void>
  /** Of whoever looks at many secrets: users log in once for all of them. */
  dfnsAs?: Means['dfnsAs']
}): Means {
  const { time, secretsManager: client, limits, tags, log, dfnsAs = dfnsOf(time) } = given
  const { mayHaveAsked, rememberAsked } = given
  return {
    time,
    limits,
    log,
    mayHaveAsked,
    rememberAsked,
    strategy: wishIn(tags),
    webhookPing: pingIn(tags),
    dfnsAs,
    webhooksAs: webhooksOf({ time, dfnsAs }),
    accountsAs: accountsOf({ dfnsAs, time }),
    async readSecret(secretId) {
      const version = await secretStore({ client, secretId, time }).getSecretValue({ label: 'AWSCURRENT' })
      return version?.text
    },
    once: onceOf(),
  }
}
