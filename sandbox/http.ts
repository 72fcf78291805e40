import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Wire } from './faults.ts'
import { lambdaOperation } from './lambda/handler.ts'
import { schedulerOperation } from './scheduler/routes.ts'
import type { WireRequest, WireResponse } from './wire.ts'

/** A server on 127.0.0.1. */
export interface HttpServer {
  readonly url: string
  close(): Promise<void>
}

const MAX_BODY_BYTES = 1_048_576
const TARGETS = { secretsmanager: 'secretsmanager', AmazonSSM: 'ssm', Logs_20140328: 'logs' } as const

/** How a server treats browsers; may be changed between any two requests. */
export interface Browsers {
  /** The origins whose pages may call it. */
  origins: '*' | readonly string[]
  /**
   * Whether connections are kept. Chromium repeats by itself what broke on a connection it had used before,
   * a POST included: the page then does not hear of a lost reply, and the service hears the call twice.
   */
  keepsConnections: boolean
}

const anyBrowser: Browsers = { origins: '*', keepsConnections: false }

/** What a page whose origin is allowed may send and read; `authorization` is not among `*`. */
const CORS = {
  'access-control-allow-methods': '*',
  'access-control-allow-headers': '*, authorization',
  'access-control-expose-headers': '*',
  'access-control-max-age': '600',
}

/** For an origin that is not allowed there are no headers: its browser then keeps the reply from the page. */
function corsOf({ browsers, origin }: { browsers: Browsers; origin: string | undefined }) {
  if (browsers.origins === '*') return { ...CORS, 'access-control-allow-origin': '*' }
  const allowed = origin !== undefined && browsers.origins.includes(origin)
  return { vary: 'origin', ...(allowed && { ...CORS, 'access-control-allow-origin': origin }) }
}

/** The whole body, or nothing when it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size <= MAX_BODY_BYTES) chunks.push(bytes)
  }
  return size > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString('utf8')
}

/** AWS names service and operation in a header; at Dfns, Scheduler and Lambda they are method and path. */
function address(request: { api: 'aws' | 'dfns'; method: string; path: string; target: string }) {
  if (request.api === 'dfns') {
    return { service: 'dfns', operation: `${request.method} ${request.path.split('?')[0]}` } as const
  }
  const scheduling = request.target === '' ? schedulerOperation(request) : undefined
  if (scheduling !== undefined) return { service: 'scheduler', operation: scheduling } as const
  const invoking = request.target === '' ? lambdaOperation(request) : undefined
  if (invoking !== undefined) return { service: 'lambda', operation: invoking } as const
  const [prefix = '', operation = ''] = request.target.split('.')
  const service = Object.entries(TARGETS).find(([name]) => name === prefix)?.[1]
  return service && { service, operation }
}

function headersOf(incoming: IncomingMessage): Record<string, string> {
  const entries = Object.entries(incoming.headers)
  return Object.fromEntries(entries.map(([name, value = '']) => [name, [value].flat().join(', ')]))
}

const unknownTarget: WireResponse = {
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': 'UnknownOperationException' },
  body: JSON.stringify({ __type: 'UnknownOperationException', message: 'The X-Amz-Target is not known.' }),
}

interface Parts {
  readonly api: 'aws' | 'dfns'
  readonly wire: Pick<Wire, 'dispatch'>
  /** The time that replies are dated with. */
  readonly now: () => number
  /** Every origin, and no connection is kept, unless told otherwise. */
  readonly browsers?: Browsers
}

async function answer({ api, wire, incoming }: Pick<Parts, 'api' | 'wire'> & { incoming: IncomingMessage }) {
  const { method = 'GET', url: path = '/' } = incoming
  if (method === 'OPTIONS') return { status: 204, body: '' }
  const body = await readBody(incoming)
  if (body === undefined) return { status: 413, body: '' }
  const headers = headersOf(incoming)
  const to = address({ api, method, path, target: headers['x-amz-target'] ?? '' })
  if (!to) return unknownTarget
  const request: WireRequest = { ...to, method, path, headers, body }
  return wire.dispatch(request)
}

interface Sending extends Pick<Parts, 'now' | 'browsers'> {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  readonly reply: WireResponse
}

function send({ incoming, response, reply, now, browsers = anyBrowser }: Sending): void {
  const { origin } = incoming.headers
  // The sandbox's time: the AWS SDK takes another for a wrong clock of its own, and repeats the request.
  const date = new Date(now()).toUTCString()
  const closing = origin !== undefined && !browsers.keepsConnections
  response.writeHead(reply.status, {
    ...corsOf({ browsers, origin }),
    ...(closing && { connection: 'close' }),
    date,
    ...reply.headers,
  })
  response.end(reply.body)
}

function listen({ server, port }: { server: Server; port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port }, () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : port}`)
    })
  })
}

/**
 * Serves one API on `port` (0: any that is free). A handler that throws is a defect of the sandbox: 500 and
 * its message.
 */
export async function serve({
  port = 0,
  ...parts
}: Parts & { port?: number | undefined }): Promise<HttpServer> {
  const server = createServer((incoming, response) => {
    answer({ ...parts, incoming })
      .catch((error: unknown) => ({ status: 500, body: `The sandbox failed: ${String(error)}` }))
      .then((reply) =>
        reply === 'broken' ? incoming.socket.destroy() : send({ ...parts, incoming, response, reply }),
      )
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  // A client may come back to a connection after a while of work; a server that closes it just then loses a
  // request.
  server.keepAliveTimeout = 0
  const url = await listen({ server, port })
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
