import { createPublicKey, type KeyObject } from 'node:crypto'
import { type Json, type JsonObject, stringsIn } from './json.ts'

/** What gives away that a value holds a credential: its id, the numbers of its key, a token that changes. */
export type Traces = readonly string[]

/**
 * The id as it is, and as bytes (one character each) the private number and the public one. Every encoding of
 * a key, DER, PEM or JWK, holds those bytes as they are.
 */
export function tracesOf(of: { credId: string; key: KeyObject; authToken?: string | undefined }): Traces {
  const { credId, key, authToken } = of
  const { d } = key.export({ format: 'jwk' })
  const { n, x } = createPublicKey(key).export({ format: 'jwk' })
  const numbers = [d, n ?? x].flatMap((number) =>
    number === undefined ? [] : [bytesOf(number, 'base64url')],
  )
  return [credId, ...numbers, ...(authToken === undefined ? [] : [authToken])]
}

/** Whether a trace stands anywhere in a value, also nested, escaped, or encoded and encoded again. */
export function holds(value: Json, traces: Traces): boolean {
  return stringsIn(value).some((text) =>
    readings(text, 3).some((reading) => traces.some((trace) => reading.includes(trace))),
  )
}

/** A text, and what it turns out to be when it is read as JSON, as an escaped text, or as base64 or hex. */
function readings(text: string, depth: number): string[] {
  if (depth === 0) return [text]
  const inner = [...inJson(text), ...unescaped(text), ...decoded(text)]
  return [text, ...inner.flatMap((one) => readings(one, depth - 1))]
}

function inJson(text: string): string[] {
  if (!/^\s*["[{]/.test(text)) return []
  try {
    return stringsIn(JSON.parse(text) as JsonObject)
  } catch {
    return []
  }
}

function unescaped(text: string): string[] {
  const json = text
    .replaceAll(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll('\\/', '/')
  const percent = text.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return [json, percent].filter((one) => one !== text)
}

/** Runs long enough to be a key or an id, with line breaks of all sorts taken out first. */
function decoded(text: string): string[] {
  const bare = text.replaceAll(/\\[nr]|\s/g, '')
  const runs = (pattern: RegExp, encoding: 'base64' | 'base64url' | 'hex') =>
    (bare.match(pattern) ?? []).map((run) => bytesOf(run, encoding))
  return [
    ...runs(/[A-Za-z0-9+/]{24,}/g, 'base64'),
    ...runs(/[\w-]{24,}/g, 'base64url'),
    ...runs(/[0-9a-fA-F]{48,}/g, 'hex'),
  ]
}

const bytesOf = (text: string, encoding: 'base64' | 'base64url' | 'hex') =>
  Buffer.from(text, encoding).toString('latin1')
