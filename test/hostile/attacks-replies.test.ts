import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, deflateRawSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { errorCodes } from '../../lambdas/errors.ts'
import { newKey } from '../../sandbox/scene.ts'
import { type Kind, keep, worldOf } from '../support/kinds.ts'
import { arena, codeOf, invoke, put, rotationOf, stagePending } from './arena.ts'

// Here Dfns itself is an attacker: the policy names the trap.
const policy = (urls: { dfns: string; trap: string }) => ({ allowedBaseUrls: [urls.dfns, urls.trap] })
const at = arena({ policy, dfnsSwitches: worldOf('replaced account') }, 'trap')

const shortly = 'arn:aws:lambda:eu-west-1:000000000000:function:dfns-rotator-shortly'

/** A rotation function that has three seconds: less than one request to Dfns may take. */
async function hurried(arn: string) {
  const { scene } = at()
  const { sandbox, functionArn } = scene
  if (!sandbox.bundled.has(shortly)) {
    const bundle = fileURLToPath(new URL('../../dist/rotate/index.mjs', import.meta.url))
    const { env = {} } = sandbox.bundled.get(functionArn)?.settings ?? {}
    sandbox.addFunction({ name: 'dfns-rotator-shortly', bundle, env, timeoutMs: 3_000 })
  }
  const secret = sandbox.vault.find(arn)
  if (secret.rotation !== undefined) secret.rotation = { ...secret.rotation, lambdaArn: shortly }
  return shortly
}

/** createSecret of a secret whose document sends everything to the trap. */
async function trapped(answer: (response: ServerResponse, path: string) => void, { isHurried = false } = {}) {
  const { scene, trap } = at()
  const { orgId } = scene.dfns.createOrganisation()
  const account = scene.openAccount({ orgId, name: 'payments' })
  const document = { ...account.document, baseUrl: trap.url }
  const arn = await scene.keepSecret({ name: `prod/${orgId}`, document: account.document })
  await put({ scene, arn, change: document })
  const before = scene.dfns.effects().length
  trap.answer = (request, response) => answer(response, request.url ?? '')
  const event = { Step: 'createSecret', SecretId: arn, ClientRequestToken: stagePending({ scene, arn }) }
  const target = isHurried ? scene.sandbox.bundled.get(await hurried(arn)) : undefined
  const result =
    target === undefined ? (await invoke({ scene }, 'rotate', event)).result : await target.invoke(event)
  expect(scene.dfns.effects()).toHaveLength(before)
  return { code: codeOf(result), message: result.ok ? '' : result.errorMessage }
}

afterEach(() => {
  at().scene.sandbox.wire.plan = undefined
})

const asJson = { 'content-type': 'application/json' }

/** Sends the same again and again until the other side has had enough; tells how much that was. */
function endlessly(of: { response: ServerResponse; first: Buffer; chunk: Buffer; headers: object }) {
  const { response, first, chunk, headers } = of
  let sent = 0
  response.writeHead(200, { ...asJson, ...headers })
  let isWanted = true
  response.once('close', () => {
    isWanted = false
  })
  const more = () => {
    if (!isWanted) return
    sent += chunk.length
    if (response.write(chunk)) setImmediate(more)
    else response.once('drain', more)
  }
  response.write(first)
  more()
  return () => sent
}

const mebibyte = 1_048_576
const zeros = Buffer.alloc(mebibyte)
/** A megabyte of nothing in a thousand bytes, after which another may follow. */
const deflated = deflateRawSync(zeros, { finishFlush: constants.Z_SYNC_FLUSH })
const gzipHeader = Buffer.from('1f8b0800000000000003', 'hex')

describe('a reply without an end is given up after a megabyte, whatever it is packed in', () => {
  test.each([
    ['as it is', Buffer.alloc(65_536, ' '), {}, Buffer.alloc(0)],
    ['of gzip', deflated, { 'content-encoding': 'gzip' }, gzipHeader],
    ['of deflate', deflated, { 'content-encoding': 'deflate' }, Buffer.alloc(0)],
  ])('%s', async (_, chunk, headers, first) => {
    const sent: (() => number)[] = []
    const { code } = await trapped((response) => {
      sent.push(endlessly({ response, first, chunk, headers }))
    })
    expect(code).toBe('ERR_DFNS_RESPONSE')
    expect(sent.length).toBeGreaterThan(0)
    // What the sockets hold, and no more.
    for (const bytes of sent) expect(bytes()).toBeLessThan(16 * mebibyte)
  })
})

