import { createPublicKey, verify } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { RotationError } from '../../lambdas/errors.ts'
import { type Dfns, dfnsAs } from '../../lambdas/ports/dfns.ts'
import { fixedKey } from '../crypto/fixed-key.ts'
import { type FakeTime, fakeTime } from '../support/time.ts'
import { type Answer, type Loopback, loopback } from './loopback.ts'

const canary = 'canary-90bd-private-value'
const authToken = `${canary}.eyJh.c2ln`
const credId = 'Y2ktY3VycmVudA'
const uuid = 'cr-11111-22222-abcdef'
const info = { credId: 'ZGZyMQ', clientData: 'e30', attestationData: 'e30' }
const harmless = {
  method: 'PUT',
  path: '/auth/credentials/activate',
  payload: `{"credentialUuid":"${uuid}"}`,
} as const

const item = {
  kind: 'Key',
  credentialId: credId,
  credentialUuid: uuid,
  isActive: true,
  name: canary,
  publicKey: 'x',
  dateCreated: '2026-11-22T00:00:00Z',
}
const challenge = {
  challenge: 'Y2hhbGxlbmdl',
  challengeIdentifier: 'identifier-1',
  supportedCredentialKinds: [],
  allowCredentials: {
    key: [
      { type: 'public-key', id: credId },
      { type: 'public-key', id: uuid },
    ],
    webauthn: [],
  },
}
const good: Readonly<Record<string, unknown>> = {
  'GET /auth/credentials': { items: [item, { ...item, credentialUuid: 'cr-2', isActive: false }] },
  'POST /auth/credentials/init': {
    kind: 'Key',
    challenge: 'cmVnaXN0ZXI',
    challengeIdentifier: 'identifier-2',
  },
  'POST /auth/credentials': item,
  'PUT /auth/credentials/activate': { message: 'success' },
  'PUT /auth/credentials/deactivate': { message: 'success' },
  'POST /auth/action/init': challenge,
  'POST /auth/action': { userAction: 'user-action-token' },
}
const ok = (body: unknown): Answer => ({ body: JSON.stringify(body) })

type Script = Readonly<Record<string, readonly Answer[]>>
const open: Loopback[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

interface World {
  readonly server: Loopback
  readonly dfns: Dfns
  readonly time: FakeTime
}

/** A Dfns that answers each endpoint with the given answers in turn, and then as documented. */
async function worldOf(script: Script = {}, time = fakeTime()): Promise<World> {
  const left = new Map(Object.entries(script).map(([endpoint, answers]) => [endpoint, [...answers]]))
  const server = await loopback(({ endpoint }) => left.get(endpoint)?.shift() ?? ok(good[endpoint]))
  open.push(server)
  return { server, time, dfns: dfnsAs({ origin: server.origin, authToken, credId, key: fixedKey }, time) }
}

async function failureOf(asked: Promise<unknown>): Promise<RotationError> {
  const reason = await asked.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(reason instanceof RotationError))
    throw new Error('was not refused by an error of ours', { cause: reason })
  expect(inspect(reason, { depth: null, showHidden: true })).not.toContain(canary)
  return reason
}

const parsed = (text: string | undefined): unknown => JSON.parse(text ?? '')
const signed = ['POST /auth/action/init', 'POST /auth/action']
const registration = { name: 'robot', challengeIdentifier: 'identifier-2', info }
const create = (dfns: Dfns) => dfns.createCredential(registration, () => {})

const methods: readonly (readonly [string, (dfns: Dfns) => Promise<unknown>, readonly string[]])[] = [
  ['listCredentials', (dfns) => dfns.listCredentials(), ['GET /auth/credentials']],
  ['createCredentialChallenge', (dfns) => dfns.createCredentialChallenge(), ['POST /auth/credentials/init']],
  ['createCredential', create, [...signed, 'POST /auth/credentials']],
  [
    'activateCredential',
    (dfns) => dfns.activateCredential(uuid),
    [...signed, 'PUT /auth/credentials/activate'],
  ],
  [
    'deactivateCredential',
    (dfns) => dfns.deactivateCredential(uuid),
    [...signed, 'PUT /auth/credentials/deactivate'],
  ],
  [
    'createUserActionChallenge',
    (dfns) => dfns.createUserActionChallenge(harmless),
    ['POST /auth/action/init'],
  ],
  ['signUserAction', (dfns) => dfns.signUserAction(harmless), signed],
]
const repeatable = methods.filter(([name]) => name !== 'createCredential')

