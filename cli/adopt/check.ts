import { randomUUID } from 'node:crypto'
import { credentialOf, isKind } from '../../lambdas/credentials/index.ts'
import type { CredentialKind } from '../../lambdas/credentials/kinds.ts'
import type { Means } from '../../lambdas/credentials/credential.ts'
import type { Generation } from '../../lambdas/credentials/document.ts'
import { isCode } from '../../lambdas/errors.ts'
import { refusal } from '../failure.ts'
import { type Field, waysToSay } from './sources.ts'

const ofToken = ['baseUrl', 'orgId', 'authToken', 'credId', 'privateKey'] as const

/** What every kind needs; `signerArn` is optional for a key. */
const needed: Readonly<Record<CredentialKind, readonly Field[]>> = {
  ServiceAccountKey: ofToken,
  PersonalAccessTokenKey: ofToken,
  UserKey: ['baseUrl', 'orgId', 'username', 'credId', 'privateKey'],
  WebhookSecret: ['baseUrl', 'orgId', 'webhookId', 'webhookSecret', 'url', 'events', 'signerArn'],
}

/** Fails, telling how each one is said, if a field is neither there nor could be found out. */
export function assertComplete(has: (field: Field) => boolean, kind: string | undefined): void {
  if (kind === undefined)
    throw refusal('nothing tells what kind of credential it is: say --kind. Nothing was changed')
  const missing = (isKind(kind) ? needed[kind] : []).filter((field) => !has(field))
  if (missing.length === 0) return
  const ways = missing.map((field) => `${field} (${waysToSay(field)})`)
  throw refusal(`these are missing, and could not be found out: ${ways.join('; ')}. Nothing was changed`)
}

/**
 * Reads the document as the functions will, has Dfns accept its key (or show its webhook), and makes sure
 * that the owner's fields can follow a rotation.
 */
export async function checked(of: {
  text: string
  kind: string
  secretArn: string
  means: Means
}): Promise<Generation> {
  const { text, kind, secretArn, means } = of
  const on = `the document for ${secretArn}`
  const credential = credentialOf({ kind, on, means })
  const generation = credential.read({ text, on, secretArn }, means.limits)
  await credential.verify({ generation, as: generation, fresh: false, again: true })
  try {
    const lineage = { secretArn, token: randomUUID() }
    await credential.create({ current: generation, lineage, algorithm: 'same', isTokenExpiring: false })
  } catch (error) {
    // A key of another algorithm works, and a tag chooses the next one.
    if (!isCode(error, 'ERR_DOCUMENT') || error.message.includes('key-algorithm')) return generation
    throw error
  }
  return generation
}
