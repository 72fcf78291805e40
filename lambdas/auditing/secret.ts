import { generationIn } from '../credentials/document.ts'
import type { Survey } from '../credentials/survey.ts'
import { surveyOf } from '../credentials/surveys.ts'
import { credIdOf } from '../crypto/lineage.ts'
import { type ErrorCode, isCode, type RotationError } from '../errors.ts'
import { type DescribedSecret, isReplica } from '../ports/secrets-manager.ts'
import { holderOf, pendingVersion } from '../rotation/labels.ts'
import { asKnown } from '../rotation/boundary.ts'
import { openSecret } from '../rotation/opening.ts'
import { reportDates } from './dates.ts'
import type { FindingType } from './findings.ts'
import { dealWithLeftovers } from './leftovers.ts'
import type { Run, View } from './run.ts'
import { holdShared } from './shared.ts'

/** What a look came to. `cut short`: the function's time was over, and the next invocation looks again. */
export type Look = 'done' | 'unanswered' | 'cut short'

/** Kinds of failure that say something of the secret, and not of the moment. */
const typesOf: Readonly<Partial<Record<ErrorCode, FindingType>>> = {
  ERR_STORE: 'unreadable',
  ERR_NOT_STAGED: 'unreadable',
  ERR_SECRET_GONE: 'secret-deleted',
  ERR_DOCUMENT: 'policy-violation',
  ERR_BASE_URL: 'policy-violation',
  ERR_ORG: 'policy-violation',
  ERR_SIGNER: 'policy-violation',
  ERR_TAG: 'policy-violation',
}

/**
 * Looks at one secret. Whatever is wrong with it is a finding, a defect of ours included, and keeps no other
 * secret from being looked at.
 */
export async function auditSecret(of: { secret: DescribedSecret; run: Run }): Promise<Look> {
  const { secret, run } = of
  const { arn: secretArn, primaryRegion } = secret
  const { findings } = run
  // It has its primary's document and tags, but only there can anything be done.
  if (isReplica(secret)) {
    findings.report({ type: 'replica', secretArn, primaryRegion })
    return 'done'
  }
  if (secret.isDeleted) {
    findings.report({ type: 'secret-deleted', secretArn, credentials: namedIn(secret) })
    return 'done'
  }
  if (!secret.rotationEnabled) findings.report({ type: 'rotation-cancelled', secretArn })
  try {
    await lookInside(of)
    return 'done'
  } catch (thrown) {
    const error = asKnown({ error: thrown, log: run.log })
    if (error.retryable && run.time.remaining() === 0) return 'cut short'
    reportFailure({ run, secretArn, error })
    return isCode(error, 'ERR_DFNS_UNAVAILABLE') ? 'unanswered' : 'done'
  }
}

/** A value that is marked for deletion cannot be read; what its rotations registered can be told anyway. */
function namedIn({ arn: secretArn, stages }: DescribedSecret): string {
  const labelled = [...stages].filter(([, labels]) => labels.some((label) => label.startsWith('AWS')))
  return labelled.map(([token]) => credIdOf({ secretArn, token })).join(' ')
}

function reportFailure(of: { run: Run; secretArn: string; error: RotationError }): void {
  const { run, secretArn, error } = of
  const { code, message: reason, retryable } = error
  // A value that is missing may still come during a rotation, and is read again; here it is missing.
  const isPassing = retryable && code !== 'ERR_NOT_STAGED'
  const type = isPassing ? 'not-checked' : (typesOf[code] ?? 'not-checked')
  run.findings.report({ type, secretArn, code, reason })
}

/** Asks Dfns first and reads the labels after it: what is made meanwhile is in no list. */
async function lookInside({ secret: listed, run }: { secret: DescribedSecret; run: Run }): Promise<void> {
  const { arn: secretArn } = listed
  const { dfnsAs, lists, findings } = run
  const opened = await openSecret({ ...run, secretArn, dfnsAs, mayHaveAsked: () => true })
  const inside = await opened.inside()
  const current = await inside.current()
  const { kind, id } = current.document
  const settings = inside.settingsFor(kind)
  if (settings.problem !== undefined) reportFailure({ run, secretArn, error: settings.problem })
  const survey = await surveyOf({ current: current.document, means: inside.means, lists })
  const secret = await opened.store.describeSecret()
  if (holderOf(secret, 'AWSCURRENT') !== current.version.versionId) {
    // The next audit finds it where it has come to.
    return findings.report({ type: 'not-checked', secretArn, reason: 'AWSCURRENT moved meanwhile' })
  }
  reportSurvey({ run, secret, survey, credId: id })
  const pendingVersionId = pendingVersion(secret)
  const previousVersionId = holderOf(secret, 'AWSPREVIOUS')
  const labelled = async (versionId: string | undefined) =>
    versionId === undefined ? undefined : generationIn(inside.version(versionId))
  const pending = await labelled(pendingVersionId)
  const previous = await labelled(previousVersionId)
  const { store } = opened
  const view: View = { run, store, inside, settings, secret, survey, current, pending, previous }
  run.seen?.(view)
  reportDates({ ...view, pendingVersion: pendingVersionId })
  await holdShared({ view, id, versionId: current.version.versionId, isSuperseded: false })
  await dealWithLeftovers(view)
}

function reportSurvey(of: {
  run: Run
  secret: DescribedSecret
  survey: Survey
  /** Of AWSCURRENT. */
  credId: string
}): void {
  const { run, secret, survey, credId } = of
  const { arn: secretArn } = secret
  if (survey.refusal !== undefined) {
    const { code, message: reason } = survey.refusal
    run.findings.report({ type: 'current-not-accepted', secretArn, credId, code, reason })
  }
  for (const error of survey.problems) reportFailure({ run, secretArn, error })
  for (const region of secret.failedRegions)
    run.findings.report({ type: 'replication-failed', secretArn, region })
}
