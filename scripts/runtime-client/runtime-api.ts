import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'

/** Lambda's side of its Runtime API, on loopback. */
export interface RuntimeApi {
  /** `host:port`, as AWS_LAMBDA_RUNTIME_API names it. */
  readonly address: string
  /** Hands an event to the runtime client, one at a time. */
  invoke(event: unknown): Promise<InvocationResult>
  close(): void
}

interface Failure {
  readonly errorType: string
  readonly errorMessage: string
}

interface Invocation {
  readonly id: string
  readonly event: unknown
  readonly end: (result: InvocationResult) => void
}

/** https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html */
export async function startRuntimeApi(of: { functionArn: string; timeoutMs: number }): Promise<RuntimeApi> {
  const waiting: Invocation[] = []
  const running = new Map<string, Invocation>()
  let idle: ((invocation: Invocation) => void) | undefined

  const hand = (response: ServerResponse) => (invocation: Invocation) => {
    idle = undefined
    running.set(invocation.id, invocation)
    response.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': invocation.id,
      'lambda-runtime-deadline-ms': String(Date.now() + of.timeoutMs),
      'lambda-runtime-invoked-function-arn': of.functionArn,
    })
    response.end(JSON.stringify(invocation.event))
  }

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const [, , , , id = '', what = ''] = (request.url ?? '').split('/')
    const next = hand(response)
    if (request.method === 'GET') {
      const invocation = waiting.shift()
      if (invocation === undefined) idle = next
      else next(invocation)
      return
    }
    const body = await text(request)
    const payload: unknown = body === '' ? null : JSON.parse(body)
    response.writeHead(202).end('{}')
    // An error of the start (`init/error`) has no invocation: it ends the one that waits.
    const invocation = running.get(id) ?? waiting.shift()
    running.delete(id)
    const isError = what === 'error' || id === 'error'
    invocation?.end(isError ? { ok: false, ...(payload as Failure) } : { ok: true, payload })
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    invoke: (event) =>
      new Promise((end) => {
        const invocation = { id: randomUUID(), event, end }
        if (idle === undefined) waiting.push(invocation)
        else idle(invocation)
      }),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
