import type { Draft, Labelled, Probe } from '../credentials/credential.ts'
import { RotationError } from '../errors.ts'
import type { Stored } from './generations.ts'
import { assertGraceEnds } from './grace.ts'
import type { Rotation } from './rotation.ts'

interface Asked {
  readonly rotation: Rotation
  readonly current: Stored
}

const dayMs = 86_400_000

/** Bytes of a secret value (Secrets Manager quotas). */
const largestDocument = 65_536

/** The successor, if the tags and the document of AWSCURRENT allow one. Dfns is not asked. */
export async function draft({ rotation, current: { document, credential } }: Asked): Promise<Draft> {
  const { strategy, keyAlgorithm: algorithm } = rotation.settingsFor(document.kind)
  const isSupported =
    strategy !== 'replace' && (strategy !== 'signer' || document.kind === 'PersonalAccessTokenKey')
  if (!isSupported) {
    throw new RotationError(
      'ERR_TAG',
      `tag dfns-rotator:strategy: ${strategy} is not supported for ${document.kind}`,
    )
  }
  assertGraceEnds({ rotation, superseded: document })
  warnOfExpiry({ rotation, expires: document.tokenExpires })
  const { lineage } = rotation
  const labelled = labelledIn(rotation)
  const drafted = await credential.create({ current: document, lineage, algorithm, labelled })
  if (Buffer.byteLength(JSON.stringify(drafted.document)) <= largestDocument) return drafted
  throw new RotationError(
    'ERR_DOCUMENT',
    `${document.on}: with the new key it would be larger than a secret may be`,
  )
}

/** Fails, with nothing made, if Dfns answers one of the questions with no. */
export async function demand({ rotation, current: { document, credential } }: Asked): Promise<void> {
  const probes = await credential.probe({ current: document, labelled: labelledIn(rotation) })
  for (const probe of probes) report(rotation, probe)
  for (const { failure } of probes) if (failure !== undefined) throw failure
}

function labelledIn(rotation: Rotation): Labelled {
  const { stages } = rotation.secret
  const isLabelled = (labels: readonly string[]) => labels.some((label) => label.startsWith('AWS'))
  const versionIds = [...stages].flatMap(([id, labels]) => (isLabelled(labels) ? [id] : []))
  return { versionIds, previous: async () => (await rotation.previous())?.document }
}

/**
 * What a test rotation is good for beside its test: createSecret's questions, in the real role, a line each.
 */
export async function preflight(asked: Asked): Promise<void> {
  const made = await draft(asked).then(
    () => ({}),
    (failure: unknown) => ({ failure: known(failure) }),
  )
  report(asked.rotation, { question: 'do the tags and the document of AWSCURRENT allow a rotation', ...made })
  // The answers stand in the log. Whether AWSCURRENT works is another question, and was answered.
  await demand(asked).catch(known)
}

function known(error: unknown): RotationError {
  if (error instanceof RotationError) return error
  throw error
}

function report({ log }: Rotation, { question, failure }: Probe): void {
  if (failure === undefined) log.info('probe', { question, answer: 'yes' })
  else log.warn('probe', { question, answer: 'no', code: failure.code, reason: failure.message })
}

/** A rotation renews the key, never the token. */
function warnOfExpiry({ rotation, expires }: { rotation: Rotation; expires: Date | undefined }): void {
  const { nextRotation } = rotation.secret
  if (expires === undefined || nextRotation === undefined) return
  if (expires.getTime() < nextRotation.getTime() + 7 * dayMs) {
    rotation.log.warn('token-expiring', { expires: expires.toISOString() })
  }
}
