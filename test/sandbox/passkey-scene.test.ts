import { describe, expect, onTestFinished, test } from 'vitest'
import { openPasskeyScene } from '../../sandbox/passkey-scene.ts'
import { attest, newPasskey } from '../support/authenticator.ts'

const origin = 'https://app.example.com'
const old = 'https://app.example.org'
const relyingParties = [
  { id: 'example.com', origins: '*' },
  { id: 'example.org', origins: [old] },
] as const

async function open() {
  const scene = await openPasskeyScene({ relyingParties })
  onTestFinished(() => scene.stop())
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    fetch(`${scene.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  return { ...scene, scene, post }
}

/** What a browser asks before a page's signed call with Dfns's SDK. */
const preflight = (url: string, from: string) =>
  fetch(`${url}/auth/credentials`, {
    method: 'OPTIONS',
    headers: {
      origin: from,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'authorization,content-type,x-dfns-sdk-version,x-dfns-useraction',
    },
  })

const allowed = ({ headers }: Response) => headers.get('access-control-allow-origin')

test('a person’s first passkey is registered over HTTP with the scene’s code', async () => {
  const { code, post, person, dfns } = await open()
  const begun = await post('/auth/credentials/code/init', { code: code(), credentialKind: 'Fido2' })
  const { challenge, challengeIdentifier, user } = (await begun.json()) as Record<string, string>
  expect(user).toMatchObject({ id: person.userId, name: 'Ada Lovelace' })
  const credentialInfo = attest({
    passkey: newPasskey(),
    challenge: String(challenge),
    origin,
    rpId: 'example.com',
  })
  const body = { challengeIdentifier, credentialName: 'first', credentialKind: 'Fido2', credentialInfo }
  expect((await post('/auth/credentials/code/verify', body)).status).toBe(200)
  expect(dfns.credentials(person)).toMatchObject([{ name: 'first', passkey: { origin } }])
})

describe('a page of', () => {
  test('any origin may call, and send whatever Dfns’s SDK sends', async () => {
    const { url } = await open()
    const { status, headers } = await preflight(url, 'https://anywhere.example')
    expect([status, headers.get('access-control-allow-origin')]).toEqual([204, '*'])
    expect(headers.get('access-control-allow-methods')).toBe('*')
    expect(headers.get('access-control-allow-headers')).toBe('*, authorization')
    expect(headers.get('access-control-expose-headers')).toBe('*')
  })

  test('a listed origin alone may call, once there is a list', async () => {
    const { url, browsers, post } = await open()
    browsers.origins = [origin, old]
    expect(allowed(await preflight(url, origin))).toBe(origin)
    expect(allowed(await preflight(url, old))).toBe(old)
    const refused = await preflight(url, 'https://app.example.net')
    expect([allowed(refused), refused.headers.get('access-control-allow-headers')]).toEqual([null, null])
    const reply = await post('/auth/login/init', {}, { origin })
    expect([reply.status, allowed(reply), reply.headers.get('vary')]).toEqual([400, origin, 'origin'])
    expect(allowed(await post('/auth/login/init', {}, { origin: 'https://app.example.net' }))).toBeNull()
    expect(allowed(await post('/auth/login/init', {}))).toBeNull()
  })

  test('an origin that may read a reply may read a refusal, too, also a throttled one', async () => {
    const { browsers, post, scene } = await open()
    browsers.origins = [origin]
    scene.wire.plan = () => 'throttled'
    const reply = await post('/auth/login/init', {}, { origin })
    expect([reply.status, allowed(reply), reply.headers.get('retry-after')]).toEqual([429, origin, '1'])
  })

  test('a browser uses a connection once, unless connections are kept', async () => {
    const { browsers, post } = await open()
    const connection = async (headers = {}) =>
      (await post('/auth/login/init', {}, headers)).headers.get('connection')
    expect(await connection({ origin })).toBe('close')
    expect(await connection()).toBe('keep-alive')
    browsers.keepsConnections = true
    expect(await connection({ origin })).toBe('keep-alive')
  })
})

test('a fault breaks the connection of a page’s call, and no preflight is counted', async () => {
  const { url, post, scene, code } = await open()
  await preflight(url, origin)
  const body = { code: code(), credentialKind: 'Fido2' }
  const statuses: unknown[] = []
  for (const fault of ['lost-before', 'lost-after'] as const) {
    scene.wire.plan = () => fault
    statuses.push(
      await post('/auth/credentials/code/init', body, { origin }).catch((error: Error) => error.name),
    )
  }
  expect(statuses).toEqual(['TypeError', 'TypeError'])
  expect(scene.wire.calls.map(({ status }) => status)).toEqual([undefined, 200])
})

test('a code is good for a minute of the scene’s clock', async () => {
  const { post, code, clock } = await open()
  const redeem = async (given: string) =>
    (await post('/auth/credentials/code/init', { code: given, credentialKind: 'Fido2' })).status
  const made = code()
  await clock.advance(59_999)
  expect(await redeem(made)).toBe(200)
  await clock.advance(1)
  expect(await redeem(made)).toBe(403)
})
