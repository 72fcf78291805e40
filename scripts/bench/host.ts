import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { on, once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { InvocationResult, LambdaFunction } from '../../sandbox/lambda/invocation.ts'
import type { Invocation, RuntimeMessage } from '../../sandbox/lambda/protocol.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { root } from '../bundling.ts'

/** What a process has used since it began. */
export interface Usage {
  /** User and system. */
  readonly cpuMs: number
  /** The most that it ever held: resident, Node.js included. */
  readonly peakMiB: number
  /** Of JavaScript, after the last result. */
  readonly heapMiB: number
}

/** A function in one process, which tells what it uses. */
export interface Host extends LambdaFunction {
  /** Up to the last result. */
  usage(): Usage
  stop(): Promise<void>
}

// As it is built: stripped of its types at the start, it would take 17 MiB and time of every process.
const runtime = join(root, 'dist/npm/cli/esm/runtime.js')
const usageOfEach = fileURLToPath(new URL('./usage.mjs', import.meta.url))
const execArgv = [
  '--no-experimental-require-module',
  '--no-experimental-detect-module',
  `--import=${usageOfEach}`,
]
const nothing: Usage = { cpuMs: 0, peakMiB: 0, heapMiB: 0 }

interface Hosted {
  readonly sandbox: Sandbox
  readonly name: string
  readonly bundle: string
  readonly env?: Readonly<Record<string, string>>
}

/** Puts a bundle into a process of its own, which starts with its first invocation, and under its ARN. */
export function host({ sandbox, name, bundle, env = {} }: Hosted): Host {
  const arn = `arn:aws:lambda:eu-west-1:000000000000:function:${name}`
  let child: ChildProcess | undefined
  let used = nothing
  const start = () =>
    fork(runtime, [bundle], {
      execArgv,
      env: {
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
        AWS_SESSION_TOKEN: 'sandbox',
        ...sandbox.environment,
        AWS_ACCESS_KEY_ID: name,
        ...env,
      },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
  const invoke: LambdaFunction['invoke'] = async (event) => {
    child ??= start()
    const message = await answerOf(child, {
      requestId: randomUUID(),
      event,
      functionArn: arn,
      timeoutMs: 60_000,
      now: sandbox.clock.now(),
    })
    used = 'usage' in message ? message.usage : used
    return resultOf(message)
  }
  const hosted: Host = { arn, invoke, usage: () => used, stop: () => kill(child) }
  sandbox.functions.set(arn, hosted)
  return hosted
}

/** A built function in the place of the sandbox's own, with the same environment. */
export function hostBuilt({ sandbox, arn }: { sandbox: Sandbox; arn: string }): Host {
  const name = arn.split(':').at(-1) ?? arn
  const env = sandbox.bundled.get(arn)?.settings.env ?? {}
  const bundle = join(root, 'dist', name.replace(/^dfns-rotator-/, ''), 'index.mjs')
  return host({ sandbox, name, bundle, env })
}

type Answer = Exclude<RuntimeMessage, { type: 'started' }>
type Told = Answer | (Answer & { readonly usage: Usage })

async function answerOf(child: ChildProcess, invocation: Invocation): Promise<Told> {
  const messages = on(child, 'message', { close: ['exit'] })
  child.send(invocation)
  for await (const [message] of messages as AsyncIterable<[RuntimeMessage]>) {
    if (message.type !== 'started') return message
  }
  throw new Error(`the process of ${invocation.functionArn} ended`)
}

function resultOf(message: Answer): InvocationResult {
  if (message.type === 'result') return { ok: true, payload: message.payload }
  return { ok: false, errorType: message.errorType, errorMessage: message.errorMessage }
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
