import type { WireResponse } from '../wire.ts'
import { askerOf, carryOut } from './approvals.ts'
import { oneOf, readBody, textOf } from './body.ts'
import type { Call, SignedCall } from './call.ts'
import { takeChallenge } from './challenges.ts'
import { describeCredential } from './describe.ts'
import { jsonReply, Refusal } from './errors.ts'
import type { Credential } from './model.ts'
import { readRegistration, registerCredential, registrationReply } from './registration.ts'
import { belongsToUser, kindsFor, listed } from './signers.ts'
import { deleteCredential as forget, setCredentialActive } from './state.ts'

/**
 * Create Credential Challenge, POST /auth/credentials/init with `{kind}`: for kind `Key`, and for people also
 * `Fido2`. It is not signed; the challenge is good for the calling token, and for that kind.
 */
export function createCredentialChallenge(call: Call): WireResponse {
  const { userId, tokenId, kind: tokenKind } = call.token
  const among = kindsFor({ identity: call.identity, ofPat: tokenKind === 'Pat' })
  const kind = oneOf({ fields: readBody({ body: call.request.body }), name: 'kind', among })
  const about = { purpose: 'credential', userId, tokenId, kind } as const
  return registrationReply({ ...call, kind, about })
}

/**
 * Create Credential, POST /auth/credentials, on the caller's own identity, with `{challengeIdentifier,
 * credentialName, credentialKind, credentialInfo: {credId, clientData, attestationData}}`; the last three are
 * base64url. It is signed with a credential that the identity has.
 */
export function createCredential(call: SignedCall): WireResponse {
  const { state, organisation, identity: owner, token } = call
  const { body } = call.request
  const { identifier } = readRegistration(body)
  const { tokenId } = token
  const challenge = takeChallenge({ state, organisation, identifier, purpose: 'credential', tokenId })
  const pat = token.kind === 'Pat' ? { patId: tokenId } : {}
  return registerCredential({ asker: askerOf(call), owner, ...pat, challenge, body })
}

/** List Credentials, GET /auth/credentials: active and inactive ones, without pages. */
export function listCredentials(call: Call): WireResponse {
  const { organisation, identity } = call
  const own = identity.credentials.filter((credential) => belongsToUser({ organisation, credential }))
  const items = listed(own).map((credential) => describeCredential({ organisation, credential }))
  return jsonReply({ status: 200, body: { items } })
}

/** Activate Credential, PUT /auth/credentials/activate: nothing happens to one that is active already. */
export function activateCredential(call: SignedCall): WireResponse {
  const credential = named({ call, credentialUuid: inBody(call) })
  return change({ call, credential, action: 'activate' })
}

/**
 * Deactivate Credential, PUT /auth/credentials/deactivate: nothing happens to one that is inactive already.
 */
export function deactivateCredential(call: SignedCall): WireResponse {
  const credential = named({ call, credentialUuid: inBody(call) })
  return change({ call, credential, action: 'deactivate' })
}

/** Delete Credential, DELETE /auth/credentials/{credentialUuid}. */
export function deleteCredential(call: SignedCall): WireResponse {
  return change({ call, credential: named({ call, credentialUuid: call.id }), action: 'delete' })
}

type Action = 'activate' | 'deactivate' | 'delete'

function change(given: { call: SignedCall; credential: Credential; action: Action }): WireResponse {
  const { call, credential, action } = given
  const { state } = call
  const { userId, credentialUuid } = credential
  const asker = askerOf(call)
  const isActive = action === 'activate'
  const body = action === 'delete' ? {} : { isActive }
  const operationKind = action === 'delete' ? 'Delete' : 'Update'
  return carryOut({
    asker,
    change: { action, operationKind, entityId: credentialUuid, body, userId, credentialUuid },
    check: () => (isActive ? undefined : refuseLockOut(given)),
    apply: () => {
      if (action === 'delete') forget({ state, credential, by: asker.by })
      else setCredentialActive({ state, credential, isActive, by: asker.by })
      return jsonReply({ status: 200, body: action === 'delete' ? {} : { message: 'success' } })
    },
  })
}

function refuseLockOut(given: { call: SignedCall; credential: Credential; action: Action }): void {
  const { call, credential, action } = given
  if (!credential.isActive) return
  const { deactivateSigning, deactivateLast, deleteActive } = call.organisation.switches
  if (action === 'delete' && deleteActive === 'refuse') {
    throw new Refusal(422, 'An active credential may not be deleted.')
  }
  const active = call.identity.credentials.filter(({ isActive }) => isActive)
  if (deactivateSigning === 'refuse' && credential.credentialUuid === call.action.credentialUuid) {
    throw new Refusal(422, `A credential may not ${action} itself.`)
  }
  if (deactivateLast === 'refuse' && active.length === 1) {
    throw new Refusal(422, `The last active credential may not be ${action}d.`)
  }
}

function inBody(call: SignedCall): string {
  return textOf({ fields: readBody({ body: call.request.body }), name: 'credentialUuid' })
}

/** A credential, if it is one of the caller's own identity; a session does not reach a PAT's. */
function named({ call, credentialUuid }: { call: SignedCall; credentialUuid: string }): Credential {
  const { organisation, identity, token } = call
  const credential = call.state.credentials.get(credentialUuid)
  const mine = credential?.userId === identity.userId && !credential.isDeleted
  const reached = mine && (belongsToUser({ organisation, credential }) || credential.patId === token.tokenId)
  if (!reached) throw new Refusal(404, 'Credential not found')
  return credential
}
