import type { Switches } from '../../../sandbox/dfns/switches.ts'
import {
  assert,
  attest,
  type Ceremony,
  type Creation,
  type HeldPasskey,
  newPasskey,
} from '../../support/authenticator.ts'
import { createWorld, kind, type Reply } from './world.ts'

export const origin = 'https://app.example.com'
export const elsewhere = 'https://app.example.org'
const relyingParties = [
  { id: 'example.com', origins: '*' },
  { id: 'example.org', origins: [elsewhere] },
] as const

/** Where a person is, and with which passkey. */
export interface At {
  readonly passkey: HeldPasskey
  readonly origin?: string
  readonly rpId?: string
}
/** What may be wrong with what a browser sends. */
export type Wrong = Partial<Omit<Ceremony, 'passkey'>> & { readonly userHandle?: string }

export interface Session {
  readonly authToken: string
}

const there = { origin, rpId: 'example.com' }

/** What a refusal says: its status and its message. */
export const said = ({ status, json }: Reply) => [status, (json['error'] as { message?: string })?.message]

/**
 * A world whose organisation takes passkeys of two domains, a person with one passkey and a session that it
 * logged in for, and a browser's part in the calls. Nothing is late in it.
 */
export function createPasskeyWorld(switches: Partial<Switches> = {}) {
  const world = createWorld({ ...kind, ...switches })
  const { dfns, orgId, send } = world
  dfns.setRelyingParties({ orgId, relyingParties })
  const person = dfns.createPerson({ orgId, name: 'Ada Lovelace' })
  const first = newPasskey()
  const given = { name: 'first', credId: first.credId, publicKey: first.spki }
  const { credentialUuid } = dfns.addPasskey({
    ...given,
    userId: person.userId,
    relyingPartyId: 'example.com',
    origin,
  })

  const post = (path: string, body: unknown, as?: Session) =>
    send({ method: 'POST', path, body, ...(as && { as }) })

  /** Signs a challenge that was replied, and completes it. */
  function answer({ path, begun, as, ...made }: At & Wrong & { path: string; begun: Reply; as?: Session }) {
    const credentialAssertion = assert({ ...there, challenge: begun.json.challenge, ...made })
    const { challengeIdentifier } = begun.json
    return post(path, { challengeIdentifier, firstFactor: { kind: 'Fido2', credentialAssertion } }, as)
  }

  const begin = (body: object = { username: person.username }) => post('/auth/login/init', { orgId, ...body })

  async function login(made: At & Wrong): Promise<Reply> {
    return answer({ ...made, path: '/auth/login', begun: await begin() })
  }

  async function session(at: At): Promise<Session> {
    const { json } = await login(at)
    return { authToken: String(json['token']) }
  }

  /** POST /auth/action for a request; the reply carries the user action, or says why there is none. */
  async function act({
    as,
    method,
    path,
    payload,
    ...made
  }: At & Wrong & { as: Session; method: string; path: string; payload: string }): Promise<Reply> {
    const body = { userActionPayload: payload, userActionHttpMethod: method, userActionHttpPath: path }
    const begun = await post('/auth/action/init', body, as)
    return answer({ ...made, as, path: '/auth/action', begun })
  }

  /** A whole call that a passkey signs. */
  async function signed(
    call: At & { as: Session; method: string; path: string; body: unknown },
  ): Promise<Reply> {
    const payload = JSON.stringify(call.body)
    const action = await act({ ...call, payload })
    if (action.status !== 200) return action
    const headers = { 'x-dfns-useraction': action.json.userAction }
    return send({ as: call.as, method: call.method, path: call.path, body: payload, headers })
  }

  /** A registration's body for a challenge that was replied. */
  function registration({ json }: Reply, made: At & Partial<Omit<Creation, 'passkey'>>) {
    const credentialInfo = attest({ ...there, challenge: json.challenge, ...made })
    const { challengeIdentifier } = json
    return { challengeIdentifier, credentialName: 'next', credentialKind: 'Fido2', credentialInfo }
  }

  const init = (as: Session) => post('/auth/credentials/init', { kind: 'Fido2' }, as)

  /** Create Credential, all of its requests; `by` signs for it. */
  async function register(
    made: At & Partial<Omit<Creation, 'passkey'>> & { as: Session; by: At; change?: object },
  ): Promise<Reply> {
    const { as, by, change = {}, ...rest } = made
    const body = registration(await init(as), rest)
    const credentialInfo = { ...body.credentialInfo, ...change }
    return signed({ ...by, as, method: 'POST', path: '/auth/credentials', body: { ...body, credentialInfo } })
  }

  const set = (made: At & { as: Session; active: boolean; credentialUuid: string }) => {
    const path = `/auth/credentials/${made.active ? 'activate' : 'deactivate'}`
    return signed({ ...made, method: 'PUT', path, body: { credentialUuid: made.credentialUuid } })
  }

  return {
    ...world,
    /** The world's own, with a Key. */
    beginAction: world.begin,
    signedByKey: world.signed,
    person: { ...person, passkey: first, credentialUuid },
    post,
    begin,
    answer,
    login,
    session,
    act,
    signed,
    registration,
    init,
    register,
    set,
  }
}
