import { isCode, RotationError } from '../errors.ts'
import type { Dfns } from '../ports/dfns.ts'
import { DfnsFailure } from '../ports/dfns-transport.ts'
import { answer, type Answer, asFailure, probed } from './answer.ts'
import type { Means, Probe } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { strategyOf } from './manager.ts'
import { credentialsOf, explainSigning, listing, prove } from './proof.ts'
import { meaningOf } from './refusals.ts'
import { userOf } from './signer.ts'

export const questions = {
  create: 'may it register a key (POST /auth/credentials/init)',
  list: 'may it list its credentials (GET /auth/credentials)',
  listed: 'is AWSCURRENT in its list',
  sign: 'does Dfns accept its key, and may it activate and deactivate (PUT /auth/credentials/activate)',
  allowed: 'is AWSCURRENT among the keys that may sign (allowCredentials)',
  signer: 'does its signer log in as the user whose token it is (POST /auth/login)',
  signs: 'may a key of that user sign for this token (allowCredentials)',
} as const

interface Asked {
  readonly current: KeyDocument
  readonly means: Means
}

/**
 * Whether the key of an identity can be rotated, and by whom: Dfns's guide says that service accounts and
 * tokens can do it themselves, its API reference that they cannot (`docs/decisions.md`). What cannot be
 * undone later is asked for now, by calls without effect.
 */
export async function probe(asked: Asked): Promise<readonly Probe[]> {
  const chosen = await answer(strategyOf({ generation: asked.current, means: asked.means }))
  // Whatever keeps the answer away keeps it away from these questions, too.
  return 'value' in chosen && chosen.value === 'signer' ? probeSigner(asked) : probeSelf(asked)
}

/** The questions of an identity that would register its own key. */
export async function probeSelf({ current, means }: Asked): Promise<readonly Probe[]> {
  const dfns = means.dfnsAs(current.identity)
  const explain = (code: keyof typeof refusals) => (error: unknown) =>
    failureOf({ error, current, means, code })
  return probeManager({ current, dfns, explain, explainSigned: (error) => unsigned(current, error) })
}

/** The same of the user that a token belongs to, and whether a key of his signs for the token. */
async function probeSigner({ current, means }: Asked): Promise<readonly Probe[]> {
  const opened = await answer(userOf({ generation: current, means }))
  if ('error' in opened) return [probed(questions.signer, opened)]
  const { dfns, document: signer, explain: explainCall } = opened.value
  const explained = (error: unknown) => explainCall(error).catch(asFailure)
  const managed = await probeManager({
    current,
    dfns,
    explain: () => explained,
    explainSigned: explained,
    signers: [signer.id],
  })
  const signs = await probeForeignKey({ current, signer, means })
  const accepted = await answer(prove({ generation: current, fresh: false, means }))
  return [{ question: questions.signer }, ...managed, signs, probed(questions.sign, accepted)]
}

async function probeForeignKey(asked: Asked & { signer: KeyDocument }): Promise<Probe> {
  const { current, signer, means } = asked
  const challenge = await answer(means.dfnsAs(current.identity).createUserActionChallenge(listing))
  if ('error' in challenge) {
    const meaning = await meaningOf({ error: challenge.error, generation: current, means })
    return { question: questions.signs, failure: asFailure(meaning) }
  }
  const uuids = await signerUuids(asked)
  const allowed = challenge.value.allowCredentials.key.map(({ id }) => id)
  if (allowed.some((id) => id === signer.id || uuids.includes(id))) return { question: questions.signs }
  const problem = 'Dfns does not let a key of its user sign for this token (allowCredentials)'
  const failure = new RotationError('ERR_NOT_ALLOWED', `${current.on}: ${problem}. ${waysOut}`)
  return { question: questions.signs, failure }
}

async function signerUuids({ signer, means }: { signer: KeyDocument; means: Means }): Promise<string[]> {
  const listed = await answer(credentialsOf(means.dfnsAs(signer.identity), signer))
  return 'error' in listed ? [] : listed.value.map(({ credentialUuid }) => credentialUuid)
}

