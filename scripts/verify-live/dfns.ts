import type { KeyObject } from 'node:crypto'
import { assert } from '../../lambdas/crypto/key-credential.ts'

/** What Dfns answered, as it came: an experiment looks at forms that the ports leave out. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  /** Parsed where it is JSON; else nothing. */
  readonly json: unknown
  readonly isJson: boolean
}

/** Whoever asks. */
export interface Asker {
  readonly origin: string
  readonly authToken: string
  readonly credId: string
  readonly key: KeyObject
}

const requestMs = 10_000

/** One request, with a deadline, to one origin; redirects are not followed. */
export async function ask(
  { origin, authToken }: Pick<Asker, 'origin'> & { readonly authToken?: string },
  call: { method: string; path: string; body?: object | undefined; userAction?: string },
): Promise<Reply> {
  const { method, path, body, userAction } = call
  const headers = {
    ...(authToken !== undefined && { authorization: `Bearer ${authToken}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(userAction !== undefined && { 'x-dfns-useraction': userAction }),
  }
  const response = await fetch(new URL(path, origin), {
    method,
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(requestMs),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  try {
    return { status: response.status, headers: response.headers, json: JSON.parse(text), isJson: true }
  } catch {
    return { status: response.status, headers: response.headers, json: undefined, isJson: false }
  }
}

/** POST /auth/action/init and POST /auth/action, then the call itself. The first refusal is the answer. */
export async function askSigned(
  asker: Asker,
  call: { method: string; path: string; body?: object },
): Promise<Reply> {
  const { method, path, body } = call
  const action = {
    userActionHttpMethod: method,
    userActionHttpPath: path,
    userActionPayload: body === undefined ? '' : JSON.stringify(body),
    userActionServerKind: 'Api',
  }
  const init = await ask(asker, { method: 'POST', path: '/auth/action/init', body: action })
  if (init.status !== 200) return init
  const challenge = textAt(init.json, 'challenge')
  const challengeIdentifier = textAt(init.json, 'challengeIdentifier')
  const firstFactor = assert({ ...asker, challenge })
  const signed = await ask(asker, {
    method: 'POST',
    path: '/auth/action',
    body: { challengeIdentifier, firstFactor },
  })
  if (signed.status !== 200) return signed
  return ask(asker, { method, path, body, userAction: textAt(signed.json, 'userAction') })
}

/** The member of an object, or nothing. */
export function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}

export function textAt(value: unknown, name: string): string {
  const text = at(value, name)
  return typeof text === 'string' ? text : ''
}

export function itemsIn(value: unknown, name = 'items'): readonly unknown[] {
  const items = at(value, name)
  return Array.isArray(items) ? items : []
}
