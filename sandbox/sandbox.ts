import { type Clock, createClock } from './clock.ts'
import { createWire, type Wire } from './faults.ts'
import { serve } from './http.ts'
import { type BundledFunction, createFunction, type FunctionOptions } from './lambda/function.ts'
import type { LambdaFunction } from './lambda/invocation.ts'
import type { EngineSwitches } from './secrets-manager/engine-state.ts'
import type { Feed } from './secrets-manager/feed.ts'
import { createSecretsManagerHandler } from './secrets-manager/handler.ts'
import { createEngine, type Engine } from './secrets-manager/rotation.ts'
import type { SecretsManagerEvent } from './secrets-manager/rotation-events.ts'
import type { VaultSwitches } from './secrets-manager/secret.ts'
import { createVault, type Vault } from './secrets-manager/vault.ts'
import { createSsmHandler } from './ssm/handler.ts'
import { createParameters, type Parameters } from './ssm/parameters.ts'
import type { WireHandler } from './wire.ts'

/** How the sandbox is put together; everything has a default. */
export interface SandboxOptions {
  readonly clock?: Clock
  /** The Dfns simulator; without one every Dfns request is answered 404. */
  readonly dfns?: WireHandler
  /** 0 or absent: any port that is free. */
  readonly ports?: { readonly aws?: number; readonly dfns?: number }
  /** For every function, on top of the sandbox's own environment. */
  readonly functionEnv?: Readonly<Record<string, string>>
  readonly vaultSwitches?: Partial<VaultSwitches>
  readonly engineSwitches?: Partial<EngineSwitches>
}

/** A running sandbox. Its state may be read, and its switches turned, at any time. */
export interface Sandbox {
  readonly clock: Clock
  readonly vault: Vault
  readonly engine: Engine
  readonly parameters: Parameters
  readonly wire: Wire
  /** The engine's events, as EventBridge delivers them. */
  readonly events: Feed<SecretsManagerEvent>
  readonly urls: { readonly aws: string; readonly dfns: string }
  /** What a process needs to reach the sandbox with the AWS SDK's own variables. */
  readonly environment: Readonly<Record<string, string>>
  /** All that Secrets Manager may invoke, by ARN; a test may put a function of its own here. */
  readonly functions: Map<string, LambdaFunction>
  /** The functions that run a bundle, by ARN, with what they have printed. */
  readonly bundled: ReadonlyMap<string, BundledFunction>
  /** Runs a bundle as a Lambda function on the sandbox's time, and returns its ARN. */
  addFunction(options: Omit<FunctionOptions, 'arn' | 'now'> & { readonly name: string }): string
  stop(): Promise<void>
}

const FUNCTION_ARN = 'arn:aws:lambda:eu-west-1:000000000000:function:'

const noDfns: WireHandler = () => ({ status: 404, body: JSON.stringify({ error: { message: 'Not Found' } }) })

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

/** Starts the servers and assembles the services. Both servers hear on 127.0.0.1 only. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { clock = createClock(), dfns = noDfns, ports = {}, functionEnv = {} } = options
  const functions = new Map<string, LambdaFunction>()
  const bundled = new Map<string, BundledFunction>()
  const vault = createVault({ clock, switches: options.vaultSwitches ?? {} })
  const engine = createEngine({ clock, vault, functions, switches: options.engineSwitches ?? {} })
  const parameters = createParameters(clock)
  const wire = createWire({
    handlers: {
      secretsmanager: createSecretsManagerHandler({ clock, vault, engine }),
      ssm: createSsmHandler(parameters),
      dfns,
    },
    onKill: async () => {
      await Promise.all([...bundled.values()].map((target) => target.kill()))
    },
  })
  const aws = await serve({ api: 'aws', wire, now: () => clock.now(), port: ports.aws })
  const dfnsServer = await serve({ api: 'dfns', wire, now: () => clock.now(), port: ports.dfns }).catch(
    async (error: unknown) => {
      await aws.close()
      throw error
    },
  )
  const urls = { aws: aws.url, dfns: dfnsServer.url }
  const environment = environmentOf(urls)

  return {
    clock,
    vault,
    engine,
    parameters,
    wire,
    events: engine.events,
    urls,
    environment,
    functions,
    bundled,
    addFunction: ({ name, env = {}, ...rest }) => {
      const arn = `${FUNCTION_ARN}${name}`
      const variables = { ...environment, ...functionEnv, ...env }
      const target = createFunction({ ...rest, arn, env: variables, now: () => clock.now() })
      bundled.set(arn, target)
      functions.set(arn, target)
      return arn
    },
    stop: async () => {
      await Promise.all([...bundled.values()].map((target) => target.stop()))
      await Promise.all([aws.close(), dfnsServer.close()])
    },
  }
}
