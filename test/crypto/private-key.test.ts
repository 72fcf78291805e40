import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isSameKey,
  type KeyForm,
  readPrivateKey,
  readPublicKey,
  writeKey,
} from '../../lambdas/crypto/private-key.ts'
import { fixedPrivatePem, fixedPublicPem } from './fixed-key.ts'

const keys = {
  Ed25519: generateKeyPairSync('ed25519').privateKey,
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  secp256k1: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey,
  'RSA-2048': generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
}

const encodingsOf = {
  Ed25519: ['pkcs8'],
  'P-256': ['pkcs8', 'sec1'],
  secp256k1: ['pkcs8', 'sec1'],
  'RSA-2048': ['pkcs8', 'pkcs1'],
} as const

type Dress = Omit<KeyForm, 'encoding'>
const dresses: readonly Dress[] = (['\n', '\r\n', '\\n'] as const).flatMap((newline) =>
  (['', '\n', '\r\n', '\\n'] as const).flatMap((ending) =>
    [true, false].map((base64) => ({ newline, ending, base64 })),
  ),
)

/** Writes the PEM of Node in one of the forms, by other means than the code under test. */
function dressed(pem: string, { newline, ending, base64 }: Dress): string {
  const lines = pem.split('\n').filter((line) => line !== '')
  const text = lines.join(newline) + ending
  return base64 ? Buffer.from(text, 'utf8').toString('base64') : text
}

const exported = (key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1') =>
  String(type === 'pkcs1' ? key.export({ type, format: 'pem' }) : key.export({ type, format: 'pem' }))
const spki = (key: KeyObject) => String(createPublicKey(key).export({ type: 'spki', format: 'pem' }))

const sorts = { '': 'nothing', '\n': 'LF', '\r\n': 'CRLF', '\\n': 'escaped' }
const named = ({ newline, ending, base64 }: Dress) =>
  [sorts[newline], `ends with ${sorts[ending]}`, base64 ? 'in base64' : 'plain'].join(', ')

const forms = Object.entries(keys).flatMap(([algorithm, key]) =>
  encodingsOf[algorithm as keyof typeof keys].flatMap((encoding) =>
    dresses.map((dress) => ({ title: `${algorithm}, ${encoding}, ${named(dress)}`, key, encoding, dress })),
  ),
)

describe('a private key is read in each of its forms, and written back byte for byte', () => {
  test.for(forms)('$title', ({ key, encoding, dress }) => {
    const text = dressed(exported(key, encoding), dress)
    const stored = readPrivateKey(text)
    expect(stored?.form).toEqual({ encoding, ...dress })
    expect(stored?.key.equals(key)).toBe(true)
    expect(stored && writeKey(stored)).toBe(text)
    expect(readPublicKey(text)).toBeUndefined()
  })
})

describe('a public key is read in each of its forms, and written back byte for byte', () => {
  test.for(dresses.map((dress) => ({ title: named(dress), dress })))('$title', ({ dress }) => {
    const text = dressed(spki(keys['P-256']), dress)
    const stored = readPublicKey(text)
    expect(stored?.form).toEqual({ encoding: 'spki', ...dress })
    expect(stored && writeKey({ key: keys['P-256'], form: stored.form })).toBe(text)
    expect(readPrivateKey(text)).toBeUndefined()
  })

  test('from a private key, its public half is written', () => {
    const form = { encoding: 'spki', newline: '\n', ending: '\n', base64: false } as const
    expect(writeKey({ key: keys.Ed25519, form })).toBe(spki(keys.Ed25519))
  })
})

describe('a new key takes the form of the old one', () => {
  test.for(forms)('$title', ({ encoding, dress }) => {
    const successor = { sec1: keys['P-256'], pkcs1: keys['RSA-2048'], pkcs8: keys.Ed25519 }[encoding]
    const text = writeKey({ key: successor, form: { encoding, ...dress } })
    expect(text).toBe(dressed(exported(successor, encoding), dress))
  })

  test.for([
    ['PKCS#1', 'Ed25519', 'pkcs1'],
    ['PKCS#1', 'P-256', 'pkcs1'],
    ['SEC1', 'Ed25519', 'sec1'],
    ['SEC1', 'RSA-2048', 'sec1'],
  ] as const)('%s cannot hold %s', ([, algorithm, encoding]) => {
    const form = { encoding, newline: '\n', ending: '\n', base64: false } as const
    expect(writeKey({ key: keys[algorithm], form })).toBeUndefined()
  })
})

const pem = fixedPrivatePem
const body = 'MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g'
const ec = exported(keys['P-256'], 'sec1')
const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
const legacyEncrypted = ec.replace(
  '-----\n',
  '-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n',
)
const encrypted = String(
  keys.Ed25519.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }),
)

