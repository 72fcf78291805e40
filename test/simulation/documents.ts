import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { SecretVersion } from '../../sandbox/secrets-manager/secret.ts'

/** What a version holds, as far as the checkers read it. */
export interface Document {
  /** What it names at Dfns: a credential, or a webhook. */
  readonly id: string
  /** Empty where it holds no key. */
  readonly publicKey: string
  /** The id of its token's record; nothing where it has none. */
  readonly tokenId: string | undefined
  readonly fields: Readonly<Record<string, unknown>>
}

// What a version holds never changes, and reading a key is slow: each text is read once.
const read = new Map<string, Document | undefined>()

export function documentIn(version: Pick<SecretVersion, 'value'> | undefined): Document | undefined {
  const text = version?.value && 'SecretString' in version.value ? version.value.SecretString : undefined
  if (text === undefined) return undefined
  if (!read.has(text)) {
    if (read.size > 2_000) read.clear()
    read.set(text, readDocument(text))
  }
  return read.get(text)
}

function readDocument(text: string): Document | undefined {
  try {
    const fields = JSON.parse(text) as Readonly<Record<string, string>>
    const { kind, webhookId = '', credId = '', privateKey = '', authToken } = fields
    if (kind === 'WebhookSecret') return { id: webhookId, publicKey: '', tokenId: undefined, fields }
    const publicKey = spki(createPublicKey(createPrivateKey(privateKey)))
    return { id: credId, publicKey, tokenId: authToken && tokenIdIn(authToken), fields }
  } catch {
    return undefined
  }
}

/** The simulator names its record in the token. */
function tokenIdIn(authToken: string): string {
  const claims = Buffer.from(authToken.split('.')[1] ?? '', 'base64url').toString('utf8')
  return (JSON.parse(claims) as { jti: string }).jti
}

const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'der' }).toString('base64')

const publicKeys = new Map<string, string>()

/** A key as documents hold it, from the form in which it was registered. */
export function publicKeyOf({ publicKey }: { publicKey: string }): string {
  const known = publicKeys.get(publicKey)
  if (known !== undefined) return known
  if (publicKeys.size > 2_000) publicKeys.clear()
  const text = spki(createPublicKey(publicKey))
  publicKeys.set(publicKey, text)
  return text
}
