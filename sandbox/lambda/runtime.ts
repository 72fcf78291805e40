import { flushCompileCache } from 'node:module'
import { errorLine, summarize } from './error-report.ts'
import type { Invocation, RuntimeMessage } from './protocol.ts'
import { setDate } from './virtual-date.ts'

// The process that stands for one execution environment: it loads the bundle named by its argument and
// answers invocations over the IPC channel, one at a time, so that stdout and stderr belong to the function.

// Node.js has read it by now; the function is not to see it, because on Lambda there is none.
delete process.env.NODE_COMPILE_CACHE

type Handler = (event: unknown, context: object) => unknown

let requestId: string | undefined

function send(message: RuntimeMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(message, () => resolve())
    else resolve()
  })
}

interface Failure {
  readonly thrown: unknown
  readonly errorType?: string | undefined
  readonly fatal: boolean
}

async function reportError({ thrown, errorType, fatal }: Failure): Promise<void> {
  process.stdout.write(`${errorLine({ thrown, requestId })}\n`)
  const summary = { ...summarize(thrown), ...(errorType !== undefined && { errorType }) }
  await send({ type: 'error', fatal, ...summary, ...(requestId !== undefined && { requestId }) })
}

async function die({ exitCode, ...failure }: Omit<Failure, 'fatal'> & { exitCode: number }): Promise<void> {
  await reportError({ ...failure, fatal: true })
  process.exit(exitCode)
}

function initErrorType(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'ERR_MODULE_NOT_FOUND') return 'Runtime.ImportModuleError'
  return thrown instanceof SyntaxError ? 'Runtime.UserCodeSyntaxError' : undefined
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function'
}

async function loadHandler(bundle: string): Promise<Handler> {
  const module: unknown = await import(bundle)
  const handler = typeof module === 'object' && module && 'handler' in module ? module.handler : undefined
  if (!isHandler(handler)) {
    throw Object.assign(new Error('index.handler is undefined or not exported'), {
      name: 'Runtime.HandlerNotFound',
    })
  }
  // Lambda's Node 24 refuses handlers that ask for a callback.
  if (handler.length >= 3) {
    const error = new Error('Callback-based handlers are not supported')
    throw Object.assign(error, { name: 'Runtime.CallbackHandlerDeprecated' })
  }
  return handler
}

function contextOf({ functionArn, timeoutMs }: Invocation): object {
  const deadline = performance.now() + timeoutMs
  const functionName = process.env.AWS_LAMBDA_FUNCTION_NAME
  return {
    awsRequestId: requestId,
    functionName,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: functionArn,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - performance.now())),
  }
}

async function answer({ handler, invocation }: { handler: Handler; invocation: Invocation }): Promise<void> {
  requestId = invocation.requestId
  if (invocation.now !== undefined) setDate(invocation.now)
  try {
    await send({ type: 'started' })
    const result = await handler(invocation.event, contextOf(invocation))
    const payload: unknown = JSON.parse(JSON.stringify(result ?? null))
    await send({ type: 'result', requestId, payload })
  } catch (thrown) {
    await reportError({ thrown, fatal: false })
  }
  // It is killed, not ended: without this nothing would be kept.
  flushCompileCache()
}

async function start(bundle: string): Promise<void> {
  const invocations: Invocation[] = []
  let handler: Handler | undefined
  const next = () => {
    if (!handler) return
    for (const invocation of invocations.splice(0)) void answer({ handler, invocation })
  }
  process.on('disconnect', () => process.exit())
  process.on('message', (invocation: Invocation) => {
    invocations.push(invocation)
    requestId = invocation.requestId
    next()
  })
  try {
    handler = await loadHandler(bundle)
    next()
  } catch (thrown) {
    await die({ thrown, errorType: initErrorType(thrown), exitCode: 1 })
  }
}

process.on('uncaughtException', (thrown) => void die({ thrown, exitCode: 129 }))
process.on('unhandledRejection', (thrown) => {
  void die({ thrown, errorType: 'Runtime.UnhandledPromiseRejection', exitCode: 128 })
})

void start(process.argv[2] ?? '')