interface Managing {
  readonly current: KeyDocument
  readonly dfns: Dfns
  readonly explain: (code: keyof typeof refusals) => (error: unknown) => Promise<RotationError>
  readonly explainSigned: (error: unknown) => RotationError | Promise<RotationError>
  /** Ids of the keys that may sign; that of AWSCURRENT, if it manages itself. */
  readonly signers?: readonly string[]
}

async function probeManager(managing: Managing): Promise<readonly Probe[]> {
  const { current, dfns, explain } = managing
  const [create, list] = await Promise.all([
    answer(dfns.createCredentialChallenge()),
    answer(dfns.listCredentials()),
  ])
  const first: Probe[] = [
    { question: questions.create, ...(await failed(create, explain('ERR_NOT_ALLOWED'))) },
    { question: questions.list, ...(await failed(list, explain('ERR_CANNOT_RETIRE'))) },
  ]
  if ('error' in list) return first
  const listed = list.value.filter(({ credentialId }) => credentialId === current.id)
  const active = listed.find(({ isActive }) => isActive)
  if (active === undefined)
    return [...first, { question: questions.listed, failure: unlisted(current, listed.length) }]
  const rest = await probeSignature({ ...managing, credentialUuid: active.credentialUuid })
  return [...first, { question: questions.listed }, ...rest]
}

async function probeSignature(probe: Managing & { credentialUuid: string }): Promise<Probe[]> {
  const { dfns, current, credentialUuid, explainSigned, signers } = probe
  const activated = await answer(dfns.activateCredential(credentialUuid))
  if ('error' in activated)
    return [{ question: questions.sign, failure: await explainSigned(activated.error) }]
  if (signers !== undefined) return [{ question: questions.sign }]
  const recognised = activated.value.some((id) => id === current.id || id === credentialUuid)
  const problem = 'it is not among the credentials that Dfns lets sign for its token (allowCredentials)'
  const unrecognised = {
    failure: new RotationError('ERR_NOT_ALLOWED', `${current.on}: ${problem}. Nothing was made.`),
  }
  return [{ question: questions.sign }, { question: questions.allowed, ...(!recognised && unrecognised) }]
}

async function failed(
  answered: Answer<unknown>,
  explain: (error: unknown) => Promise<RotationError>,
): Promise<{ failure?: RotationError }> {
  return 'error' in answered ? { failure: await explain(answered.error) } : {}
}

async function failureOf(
  refused: Asked & { error: unknown; code: keyof typeof refusals },
): Promise<RotationError> {
  const { error, current, means, code } = refused
  const meaning = await meaningOf({ error, generation: current, means })
  if (!isCode(meaning, 'ERR_NOT_ALLOWED')) return asFailure(meaning)
  const answered = error instanceof DfnsFailure ? error.message : ''
  return new RotationError(code, `${current.on}: ${refusals[code]} (${answered}). ${waysOut}`)
}

const refusals = {
  ERR_NOT_ALLOWED: 'this identity may not register a key of its own',
  ERR_CANNOT_RETIRE: 'this identity may not list its credentials, so the old key could not be deactivated',
} as const

const waysOut =
  'Nothing was made, AWSCURRENT is as it was. Ways out: have Dfns allow it for this identity, ' +
  'or, for a personal access token, name in signerArn the UserKey secret of its user, ' +
  'or, for a service account, that of a user who may replace it by a new one.'

function unlisted(current: KeyDocument, listed: number): RotationError {
  if (listed > 0)
    return new RotationError('ERR_VERIFY', `${current.on}: its credential is deactivated at Dfns`)
  const problem = 'its credId is not in the list of its credentials, so it could not be deactivated later'
  return new RotationError(
    'ERR_CANNOT_RETIRE',
    `${current.on}: ${problem}. Nothing was made. Correct credId.`,
  )
}

function unsigned(current: KeyDocument, error: unknown): RotationError {
  if (
    error instanceof DfnsFailure &&
    error.code === 'ERR_NOT_ALLOWED' &&
    error.endpoint === 'PUT /auth/credentials/activate'
  ) {
    const problem = 'this identity may not activate or deactivate its credentials'
    return new RotationError('ERR_CANNOT_RETIRE', `${current.on}: ${problem} (${error.message}). ${waysOut}`)
  }
  return asFailure(explainSigning({ error, generation: current }))
}