describe.each(methods)('%s', (_, call, endpoints) => {
  test('asks for what it needs, once, with the bearer token', async () => {
    const { server, dfns, time } = await worldOf()
    await call(dfns)
    expect(server.endpoints).toEqual(endpoints)
    for (const { headers } of server.requests) expect(headers.authorization).toBe(`Bearer ${authToken}`)
    expect(time.pauses).toEqual([])
  })

  test.for([401, 403, 404, 409])('does not repeat what was refused with %i', async (status) => {
    for (const endpoint of endpoints) {
      const { server, dfns, time } = await worldOf({
        [endpoint]: [{ status, body: JSON.stringify({ canary }) }],
      })
      expect(await failureOf(call(dfns))).toMatchObject({ endpoint, status, retryable: false })
      expect(server.endpoints.filter((one) => one === endpoint)).toHaveLength(1)
      expect(time.pauses).toEqual([])
    }
  })

  test('does not ask again what waits for an approval', async () => {
    const last = endpoints.at(-1) ?? ''
    const { server, dfns } = await worldOf({ [last]: [{ status: 202, body: JSON.stringify({ canary }) }] })
    expect(await failureOf(call(dfns))).toMatchObject({ code: 'ERR_APPROVAL_PENDING', retryable: true })
    expect(server.endpoints).toEqual(endpoints)
  })

  test.for([
    ['HTML', { body: `<html>${canary}</html>` }],
    ['more than 1 MiB', { body: `"${'x'.repeat(1_048_576)}"` }],
    ['a redirect', { status: 302, headers: { location: `/${canary}` } }],
  ] as const)('ends with ERR_DFNS_RESPONSE, at once, where the reply is %s', async ([, reply]) => {
    for (const endpoint of endpoints) {
      const { server, dfns } = await worldOf({ [endpoint]: [reply] })
      expect(await failureOf(call(dfns))).toMatchObject({ code: 'ERR_DFNS_RESPONSE', endpoint })
      expect(server.endpoints.filter((one) => one === endpoint)).toHaveLength(1)
    }
  })

  test('never leaves for another origin', async () => {
    const { server } = await worldOf()
    const identity = { origin: `${server.origin}/`, authToken, credId, key: fixedKey }
    expect(await failureOf(call(dfnsAs(identity, fakeTime())))).toMatchObject({ code: 'ERR_BASE_URL' })
    expect(server.requests).toEqual([])
  })
})

const passing: readonly (readonly [string, Answer])[] = [
  ['429', { status: 429 }],
  ['408', { status: 408 }],
  ['500 with HTML', { status: 500, body: `<html>${canary}</html>` }],
  ['503 without a body', { status: 503 }],
  ['a connection that is cut', 'cut'],
  ['a reply that is cut', 'cut within'],
]

describe.each(repeatable)('%s changes nothing when it is repeated', (_, call, endpoints) => {
  test.for(passing)('so it is, after %s', async ([, answer]) => {
    for (const endpoint of endpoints) {
      const { server, dfns } = await worldOf({ [endpoint]: [answer, answer] })
      await call(dfns)
      const again = endpoints.slice(0, endpoints.indexOf(endpoint) + 1)
      expect(server.endpoints).toEqual([...again, ...again, ...endpoints])
    }
  })

  test('four times in all, with pauses that double', async () => {
    const last = endpoints.at(-1) ?? ''
    const { server, dfns, time } = await worldOf({
      [last]: Array.from({ length: 9 }, () => ({ status: 503 })),
    })
    expect(await failureOf(call(dfns))).toMatchObject({
      code: 'ERR_DFNS_UNAVAILABLE',
      status: 503,
      retryable: true,
    })
    expect(server.endpoints.filter((one) => one === last)).toHaveLength(4)
    expect(time.pauses).toEqual([300, 600, 1_200])
  })
})

