import { once } from 'node:events'
import { type ChildProcess, spawn } from 'node:child_process'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { InvocationResult } from './invocation.ts'
import type { Invocation, RuntimeMessage } from './protocol.ts'

/** One execution environment: a process that answers one invocation at a time. */
export interface ExecutionEnvironment {
  /** Never rejects; a process that dies is an error of Lambda's. */
  invoke(invocation: Invocation): Promise<InvocationResult>
  alive(): boolean
  /** Every line that it prints goes there from now on. */
  printTo(output: (line: string) => void): void
  /** SIGKILL, and waits until the process is gone and its output read. */
  kill(): Promise<void>
}

// As source in this repository; built, where others have installed it.
const RUNTIME = fileURLToPath(new URL(`./runtime${extname(import.meta.url)}`, import.meta.url))

/** As on Lambda, where require() of an ES module and the detection of module syntax are off. */
const NODE_FLAGS = ['--no-experimental-require-module', '--no-experimental-detect-module']

/** The time for loading the bundle does not count as the function's; Lambda gives it ten seconds. */
const INIT_LIMIT_MS = 10_000

function capture({ stream, output }: { stream: Readable | null; output: (line: string) => void }): void {
  if (stream) createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', output)
}

const exitError = ({ requestId, child }: { requestId: string; child: ChildProcess }): InvocationResult => {
  const { exitCode, signalCode } = child
  const killed = signalCode === null ? undefined : signalCode.replace('SIG', '').toLowerCase()
  const how =
    killed === undefined ? `exit status ${exitCode}` : `signal: ${killed === 'kill' ? 'killed' : killed}`
  const errorMessage = `RequestId: ${requestId} Error: Runtime exited with error: ${how}`
  return { ok: false, errorType: 'Runtime.ExitError', errorMessage }
}

const timedOut = ({ requestId, timeoutMs }: Invocation): InvocationResult => {
  const seconds = (timeoutMs / 1000).toFixed(2)
  const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${seconds} seconds`
  return { ok: false, errorType: 'Sandbox.Timedout', errorMessage }
}

const resultOf = (message: Exclude<RuntimeMessage, { type: 'started' }>): InvocationResult => {
  if (message.type === 'result') return { ok: true, payload: message.payload }
  return { ok: false, errorType: message.errorType, errorMessage: message.errorMessage }
}

/**
 * Compiled code may be kept where this process keeps its own: starting takes half the time then. The
 * function does not see it.
 */
function compileCache(): Record<string, string> {
  const { NODE_COMPILE_CACHE } = process.env
  return NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }
}

/** Starts a process with nothing in its environment but `env`; every line that it prints goes to `output`. */
export function startEnvironment(start: {
  bundle: string
  env: Readonly<Record<string, string>>
  output: (line: string) => void
}): ExecutionEnvironment {
  const { bundle, env } = start
  let { output } = start
  const child = spawn(process.execPath, [...NODE_FLAGS, RUNTIME, bundle], {
    env: { ...compileCache(), ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const gone = once(child, 'close')
  for (const stream of [child.stdout, child.stderr]) capture({ stream, output: (line) => output(line) })
  let hear: ((message: RuntimeMessage) => void) | undefined
  let lastWords: RuntimeMessage | undefined
  child.on('message', (message: RuntimeMessage) => {
    if (message.type === 'error' && message.fatal) lastWords = message
    hear?.(message)
  })

  const kill = async () => {
    child.kill('SIGKILL')
    await gone
  }

  const invoke: ExecutionEnvironment['invoke'] = async (invocation) => {
    let timer: NodeJS.Timeout | undefined
    const reply = new Promise<InvocationResult>((resolve) => {
      const expireIn = (ms: number) => {
        clearTimeout(timer)
        timer = setTimeout(() => resolve(timedOut(invocation)), ms)
      }
      hear = (message) => {
        if (message.type === 'started') expireIn(invocation.timeoutMs)
        else resolve(resultOf(message))
      }
      expireIn(INIT_LIMIT_MS + invocation.timeoutMs)
      if (lastWords) hear(lastWords)
    })
    const exit = gone.then(() => exitError({ requestId: invocation.requestId, child }))
    child.send(invocation, () => {})
    const result = await Promise.race([reply, exit])
    clearTimeout(timer)
    hear = undefined
    if (lastWords || (!result.ok && result.errorType === 'Sandbox.Timedout')) await kill()
    // What was printed before the result is in the pipe already; one turn of the loop reads it.
    await setImmediate()
    return result
  }

  return {
    invoke,
    kill,
    printTo: (next) => {
      output = next
    },
    alive: () => child.exitCode === null && child.signalCode === null && child.connected,
  }
}
