import type { KeyObject } from 'node:crypto'
import { isSameKey, readPrivateKey, readPublicKey, writeKey } from '../crypto/private-key.ts'
import { type Json, stringsIn } from './json.ts'

/** The values of a document that a rotation replaces. */
export interface Replaced {
  readonly credId: string
  readonly key: KeyObject
}

/**
 * An owner's field after the rotation: a field whose value is one that changes (applications have names of
 * their own, `DFNS_PRIVATE_KEY`) changes with it, in its own form; a public key counts as its private key.
 * Nothing is returned for a field that cannot follow: it holds such a value and more, or its form cannot hold
 * the new key.
 */
export function ownerField({
  value,
  from,
  to,
}: {
  value: Json
  from: Replaced
  to: Replaced
}): Json | undefined {
  if (typeof value === 'string') {
    if (value === from.credId) return to.credId
    const stored = readPrivateKey(value) ?? readPublicKey(value)
    if (stored !== undefined && isSameKey(stored.key, from.key))
      return writeKey({ key: to.key, form: stored.form })
  }
  return holds(value, from) ? undefined : value
}

/**
 * Whether a replaced value stands anywhere inside: in a longer text, a nested field, a JWK, a PEM in base64.
 */
function holds(value: Json, replaced: Replaced): boolean {
  const traces = tracesOf(replaced.key)
  return stringsIn(value).some((text) => {
    if (text.includes(replaced.credId)) return true
    const bare = bareOf(text)
    return (
      traces.some((trace) => bare.includes(trace)) ||
      inBase64(bare).some((inner) => holdsTrace(inner, traces))
    )
  })
}

function holdsTrace(text: string, traces: readonly string[]): boolean {
  const bare = bareOf(text)
  return traces.some((trace) => bare.includes(trace))
}

/** What every way of writing a key has in common: its DER in base64 without line breaks, or a JWK's `d`. */
function tracesOf(key: KeyObject): string[] {
  const forms = ['pkcs8', 'pkcs1', 'sec1', 'spki'] as const
  const pems = forms.map((encoding) =>
    writeKey({ key, form: { encoding, newline: '\n', endsWithNewline: false, base64: false } }),
  )
  const bodies = pems.flatMap((pem) =>
    pem === undefined ? [] : [bareOf(pem.replaceAll(/-----[A-Z ]+-----/g, ''))],
  )
  const { d } = key.export({ format: 'jwk' })
  return d === undefined ? bodies : [...bodies, d]
}

function bareOf(text: string): string {
  return text.replaceAll(/\\[nr]|\s/g, '')
}

/** Texts that stand in base64 inside a text, long enough to be a key. */
function inBase64(bare: string): string[] {
  return (bare.match(/[A-Za-z0-9+/]{64,}=*/g) ?? []).map((run) =>
    Buffer.from(run, 'base64').toString('latin1'),
  )
}