describe('a pause', () => {
  const pausesOf = async (time: FakeTime, answer: Answer) => {
    const { dfns } = await worldOf({ 'GET /auth/credentials': [answer, answer, answer] }, time)
    await dfns.listCredentials().catch(() => {})
    return time.pauses
  }

  test('is random by half, so that many functions do not come at once', async () => {
    expect(await pausesOf(fakeTime({ random: 0 }), { status: 503 })).toEqual([200, 400, 800])
    expect(await pausesOf(fakeTime({ random: 0.75 }), { status: 503 })).toEqual([350, 700, 1_400])
  })

  test('is never shorter than Dfns asks for, in seconds or as a date', async () => {
    const seconds = { status: 503, headers: { 'retry-after': '2' } }
    expect(await pausesOf(fakeTime(), seconds)).toEqual([2_000, 2_000, 2_000])
    const start = Date.parse('2026-11-22T12:00:00Z')
    const date = { status: 503, headers: { 'retry-after': 'Sun, 22 Nov 2026 12:00:05 GMT' } }
    expect(await pausesOf(fakeTime({ start }), date)).toEqual([5_000, 600, 1_200])
  })

  test('after too many requests comes behind the moment that Dfns names, by lot and in a span that grows', async () => {
    const told = { status: 429, headers: { 'retry-after': '40' } }
    const leftMs = 600_000
    expect(await pausesOf(fakeTime({ leftMs, random: 0 }), told)).toEqual([40_000, 40_000, 40_000])
    expect(await pausesOf(fakeTime({ leftMs, random: 0.5 }), told)).toEqual([40_500, 42_000, 48_000])
    expect(await pausesOf(fakeTime({ leftMs, random: 0.5 }), { status: 429 })).toEqual([500, 2_000, 2_000])
  })

  test.each([
    ['where Dfns names no moment, some times', {}, [500, 2_000, 2_000]],
    ['where it names one, often', { 'retry-after': '1' }, [1_500, 3_000, ...Array(9).fill(9_000)]],
  ])(
    'after too many requests is short enough to come in time, and repeated %s',
    async (_, headers, pauses) => {
      const time = fakeTime({ leftMs: 300_000 })
      const answers = Array.from({ length: 20 }, () => ({ status: 429, headers }))
      const { server, dfns } = await worldOf({ 'GET /auth/credentials': answers }, time)
      expect(await failureOf(dfns.listCredentials())).toMatchObject({ status: 429, retryable: true })
      expect(server.endpoints).toHaveLength(pauses.length + 1)
      expect(time.pauses).toEqual(pauses)
    },
  )

  test('is not begun if it would outlast the invocation', async () => {
    const hour = { status: 429, headers: { 'retry-after': '3600' } }
    expect(await pausesOf(fakeTime(), hour)).toEqual([])
    expect(await pausesOf(fakeTime({ leftMs: 901 }), { status: 503 })).toEqual([300, 600])
    expect(await pausesOf(fakeTime({ leftMs: 900 }), { status: 503 })).toEqual([300])
    expect(await pausesOf(fakeTime({ leftMs: 300 }), { status: 503 })).toEqual([])
  })

  test('follows no reply that never came, where no time is left', async () => {
    const time = fakeTime({ leftMs: 250 })
    const { server, dfns } = await worldOf({ 'GET /auth/credentials': ['never'] }, time)
    expect(await failureOf(dfns.listCredentials())).toMatchObject({
      code: 'ERR_DFNS_UNAVAILABLE',
      message: 'Dfns GET /auth/credentials: no reply in time',
    })
    expect(server.endpoints).toHaveLength(1)
    expect(time.pauses).toEqual([])
  })
})

describe('Create Credential makes something', () => {
  const endpoint = 'POST /auth/credentials'
  const whole = [...signed, endpoint]

  test.for([
    ...passing.filter(([name]) => name !== '429'),
    ['502', { status: 502 }],
    ['504', { status: 504 }],
  ] as const)('so it is not repeated after %s: nobody knows whether it was made', async ([, answer]) => {
    const { server, dfns, time } = await worldOf({ [endpoint]: [answer] })
    expect(await failureOf(create(dfns))).toMatchObject({
      code: 'ERR_DFNS_UNAVAILABLE',
      endpoint,
      retryable: true,
    })
    expect(server.endpoints).toEqual(whole)
    expect(time.pauses).toEqual([])
  })

  test('nor after a reply that never came', async () => {
    const { server, dfns } = await worldOf({ [endpoint]: ['never'] }, fakeTime({ leftMs: 200 }))
    expect(await failureOf(create(dfns))).toMatchObject({ code: 'ERR_DFNS_UNAVAILABLE', status: undefined })
    expect(server.endpoints).toEqual(whole)
  })

  test('but is after 429, which says that nothing was made, with a signature of its own', async () => {
    const { server, dfns } = await worldOf({ [endpoint]: [{ status: 429 }, { status: 429 }] })
    await create(dfns)
    expect(server.endpoints).toEqual([...whole, ...whole, ...whole])
  })

  test.for(passing)('and is if its signature was not to be had: %s', async ([, answer]) => {
    for (const [index, before] of signed.entries()) {
      const { server, dfns } = await worldOf({ [before]: [answer] })
      await create(dfns)
      expect(server.endpoints).toEqual([...signed.slice(0, index + 1), ...whole])
    }
  })

  test('and is prevented, before it is signed, by whoever watches its challenge', async () => {
    const { server, dfns, time } = await worldOf()
    const seen: unknown[] = []
    const prevented = dfns.createCredential(registration, (opened) => {
      seen.push(opened.allowCredentials.key)
      throw new RotationError('ERR_VERIFY', 'no', { retryable: true })
    })
    expect(await failureOf(prevented)).toMatchObject({ code: 'ERR_VERIFY', message: 'no' })
    expect(seen).toEqual([[{ id: credId }, { id: uuid }]])
    expect(server.endpoints).toEqual(['POST /auth/action/init'])
    expect(time.pauses).toEqual([])
  })

  test('and takes every success for one, as whoever calls it looks for itself', async () => {
    for (const reply of [{ status: 201, body: '{}' }, { status: 204 }, { status: 200 }]) {
      const { server, dfns } = await worldOf({ [endpoint]: [reply] })
      await create(dfns)
      expect(server.endpoints).toEqual(whole)
    }
  })
})

