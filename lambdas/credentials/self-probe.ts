import { isCode, RotationError } from '../errors.ts'
import type { Dfns } from '../ports/dfns.ts'
import { DfnsFailure } from '../ports/dfns-transport.ts'
import type { Means, Probe } from './credential.ts'
import type { KeyDocument } from './document.ts'
import { explainSigning } from './proof.ts'
import { meaningOf } from './refusals.ts'

const questions = {
  create: 'may it register a key (POST /auth/credentials/init)',
  list: 'may it list its credentials (GET /auth/credentials)',
  listed: 'is AWSCURRENT in its list',
  sign: 'does Dfns accept its key, and may it activate and deactivate (PUT /auth/credentials/activate)',
  allowed: 'is AWSCURRENT among the keys that may sign (allowCredentials)',
} as const

/**
 * Whether an identity can rotate its own key: Dfns's guide says that service accounts can, its API reference
 * that they cannot (`docs/decisions.md`). What cannot be undone later is asked for now, by calls without
 * effect.
 */
export async function probeSelf({
  current,
  means,
}: {
  current: KeyDocument
  means: Means
}): Promise<readonly Probe[]> {
  const dfns = means.dfnsAs(current.identity)
  const [create, list] = await Promise.all([
    answer(dfns.createCredentialChallenge()),
    answer(dfns.listCredentials()),
  ])
  const first: Probe[] = [
    {
      question: questions.create,
      ...(await failure({ answer: create, current, means, code: 'ERR_NOT_ALLOWED' })),
    },
    {
      question: questions.list,
      ...(await failure({ answer: list, current, means, code: 'ERR_CANNOT_RETIRE' })),
    },
  ]
  if ('error' in list) return first
  const listed = list.value.filter(({ credentialId }) => credentialId === current.id)
  const active = listed.find(({ isActive }) => isActive)
  if (active === undefined)
    return [...first, { question: questions.listed, failure: unlisted(current, listed.length) }]
  const rest = await probeSignature({ dfns, current, credentialUuid: active.credentialUuid })
  return [...first, { question: questions.listed }, ...rest]
}

async function probeSignature(probe: {
  dfns: Dfns
  current: KeyDocument
  credentialUuid: string
}): Promise<Probe[]> {
  const { dfns, current, credentialUuid } = probe
  const activated = await answer(dfns.activateCredential(credentialUuid))
  if ('error' in activated) return [{ question: questions.sign, failure: unsigned(current, activated.error) }]
  const recognised = activated.value.some((id) => id === current.id || id === credentialUuid)
  const problem = 'it is not among the credentials that Dfns lets sign for its token (allowCredentials)'
  const unrecognised = {
    failure: new RotationError('ERR_NOT_ALLOWED', `${current.on}: ${problem}. Nothing was made.`),
  }
  return [{ question: questions.sign }, { question: questions.allowed, ...(!recognised && unrecognised) }]
}

type Answer<T> = { readonly value: T } | { readonly error: unknown }

async function answer<T>(call: Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await call }
  } catch (error) {
    return { error }
  }
}

async function failure(asked: {
  answer: Answer<unknown>
  current: KeyDocument
  means: Means
  code: 'ERR_NOT_ALLOWED' | 'ERR_CANNOT_RETIRE'
}): Promise<{ failure?: RotationError }> {
  const { answer, current, means, code } = asked
  if (!('error' in answer)) return {}
  const meaning = await meaningOf({ error: answer.error, generation: current, means })
  if (!isCode(meaning, 'ERR_NOT_ALLOWED')) return { failure: asFailure(meaning) }
  const refused = answer.error instanceof DfnsFailure ? answer.error.message : ''
  return { failure: new RotationError(code, `${current.on}: ${refusals[code]} (${refused}). ${waysOut}`) }
}

const refusals = {
  ERR_NOT_ALLOWED: 'this identity may not register a key of its own',
  ERR_CANNOT_RETIRE: 'this identity may not list its credentials, so the old key could not be deactivated',
} as const

const waysOut =
  'Nothing was made, AWSCURRENT is as it was. Ways out: have Dfns allow it for this identity, ' +
  'or name in signerArn a UserKey secret that may replace it (strategy replace, not in this release).'

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

function asFailure(error: unknown): RotationError {
  if (error instanceof RotationError) return error
  throw error
}