describe('a reply that is too large, too deep or too strange ends with a code of ours, and nothing is made', () => {
  const whole =
    (body: string | Buffer, headers: object = {}, status = 200) =>
    (response: ServerResponse) =>
      void response.writeHead(status, { ...asJson, ...headers }).end(body)
  const listOf = (item: object) => JSON.stringify({ items: [item] })
  const listed = { credentialId: 'x', credentialUuid: 'cr-1', isActive: true, kind: 'Key' }

  test.each([
    ['ten megabytes', whole(`{"items":[]${' '.repeat(10 * mebibyte)}}`)],
    [
      'brotli of 64 megabytes',
      whole(brotliCompressSync(Buffer.alloc(64 * mebibyte, ' ')), { 'content-encoding': 'br' }),
    ],
    ['gzip that is none', whole('{"items":[]}', { 'content-encoding': 'gzip' })],
    ['half a million lists in each other', whole('['.repeat(500_000) + ']'.repeat(500_000))],
    ['half a million objects in each other', whole('{"items":'.repeat(100_000) + '1' + '}'.repeat(100_000))],
    ['a number for truth', whole(listOf({ ...listed, isActive: 1 }))],
    ['a number beyond all numbers', whole(listOf({ ...listed, credentialId: 0 }).replace('0', '1e999999'))],
    ['the field it needs, by way of __proto__', whole('{"__proto__":{"items":[],"challenge":"x"}}')],
    ['a constructor', whole('{"constructor":{"prototype":{"isActive":true}},"items":[{}]}')],
    ['the same field twice', whole('{"items":[],"items":7}')],
    ['an id with a line break', whole(listOf({ ...listed, credentialUuid: 'cr-1\r\nx-y: z' }))],
    ['a path for an id', whole(listOf({ ...listed, credentialUuid: '../../wallets' }))],
    ['a page', whole('<html><script>alert(1)</script></html>', { 'content-type': 'text/html' })],
    ['nothing, and 204', whole('', {}, 204)],
    ['a status that there is not', whole('{}', {}, 799)],
    ['a header of 100 kB', whole('{}', { 'x-large': 'x'.repeat(100_000) })],
    [
      'a limit of a million requests, and retry in a thousand years',
      whole('', { 'retry-after': '31536000000' }, 429),
    ],
    ['what was sent, as the reason', whole(`{"error":{"message":"${'x'.repeat(2_000)}"}}`, {}, 400)],
  ])('%s', { timeout: 60_000 }, async (_, answer) => {
    const { code, message } = await trapped(answer)
    expect(errorCodes).toContain(code)
    expect(message).not.toContain('unexpected')
  })

  test('what it repeats of the request, token and all, is printed nowhere', async () => {
    const { scene, trap } = at()
    const echoes: string[] = []
    const { code } = await trapped((response) => {
      const { authorization = '' } = response.req.headers
      echoes.push(authorization)
      response.writeHead(422, authorization, asJson)
      response.end(JSON.stringify({ error: { message: authorization, token: authorization } }))
    })
    expect(errorCodes).toContain(code)
    expect(echoes[0]).toMatch(/^Bearer ey/)
    const printed = [...scene.sandbox.bundled.values()].flatMap(({ output }) => output).join('\n')
    expect(printed).not.toContain(echoes[0]?.slice(7))
    expect(trap.hits.length).toBeGreaterThan(0)
  })
})

describe('nobody is sent anything but who the policy names', () => {
  test.each([301, 302, 303, 307, 308])('status %i does not make it go elsewhere', async (status) => {
    const start = at().trap.hits.length
    const { code } = await trapped((response) =>
      response.writeHead(status, { location: `${at().trap.url}/elsewhere` }).end(),
    )
    expect(code).toBe('ERR_DFNS_RESPONSE')
    expect(
      at()
        .trap.hits.slice(start)
        .filter((hit) => hit.includes('elsewhere')),
    ).toEqual([])
  })

  test('a cookie is not kept, nor is a refresh, a link or another address of the service', async () => {
    const cookies: (string | undefined)[] = []
    const headers = {
      'set-cookie': ['session=1; Path=/', 'other=2; Domain=127.0.0.1'],
      refresh: '0; url=https://elsewhere.test',
      link: '<https://elsewhere.test>; rel=preload',
      'alt-svc': 'h2="elsewhere.test:443"',
      'strict-transport-security': 'max-age=31536000',
    }
    await trapped((response) => {
      cookies.push(response.req.headers.cookie)
      response.writeHead(503, headers).end()
    })
    expect(cookies.length).toBeGreaterThan(2)
    expect(new Set(cookies)).toEqual(new Set([undefined]))
  })
})

