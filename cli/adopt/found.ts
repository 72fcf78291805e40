import { readAuthToken } from '../../lambdas/credentials/auth-token.ts'
import type { JsonObject } from '../../lambdas/credentials/json.ts'
import { isSameKey, readPrivateKey } from '../../lambdas/crypto/private-key.ts'
import { refusal } from '../failure.ts'
import { type Field, printable, type Source, type Sources } from './sources.ts'

/** What people call our fields, without punctuation and without "dfns". */
const names: Readonly<Record<string, Field>> = {
  authtoken: 'authToken',
  token: 'authToken',
  accesstoken: 'authToken',
  serviceaccounttoken: 'authToken',
  credid: 'credId',
  credentialid: 'credId',
  privatekey: 'privateKey',
  orgid: 'orgId',
  organizationid: 'orgId',
  baseurl: 'baseUrl',
  apiurl: 'baseUrl',
  username: 'username',
  webhookid: 'webhookId',
  webhooksecret: 'webhookSecret',
  webhookurl: 'url',
  signerarn: 'signerArn',
}

/**
 * What a document of somebody's own holds under other names than ours: by their likeness, and keys and tokens
 * by their form. Refuses one with several credentials: a secret holds one.
 */
export function foundIn(fields: JsonObject): Sources {
  const nested = Object.entries(fields).filter(([, value]) => isObject(value))
  const inside = nested.filter(([, value]) =>
    Object.keys(value as JsonObject).some((name) => meant(name) !== undefined),
  )
  if (inside.length > 0) throw several(inside.map(([name]) => name))
  const texts = Object.entries(fields).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  )
  const found = new Map<Field, Source>()
  const add = (field: Field, [name, value]: readonly [string, string]) =>
    field in fields || found.has(field) || found.set(field, { value, from: `a copy of ${printable(name)}` })
  const keys = texts.filter(([, value]) => readPrivateKey(value) !== undefined)
  const tokens = texts.filter(([, value]) => readAuthToken(value) !== undefined)
  assertOne({ texts: keys, isSame: isSameKeyText })
  assertOne({ texts: tokens, isSame: (one, other) => one === other })
  for (const one of keys) add('privateKey', one)
  for (const one of tokens) add('authToken', one)
  for (const one of texts) {
    const field = meant(one[0])
    // A key or a token that is none by its form is no value to build on.
    if (field !== undefined && field !== 'privateKey' && field !== 'authToken') add(field, one)
  }
  return found
}

const meant = (name: string): Field | undefined => {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .replace(/^dfns/, '')
  return Object.hasOwn(names, plain) ? names[plain] : undefined
}

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function assertOne(of: {
  texts: readonly (readonly [string, string])[]
  isSame: (one: string, other: string) => boolean
}): void {
  const { texts, isSame } = of
  const [first] = texts
  const others = first === undefined ? [] : texts.filter(([, value]) => !isSame(value, first[1]))
  if (first !== undefined && others.length > 0) throw several([first[0], ...others.map(([name]) => name)])
}

function isSameKeyText(one: string, other: string): boolean {
  const [a, b] = [readPrivateKey(one), readPrivateKey(other)]
  return a !== undefined && b !== undefined && isSameKey(a.key, b.key)
}

function several(fields: readonly string[]) {
  const named = fields.map(printable).join(', ')
  return refusal(`the secret holds several credentials: ${named}. Give each one a secret of its own`)
}
