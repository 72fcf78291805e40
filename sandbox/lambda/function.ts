import { randomUUID } from 'node:crypto'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type ExecutionEnvironment, startEnvironment } from './environment.ts'
import type { LambdaFunction } from './invocation.ts'

/** A function whose bundle runs as on Lambda, in processes of its own. */
export interface BundledFunction extends LambdaFunction {
  /** Everything that the function has printed, line by line, stdout and stderr. */
  readonly output: readonly string[]
  readonly settings: FunctionSettings
  /** Kills the processes that are at work: their invocations end with Runtime.ExitError. */
  kill(): Promise<void>
  /** Kills all processes; idle ones live on where they are kept for others. */
  stop(): Promise<void>
}

/** What Lambda tells of a function. */
export interface FunctionSettings {
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly logGroup: string
}

/** Idle processes of functions that are no more, by bundle and environment. */
export interface WaitingProcesses {
  take(key: string): ExecutionEnvironment | undefined
  leave(one: { key: string; process: ExecutionEnvironment }): void
}

/** How a bundle is run. */
export interface FunctionOptions {
  readonly arn: string
  /** An ES module that exports `handler(event, context)`. */
  readonly bundle: URL | string
  readonly env?: Readonly<Record<string, string>>
  /** Where the services are; Lambda would not show it, since nobody sets it there. */
  readonly endpoints?: Readonly<Record<string, string>>
  /** 60,000 ms unless told otherwise; then the process is killed. */
  readonly timeoutMs?: number
  /** Where idle processes go that outlive the function; they die with it without. */
  readonly waiting?: WaitingProcesses
  /** Whether a process is used again for the next invocation, as Lambda does; the default. */
  readonly keepWarm?: boolean
  /** The time that the function's `Date` shows; the machine's unless given. */
  readonly now?: () => number
  /** Hears each line as it is printed. */
  readonly onOutput?: (line: string) => void
}

const MEMORY_MB = '512'

/** What Lambda sets; the credentials are dummies, since the sandbox asks nobody for permission. */
function lambdaEnvironment({ name, bundle }: { name: string; bundle: URL }): Record<string, string> {
  return {
    _HANDLER: 'index.handler',
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: MEMORY_MB,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `sandbox/[$LATEST]${randomUUID().replaceAll('-', '')}`,
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_ACCESS_KEY_ID: 'sandbox',
    AWS_SECRET_ACCESS_KEY: 'sandbox',
    AWS_SESSION_TOKEN: 'sandbox',
    LAMBDA_TASK_ROOT: fileURLToPath(new URL('.', bundle)),
    TZ: ':UTC',
  }
}

/**
 * Makes a function. Invocations at the same time run in processes of their own; after a time-out, an exit or
 * a kill the next invocation gets a fresh process.
 */
export function createFunction(options: FunctionOptions): BundledFunction {
  const { arn, env = {}, endpoints = {}, timeoutMs = 60_000, keepWarm = true, now, waiting } = options
  const bundle = typeof options.bundle === 'string' ? pathToFileURL(options.bundle) : options.bundle
  const name = arn.split(':').at(-1) ?? arn
  const idle: ExecutionEnvironment[] = []
  const busy = new Set<ExecutionEnvironment>()
  const output: string[] = []
  const settings = { env, timeoutMs, logGroup: `/aws/lambda/${name}` }

  const record = (line: string) => {
    output.push(line)
    options.onOutput?.(line)
  }

  const set = { ...endpoints, ...env }
  const key = JSON.stringify([bundle.href, set])
  const start = () => {
    const all = { ...lambdaEnvironment({ name, bundle }), ...set }
    return startEnvironment({ bundle: bundle.href, env: all, output: record })
  }

  const takeWarm = (): ExecutionEnvironment | undefined => {
    const warm = idle.pop() ?? waiting?.take(key)
    warm?.printTo(record)
    return !warm || warm.alive() ? warm : takeWarm()
  }

  const killAll = async (environments: Iterable<ExecutionEnvironment>) => {
    await Promise.all([...environments].map((environment) => environment.kill()))
  }

  const invoke: LambdaFunction['invoke'] = async (event) => {
    const environment = takeWarm() ?? start()
    busy.add(environment)
    const clock = now ? { now: now() } : {}
    const result = await environment.invoke({
      requestId: randomUUID(),
      event,
      functionArn: arn,
      timeoutMs,
      ...clock,
    })
    busy.delete(environment)
    if (keepWarm && environment.alive()) idle.push(environment)
    else await environment.kill()
    return result
  }

  const stop = async () => {
    const left = idle.splice(0)
    if (waiting === undefined) return killAll([...busy, ...left])
    for (const process of left) waiting.leave({ key, process })
    await killAll(busy)
  }
  return { arn, output, settings, invoke, kill: () => killAll(busy), stop }
}
