import type { WireResponse } from '../wire.ts'
import { type Asker, carryOut } from './approvals.ts'
import { objectOf, oneOf, readBody, textOf } from './body.ts'
import { issueChallenge, relyingParty } from './challenges.ts'
import { describeCredential } from './describe.ts'
import { jsonReply, Refusal } from './errors.ts'
import type { Challenge, Identity, Organisation } from './model.ts'
import { decodeBase64url, fingerprintOf, SignatureError, verifyAttestation } from './signatures.ts'
import { type State, storeCredential } from './state.ts'

// COSE: EdDSA, ES256, ES256K, RS256.
const algorithms = [-8, -7, -47, -257]

/** What a challenge to register a credential is replied as. */
export function registrationReply(given: {
  state: State
  organisation: Organisation
  identity: Identity
  kind: 'Key'
  about: Pick<Challenge, 'purpose' | 'userId' | 'tokenId' | 'code'>
}): WireResponse {
  const { identity, kind } = given
  const issued = issueChallenge(given)
  const { userId, name } = identity
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

/** Registers the Key of a body on an identity, for a challenge that was taken for it. */
export function registerCredential(given: {
  asker: Asker
  owner: Identity
  patId?: string
  challenge: Challenge
  body: string
}): WireResponse {
  const { asker, owner, patId, challenge, body } = given
  const { state, organisation, by } = asker
  const { name, credentialId, ...sent } = readRegistration(body)
  const publicKey = attested({ ...sent, credentialId, challenge: challenge.challenge })
  const { listLag: unlisted, acceptanceLag: unaccepted } = organisation.switches
  const pat = patId === undefined ? {} : { patId }
  const credential = { owner, credentialId, name, publicKey, unlisted, unaccepted, ...pat }
  return carryOut({
    asker,
    change: {
      action: 'create',
      operationKind: 'Create',
      entityId: '',
      body: { name, credentialId },
      userId: owner.userId,
    },
    check: () => {
      refuseTakenId({ organisation, credentialId })
      refuseTakenKey({ organisation, publicKey })
    },
    apply: () => {
      const stored = storeCredential({ state, by, credential })
      return jsonReply({ status: 200, body: describeCredential({ organisation, credential: stored }) })
    },
  })
}

/** Reads what is needed of a registration; 400 for whatever lacks. */
export function readRegistration(body: string) {
  const fields = readBody({ body })
  oneOf({ fields, name: 'credentialKind', among: ['Key'] })
  const info = objectOf({ fields, name: 'credentialInfo' })
  return {
    name: textOf({ fields, name: 'credentialName' }),
    identifier: textOf({ fields, name: 'challengeIdentifier' }),
    credentialId: textOf({ fields: info, name: 'credId' }),
    clientData: textOf({ fields: info, name: 'clientData' }),
    attestationData: textOf({ fields: info, name: 'attestationData' }),
  }
}

/** Refuses (409) a public key that a credential of the organisation has or had, as the switches say. */
export function refuseTakenKey(given: { organisation: Organisation; publicKey: string }): void {
  const { switches, taken } = given.organisation
  if (switches.keyReuse === 'refuse' && taken.fingerprints.has(fingerprintOf(given.publicKey))) {
    throw new Refusal(409, 'A credential with this public key exists already.')
  }
}

function refuseTakenId(given: { organisation: Organisation; credentialId: string }): void {
  const { switches, taken } = given.organisation
  if (switches.duplicateCredId === 'refuse' && taken.credentialIds.has(given.credentialId)) {
    throw new Refusal(409, 'A credential with this credId exists already.')
  }
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
