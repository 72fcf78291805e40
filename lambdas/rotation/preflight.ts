import { answer, asFailure, probed } from '../credentials/answer.ts'
import type { Draft, Labelled, Probe, Wish } from '../credentials/credential.ts'
import type { Generation } from '../credentials/document.ts'
import { RotationError } from '../errors.ts'
import { dayMs } from '../ports/time.ts'
import type { Stored } from './generations.ts'
import { assertGraceEnds, graceOf } from './grace.ts'
import type { Rotation } from './rotation.ts'

/** The kinds for which a strategy is there; all, if it is not named. */
const kindsOf: Readonly<Partial<Record<Wish, readonly string[]>>> = {
  signer: ['PersonalAccessTokenKey'],
  replace: ['ServiceAccountKey', 'PersonalAccessTokenKey'],
}

interface Asked {
  readonly rotation: Rotation
  readonly current: Stored
}

/** Bytes of a secret value (Secrets Manager quotas). */
const largestDocument = 65_536

/** The successor, if the tags and the document of AWSCURRENT allow one. Dfns is not asked. */
export async function draft({ rotation, current }: Asked): Promise<Draft> {
  const { document, credential } = current
  const { strategy, keyAlgorithm: algorithm } = rotation.settingsFor(document.kind)
  if (!(kindsOf[strategy] ?? [document.kind]).includes(document.kind)) {
    throw new RotationError(
      'ERR_TAG',
      `tag dfns-rotator:strategy: ${strategy} is not supported for ${document.kind}`,
    )
  }
  assertGraceEnds({ rotation, superseded: document })
  const isTokenExpiring = expiresSoon({ rotation, current: document })
  const asked = { current: document, lineage: rotation.lineage, labelled: labelledIn({ rotation, current }) }
  const drafted = await credential.create({ ...asked, algorithm, isTokenExpiring })
  if (isTokenExpiring && drafted.renewsToken !== true) warnOfExpiry(rotation, document)
  if (Buffer.byteLength(JSON.stringify(drafted.document)) <= largestDocument) return drafted
  throw new RotationError(
    'ERR_DOCUMENT',
    `${document.on}: with the new key it would be larger than a secret may be`,
  )
}

/** Fails, with nothing made, if Dfns answers one of the questions with no. */
export async function demand({ rotation, current }: Asked): Promise<void> {
  const { document, credential } = current
  const isTokenExpiring = expiresSoon({ rotation, current: document })
  const labelled = labelledIn({ rotation, current })
  const probes = await credential.probe({ current: document, labelled, isTokenExpiring })
  for (const probe of probes) report(rotation, probe)
  for (const { failure } of probes) if (failure !== undefined) throw failure
}

/** What stands in the version that AWSCURRENT was read from is known: its label protects nothing else. */
function labelledIn({ rotation, current }: Asked): Labelled {
  const { stages } = rotation.secret
  const isLabelled = (labels: readonly string[]) => labels.some((label) => label.startsWith('AWS'))
  const others = [...stages].filter(([id]) => id !== current.version.versionId)
  const versionIds = others.flatMap(([id, labels]) => (isLabelled(labels) ? [id] : []))
  return { versionIds, previous: async () => (await rotation.previous())?.document }
}

/**
 * What a test rotation is good for beside its test: createSecret's questions, in the real role, a line each.
 */
export async function preflight(asked: Asked): Promise<void> {
  const question = 'do the tags and the document of AWSCURRENT allow a rotation'
  report(asked.rotation, probed(question, await answer(draft(asked))))
  // The answers stand in the log. Whether AWSCURRENT works is another question, and was answered.
  await demand(asked).catch(asFailure)
}

function report({ log }: Rotation, { question, failure, note, unknown: reason }: Probe): void {
  if (failure !== undefined) {
    log.warn('probe', { question, answer: 'no', code: failure.code, reason: failure.message })
  } else if (reason !== undefined) log.warn('probe', { question, answer: 'not known', reason })
  else log.info('probe', { question, answer: 'yes', ...(note !== undefined && { note }) })
}

/** Whether the token does not live until the next rotation has superseded it, with a week to spare. */
function expiresSoon({ rotation, current }: { rotation: Rotation; current: Generation }): boolean {
  const { nextRotation, rotationDays = 0 } = rotation.secret
  const { tokenExpires } = current
  if (tokenExpires === undefined) return false
  // DescribeSecret need not tell it; it may be the rotation's under way, or past where rotations failed.
  const next = Math.max(nextRotation?.getTime() ?? 0, rotation.time.now() + rotationDays * dayMs)
  const needed = next + graceOf({ rotation, superseded: current }) + 7 * dayMs
  return tokenExpires.getTime() < needed
}

/** A rotation of the key never renews the token. */
function warnOfExpiry({ log }: Rotation, { tokenExpires }: Generation): void {
  log.warn('token-expiring', { expires: tokenExpires?.toISOString() })
}