describe('a reply that comes too slowly ends in time, by a code of ours', () => {
  const dripping = (head: boolean) => (response: ServerResponse) => {
    if (head) response.writeHead(200, asJson)
    const timer = setInterval(() => response.write(' '), 100)
    response.once('close', () => clearInterval(timer))
  }

  test.each([
    ['byte by byte', dripping(true)],
    ['not at all', () => {}],
  ])('%s', async (_, answer) => {
    const { code } = await trapped(answer, { isHurried: true })
    expect(code).toBe('ERR_DFNS_UNAVAILABLE')
  })
})

describe('where Dfns answers with what is another organisation’s', () => {
  /** A secret of one organisation, and an account of another. */
  async function confused(kind: Kind) {
    const { scene } = at()
    const { dfns } = scene
    const mine = await keep({ scene, orgId: dfns.createOrganisation().orgId, kind, name: randomUUID() })
    const { orgId } = dfns.createOrganisation()
    const theirs = dfns.createServiceAccount({ orgId, name: 'theirs', publicKey: newKey().publicKey })
    const [listed] = dfns.credentials(theirs)
    const answering = (operation: string, body: (text: string) => object) => {
      scene.sandbox.wire.plan = (call) =>
        call.operation === operation
          ? { reply: { status: 200, headers: asJson, body: JSON.stringify(body(call.body)) } }
          : undefined
    }
    const changes = () =>
      dfns.effects().filter((one) => one.orgId === orgId && one.kind !== 'user action signed')
    return { scene, dfns, mine, theirs, listed, answering, changes }
  }

  test('its list of keys: the secret’s own is not among them, and nothing is made', async () => {
    const { scene, mine, listed, answering, dfns } = await confused('user')
    const { credentialId, credentialUuid, isActive } = listed ?? {}
    answering('GET /auth/credentials', () => ({ items: [{ credentialId, credentialUuid, isActive }] }))
    expect(await rotationOf({ scene }, mine.arn)).toBe('ERR_CANNOT_RETIRE')
    expect(dfns.credentials(mine)).toHaveLength(1)
  })

  test('its key under the id of ours: it is not touched', async () => {
    const { scene, mine, listed, answering, changes } = await confused('user')
    const { credId } = await scene.documentOf(mine.arn, 'AWSCURRENT')
    const before = changes()
    const { credentialUuid, isActive } = listed ?? {}
    answering('GET /auth/credentials', () => ({
      items: [{ credentialId: credId, credentialUuid, isActive }],
    }))
    expect(await rotationOf({ scene }, mine.arn)).not.toBe('done')
    expect(changes()).toEqual(before)
  })

  test('a session of its user: nothing is made with it', async () => {
    const { scene, mine, theirs, answering, changes } = await confused('user')
    const before = changes()
    answering('POST /auth/login', () => ({ token: theirs.authToken }))
    expect(await rotationOf({ scene }, mine.arn)).not.toBe('done')
    expect(changes()).toEqual(before)
  })

  test('an account of its own as the new one: it is not stored, and not touched', async () => {
    const { scene, mine, theirs, answering, changes } = await confused('replaced account')
    const before = changes()
    const { userId, authToken } = theirs
    const token = { tokenId: 'to-1', name: 'x', isActive: true, accessToken: authToken }
    answering('POST /auth/service-accounts', () => ({
      userInfo: { userId, name: 'x', isActive: true },
      accessTokens: [token],
    }))
    expect(await rotationOf({ scene }, mine.arn)).toBe('ERR_VERIFY')
    expect(changes()).toEqual(before)
    const versions = [...scene.sandbox.vault.find(mine.arn).versions.values()]
    const stored = versions.map(({ value }) => (value && 'SecretString' in value ? value.SecretString : ''))
    expect(stored.filter((text) => text.includes(authToken))).toEqual([])
  })

  test('its accounts: none of them is the secret’s, so nothing is made', async () => {
    const { scene, mine, theirs, answering, changes } = await confused('replaced account')
    const before = changes()
    const userInfo = { userId: theirs.userId, name: 'x', isActive: true, permissionAssignments: [] }
    answering('GET /auth/service-accounts', () => ({ items: [{ userInfo, accessTokens: [] }] }))
    expect(await rotationOf({ scene }, mine.arn)).toBe('ERR_CANNOT_RETIRE')
    expect(changes()).toEqual(before)
  })
})
