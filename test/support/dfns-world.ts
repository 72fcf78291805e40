import { onTestFinished } from 'vitest'
import type { DocumentLimits } from '../../lambdas/credentials/document.ts'
import type { Means } from '../../lambdas/credentials/credential.ts'
import { accountsOf } from '../../lambdas/ports/dfns-accounts.ts'
import { dfnsOf } from '../../lambdas/ports/dfns-session.ts'
import { webhooksOf } from '../../lambdas/ports/dfns-webhooks.ts'
import type { Log } from '../../lambdas/ports/log.ts'
import type { Time } from '../../lambdas/ports/time.ts'
import { type Clock, createClock } from '../../sandbox/clock.ts'
import { createDfnsHandler } from '../../sandbox/dfns/handler.ts'
import { createDfns, type Dfns } from '../../sandbox/dfns/organisation.ts'
import type { Switches } from '../../sandbox/dfns/switches.ts'
import { createWire, type Wire } from '../../sandbox/faults.ts'
import { serve } from '../../sandbox/http.ts'
import { guideWorld } from '../../sandbox/scene.ts'
import { fakeTime } from './time.ts'

/**
 * Dfns alone, over HTTP, and what a kind of credential needs to speak to it. No time passes in it, unless it
 * is told to.
 */
export interface DfnsWorld {
  readonly dfns: Dfns
  /** Dfns's. */
  readonly clock: Clock
  /** What was logged, one text a line. */
  readonly logged: string[]
  readonly wire: Wire
  readonly url: string
  readonly orgId: string
  readonly means: Means
  readonly limits: DocumentLimits
  /** AWSCURRENT of other secrets, by their ARN. */
  readonly secrets: Map<string, string>
  readonly change: (switches: Partial<Switches>) => void
  /** Effects on credentials and webhooks, user actions and pings aside: what a repeated or refused call must not add to. */
  readonly changes: () => number
  /** `METHOD /path` of every request so far. */
  readonly requests: () => string[]
}

export async function dfnsWorld(
  switches: Partial<Switches> = {},
  timeOf: (clock: Clock) => Time = () => fakeTime(),
): Promise<DfnsWorld> {
  const clock = createClock()
  const dfns = createDfns({ clock, switches: { ...guideWorld, ...switches } })
  const nothing = () => ({ status: 404, body: '' })
  const handlers = { dfns: createDfnsHandler(dfns), secretsmanager: nothing, ssm: nothing }
  const wire = createWire({ handlers })
  const server = await serve({ api: 'dfns', wire, now: () => clock.now() })
  onTestFinished(() => server.close())
  const { orgId } = dfns.createOrganisation()
  const time = timeOf(clock)
  const dfnsAs = dfnsOf(time)
  const logged: string[] = []
  const limits = { allowedBaseUrls: [server.url] }
  const secrets = new Map<string, string>()
  return {
    dfns,
    clock,
    logged,
    wire,
    url: server.url,
    orgId,
    means: {
      time,
      limits,
      strategy: 'auto',
      mayHaveAsked: async () => true,
      rememberAsked: async () => {},
      webhookPing: 'required',
      log: logInto(logged),
      dfnsAs,
      webhooksAs: webhooksOf({ time, dfnsAs }),
      accountsAs: accountsOf({ dfnsAs, time }),
      readSecret: async (arn) => secrets.get(arn),
      once: (_, ask) => ask(),
    },
    limits,
    secrets,
    change: (changed) => dfns.setSwitches({ orgId, switches: changed }),
    changes: () => dfns.effects().filter(({ kind }) => /^(credential|webhook (?!pinged))/.test(kind)).length,
    requests: () => wire.calls.map(({ request }) => request.operation),
  }
}

function logInto(lines: string[]): Log {
  const line = (level: string) => (event: string, fields?: object) =>
    void lines.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`)
  return { info: line('info'), warn: line('warn'), error: line('error') }
}
