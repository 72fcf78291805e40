import { type Clock, createClock } from './clock.ts'
import { createWire, type Wire } from './faults.ts'
import { type Host, ownBerth } from './host.ts'
import { type AsyncInvocations, type AsyncSwitches, createAsyncInvocations } from './lambda/async.ts'
import { type BundledFunction, createFunction, type FunctionOptions } from './lambda/function.ts'
import { createLambdaHandler } from './lambda/handler.ts'
import type { LambdaFunction } from './lambda/invocation.ts'
import { createLogsHandler } from './logs/handler.ts'
import { createQueues, type Queues } from './queues.ts'
import { createSchedulerHandler } from './scheduler/handler.ts'
import type { SchedulerSwitches } from './scheduler/schedule.ts'
import { createSchedules, type Schedules } from './scheduler/schedules.ts'
import type { EngineSwitches } from './secrets-manager/engine-state.ts'
import type { Feed } from './secrets-manager/feed.ts'
import { createSecretsManagerHandler } from './secrets-manager/handler.ts'
import { createEngine, type Engine } from './secrets-manager/rotation.ts'
import type { SecretsManagerEvent } from './secrets-manager/rotation-events.ts'
import type { VaultSwitches } from './secrets-manager/secret.ts'
import { createVault, type Vault } from './secrets-manager/vault.ts'
import { createSsmHandler } from './ssm/handler.ts'
import { createParameters, type Parameters } from './ssm/parameters.ts'
import type { CallRecord, WireHandler } from './wire.ts'

/** How the sandbox is put together; everything has a default. */
export interface SandboxOptions {
  readonly clock?: Clock
  /** The Dfns simulator; without one every Dfns request is answered 404. */
  readonly dfns?: WireHandler
  /** 0 or absent: any port that is free. */
  readonly ports?: { readonly aws?: number; readonly dfns?: number }
  /** Lends servers and processes, unless ports are given; the sandbox has its own without one. */
  readonly host?: Host
  /** For every function, on top of the sandbox's own environment. */
  readonly functionEnv?: Readonly<Record<string, string>>
  readonly vaultSwitches?: Partial<VaultSwitches>
  readonly engineSwitches?: Partial<EngineSwitches>
  readonly asyncSwitches?: Partial<AsyncSwitches>
  readonly schedulerSwitches?: Partial<SchedulerSwitches>
  /** Schedule groups that exist beside `default`. */
  readonly scheduleGroups?: readonly string[]
}

/** A bundle that runs as a function. */
export interface AddedFunction extends Omit<FunctionOptions, 'arn' | 'now' | 'endpoints' | 'waiting'> {
  readonly name: string
  /** ARN of the queue that hears of an asynchronous invocation given up. */
  readonly onFailure?: string
}

/** A running sandbox. Its state may be read, and its switches turned, at any time. */
export interface Sandbox {
  readonly clock: Clock
  readonly vault: Vault
  readonly engine: Engine
  readonly parameters: Parameters
  readonly scheduler: Schedules
  /** Lambda's queue of asynchronous invocations. */
  readonly invocations: AsyncInvocations
  /** Dead-letter queues and on-failure destinations, by ARN. */
  readonly queues: Queues
  readonly wire: Wire
  /** The engine's events, as EventBridge delivers them. */
  readonly events: Feed<SecretsManagerEvent>
  readonly urls: { readonly aws: string; readonly dfns: string }
  /** What a process needs to reach the sandbox with the AWS SDK's own variables. */
  readonly environment: Readonly<Record<string, string>>
  /** All that Secrets Manager and Scheduler may invoke, by ARN; a test may put a function of its own here. */
  readonly functions: Map<string, LambdaFunction>
  /** The functions that run a bundle, by ARN, with what they have printed. */
  readonly bundled: ReadonlyMap<string, BundledFunction>
  /** Names of the log groups that nobody may read. */
  readonly deniedLogs: Set<string>
  /** Runs a bundle as a Lambda function on the sandbox's time, and returns its ARN. */
  addFunction(options: AddedFunction): string
  stop(): Promise<void>
}

