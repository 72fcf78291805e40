import type { Clock } from '../../sandbox/clock.ts'
import { createDfnsHandler } from '../../sandbox/dfns/handler.ts'
import { createDfns, type Dfns } from '../../sandbox/dfns/organisation.ts'
import { createAsyncInvocations } from '../../sandbox/lambda/async.ts'
import type { LambdaFunction } from '../../sandbox/lambda/invocation.ts'
import { createQueues } from '../../sandbox/queues.ts'
import { deadLetterArn, guideWorld } from '../../sandbox/scene.ts'
import { createSchedulerHandler } from '../../sandbox/scheduler/handler.ts'
import { createSchedules } from '../../sandbox/scheduler/schedules.ts'
import { createSecretsManagerHandler } from '../../sandbox/secrets-manager/handler.ts'
import { createEngine } from '../../sandbox/secrets-manager/rotation.ts'
import { createVault } from '../../sandbox/secrets-manager/vault.ts'
import { createSsmHandler } from '../../sandbox/ssm/handler.ts'
import { createParameters } from '../../sandbox/ssm/parameters.ts'
import type { WireHandler, WireRequest, WireResponse } from '../../sandbox/wire.ts'
import { administratorOn } from '../simulation/calling.ts'
import { type Checkers, createCheckers } from '../simulation/checkers.ts'
import { currentInvocation, type Invocation, never, type Send } from '../simulation/invocation.ts'
import { seededRandom } from '../simulation/random.ts'
import { receiverUrl } from '../simulation/secrets.ts'
import { openOrigin } from '../simulation/transport.ts'
import { arns, policyName, scheduleGroup } from '../simulation/work.ts'
import { createConcurrentClock } from './clock.ts'
import { type Counts, noCounts } from './counts.ts'
import { createLambda } from './lambda.ts'
import { type Quotas, throttlerOf } from './quotas.ts'

/** The account and the organisation of a fleet. */
export interface AccountOptions {
  readonly start: Date
  readonly seed: number
  /** Requests that Dfns answers in a minute. */
  readonly perMinute: number
  /** Whether Dfns tells its limit, and when to come again, as it documents; or 429 and no more. */
  readonly tells: 'limits' | 'nothing'
  readonly quotas: Quotas
  readonly grace: { readonly default: string; readonly adopted: string }
  /** Of rotate and retire. */
  readonly timeoutsMs: { readonly rotate: number; readonly retire: number }
}

export type Account = ReturnType<typeof openAccount>

/** An AWS account and one Dfns organisation, in which the code of `lambdas/` runs as often at once as Lambda lets it. */
export function openAccount(options: AccountOptions) {
  const { start, seed, perMinute, quotas, grace, timeoutsMs } = options
  const clock = createConcurrentClock(start)
  const dfns = openDfns({ clock, perMinute })
  const { orgId } = dfns.createOrganisation()
  const vault = createVault({ clock })
  const queues = createQueues(clock)
  // Secrets Manager hears at once that there is no room; what is in Lambda's queue waits for it.
  const functions = new Map<string, LambdaFunction>()
  const queued = new Map<string, LambdaFunction>()
  const asyncInvocations = createAsyncInvocations({ clock, functions: queued, queues })
  asyncInvocations.configure({ arn: arns.retire, onFailure: deadLetterArn })
  const scheduler = createSchedules({ clock, invocations: asyncInvocations, queues, groups: [scheduleGroup] })
  const engine = createEngine({ clock, vault, functions })
  const services = { clock, vault, scheduler, asyncInvocations, queues, dfns }
  const checkers = createCheckers({ ...services, keepsHistory: true })
  const counts = noCounts()
  const random = seededRandom(seed)
  const parameters = createParameters(clock)
  const secretsManager = createSecretsManagerHandler({ clock, vault, engine })
  const handlers = {
    secretsmanager: secretsManager,
    ssm: createSsmHandler(parameters),
    scheduler: createSchedulerHandler(scheduler),
    dfns: createDfnsHandler(dfns),
  }
  const send = sendOf({ ...options, clock, dfns, handlers, checkers, counts, random })
  const { origin, close } = openOrigin(send)
  const value = JSON.stringify({ allowedBaseUrls: [origin], grace })
  parameters.put({ name: policyName, value, type: 'String', overwrite: true })
  const { concurrency } = quotas
  const ended = ({ secretArn, phase }: Invocation) => {
    if (phase !== 'retire') checkers.lookAt(secretArn, `${phase}, as it ended`)
  }
  const lambda = createLambda({ clock, random, send, counts, concurrency, timeoutsMs, ended })
  functions.set(arns.rotate, {
    arn: arns.rotate,
    invoke: (event) => lambda.now({ arn: arns.rotate, event }),
  })
  queued.set(arns.retire, {
    arn: arns.retire,
    invoke: (event) => lambda.queued({ arn: arns.retire, event }),
  })
  return {
    ...services,
    engine,
    functions,
    options,
    orgId,
    origin,
    close,
    checkers,
    counts,
    administrator: administratorOn(secretsManager),
  }
}