const refused: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['a word', 'changeme'],
  ['a newline', '\n'],
  ['a certificate', pem.replaceAll('PRIVATE KEY', 'CERTIFICATE')],
  ['a certificate request', pem.replaceAll('PRIVATE KEY', 'CERTIFICATE REQUEST')],
  ['an OpenSSH key', pem.replaceAll('PRIVATE KEY', 'OPENSSH PRIVATE KEY')],
  ['an encrypted PKCS#8 PEM', encrypted],
  ['a PEM encrypted in the old way', legacyEncrypted],
  ['two PEMs', pem + pem],
  ['a private and a public PEM', `${pem}${fixedPublicPem}\n`],
  ['EC PARAMETERS before the key', parameters + ec],
  ['EC PARAMETERS alone', parameters],
  ['text before', `key: ${pem}`],
  ['a line before', `key\n${pem}`],
  ['a line after', `${pem}key\n`],
  ['text after', `${pem}x`],
  ['bag attributes', `Bag Attributes\n    localKeyID: 01\n${pem}`],
  ['a blank before', ` ${pem}`],
  ['a blank line before', `\n${pem}`],
  ['two final newlines', `${pem}\n`],
  ['quotes around', `"${pem}"`],
  ['no END', pem.replace(/-----END.*\n/, '')],
  ['no BEGIN', pem.replace(/-----BEGIN.*\n/, '')],
  ['END of something else', pem.replace('END PRIVATE', 'END EC PRIVATE')],
  ['a label that does not match the bytes', pem.replaceAll('PRIVATE KEY', 'RSA PRIVATE KEY')],
  ['no body', pem.replace(`${body}\n`, '')],
  ['a body cut in the middle', pem.replace(body, body.slice(0, 32))],
  ['a body with one character less', pem.replace(body, body.slice(0, -1))],
  ['a body of zeros', pem.replace(body, 'A'.repeat(64))],
  ['blank lines in the body', pem.replace(body, `${body.slice(0, 32)}\n\n${body.slice(32)}`)],
  ['blanks in the body', pem.replace(body, `${body.slice(0, 32)} ${body.slice(32)}`)],
  ['one line without newlines', pem.replaceAll('\n', '')],
  ['blanks for newlines', pem.replaceAll('\n', ' ').trimEnd()],
  ['the DER in base64', body],
  ['the DER in hex', Buffer.from(body, 'base64').toString('hex')],
  ['base64 of base64', Buffer.from(Buffer.from(pem).toString('base64')).toString('base64')],
  ['base64 of two PEMs', Buffer.from(pem + pem).toString('base64')],
  ['base64 of a word', Buffer.from('changeme').toString('base64')],
  ['a JWK', JSON.stringify(keys.Ed25519.export({ format: 'jwk' }))],
  ['a lone carriage return for newlines', pem.replaceAll('\n', '\r')],
  ['lower-case labels', pem.replaceAll('PRIVATE KEY', 'private key')],
  ['NUL inside', pem.replace(body, `${body}\0`)],
  ['other scripts’ look-alikes', pem.replace('PRIVATE', 'РRIVATE')],
  ['a huge PEM', `-----BEGIN PRIVATE KEY-----\n${`${body}\n`.repeat(400)}-----END PRIVATE KEY-----\n`],
  ['a huge word', 'A'.repeat(1_000_000)],
]

