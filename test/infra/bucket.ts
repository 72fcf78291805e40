import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request, as S3 gets it. */
export interface BucketRequest {
  readonly method: string
  /** Bucket and key, where the bucket is in the path. */
  readonly path: string
  /** Who signed it, for which region and service. */
  readonly signedFor: string
}

/** As much of S3 on loopback as an upload needs: objects that are put once, and read. */
export interface Buckets {
  readonly url: string
  /** Contents by `bucket/key`. */
  readonly objects: Map<string, Buffer>
  readonly requests: readonly BucketRequest[]
  close(): void
}

const errorOf = (code: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`

export async function openBuckets(names: readonly string[]): Promise<Buckets> {
  const objects = new Map<string, Buffer>()
  const requests: BucketRequest[] = []
  const server = createServer((request, response) => void answer(request, response))
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers } = request
    const path = decodeURIComponent(url.split('?')[0]?.slice(1) ?? '')
    requests.push({ method, path, signedFor: scopeOf(headers.authorization) })
    const { status, body } = reply({ method, path, headers, body: Buffer.concat(chunks) })
    response.writeHead(status, { 'content-type': 'application/xml' }).end(body)
  }
  const reply = (of: Pick<IncomingMessage, 'headers'> & { method: string; path: string; body: Buffer }) => {
    const { method, path, headers, body } = of
    if (!names.includes(path.split('/')[0] ?? '')) return { status: 404, body: errorOf('NoSuchBucket') }
    const found = objects.get(path)
    if (method === 'GET')
      return found ? { status: 200, body: found } : { status: 404, body: errorOf('NoSuchKey') }
    if (found && headers['if-none-match'] === '*') return { status: 412, body: errorOf('PreconditionFailed') }
    if (Number(headers['content-length']) !== body.length)
      return { status: 400, body: errorOf('IncompleteBody') }
    objects.set(path, body)
    return { status: 200, body: '' }
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, objects, requests, close: () => server.close() }
}

/** `key/region/service` of a signature of version 4. */
function scopeOf(authorization = ''): string {
  const [, key, region, service] = / Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\//.exec(authorization) ?? []
  return [key, region, service].join('/')
}
