import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createDfnsHandler } from '../../../sandbox/dfns/handler.ts'
import { createDfns } from '../../../sandbox/dfns/organisation.ts'
import { type Switches, selfRotation } from '../../../sandbox/dfns/switches.ts'
import type { WireResponse } from '../../../sandbox/wire.ts'

/** The world of Dfns's rotation guide: everything allowed, nothing late. */
export const kind: Partial<Switches> = {
  selfRotation: selfRotation.allAllowed,
  listLag: 0,
  acceptanceLag: 0,
  listPublicKey: 'pem',
  webhookListLag: 0,
}

export interface Key {
  readonly publicKey: string
  readonly privateKey: KeyObject
}

const generators = {
  Ed25519: () => generateKeyPairSync('ed25519'),
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  secp256k1: () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
  'P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'RSA-2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'RSA-1024': () => generateKeyPairSync('rsa', { modulusLength: 1024 }),
}
export type Algorithm = keyof typeof generators

export function newKey(algorithm: Algorithm = 'Ed25519'): Key {
  const { publicKey, privateKey } = generators[algorithm]()
  return { publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })), privateKey }
}

/** Signs as a client does: Ed25519 over the message, everything else with SHA-256. */
export function signBytes({ key, bytes }: { key: KeyObject; bytes: string }): Buffer {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', Buffer.from(bytes), key)
}

export const base64url = (text: string) => Buffer.from(text).toString('base64url')

export function assertion(by: { credId: string; key: KeyObject; challenge: string; type?: string }) {
  const clientData = JSON.stringify({ type: by.type ?? 'key.get', challenge: by.challenge })
  const signature = signBytes({ key: by.key, bytes: clientData }).toString('base64url')
  return { credId: by.credId, clientData: base64url(clientData), signature }
}

export function attestation(by: { credId: string; key: Key; challenge: string; type?: string }) {
  const clientData = JSON.stringify({ challenge: by.challenge, type: by.type ?? 'key.create' })
  const clientDataHash = createHash('sha256').update(clientData).digest('hex')
  const { publicKey, privateKey } = by.key
  const fingerprint = JSON.stringify({ clientDataHash, publicKey })
  const signature = signBytes({ key: privateKey, bytes: fingerprint }).toString('hex')
  const attestationData = base64url(JSON.stringify({ publicKey, signature }))
  return { credId: by.credId, clientData: base64url(clientData), attestationData }
}

/** A token together with a key that signs for it. */
export interface Holder {
  readonly authToken: string
  readonly credId: string
  readonly key: KeyObject
}

/** The fields of any reply that tests look at; which of them are there depends on the endpoint. */
export interface ReplyBody {
  readonly [field: string]: unknown
  readonly challenge: string
  readonly challengeIdentifier: string
  readonly userAction: string
  readonly credentialUuid: string
  readonly allowCredentials: { readonly key: readonly { readonly id: string }[] }
  readonly items: readonly { readonly credentialId: string; readonly publicKey: string }[]
  readonly accessTokens: readonly { readonly credId: string }[]
}
export type Reply = WireResponse & { readonly json: ReplyBody }

export interface Sent {
  readonly as?: Pick<Holder, 'authToken'>
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/** A simulator with one organisation and a clock that tests move. */
export function createWorld(switches: Partial<Switches> = {}) {
  let time = Date.UTC(2026, 0, 1)
  const dfns = createDfns({ clock: { now: () => time }, switches })
  const handle = createDfnsHandler(dfns)
  const { orgId } = dfns.createOrganisation()

  /** One request, whose reply need not be JSON. */
  async function raw({ as, method, path, body, headers = {} }: Sent): Promise<WireResponse> {
    const bearer = as ? { authorization: `Bearer ${as.authToken}` } : {}
    const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body)
    const request = { service: 'dfns', operation: `${method} ${path}`, method, path, body: text } as const
    return handle({ ...request, headers: { ...bearer, ...headers } })
  }

  async function send(sent: Sent): Promise<Reply> {
    const reply = await raw(sent)
    return { ...reply, json: JSON.parse(reply.body) as ReplyBody }
  }