describe('is no private key', () => {
  test.for(refused)('%s', ([, text]) => {
    expect(readPrivateKey(text)).toBeUndefined()
  })

  test('a public key', () => {
    expect(readPrivateKey(fixedPublicPem)).toBeUndefined()
    expect(readPrivateKey(Buffer.from(fixedPublicPem).toString('base64'))).toBeUndefined()
  })

  test('a PEM beyond 16 KiB, near which no key of ours comes', () => {
    expect(readPrivateKey(paddedPem(1_024))?.key.asymmetricKeyType).toBe('ed25519')
    expect(readPrivateKey(paddedPem(16_384))).toBeUndefined()
  })

  test('whatever else', () => {
    fc.assert(fc.property(fc.string(), (text) => readPrivateKey(text) === undefined))
  })
})

/** The fixed key once more, with an attribute of that many bytes (RFC 5208, section 5). */
function paddedPem(size: number): string {
  const der = (tag: number, ...parts: Buffer[]) => {
    const content = Buffer.concat(parts)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(content.length)
    return Buffer.concat([Buffer.from([tag, 0x82]), length, content])
  }
  const fields = Buffer.from(body, 'base64').subarray(2)
  const oid = Buffer.from([0x06, 0x03, 0x2a, 0x03, 0x04])
  const attribute = der(0x30, oid, der(0x31, der(0x04, Buffer.alloc(size))))
  const lines =
    der(0x30, fields, der(0xa0, attribute))
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
}

describe('is no public key', () => {
  test.for([
    ['a private key', pem],
    ['a PKCS#1 public key', pem.replaceAll('PRIVATE KEY', 'RSA PUBLIC KEY')],
    ['a certificate', pem.replaceAll('PRIVATE KEY', 'CERTIFICATE')],
    ['the private bytes under a public label', pem.replaceAll('PRIVATE KEY', 'PUBLIC KEY')],
    ['two', `${fixedPublicPem}\n${fixedPublicPem}\n`],
    ['text around', `x${fixedPublicPem}`],
    ['a fingerprint', 'SHA256:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'],
  ] as const)('%s', ([, text]) => {
    expect(readPublicKey(text)).toBeUndefined()
  })
})

describe('the same key', () => {
  test('is recognised however it is written, private or public', () => {
    const key = keys['P-256']
    const readings = [exported(key, 'pkcs8'), exported(key, 'sec1'), spki(key)].map((text) =>
      dressed(text, { newline: '\\n', ending: '', base64: true }),
    )
    for (const text of readings) {
      const stored = readPrivateKey(text) ?? readPublicKey(text)
      expect(stored && isSameKey(stored.key, key)).toBe(true)
      expect(stored && isSameKey(key, stored.key)).toBe(true)
    }
  })

  test('is another of the same algorithm, and any of another, never', () => {
    const all = [...Object.values(keys), generateKeyPairSync('ed25519').privateKey]
    for (const a of all) for (const b of all) expect(isSameKey(a, b)).toBe(a === b)
  })
})

describe('base64 in lines, as the tool of that name writes it, is written back byte for byte', () => {
  const oneLine = Buffer.from(exported(keys['RSA-2048'], 'pkcs8')).toString('base64')
  const inLines = (width: number, newline: string) =>
    (oneLine.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(newline)
  test.for([
    ['76 and a final newline', `${inLines(76, '\n')}\n`],
    ['64 without one', inLines(64, '\n')],
    ['76 with CRLF', `${inLines(76, '\r\n')}\r\n`],
    ['one line and a final newline', `${oneLine}\n`],
  ] as const)('%s', ([, text]) => {
    const stored = readPrivateKey(text)
    expect(stored && writeKey(stored)).toBe(text)
  })
})
