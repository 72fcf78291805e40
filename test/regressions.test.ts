// Each of these was a defect once.
import { generateKeyPairSync } from 'node:crypto'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { afterEach, describe, expect, test } from 'vitest'
import { originOf } from '../lambdas/credentials/base-url.ts'
import { readKeyDocument } from '../lambdas/credentials/document.ts'
import { credIdOf, isOfSecret } from '../lambdas/crypto/lineage.ts'
import { isSameKey, readPrivateKey, readPublicKey, writeKey } from '../lambdas/crypto/private-key.ts'
import { RotationError } from '../lambdas/errors.ts'
import { dfnsAs } from '../lambdas/ports/dfns.ts'
import { dfnsTransport } from '../lambdas/ports/dfns-transport.ts'
import { settled, timeOf } from '../lambdas/ports/time.ts'
import { reportErrors } from '../lambdas/rotation/boundary.ts'
import { readEvent } from '../lambdas/rotation/event.ts'
import { readPolicy } from '../lambdas/rotation/policy.ts'
import { readSettings } from '../lambdas/rotation/settings.ts'
import { documentWith, limits, secretArn, sourceOf } from './credentials/sample.ts'
import { fixedKey, fixedPrivatePem, fixedPublicPem } from './crypto/fixed-key.ts'
import { captureLog } from './ports/captured-log.ts'
import { type Answer, type Loopback, loopback } from './ports/loopback.ts'
import { fakeTime } from './support/time.ts'

describe('an unknown tag of ours is ERR_TAG', () => {
  test.for(['constructor', 'toString', 'valueOf', 'isPrototypeOf', 'toLocaleString', '__proto__'])(
    'dfns-rotator:%s',
    (name) => {
      const policy = readPolicy({ text: undefined, name: 'p' })
      const read = () =>
        readSettings({ tags: new Map([[`dfns-rotator:${name}`, 'x']]), policy, kind: 'ServiceAccountKey' })
      expect(read).toThrow(RotationError)
    },
  )
})

describe('a ClientRequestToken has 32 to 64 characters and no pattern', () => {
  test.for(['rotation 2026-11-22T12:00:00.000Z #00001', 'deploy/2026.11.22/12.00.00/000000001'])(
    '%s',
    (token) => {
      const event = { Step: 'createSecret', SecretId: secretArn, ClientRequestToken: token }
      expect(readEvent(event).token).toBe(token)
    },
  )
})

describe('settled waits up to settleMs (five seconds)', () => {
  test.for([3_200, 4_000, 4_900])('an answer that comes after %i ms is seen', async (ms) => {
    const time = fakeTime()
    expect(await settled(time, async () => (time.now() >= ms ? 'here' : undefined))).toBe('here')
  })
})

const event = { Step: 'setSecret', SecretId: secretArn, ClientRequestToken: 'a'.repeat(36) }
async function reported(thrown: unknown) {
  const handler = middy<unknown, void, Error, Context>({ timeoutEarlyInMillis: 0 })
    .use(reportErrors())
    .handler(async () => {
      throw thrown
    })
  let error: unknown
  const { text } = await captureLog(async () => {
    error = await handler(event, {} as Context).catch((reason: unknown) => reason)
  })
  return { message: String((error as Error).message), text }
}

describe('the boundary', () => {
  test('an unexpected error whose message has a line like a stack frame leaks nothing', async () => {
    const { text } = await reported(new SyntaxError('bad document:\n    at canary-secret-value (line 1)'))
    expect(text).not.toContain('canary-secret-value')
  })

  test('a permanent error names the way out, however long it is', async () => {
    const { message } = await reported(new RotationError('ERR_DOCUMENT', 'field, '.repeat(300)))
    expect(message).toContain(`npx dfns-rotator abandon ${secretArn}`)
  })
})

test('an error names the field, never its value: a password that was put into orgId', () => {
  const read = () => readKeyDocument(sourceOf(documentWith({ orgId: 'hunter2-hunter2-hunter2' })), limits)
  expect(read).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter2') }))
})