  function begin({
    as,
    method,
    path,
    payload,
  }: {
    as: Holder
    method: string
    path: string
    payload: string
  }) {
    const body = { userActionPayload: payload, userActionHttpMethod: method, userActionHttpPath: path }
    return send({ as, method: 'POST', path: '/auth/action/init', body })
  }

  function complete({ as, challenge }: { as: Holder; challenge: Reply }) {
    const credentialAssertion = assertion({
      credId: as.credId,
      key: as.key,
      challenge: challenge.json.challenge,
    })
    const firstFactor = { kind: 'Key', credentialAssertion }
    const body = { challengeIdentifier: challenge.json.challengeIdentifier, firstFactor }
    return send({ as, method: 'POST', path: '/auth/action', body })
  }

  /** POST /auth/action for a request; the reply carries the user action, or says why there is none. */
  async function authoriseAction(request: { as: Holder; method: string; path: string; payload: string }) {
    return complete({ as: request.as, challenge: await begin(request) })
  }

  /** A whole signed call. A refusal at /auth/action is returned as it is. */
  async function signed({ as, method, path, body }: Sent & { as: Holder }): Promise<Reply> {
    const payload = body === undefined ? '' : JSON.stringify(body)
    const action = await authoriseAction({ as, method, path, payload })
    if (action.status !== 200) return action
    const headers = { 'x-dfns-useraction': action.json.userAction }
    return send({ as, method, path, body: payload, headers })
  }

  async function creation({ as, key, credId }: { as: Holder; key: Key; credId: string }) {
    const init = await send({ as, method: 'POST', path: '/auth/credentials/init', body: { kind: 'Key' } })
    const credentialInfo = attestation({ credId, key, challenge: init.json.challenge })
    const challengeIdentifier = init.json.challengeIdentifier
    return { challengeIdentifier, credentialName: 'next', credentialKind: 'Key', credentialInfo }
  }

  /** Create Credential, both requests of it. */
  async function register(given: { as: Holder; key: Key; credId: string }): Promise<Reply> {
    return signed({ as: given.as, method: 'POST', path: '/auth/credentials', body: await creation(given) })
  }

  function set({ as, active, credentialUuid }: { as: Holder; active: boolean; credentialUuid: string }) {
    const path = `/auth/credentials/${active ? 'activate' : 'deactivate'}`
    return signed({ as, method: 'PUT', path, body: { credentialUuid } })
  }

  function account(name = 'payments') {
    const { publicKey, privateKey } = newKey()
    return { ...dfns.createServiceAccount({ orgId, name, publicKey }), key: privateKey, publicKey }
  }

  /** A user with a session and a key. */
  function user(given: { name?: string; permissions?: readonly string[]; kind?: 'EndUser' } = {}) {
    const { publicKey, privateKey } = newKey()
    return { ...dfns.createUser({ orgId, name: 'person', publicKey, ...given }), key: privateKey, publicKey }
  }

  /** A PAT of a user. */
  function pat({ userId, name = 'pat' }: { userId: string; name?: string }) {
    const { publicKey, privateKey } = newKey()
    return { ...dfns.createPersonalAccessToken({ userId, name, publicKey }), key: privateKey, publicKey }
  }

  return {
    dfns,
    orgId,
    user,
    pat,
    raw,
    send,
    begin,
    complete,
    authoriseAction,
    signed,
    creation,
    register,
    set,
    account,
    list: (as: Pick<Holder, 'authToken'>) => send({ as, method: 'GET', path: '/auth/credentials' }),
    /** Moves the clock by so many milliseconds. */
    pass: (milliseconds: number) => {
      time += milliseconds
    },
    change: (changed: Partial<Switches>) => dfns.setSwitches({ orgId, switches: changed }),
  }
}

/** An action without effect, and that any key may sign for: activating a credential that is active. */
export const harmless = (credentialUuid: string) => ({
  method: 'PUT',
  path: '/auth/credentials/activate',
  payload: JSON.stringify({ credentialUuid }),
})
