import type { Assertion, Attestation } from './authenticator.ts'
import type { ApiRequest, Send } from './http.ts'
import * as replies from './replies.ts'

/** A request before somebody signs it; `body` is signed and sent byte for byte. */
export interface SignedRequest {
  readonly method: 'POST' | 'PUT'
  readonly path: string
  readonly body: string
}

/** The calls of the Dfns API that the page makes, named as Dfns names them, nothing decided. */
export type Dfns = ReturnType<typeof createDfns>

/** What is sent of a new passkey. */
export interface Registration {
  readonly name: string
  readonly challengeIdentifier: string
  readonly attestation: Attestation
}

export function createDfns(send: Send) {
  return { ...sessions(send), ...userActions(send), ...credentials(send), ...codes(send) }
}

function sessions(send: Send) {
  return {
    /** An empty username leaves it to the authenticator which of its passkeys it offers. */
    createLoginChallenge: ({ orgId, username }: { orgId: string; username: string }) =>
      post({
        send,
        path: '/auth/login/init',
        body: { orgId, ...(username !== '' && { username }) },
        read: replies.challenge,
        means: noLogin,
      }),
    login: (signed: Signed) =>
      post({ send, path: '/auth/login', body: factor(signed), read: replies.login, means: badSignature }),
    logout: (token: string) =>
      send({ method: 'PUT', path: '/auth/logout', body: '{}', token, read: () => undefined }),
  }
}

function userActions(send: Send) {
  return {
    createUserActionChallenge: ({ token, request }: { token: string; request: SignedRequest }) =>
      post({
        send,
        path: '/auth/action/init',
        body: {
          userActionPayload: request.body,
          userActionHttpMethod: request.method,
          userActionHttpPath: request.path,
          userActionServerKind: 'Api',
        },
        token,
        read: replies.challenge,
      }),
    createUserActionSignature: ({ token, ...signed }: Signed & { token: string }) =>
      post({
        send,
        path: '/auth/action',
        body: factor(signed),
        token,
        read: replies.userAction,
        means: badSignature,
      }),
  }
}

function credentials(send: Send) {
  return {
    listCredentials: (token: string) =>
      send({ method: 'GET', path: '/auth/credentials', token, read: replies.credentialList }),
    createCredentialChallenge: (token: string) =>
      post({
        send,
        path: '/auth/credentials/init',
        body: { kind: 'Fido2' },
        token,
        read: replies.creationChallenge,
      }),
    createCredential: (call: SignedCall) => send({ ...call.request, ...call, read: replies.credential }),
    /** Activate or Deactivate Credential. */
    changeCredential: (call: SignedCall) => send({ ...call.request, ...call, read: () => undefined }),
  }
}

function codes(send: Send) {
  return {
    createCredentialCode: (call: SignedCall) =>
      send({ ...call.request, ...call, read: replies.credentialCode, means: badExpiration }),
    createCredentialChallengeWithCode: (code: string) =>
      post({
        send,
        path: '/auth/credentials/code/init',
        body: { code, credentialKind: 'Fido2' },
        read: replies.creationChallenge,
        means: badCode,
      }),
    createCredentialWithCode: (registration: Registration) =>
      send({
        method: 'POST',
        path: '/auth/credentials/code/verify',
        body: registrationBody(registration),
        read: replies.credential,
        means: badCode,
      }),
  }
}

interface SignedCall {
  readonly token: string
  readonly userAction: string
  readonly request: SignedRequest
}

interface Signed {
  readonly challengeIdentifier: string
  readonly assertion: Assertion
}

/** Create Credential with a passkey. */
export function createCredentialRequest(registration: Registration): SignedRequest {
  return { method: 'POST', path: '/auth/credentials', body: registrationBody(registration) }
}

/** Activate or Deactivate Credential. */
export function changeRequest(to: { credentialUuid: string; isActive: boolean }): SignedRequest {
  const { credentialUuid, isActive } = to
  const path = `/auth/credentials/${isActive ? 'activate' : 'deactivate'}`
  return { method: 'PUT', path, body: JSON.stringify({ credentialUuid }) }
}

/** Create Credential Code that ends at a time of Dfns's clock, in milliseconds. */
export function codeRequest(expires: number): SignedRequest {
  const body = JSON.stringify({ expiration: new Date(expires).toISOString() })
  return { method: 'POST', path: '/auth/credentials/code', body }
}

function registrationBody({ name, challengeIdentifier, attestation }: Registration): string {
  const { credId, clientData, attestationData } = attestation
  return JSON.stringify({
    challengeIdentifier,
    credentialName: name,
    credentialKind: 'Fido2',
    credentialInfo: { credId, clientData, attestationData },
  })
}

function factor({ challengeIdentifier, assertion }: Signed) {
  const { attachment: _attachment, ...credentialAssertion } = assertion
  return { challengeIdentifier, firstFactor: { kind: 'Fido2', credentialAssertion } }
}

function post<T>({
  send,
  body,
  ...request
}: Omit<ApiRequest<T>, 'method' | 'body'> & { send: Send; body: object }): Promise<T> {
  return send({ ...request, method: 'POST', body: JSON.stringify(body) })
}

type Means = NonNullable<ApiRequest<unknown>['means']>

const noLogin: Means = ({ status, message }) => {
  if (status !== 401) return undefined
  return /does not have a credential/i.test(message) ? 'no-passkey' : 'user-unknown'
}

const badSignature: Means = ({ status }) => (status === 401 ? 'signature-refused' : undefined)

// At these open endpoints nothing but the code itself can be refused.
const badCode: Means = ({ status }) => (status === 401 || status === 403 ? 'code-over' : undefined)

const badExpiration: Means = ({ status, message }) =>
  status === 400 && /expiration/i.test(message) ? 'expiration-refused' : undefined