describe('what is sent', () => {
  test('Create Credential: kind Key, with the challenge, the name and the proof of possession', async () => {
    const { server, dfns } = await worldOf()
    await create(dfns)
    expect(parsed(server.requests[2]?.body)).toEqual({
      challengeIdentifier: 'identifier-2',
      credentialName: 'robot',
      credentialKind: 'Key',
      credentialInfo: info,
    })
  })

  test('a challenge is asked for kind Key', async () => {
    const { server, dfns } = await worldOf()
    expect(await dfns.createCredentialChallenge()).toEqual({
      challenge: 'cmVnaXN0ZXI',
      challengeIdentifier: 'identifier-2',
    })
    expect(parsed(server.requests[0]?.body)).toEqual({ kind: 'Key' })
  })

  test.for(methods.filter(([, , endpoints]) => endpoints.length === 3))(
    '%s: the very bytes that were signed, and the user action that came for them',
    async ([, call, endpoints]) => {
      const { server, dfns } = await worldOf()
      await call(dfns)
      const [asked, , sent] = server.requests
      const [method, path] = (endpoints[2] ?? '').split(' ')
      expect(parsed(asked?.body)).toEqual({
        userActionHttpMethod: method,
        userActionHttpPath: path,
        userActionPayload: sent?.body,
        userActionServerKind: 'Api',
      })
      expect(sent?.headers['x-dfns-useraction']).toBe('user-action-token')
    },
  )

  test('a signed action names what would be sent, and is not spent', async () => {
    const { server, dfns } = await worldOf()
    await dfns.signUserAction(harmless)
    expect(parsed(server.requests[0]?.body)).toEqual({
      userActionHttpMethod: 'PUT',
      userActionHttpPath: '/auth/credentials/activate',
      userActionPayload: `{"credentialUuid":"${uuid}"}`,
      userActionServerKind: 'Api',
    })
    expect(server.requests).toHaveLength(2)
  })

  test.for(methods.filter(([, , endpoints]) => endpoints.length > 1))(
    '%s: the challenge, signed by the key, under its id',
    async ([, call]) => {
      const { server, dfns } = await worldOf()
      await call(dfns)
      const body = parsed(server.requests[1]?.body) as {
        challengeIdentifier: string
        firstFactor: { kind: string; credentialAssertion: Record<string, string> }
      }
      const { clientData = '', signature = '', ...rest } = body.firstFactor.credentialAssertion
      expect({ ...body, firstFactor: { ...body.firstFactor, credentialAssertion: rest } }).toEqual({
        challengeIdentifier: 'identifier-1',
        firstFactor: { kind: 'Key', credentialAssertion: { credId } },
      })
      const bytes = Buffer.from(clientData, 'base64url')
      expect(String(bytes)).toBe('{"challenge":"Y2hhbGxlbmdl","type":"key.get"}')
      expect(verify(null, bytes, createPublicKey(fixedKey), Buffer.from(signature, 'base64url'))).toBe(true)
    },
  )

  test('activate and deactivate name the credential by its uuid', async () => {
    const { server, dfns } = await worldOf()
    await dfns.activateCredential(uuid)
    await dfns.deactivateCredential('cr-other')
    expect(parsed(server.requests[2]?.body)).toEqual({ credentialUuid: uuid })
    expect(parsed(server.requests[5]?.body)).toEqual({ credentialUuid: 'cr-other' })
  })
})

