import { randomBytes } from 'node:crypto'
import { hexDigest } from './digest.ts'

/**
 * Lineage: which secret, and which rotation of it, a Dfns object comes from. A credential's id is a 4-byte
 * magic, 12 bytes of SHA-256(secret ARN) and 16 bytes of SHA-256(ClientRequestToken), so that it can be told
 * from a stranger's even where only `allowCredentials` may be read.
 */
export interface Lineage {
  readonly secretArn: string
  readonly token: string
}

const magic = Buffer.from('dfr1', 'ascii')

const secretHash = (secretArn: string): string => hexDigest(secretArn, 24)
const tokenHash = (token: string): string => hexDigest(token, 32)

/**
 * Base64url, 43 characters. The same rotation always gives the same id: a repeated step makes no second one.
 */
export function credIdOf({ secretArn, token }: Lineage): string {
  const hashes = Buffer.from(secretHash(secretArn) + tokenHash(token), 'hex')
  return Buffer.concat([magic, hashes]).toString('base64url')
}

/** The name of a credential at Dfns: the same two hashes, in hex, for people and for lists. */
export function credentialNameOf({ secretArn, token }: Lineage): string {
  return `dfns-rotator ${secretHash(secretArn)} ${tokenHash(token)}`
}

/** What a name or description says of the rotation that made its object, and of the attempt. Hex. */
export interface Mark {
  readonly secret: string
  readonly token: string
  /** Every attempt makes an object of its own: only who made it knows its secret. */
  readonly attempt: string
}

/** What a mark, or a credential's id, tells of where it comes from; nothing where no rotation made it. */
type Trace = Pick<Mark, 'secret' | 'token'> | undefined

const mark = / ?\bdfns-rotator ([0-9a-f]{24}) ([0-9a-f]{32}) ([0-9a-f]{8})$/

export function markOf({ secretArn, token }: Lineage, attempt = randomBytes(4).toString('hex')): Mark {
  return { secret: secretHash(secretArn), token: tokenHash(token), attempt }
}

export function markIn(text: string): Mark | undefined {
  const [, secret, token, attempt] = mark.exec(text) ?? []
  return secret && token && attempt ? { secret, token, attempt } : undefined
}

/** The owner's text, cut to fit, with the mark at its end, in place of an older one. Characters. */
export function marked(given: { text: string; with: Mark; longest: number }): string {
  const { secret, token, attempt } = given.with
  const end = `dfns-rotator ${secret} ${token} ${attempt}`
  const text = given.text.replace(mark, '').slice(0, given.longest - end.length - 1)
  return text === '' ? end : `${text} ${end}`
}

/** Of which secret's rotation a credential's id tells, as a mark does; nothing if no rotation chose it. */
export function lineageIn(credId: string): Trace {
  const bytes = Buffer.from(credId, 'base64url')
  const isExact = bytes.length === 32 && bytes.toString('base64url') === credId
  if (!isExact || !bytes.subarray(0, 4).equals(magic)) return undefined
  return { secret: bytes.toString('hex', 4, 16), token: bytes.toString('hex', 16) }
}

/** Whether a rotation of this very secret left the mark. Another secret's is a stranger's. */
export function isMarkOf(mark: Trace, secretArn: string): boolean {
  return mark?.secret === secretHash(secretArn)
}

/** Whether this very rotation did, in whichever attempt. */
export function isMarkOfRotation(mark: Trace, { secretArn, token }: Lineage): boolean {
  return isMarkOf(mark, secretArn) && mark?.token === tokenHash(token)
}

/** Whether a rotation of this very secret chose the credential's id. */
export function isOfSecret({ credId, secretArn }: { credId: string; secretArn: string }): boolean {
  return isMarkOf(lineageIn(credId), secretArn)
}
