import type { WireResponse } from '../wire.ts'
import { objectOf, oneOf, readBody, textOf } from './body.ts'
import type { Call, SignedCall } from './call.ts'
import { issueChallenge, relyingParty, takeChallenge } from './challenges.ts'
import { jsonReply, Refusal } from './errors.ts'
import type { Credential, Effect } from './model.ts'
import { decodeBase64url, fingerprintOf, SignatureError, verifyAttestation } from './signatures.ts'
import { belongsToUser, listed } from './signers.ts'
import { record, setCredentialActive, storeCredential } from './state.ts'

// COSE: EdDSA, ES256, ES256K, RS256.
const algorithms = [-8, -7, -47, -257]

/** Create Credential Challenge, POST /auth/credentials/init, for kind `Key`. */
export function createCredentialChallenge(call: Call): WireResponse {
  const kind = oneOf({ fields: readBody({ body: call.request.body }), name: 'kind', among: ['Key'] })
  const issued = issueChallenge({ call })
  const { userId, name } = call.identity
  const body = {
    kind,
    user: { id: userId, displayName: name, name },
    ...issued,
    rp: relyingParty,
    attestation: 'direct',
    pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
    temporaryAuthenticationToken: issued.challengeIdentifier,
  }
  return jsonReply({ status: 200, body })
}

/** Create Credential, POST /auth/credentials, for kind `Key`, on the caller's own identity. */
export function createCredential(call: SignedCall): WireResponse {
  const { state, organisation, identity: owner, token } = call
  const fields = readBody({ body: call.request.body })
  oneOf({ fields, name: 'credentialKind', among: ['Key'] })
  const name = textOf({ fields, name: 'credentialName' })
  const info = objectOf({ fields, name: 'credentialInfo' })
  const credentialId = textOf({ fields: info, name: 'credId' })
  const identifier = textOf({ fields, name: 'challengeIdentifier' })
  const sent = {
    clientData: textOf({ fields: info, name: 'clientData' }),
    attestationData: textOf({ fields: info, name: 'attestationData' }),
  }
  const challenge = takeChallenge({ call, identifier })
  if (challenge.request !== undefined) throw new Refusal(400, 'Challenge token is not valid.')
  const publicKey = attested({ ...sent, credentialId, challenge: challenge.challenge })
  refuseDuplicates({ call, credentialId, publicKey })
  if (organisation.switches.approval.create) return awaitApproval({ call })

  const { listLag: unlisted, acceptanceLag: unaccepted } = organisation.switches
  const pat = token.kind === 'Pat' ? { patId: token.tokenId } : {}
  const fresh = { owner, credentialId, name, publicKey, unlisted, unaccepted, ...pat }
  const credential = storeCredential({ state, by: actorOf(call), credential: fresh })
  return jsonReply({ status: 200, body: describe({ call, credential }) })
}

/** List Credentials, GET /auth/credentials: active and inactive ones, without pages. */
export function listCredentials(call: Call): WireResponse {
  const own = call.identity.credentials.filter((credential) => belongsToUser({ call, credential }))
  const items = listed(own).map((credential) => describe({ call, credential }))
  return jsonReply({ status: 200, body: { items } })
}

/** Activate Credential, PUT /auth/credentials/activate: nothing happens to one that is active already. */
export function activateCredential(call: SignedCall): WireResponse {
  const credential = named(call)
  if (call.organisation.switches.approval.activate) return awaitApproval({ call, credential })
  setCredentialActive({ state: call.state, credential, isActive: true, by: actorOf(call) })
  return jsonReply({ status: 200, body: { message: 'success' } })
}

/**
 * Deactivate Credential, PUT /auth/credentials/deactivate: nothing happens to one that is inactive already.
 */
export function deactivateCredential(call: SignedCall): WireResponse {
  const credential = named(call)
  if (credential.isActive) refuseLockOut({ call, credential })
  if (call.organisation.switches.approval.deactivate) return awaitApproval({ call, credential })
  setCredentialActive({ state: call.state, credential, isActive: false, by: actorOf(call) })
  return jsonReply({ status: 200, body: { message: 'success' } })
}

function attested(sent: {
  clientData: string
  attestationData: string
  credentialId: string
  challenge: string
}): string {
  try {
    decodeBase64url(sent.credentialId)
    return verifyAttestation(sent).publicKey
  } catch (error) {
    if (error instanceof SignatureError) throw new Refusal(400, `Invalid credential: ${error.message}`)
    throw error
  }
}

function refuseLockOut({ call, credential }: { call: SignedCall; credential: Credential }): void {
  const { deactivateSigning, deactivateLast } = call.organisation.switches
  const active = call.identity.credentials.filter(({ isActive }) => isActive)
  if (deactivateSigning === 'refuse' && credential.credentialUuid === call.action.credentialUuid) {
    throw new Refusal(422, 'A credential may not deactivate itself.')
  }
  if (deactivateLast === 'refuse' && active.length === 1) {
    throw new Refusal(422, 'The last active credential may not be deactivated.')
  }
}

function refuseDuplicates(made: { call: Call; credentialId: string; publicKey: string }): void {
  const { switches, taken } = made.call.organisation
  if (switches.duplicateCredId === 'refuse' && taken.credentialIds.has(made.credentialId)) {
    throw new Refusal(409, 'A credential with this credId exists already.')
  }
  if (switches.keyReuse === 'refuse' && taken.fingerprints.has(fingerprintOf(made.publicKey))) {
    throw new Refusal(409, 'A credential with this public key exists already.')
  }
}

/**
 * The credential that the body names, if it is one of the caller's own identity; a session does not reach a
 * PAT's.
 */
function named(call: SignedCall): Credential {
  const credentialUuid = textOf({ fields: readBody({ body: call.request.body }), name: 'credentialUuid' })
  const credential = call.state.credentials.get(credentialUuid)
  const mine = credential?.userId === call.identity.userId
  const reached = mine && (belongsToUser({ call, credential }) || credential.patId === call.token.tokenId)
  if (!reached) throw new Refusal(404, 'Credential not found')
  return credential
}

function awaitApproval({ call, credential }: { call: SignedCall; credential?: Credential }): WireResponse {
  const { state, identity, request } = call
  const { orgId, userId } = identity
  const which = credential ? { credentialUuid: credential.credentialUuid } : {}
  const effect: Omit<Effect, 'at'> = {
    kind: 'approval requested',
    orgId,
    userId,
    ...which,
    by: actorOf(call),
    request: { method: request.method, path: request.path },
  }
  record({ state, effect })
  return jsonReply({ status: 202, body: { status: 'Pending', approvalId: state.nextId('ap') } })
}

function actorOf({ token, action }: SignedCall): { tokenId: string; credentialUuid: string } {
  return { tokenId: token.tokenId, credentialUuid: action.credentialUuid }
}

/**
 * A credential as replies show it. A Key has no relying party and no origin, but the fields are always there.
 */
function describe({ call, credential }: { call: Call; credential: Credential }) {
  const { credentialId, credentialUuid, isActive, name, publicKey: pem, fingerprint } = credential
  const publicKey = { pem, fingerprint, empty: '' }[call.organisation.switches.listPublicKey]
  const dateCreated = new Date(credential.dateCreated).toISOString()
  const documented = { kind: 'Key', credentialId, credentialUuid, dateCreated, isActive, name, publicKey }
  return { ...documented, relyingPartyId: '', origin: '' }
}