const FUNCTION_ARN = 'arn:aws:lambda:eu-west-1:000000000000:function:'

function environmentOf(urls: { aws: string; dfns: string }): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: urls.aws,
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'sandbox',
    AWS_SECRET_ACCESS_KEY: 'sandbox',
    DFNS_BASE_URL: urls.dfns,
  }
}

type Services = Pick<
  Sandbox,
  'clock' | 'functions' | 'vault' | 'engine' | 'parameters' | 'queues' | 'invocations' | 'scheduler'
>

/** The state of every AWS service, without a server. */
function createServices(options: SandboxOptions): Services {
  const { clock = createClock(), vaultSwitches, engineSwitches, asyncSwitches, schedulerSwitches } = options
  const functions = new Map<string, LambdaFunction>()
  const vault = createVault({ clock, switches: vaultSwitches ?? {} })
  const queues = createQueues(clock)
  const invocations = createAsyncInvocations({ clock, functions, queues, switches: asyncSwitches ?? {} })
  return {
    clock,
    functions,
    vault,
    engine: createEngine({ clock, vault, functions, switches: engineSwitches ?? {} }),
    parameters: createParameters(clock),
    queues,
    invocations,
    scheduler: createSchedules({
      clock,
      invocations,
      queues,
      switches: schedulerSwitches ?? {},
      groups: options.scheduleGroups ?? [],
    }),
  }
}

/** Every service on the wire; `killed` is called when a fault kills the calling process. */
function connect(parts: {
  services: Services
  lambda: WireHandler
  logs: WireHandler
  dfns: WireHandler | undefined
  killed: () => Promise<void>
}): Wire {
  const { services, lambda, logs, dfns, killed } = parts
  return createWire({
    handlers: {
      secretsmanager: createSecretsManagerHandler(services),
      ssm: createSsmHandler(services.parameters),
      scheduler: createSchedulerHandler(services.scheduler),
      lambda,
      logs,
      ...(dfns && { dfns }),
    },
    onKill: killed,
  })
}

/** Whoever lives through another fault may go on repeating a request, or wait with the next one. */
const isForgotten = ({ fault }: CallRecord): boolean =>
  fault === undefined || fault === 'killed-before' || fault === 'killed-after'

function berthOf({
  options,
  ...guest
}: Pick<Sandbox, 'wire'> & { now: () => number; options: SandboxOptions }) {
  const { host, ports } = options
  return host === undefined || ports !== undefined ? ownBerth({ ...guest, ports }) : host.berth(guest)
}

/** Assembles the services, behind two servers that hear on 127.0.0.1 only. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const services = createServices(options)
  const { clock, engine, functions, invocations } = services
  const bundled = new Map<string, BundledFunction>()
  const killed = async () => {
    await Promise.all([...bundled.values()].map((target) => target.kill()))
  }
  const deniedLogs = new Set<string>()
  const logs = createLogsHandler({ clock, bundled, denied: deniedLogs })
  const wire = connect({ services, lambda: createLambdaHandler(bundled), logs, dfns: options.dfns, killed })
  const now = () => clock.now()
  const berth = await berthOf({ wire, now, options })
  const { urls, waiting } = berth
  const environment = environmentOf(urls)

  const addFunction: Sandbox['addFunction'] = ({ name, env = {}, onFailure, ...rest }) => {
    const arn = `${FUNCTION_ARN}${name}`
    const own = { ...options.functionEnv, ...env }
    // As the keys of a function's own role, it tells who calls.
    const endpoints = { ...environment, AWS_ACCESS_KEY_ID: name }
    const target = createFunction({ ...rest, arn, env: own, endpoints, waiting, now })
    bundled.set(arn, target)
    functions.set(arn, target)
    if (onFailure !== undefined) invocations.configure({ arn, onFailure })
    return arn
  }

  return {
    ...services,
    wire,
    events: engine.events,
    urls,
    environment,
    bundled,
    deniedLogs,
    addFunction,
    stop: async () => {
      await Promise.all([...bundled.values()].map((target) => target.stop()))
      await berth.leave({ isClean: wire.calls.every(isForgotten) })
    },
  }
}
