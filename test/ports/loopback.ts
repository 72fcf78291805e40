import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Received {
  readonly endpoint: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/**
 * A reply, or what goes wrong in its place: the connection breaks before or within the reply, or the reply, or the
 * rest of it, never comes.
 */
export type Answer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | 'cut'
  | 'cut within'
  | 'never'
  | 'never ends'

export interface Loopback {
  readonly origin: string
  readonly requests: readonly Received[]
  readonly endpoints: readonly string[]
  close(): Promise<void>
}

/** An HTTP server on loopback that answers as it is told and remembers what it was asked. */
export async function loopback(answerTo: (request: Received) => Answer): Promise<Loopback> {
  const requests: Received[] = []
  const server = createServer((request, response) => {
    const read = async () => {
      const endpoint = `${request.method} ${request.url}`
      const received = { endpoint, headers: request.headers, body: await text(request) }
      requests.push(received)
      answer(response, answerTo(received))
    }
    read().catch(() => response.destroy())
  })
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    get endpoints() {
      return requests.map(({ endpoint }) => endpoint)
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function answer(response: ServerResponse, reply: Answer): void {
  if (reply === 'never') return
  if (reply === 'cut') return void response.destroy()
  if (reply === 'never ends' || reply === 'cut within') {
    response.writeHead(200, { 'content-length': '100' }).write('{"items":[')
    if (reply === 'cut within') setImmediate(() => response.destroy())
    return
  }
  response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers })
  response.end(reply.body ?? '')
}