function openDfns({ clock, perMinute }: { clock: Clock; perMinute: number }): Dfns {
  const patsAndUsers = { patCredentialBelongsToUser: true, userCredentialSignsForPat: true }
  const dfns = createDfns({ clock, switches: { ...guideWorld, ...patsAndUsers, rateLimit: perMinute } })
  dfns.receive({ url: receiverUrl, respond: () => ({ status: 200 }) })
  return dfns
}

interface Line extends AccountOptions {
  readonly clock: Clock
  readonly dfns: Dfns
  readonly handlers: Readonly<Partial<Record<WireRequest['service'], WireHandler>>>
  readonly checkers: Checkers
  readonly counts: Counts
  readonly random: () => number
}

const minuteMs = 60_000

/** Takes a request to its service, which it reaches after a moment: others may come before it. */
function sendOf(line: Line): Send {
  const { clock, quotas, counts, handlers, start } = line
  const throttle = throttlerOf({ quotas, now: () => clock.now() })
  return async (request) => {
    const invocation = currentInvocation()
    if (invocation === undefined || invocation.isDead) return never()
    counts.calls += 1
    await new Promise<void>((resolve) => clock.at(clock.now() + delayMs(line, request), resolve))
    if (invocation.isDead) return never()
    const { service, operation } = request
    const throttled = throttle(request)
    if (throttled) {
      counts.throttled.set(operation, (counts.throttled.get(operation) ?? 0) + 1)
      return throttled
    }
    const handle = handlers[service]
    if (handle === undefined) throw new Error(`${operation} is of a service that is not there`)
    const reply = await handle(request)
    if (service === 'dfns') {
      const minutes = reply.status === 429 ? counts.refused : counts.answered
      const minute = Math.floor((clock.now() - start.getTime()) / minuteMs)
      minutes[minute] = (minutes[minute] ?? 0) + 1
    }
    look({ line, request, reply, secretArn: secretOf(invocation) })
    forget(line)
    return invocation.isDead ? never() : service === 'dfns' ? told(line, reply) : reply
  }
}

/** A request to Dfns takes 40 to 80 ms, one to AWS 5 to 15 ms. */
const delayMs = ({ random }: Line, { service }: WireRequest): number =>
  service === 'dfns' ? 40 + Math.floor(random() * 40) : 5 + Math.floor(random() * 10)

/** Dfns as it was before it told of its limit. */
function told({ tells }: Line, reply: WireResponse): WireResponse {
  if (tells === 'limits') return reply
  const kept = Object.entries(reply.headers ?? {}).filter(
    ([name]) => !/^(x-ratelimit-|retry-after)/.test(name),
  )
  return { ...reply, headers: Object.fromEntries(kept) }
}

const secretOf = ({ event, secretArn }: Invocation): string =>
  secretArn || ((event as { secretArn?: string }).secretArn ?? '')

const changes = /^(PutSecretValue|UpdateSecretVersionStage|(POST|PUT) .auth.(?!action|login))/

/** What changes something is what may break something. */
function look(of: { line: Line; request: WireRequest; reply: WireResponse; secretArn: string }): void {
  const { line, request, reply, secretArn } = of
  if (reply.status < 300 && changes.test(request.operation))
    line.checkers.lookAt(secretArn, request.operation)
}

/** What only grows, and nothing looks at. */
function forget({ counts, dfns }: Line): void {
  if (counts.calls % 10_000 !== 0) return
  const { challenges, userActions, effects, logs } = dfns.state
  effects.length = 0
  logs.clear()
  for (const store of [challenges, userActions])
    for (const [id, { used }] of store) if (used) store.delete(id)
}
