import { createPrivateKey } from 'node:crypto'
import type { CallRecord } from '../../sandbox/wire.ts'

/** Everything secret that a run held, so that all it printed can be searched for it. */
export interface Secrets {
  /** What must not appear, each with the name of what it is. */
  readonly traces: ReadonlyMap<string, string>
}

/** The secrets in requests and stored documents: keys in every form, tokens, user actions, RotationTokens. */
export function secretsOf({
  calls,
  documents,
}: {
  calls: readonly CallRecord[]
  documents: readonly string[]
}): Secrets {
  const traces = new Map<string, string>()
  const add = (name: string, text: string | undefined) => {
    if (text !== undefined && text.length >= 16) traces.set(text, name)
  }
  for (const { request } of calls) {
    add('bearer token', request.headers['authorization']?.match(/^Bearer (\S+)$/)?.[1])
    add('user action', request.headers['x-dfns-useraction'])
    add('RotationToken', request.body.match(/"RotationToken":"([^"]+)"/)?.[1])
  }
  for (const text of [...documents, ...calls.flatMap(({ request }) => storedIn(request.body))]) {
    for (const trace of keyTraces(text)) add('private key', trace)
    for (const [name, value] of Object.entries(fieldsOf(text))) {
      if (name === 'authToken' || name === 'webhookSecret') add(name, value)
      for (const trace of keyTraces(value)) add(`private key (${name})`, trace)
    }
  }
  return { traces }
}

/** Names of the secrets that appear in a text. */
export function leaksIn(text: string, { traces }: Secrets): string[] {
  return [...traces].filter(([trace]) => text.includes(trace)).map(([, name]) => name)
}

function storedIn(body: string): string[] {
  const json = fieldsOf(body)['SecretString']
  return json === undefined ? [] : [json]
}

function fieldsOf(text: string): Record<string, string> {
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json !== 'object' || json === null) return {}
    return Object.fromEntries(Object.entries(json).filter(([, value]) => typeof value === 'string'))
  } catch {
    return {}
  }
}

/** Any line of the PEM, and the private number itself in base64url, hex and base64. */
function keyTraces(value: string): string[] {
  const pem = value.replaceAll('\\n', '\n')
  if (!/BEGIN [A-Z ]*PRIVATE KEY/.test(pem)) return []
  const lines = pem.split('\n').filter((line) => line.length >= 32 && !line.startsWith('-----'))
  try {
    const { d = '' } = createPrivateKey(pem).export({ format: 'jwk' })
    const bytes = Buffer.from(d, 'base64url')
    return [...lines, d, bytes.toString('hex'), bytes.toString('base64')]
  } catch {
    return lines
  }
}
