import { inspect } from 'node:util'
import { ClientError } from './errors.ts'

/** Fields of the owner's own stand beside those of dfns-rotator. */
interface OwnFields {
  readonly [field: string]: unknown
}

interface AnyKey extends OwnFields {
  /** Origin of the API: `https://api.dfns.io`. */
  readonly baseUrl: string
  readonly orgId: string
  readonly credId: string
  /** PEM: PKCS#8, PKCS#1 or SEC1, in the form that the owner gave it. */
  readonly privateKey: string
}

export interface ServiceAccountKey extends AnyKey {
  readonly kind: 'ServiceAccountKey'
  readonly authToken: string
}

export interface PersonalAccessTokenKey extends AnyKey {
  readonly kind: 'PersonalAccessTokenKey'
  readonly authToken: string
}

/** A user's: it has no token, it logs in. */
export interface UserKey extends AnyKey {
  readonly kind: 'UserKey'
  readonly username: string
}

export interface WebhookSecret extends OwnFields {
  readonly kind: 'WebhookSecret'
  readonly baseUrl: string
  readonly orgId: string
  readonly webhookId: string
  /** As Dfns returned it, `whs-` included. */
  readonly webhookSecret: string
  readonly url: string
  readonly events: readonly string[]
}

/** The documents that dfns-rotator keeps, by their `kind`. */
export interface SecretDocuments {
  readonly ServiceAccountKey: ServiceAccountKey
  readonly PersonalAccessTokenKey: PersonalAccessTokenKey
  readonly UserKey: UserKey
  readonly WebhookSecret: WebhookSecret
}

export type SecretKind = keyof SecretDocuments
export type SecretDocument = SecretDocuments[SecretKind]
/** Those whose key signs. */
export type KeyDocument = ServiceAccountKey | PersonalAccessTokenKey | UserKey

const longestDocument = 65_536
const loopback = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/

const text = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value)

const isOrigin = (value: unknown): boolean => {
  if (typeof value !== 'string' || !/^https?:\/\/[!-.0-~]+\/?$/i.test(value) || /[\\?#@]/.test(value))
    return false
  if (!URL.canParse(value)) return false
  const { protocol, hostname } = new URL(value)
  return protocol === 'https:' || loopback.test(hostname)
}

const common = { baseUrl: isOrigin, orgId: text(/^[\w-]{1,128}$/) }
const key = { ...common, credId: text(/^[\w+/=.-]{1,1024}$/), privateKey: text(/^[\s\S]{1,16384}$/) }
const bearer = { ...key, authToken: text(/^[\x21-\x7e]{1,16384}$/) }

const fields: Readonly<Record<SecretKind, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  ServiceAccountKey: bearer,
  PersonalAccessTokenKey: bearer,
  UserKey: { ...key, username: text(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,256}$/u) },
  WebhookSecret: {
    ...common,
    webhookId: text(/^[\w.:-]{4,128}$/),
    webhookSecret: text(/^[\x21-\x7e]{8,512}$/),
    url: text(/^https?:\/\/\S{1,2048}$/),
    events: (value) => Array.isArray(value) && value.length > 0 && value.every(text(/^[^]{1,256}$/)),
  },
}

/**
 * Reads a version's text. `on` is how errors call it; they name fields, never values. ERR_DOCUMENT; ERR_KIND
 * if it is of another kind than wanted.
 */
export function readDocument(source: {
  text: string
  on: string
  kind: SecretKind | undefined
}): SecretDocument {
  const { on } = source
  const parsed = source.text.length > longestDocument ? undefined : parsedObject(source.text)
  if (parsed === undefined) throw new ClientError('ERR_DOCUMENT', `${on} is not a JSON document`)
  const { kind } = parsed
  if (typeof kind !== 'string' || !Object.hasOwn(fields, kind)) {
    throw new ClientError('ERR_DOCUMENT', `${on} has no field kind that is known`)
  }
  if (source.kind !== undefined && kind !== source.kind) {
    throw new ClientError('ERR_KIND', `${on} is of another kind than ${source.kind}`)
  }
  const wrong = Object.entries(fields[kind as SecretKind])
    .filter(([name, isRight]) => !isRight(parsed[name]))
    .map(([name]) => name)
  if (wrong.length > 0) {
    throw new ClientError('ERR_DOCUMENT', `${on}: missing or malformed: ${wrong.join(', ')}`)
  }
  return discreet(parsed as unknown as SecretDocument)
}

function parsedObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/**
 * A document that is printed or serialised by accident (a context that a logger takes whole) shows what it
 * is, and no key.
 */
function discreet(document: SecretDocument): SecretDocument {
  const { kind, orgId } = document
  const show = () => ({ kind, orgId })
  Object.defineProperty(document, 'toJSON', { value: show })
  Object.defineProperty(document, inspect.custom, { value: show })
  return Object.freeze(document)
}
