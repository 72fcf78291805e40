import type { WireResponse } from '../wire.ts'
import { type Asker, carryOut } from './approvals.ts'
import { objectOf, oneOf, readBody, textOf } from './body.ts'
import { issueChallenge, notValid, relyingParty } from './challenges.ts'
import { passkeyAlgorithms } from './cose.ts'
import { describeCredential } from './describe.ts'
import { jsonReply, Refusal } from './errors.ts'
import type { Challenge, CredentialKind, Identity, Organisation, Passkey } from './model.ts'
import { verifyPasskeyAttestation } from './passkeys.ts'
import { decodeBase64url, fingerprintOf, SignatureError, verifyAttestation } from './signatures.ts'
import { type State, storeCredential } from './state.ts'

// COSE: EdDSA, ES256, ES256K, RS256.
const algorithms = { Key: [-8, -7, -47, -257], Fido2: passkeyAlgorithms } as const

// As in Dfns's example of the reply.
const authenticatorSelection = {
  residentKey: 'required',
  requireResidentKey: true,
  userVerification: 'required',
} as const

/**
 * What a challenge to register a credential is replied as. For a Fido2, `excludeCredentials` names passkeys
 * of the identity by their credential ids, which a browser decodes from base64url; `challenge` and `user.id`
 * it takes as they are, as text. `rp` is Dfns's own, and deprecated: a page names its own relying party.
 */
export function registrationReply(given: {
  state: State
  organisation: Organisation
  identity: Identity
  kind: CredentialKind
  about: Pick<Challenge, 'purpose' | 'userId' | 'tokenId' | 'code' | 'kind'>
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
    pubKeyCredParams: algorithms[kind].map((alg) => ({ type: 'public-key', alg })),
    ...(kind === 'Fido2' && { authenticatorSelection, excludeCredentials: excluded(given) }),
    temporaryAuthenticationToken: issued.challengeIdentifier,
  }
  return jsonReply({ status: 200, body })
}

/** Registers the credential of a body on an identity, for a challenge that was taken for it. */
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
  if (sent.kind !== challenge.kind) throw notValid()
  const { publicKey, ...kept } = attested({
    ...sent,
    organisation,
    credentialId,
    challenge: challenge.challenge,
  })
  const { listLag: unlisted, acceptanceLag: unaccepted } = organisation.switches
  const pat = patId === undefined ? {} : { patId }
  const credential = { owner, credentialId, name, publicKey, unlisted, unaccepted, ...pat, ...kept }
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
  const info = objectOf({ fields, name: 'credentialInfo' })
  return {
    kind: oneOf({ fields, name: 'credentialKind', among: ['Key', 'Fido2'] }),
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

/** The passkeys that a new one may not stand beside on one authenticator, see the switch. */
function excluded({ organisation, identity }: { organisation: Organisation; identity: Identity }) {
  const { excludeCredentials } = organisation.switches
  return identity.credentials
    .filter(({ passkey }) => passkey !== undefined && excludeCredentials !== 'none')
    .filter(({ isActive }) => isActive || excludeCredentials === 'all')
    .map(({ credentialId }) => ({ type: 'public-key', id: credentialId }))
}

function attested(sent: {
  kind: CredentialKind
  organisation: Organisation
  clientData: string
  attestationData: string
  credentialId: string
  challenge: string
}): { publicKey: string; passkey?: Passkey } {
  try {
    decodeBase64url(sent.credentialId)
    if (sent.kind === 'Key') return verifyAttestation(sent)
    const { switches, relyingParties } = sent.organisation
    const { otherAttestations } = switches
    const { publicKey, ...passkey } = verifyPasskeyAttestation({ ...sent, relyingParties, otherAttestations })
    return { publicKey, passkey }
  } catch (error) {
    if (error instanceof SignatureError) throw new Refusal(400, `Invalid credential: ${error.message}`)
    throw error
  }
}
