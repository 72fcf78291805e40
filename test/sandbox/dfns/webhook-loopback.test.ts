import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { deliverToLoopback } from '../../../sandbox/dfns/webhook-loopback.ts'
import { openScene } from '../../../sandbox/scene.ts'

/** A server on a loopback address; returns its origin. */
async function listen(listener: RequestListener, host = '127.0.0.1'): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`
}

/** A receiver that answers 200, and what it received. */
async function receiver() {
  const received: { method: string | undefined; signature: unknown; body: string }[] = []
  const origin = await listen((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const signature = incoming.headers['x-dfns-webhook-signature']
      received.push({ method: incoming.method, signature, body: Buffer.concat(chunks).toString('utf8') })
      outgoing.writeHead(200).end('thank you')
    })
  })
  return { origin, received }
}

const delivery = { headers: { 'x-dfns-webhook-signature': 'sha256=00' }, body: '{"note":"café"}' }

test('a delivery is POSTed as it is, and the answer’s status comes back', async () => {
  const { origin, received } = await receiver()
  expect(await deliverToLoopback()({ url: `${origin}/hook`, ...delivery })).toEqual({ status: 200 })
  expect(received).toEqual([{ method: 'POST', signature: 'sha256=00', body: delivery.body }])
})

test('a redirect is an answer like any other, and not followed', async () => {
  const { origin, received } = await receiver()
  const from = await listen((_, outgoing) => outgoing.writeHead(307, { location: origin }).end())
  expect(await deliverToLoopback()({ url: from, ...delivery })).toEqual({ status: 307 })
  expect(received).toEqual([])
})

test('a receiver that is silent until the deadline has not answered', async () => {
  const silent = await listen(() => {})
  expect(await deliverToLoopback({ deadline: 50 })({ url: silent, ...delivery })).toBe('no answer')
})

test('a port that nobody listens on has not answered', async () => {
  expect(await deliverToLoopback()({ url: 'http://127.0.0.1:1/', ...delivery })).toBe('no answer')
})

test.each([
  'http://192.0.2.1/',
  'https://receiver.test/',
  'http://127.0.0.1.receiver.test/',
  'http://localhost.test/',
  'http://notlocalhost/',
  'http://0.0.0.0/',
])('nothing is sent to %s', async (url) => {
  const fetched = vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response())
  onTestFinished(() => fetched.mockRestore())
  expect(await deliverToLoopback()({ url, ...delivery })).toBe('no answer')
  expect(fetched).not.toHaveBeenCalled()
})

test.each(['http://localhost:1/', 'http://127.9.9.9/', 'http://[::1]/', 'http://127.1/'])(
  'what is for %s is sent',
  async (url) => {
    const fetched = vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response())
    onTestFinished(() => fetched.mockRestore())
    expect(await deliverToLoopback()({ url, ...delivery })).toEqual({ status: 200 })
    expect(fetched).toHaveBeenCalledOnce()
  },
)

test('the sandbox delivers to a receiver on this machine', async () => {
  const { origin, received } = await receiver()
  const { dfns, sandbox } = await openScene()
  onTestFinished(() => sandbox.stop())
  const { orgId } = dfns.createOrganisation()
  const { webhookId } = dfns.createWebhook({ orgId, url: origin, events: ['*'] })
  await dfns.emit({ orgId, kind: 'wallet.created', data: {} })
  expect(received).toHaveLength(1)
  expect(dfns.webhookEvents({ webhookId })).toMatchObject([{ status: 200, deliveryFailed: false }])
})