describe('an id that is not exactly the one we make is a stranger’s', () => {
  const ours = credIdOf({ secretArn: 'a', token: 'b' })
  test.for([`${ours}=`, `${ours}!`, `${ours}\n`, ` ${ours}`])('%j', (credId) => {
    expect(isOfSecret({ credId, secretArn: 'a' })).toBe(false)
  })
})

describe('a policy that is not understood stops the rotation', () => {
  test.for(['{"grace":[]}', '{"grace":{"byKind":[]}}', '{"grace":{"byKind":{"WebhokSecret":"PT1H"}}}'])(
    '%s',
    (text) => {
      expect(() => readPolicy({ text, name: 'p' })).toThrow(RotationError)
    },
  )
})

const open: Loopback[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})
async function signedWith(reply: Answer) {
  const challenge = { challenge: 'Y2g', challengeIdentifier: 'i', allowCredentials: { key: [] } }
  const server = await loopback(({ endpoint }) => {
    if (endpoint === 'POST /auth/action/init') return { body: JSON.stringify(challenge) }
    return endpoint === 'POST /auth/action' ? reply : { status: 403, body: '{}' }
  })
  open.push(server)
  const time = fakeTime()
  const dfns = dfnsAs({ origin: server.origin, authToken: 't', credId: 'c', key: fixedKey }, time)
  const error = await dfns.activateCredential('cr-1').catch((reason: unknown) => reason)
  return { error, endpoints: server.endpoints }
}

describe('a malformed reply of POST /auth/action, inside a call that the SDK signs, is ERR_DFNS_RESPONSE', () => {
  test.for(['null', '{}', '[]', '{"userAction":7}', '{"userAction":""}', '{"userAction":"a\\nb"}'])(
    '%s',
    async (body) => {
      const { error, endpoints } = await signedWith({ body })
      expect(error).toMatchObject({ code: 'ERR_DFNS_RESPONSE', endpoint: 'POST /auth/action' })
      expect(endpoints).toEqual(['POST /auth/action/init', 'POST /auth/action'])
    },
  )
})

describe('a key is written in the form it had', () => {
  test.for([
    ['escaped newlines and a real final one', `${fixedPrivatePem.trimEnd().replaceAll('\n', '\\n')}\n`],
    ['CRLF and a final LF', `${fixedPrivatePem.trimEnd().replaceAll('\n', '\r\n')}\n`],
  ] as const)('%s', ([, text]) => {
    const stored = readPrivateKey(text)
    expect(stored === undefined ? text : writeKey(stored)).toBe(text)
  })

  test('what readPublicKey returns can be handed to writeKey, as its type says', () => {
    const stored = readPublicKey(fixedPublicPem)
    expect(stored && writeKey(stored)).toBe(fixedPublicPem)
  })
})

describe('an address that is more than an origin is none', () => {
  test.for([
    '\u0001https://api.dfns.io',
    'https://api.dfns.io\u0000',
    'https://api.dfns.io/a/..',
    'https:api.dfns.io',
    'https:///api.dfns.io',
  ])('%j', (address) => {
    expect(originOf(address)).toBeUndefined()
  })
})

test('a context that counts in fractions of a millisecond breaks no request', async () => {
  const server = await loopback(() => ({ body: '{}' }))
  open.push(server)
  const time = timeOf({ getRemainingTimeInMillis: () => 2_000.25 })
  const response = await dfnsTransport({ origin: server.origin, time })(`${server.origin}/x`)
  expect(response.status).toBe(200)
})

test('the status of a failure is not lost because its body is long', async () => {
  const server = await loopback(() => ({ status: 503, body: 'x'.repeat(1_048_577) }))
  open.push(server)
  const call = dfnsTransport({ origin: server.origin, time: fakeTime() })(`${server.origin}/x`)
  await expect(call).rejects.toMatchObject({ code: 'ERR_DFNS_UNAVAILABLE', status: 503 })
})

test('a key is read also after it was compared with one of another type', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  expect(isSameKey(rsa, fixedKey)).toBe(false)
  expect(readPrivateKey(String(rsa.export({ type: 'pkcs8', format: 'pem' })))).toBeDefined()
})
