import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { newKey } from '../../sandbox/scene.ts'
import { arena, codeOf, invoke, put, stagePending } from './arena.ts'

const at = arena()

/** A secret under rotation with something else for a key, by a tag that asks for one of ours. */
async function rotating(change: object, algorithm = 'Ed25519') {
  const { scene } = at()
  const { orgId } = scene.dfns.createOrganisation()
  const account = scene.openAccount({ orgId, name: 'payments' })
  const tags = algorithm === 'same' ? {} : { 'dfns-rotator:key-algorithm': algorithm }
  const arn = await scene.keepSecret({ name: `prod/${orgId}`, document: account.document, tags })
  await put({ scene, arn, change })
  const ClientRequestToken = stagePending({ scene, arn })
  const { result, log } = await invoke({ scene }, 'rotate', {
    Step: 'createSecret',
    SecretId: arn,
    ClientRequestToken,
  })
  const made = scene.dfns.credentials(account).length - 1
  return { code: codeOf(result), message: result.ok ? '' : result.errorMessage, log, made, arn }
}

const pkcs8 = { type: 'pkcs8', format: 'pem' } as const
const keyOf = (generated: { privateKey: ReturnType<typeof createPrivateKey> }) =>
  String(generated.privateKey.export(pkcs8))
const big = (bytes: number) => {
  const number = randomBytes(bytes)
  number[0] = 0xc1
  number[bytes - 1] = 0xc1
  return number.toString('base64url')
}

/** An RSA key of numbers that have nothing to do with each other, which OpenSSL takes all the same. */
function senseless(bits: number): string {
  const half = bits / 16
  const key = { kty: 'RSA', n: big(2 * half), e: 'AQAB', d: big(2 * half), p: big(half), q: big(half) }
  const jwk = { ...key, dp: big(half), dq: big(half), qi: big(half) }
  return String(createPrivateKey({ key: jwk, format: 'jwk' }).export(pkcs8))
}

const good = newKey().privateKey
const body = good.split('\n')[1] ?? ''
const nested = good.replace(body, `${body.slice(0, 20)}\n-----BEGIN PRIVATE KEY-----\n${body.slice(20)}`)
const certificate = `-----BEGIN CERTIFICATE-----\n${Buffer.alloc(400, 7).toString('base64')}\n-----END CERTIFICATE-----\n`
const encrypted = String(
  generateKeyPairSync('ed25519').privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'x' }),
)

describe('what is not one key that can sign is ERR_DOCUMENT, names the field, and makes nothing', () => {
  test.each([
    ['two keys', good + good],
    ['a key and a certificate', good + certificate],
    ['a certificate', certificate],
    ['a key encrypted by a password', encrypted],
    ['a public key', newKey().publicKey],
    ['a DER in base64', body],
    ['a DER, its bytes as characters', Buffer.from(body, 'base64').toString('latin1')],
    ['a second BEGIN inside', nested],
    ['NUL at the end', `${good}\0`],
    ['NUL inside', good.replace(body, `${body.slice(0, 8)}\0${body.slice(8)}`)],
    ['one CR among its ends of lines', good.replace('\n', '\r')],
    ['headers', good.replace('\n', '\nProc-Type: 4,ENCRYPTED\n\n')],
    ['the name of another type', good.replaceAll('PRIVATE KEY', 'EC PRIVATE KEY')],
    ['a name with the first inside', good.replaceAll('PRIVATE KEY', 'XPRIVATE KEY')],
    ['a megabyte', `-----BEGIN PRIVATE KEY-----\n${'A'.repeat(60_000)}\n-----END PRIVATE KEY-----\n`],
    ['a key that only agrees', keyOf(generateKeyPairSync('x25519'))],
    ['Ed448', keyOf(generateKeyPairSync('ed448'))],
    ['DSA', keyOf(generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }))],
    ['RSA-PSS', keyOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }))],
    ['a curve that has no name in JWK', keyOf(generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }))],
    ['P-224', keyOf(generateKeyPairSync('ec', { namedCurve: 'secp224r1' }))],
    ['numbers that are no RSA key', senseless(2_048)],
    ['numbers of 16,384 bits that are no RSA key', senseless(16_384)],
    ['RSA of 256 bits', senseless(256)],
  ])('%s', async (_, privateKey) => {
    const { code, message, log, made } = await rotating({ privateKey })
    expect({ code, made }).toEqual({ code: 'ERR_DOCUMENT', made: 0 })
    expect(message).toContain('privateKey')
    expect(log.map((line) => line['message'])).not.toContain('unexpected error')
  })
})

describe('a key that signs, but is not the credential’s, is ERR_VERIFY', () => {
  test.each([
    ['RSA of 1,024 bits', keyOf(generateKeyPairSync('rsa', { modulusLength: 1_024 }))],
    ['RSA-4096', keyOf(generateKeyPairSync('rsa', { modulusLength: 4_096 }))],
    ['P-384', keyOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }))],
    ['P-521', keyOf(generateKeyPairSync('ec', { namedCurve: 'P-521' }))],
    ['CRLF', good.replaceAll('\n', '\r\n')],
    ['attributes beside it', withAttributes(body)],
  ])('%s', async (_, privateKey) => {
    const { code, made } = await rotating({ privateKey })
    expect({ code, made }).toEqual({ code: 'ERR_VERIFY', made: 0 })
  })
})

/** PKCS#8 may carry attributes (RFC 5958): what they say is nobody's business, and not kept. */
function withAttributes(der: string): string {
  const bytes = Buffer.from(der, 'base64')
  const friendly = Buffer.from('a01f301d06092a864886f70d01091431101e0e007000610079006d0065006e0074', 'hex')
  const inner = Buffer.concat([bytes.subarray(2), friendly])
  const whole = Buffer.concat([Buffer.from([0x30, inner.length]), inner]).toString('base64')
  const pem = `-----BEGIN PRIVATE KEY-----\n${whole.replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`
  expect(createPrivateKey(pem).asymmetricKeyType).toBe('ed25519')
  return pem
}

test.each([
  ['the private number of the key', () => createPrivateKey(good).export({ format: 'jwk' }).d ?? ''],
  ['the key', () => good],
])('a field whose name is %s is not named', async (_, nameOf) => {
  const name = nameOf()
  const { code, message } = await rotating({ privateKey: good, [name]: 'x', [`a ${name}`]: 1 })
  expect(code).toBe('ERR_DOCUMENT')
  expect(message).toContain('the name of a field')
  expect(message).not.toContain(body.slice(4, 40))
})
