import { createServer, type ServerResponse } from 'node:http'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { pageFolder } from './bundle.ts'
import { pageHeaders } from './headers.ts'

/** A place of the page on a loopback address. */
export interface PageServer {
  /** For example `http://localhost:8443`. */
  readonly origin: string
  close(): Promise<void>
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
}

const files = ['index.html', 'main.js', 'style.css', 'icon.svg'] as const

/**
 * Serves the built page with its headers at `http://HOST:PORT`; browsers find `localhost` and every name
 * under it on this machine. `config` is asked at each request: it may need the addresses of other servers.
 */
export async function servePage(given: {
  host: string
  port?: number
  api: string
  config: () => object
}): Promise<PageServer> {
  const { host, port = 0, api, config } = given
  const headers = pageHeaders([api])
  const answer = async (path: string, response: ServerResponse): Promise<void> => {
    const name = path === '/' ? 'index.html' : path.slice(1)
    const file = files.find((each) => each === name)
    if (file === undefined && name !== 'config.json') {
      response.writeHead(404, headers).end()
      return
    }
    const body = file === undefined ? JSON.stringify(config()) : await readFile(join(pageFolder, file))
    response.writeHead(200, { ...headers, 'content-type': types[extname(name)] ?? '' }).end(body)
  }
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    answer(pathname, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    )
  })
  const listening = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port }, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
  return {
    origin: `http://${host}:${listening}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