describe('what is answered', () => {
  test('the list: ids, whether they are active, and what tells them apart, and no more', async () => {
    const { dfns } = await worldOf()
    const told = { kind: 'Key', name: canary, dateCreated: '2026-11-22T00:00:00Z', publicKey: 'x' }
    expect(await dfns.listCredentials()).toEqual([
      { credentialId: credId, credentialUuid: uuid, isActive: true, ...told },
      { credentialId: credId, credentialUuid: 'cr-2', isActive: false, ...told },
    ])
  })

  test('activate tells who was allowed to sign it, and every time anew', async () => {
    const { dfns } = await worldOf({
      'POST /auth/action/init': [
        ok(challenge),
        ok({ ...challenge, allowCredentials: { webauthn: [] } }),
        ok({ ...challenge, allowCredentials: { key: [] } }),
      ],
    })
    expect(await dfns.activateCredential(uuid)).toEqual([credId, uuid])
    expect(await dfns.activateCredential(uuid)).toEqual([])
    expect(await dfns.activateCredential(uuid)).toEqual([])
  })

  test('a challenge tells who may sign', async () => {
    const { dfns } = await worldOf()
    expect(await dfns.createUserActionChallenge(harmless)).toEqual({
      challenge: 'Y2hhbGxlbmdl',
      challengeIdentifier: 'identifier-1',
      allowCredentials: { key: [{ id: credId }, { id: uuid }] },
    })
  })
})

const malformed: Readonly<Record<string, readonly unknown[]>> = {
  'GET /auth/credentials': [
    null,
    [],
    {},
    { items: null },
    { items: {} },
    { items: [null] },
    { items: [{ ...item, credentialId: undefined }] },
    { items: [{ ...item, credentialId: 'x'.repeat(1_025) }] },
    { items: [{ ...item, credentialUuid: 1 }] },
    { items: [{ ...item, credentialUuid: '' }] },
    { items: [{ ...item, credentialUuid: `cr-1\n${canary}` }] },
    { items: [{ ...item, credentialUuid: '../x' }] },
    { items: [item, { ...item, isActive: 'true' }] },
    { items: [{ ...item, isActive: undefined }] },
  ],
  'POST /auth/credentials/init': [
    null,
    [],
    {},
    canary,
    { challenge: canary },
    { challenge: '', challengeIdentifier: canary },
    { challenge: 1, challengeIdentifier: canary },
    { challenge: canary, challengeIdentifier: null },
    { challenge: 'x'.repeat(8_193), challengeIdentifier: canary },
  ],
  'POST /auth/action/init': [
    null,
    [],
    {},
    canary,
    { ...challenge, challenge: undefined },
    { ...challenge, challenge: '' },
    { ...challenge, challengeIdentifier: 7 },
    { ...challenge, allowCredentials: undefined },
    { ...challenge, allowCredentials: { key: canary } },
    { ...challenge, allowCredentials: { key: [{ id: 1 }] } },
    { ...challenge, allowCredentials: { key: [canary] } },
  ],
}

const meeting = methods.flatMap(([name, call, endpoints]) =>
  endpoints
    .filter((endpoint) => endpoint in malformed)
    .flatMap((endpoint) => (malformed[endpoint] ?? []).map((reply) => ({ name, call, endpoint, reply }))),
)

describe('success, but not the documented reply', () => {
  test.for(meeting)('$name, $endpoint: $reply', async ({ call, endpoint, reply }) => {
    const { server, dfns, time } = await worldOf({ [endpoint]: [ok(reply)] })
    const failure = await failureOf(call(dfns))
    expect(failure).toMatchObject({ code: 'ERR_DFNS_RESPONSE', retryable: false, endpoint, status: 200 })
    expect(failure.message).toBe(`Dfns ${endpoint}: success, but not the documented reply`)
    expect(server.endpoints.at(-1)).toBe(endpoint)
    expect(time.pauses).toEqual([])
  })

  test.for([null, [], {}, canary, { userAction: '' }, { userAction: 1 }, { userAction: 'x'.repeat(8_193) }])(
    'signUserAction, POST /auth/action: %j',
    async (reply) => {
      const { dfns } = await worldOf({ 'POST /auth/action': [ok(reply)] })
      expect(await failureOf(dfns.signUserAction(harmless))).toMatchObject({
        code: 'ERR_DFNS_RESPONSE',
        endpoint: 'POST /auth/action',
        retryable: false,
      })
    },
  )
})

test('two identities in one process never share a transport', async () => {
  const [one, two] = await Promise.all([worldOf(), worldOf()])
  await Promise.all([
    one.dfns.activateCredential(uuid),
    two.dfns.listCredentials(),
    one.dfns.listCredentials(),
  ])
  expect(one.server.endpoints).toHaveLength(4)
  expect(two.server.endpoints).toEqual(['GET /auth/credentials'])
})
