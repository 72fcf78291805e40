import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

type Encoding = 'pkcs8' | 'pkcs1' | 'sec1' | 'spki'
type Newline = '\n' | '\r\n' | '\\n'

/** How a PEM stood in the document, so that its successor can be written the same way. */
export interface KeyForm {
  readonly encoding: Encoding
  /** `\\n`, a backslash and an n, is what a PEM becomes on its way through an environment variable. */
  readonly newline: Newline
  /** The final newline, which may be of another sort, or missing. */
  readonly ending: Newline | ''
  /** The whole PEM once more in base64, as some stores want it. */
  readonly base64: boolean
  /**
   * The lines of that base64, as the tool of that name writes them; absent where it is one line without end.
   */
  readonly lines?: { readonly width: number; readonly newline: '\n' | '\r\n'; readonly ends: boolean }
}

export interface StoredKey {
  readonly key: KeyObject
  readonly form: KeyForm
}

const encodings: Readonly<Record<string, Encoding>> = {
  'PRIVATE KEY': 'pkcs8',
  'RSA PRIVATE KEY': 'pkcs1',
  'EC PRIVATE KEY': 'sec1',
  'PUBLIC KEY': 'spki',
}

// One block and nothing around it: what stands beside a key in a field would be lost when the key is
// replaced.
const singlePem = /^-----BEGIN ([A-Z ]+)-----\n(?:[A-Za-z0-9+/=]+\n)+-----END \1-----$/

/** Longest text that can hold an RSA-4096 key in any form, with room. */
const longestKey = 16_384

/** Reads a private key, or nothing if the text is not exactly one unencrypted PEM (or base64 of one). */
export function readPrivateKey(text: string): StoredKey | undefined {
  return readKey({ text, wanted: ['pkcs8', 'pkcs1', 'sec1'] })
}

/** Reads an SPKI public key in any of the same forms. */
export function readPublicKey(text: string): StoredKey | undefined {
  return readKey({ text, wanted: ['spki'] })
}

/** Writes a key in a given form, or nothing if the form cannot hold it (Ed25519 has no PKCS#1 or SEC1). */
export function writeKey({ key, form }: StoredKey): string | undefined {
  const pem = exportPem({ key, encoding: form.encoding })
  if (pem === undefined) return undefined
  const text = pem.trimEnd().replaceAll('\n', form.newline) + form.ending
  return form.base64 ? inLines(Buffer.from(text).toString('base64'), form.lines) : text
}

function readKey({ text, wanted }: { text: string; wanted: readonly Encoding[] }): StoredKey | undefined {
  if (text.length > longestKey) return undefined
  const base64 = /^[A-Za-z0-9+/]+(?:\r?\n[A-Za-z0-9+/=]+)*=*(?:\r?\n)?$/.test(text)
  const lines = base64 ? linesOf(text) : undefined
  const decoded = base64 ? Buffer.from(text, 'base64').toString('latin1') : text
  const ending = (['\r\n', '\n', '\\n'] as const).find((one) => decoded.endsWith(one)) ?? ''
  const block = decoded.slice(0, decoded.length - ending.length)
  const newline = newlineOf(block)
  const pem = block.replaceAll(newline, '\n')
  const encoding = encodings[singlePem.exec(pem)?.[1] ?? '']
  if (encoding === undefined || !wanted.includes(encoding)) return undefined
  const key = importPem({ pem, encoding })
  return key && { key, form: { encoding, newline, ending, base64, ...(lines && { lines }) } }
}

function linesOf(text: string): KeyForm['lines'] {
  if (!text.includes('\n')) return undefined
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  const width = text.indexOf(newline)
  return { width, newline, ends: text.endsWith(newline) }
}

function inLines(base64: string, lines: KeyForm['lines']): string {
  if (lines === undefined) return base64
  const { width, newline, ends } = lines
  const parts = Array.from({ length: Math.ceil(base64.length / width) }, (_, i) =>
    base64.slice(i * width, (i + 1) * width),
  )
  return parts.join(newline) + (ends ? newline : '')
}

function newlineOf(text: string): Newline {
  if (text.includes('\\n')) return '\\n'
  return text.includes('\r\n') ? '\r\n' : '\n'
}

function importPem({ pem, encoding }: { pem: string; encoding: Encoding }): KeyObject | undefined {
  try {
    if (encoding === 'spki') return createPublicKey(pem)
    const key = createPrivateKey(pem)
    return isSigningKey(key) ? key : undefined
  } catch {
    return undefined
  }
}

/** Bits: what is shorter cannot sign, and what is longer takes seconds to. */
const [shortestRsa, longestRsa] = [1_024, 8_192]

/** Of what else can be read as a private key, some cannot sign, and some cannot be told from another. */
function isSigningKey(key: KeyObject): boolean {
  const { modulusLength = shortestRsa } = key.asymmetricKeyDetails ?? {}
  if (!['rsa', 'ec', 'ed25519'].includes(key.asymmetricKeyType ?? '')) return false
  if (modulusLength < shortestRsa || modulusLength > longestRsa) return false
  const { n, p, q } = key.export({ format: 'jwk' })
  return n === undefined || numberOf(n) === numberOf(p) * numberOf(q)
}

const numberOf = (base64url = ''): bigint =>
  BigInt(`0x0${Buffer.from(base64url, 'base64url').toString('hex')}`)

function exportPem({ key, encoding }: { key: KeyObject; encoding: Encoding }): string | undefined {
  switch (encoding) {
    case 'spki':
      return publicOf(key).export({ type: 'spki', format: 'pem' }).toString()
    case 'pkcs8':
      return key.export({ type: 'pkcs8', format: 'pem' }).toString()
    case 'pkcs1':
      if (key.asymmetricKeyType !== 'rsa') return undefined
      return key.export({ type: 'pkcs1', format: 'pem' }).toString()
    case 'sec1':
      if (key.asymmetricKeyType !== 'ec') return undefined
      return key.export({ type: 'sec1', format: 'pem' }).toString()
  }
}

/** Whether two keys, private or public, belong to the same pair, however each was written. */
export function isSameKey(a: KeyObject, b: KeyObject): boolean {
  // Comparing keys of two types leaves an error behind in OpenSSL, and Node.js takes it for the next call's.
  if (a.asymmetricKeyType !== b.asymmetricKeyType) return false
  return publicOf(a).equals(publicOf(b))
}

function publicOf(key: KeyObject): KeyObject {
  return key.type === 'public' ? key : createPublicKey(key)
}
