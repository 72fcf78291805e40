import type { Survey } from '../credentials/survey.ts'
import { surveyOf } from '../credentials/surveys.ts'
import { RotationError } from '../errors.ts'
import type { ScheduleGroup } from '../ports/schedule-group.ts'
import type { Schedules } from '../ports/scheduler.ts'
import type { DescribedSecret, SecretStore } from '../ports/secrets-manager.ts'
import { type Secrets, secretsOf } from '../ports/secrets.ts'
import type { Stored } from '../rotation/generations.ts'
import { pendingVersion } from '../rotation/labels.ts'
import { onceOf } from '../rotation/means.ts'
import { type Asked, type Inside, openSecret } from '../rotation/opening.ts'

/** What a person sets off on one secret: rollback, abandon, decommission, retireAtOnce. */
export interface OperationOpening extends Omit<Asked, 'mayHaveAsked'> {
  /** Nothing where no scheduler was deployed. */
  readonly schedules: Schedules | undefined
  readonly group: ScheduleGroup | undefined
}

/** A secret as an operation finds it. */
export interface Operation extends OperationOpening {
  readonly store: SecretStore
  readonly secrets: Secrets
  readonly secret: DescribedSecret
  readonly inside: Inside
  readonly current: Stored
}

/** Reads the secret. An operation may be repeated: an earlier run may have asked for the same approvals. */
export async function openOperation(opening: OperationOpening): Promise<Operation> {
  const { clients, time } = opening
  const opened = await openSecret({ ...opening, mayHaveAsked: () => true })
  const { store, secret } = opened
  const inside = await opened.inside()
  const secrets = secretsOf({ client: clients.secretsManager, time })
  const current = await inside.current()
  return { ...opening, secretArn: secret.arn, store, secrets, secret, inside, current }
}

/** Nobody else may move labels meanwhile. */
export function assertNoRotation(secret: DescribedSecret): void {
  const pending = pendingVersion(secret)
  if (pending === undefined) return
  const problem = `a rotation of ${secret.arn} is not complete: AWSPENDING is on version ${pending}`
  const wayOut = `Wait for it, or give it up: npx dfns-rotator abandon ${secret.arn}`
  throw new RotationError('ERR_CURRENT_CHANGED', `${problem}. Nothing was changed. ${wayOut}`)
}

/** What Dfns has, looked at from AWSCURRENT. Fails if that is not accepted: what else works has to stay. */
export async function lookAround({ secretArn, current, inside }: Operation): Promise<Survey> {
  const view = await surveyOf({ current: current.document, means: inside.means, lists: onceOf() })
  const { refusal } = view
  if (refusal === undefined) return view
  const problem = `AWSCURRENT of ${secretArn} is not accepted, so what else works has to stay`
  throw new RotationError(refusal.code, `${problem}: ${refusal.message}. Nothing was changed.`)
}

/** A list that is not there shows nothing, and nothing would be left to do. */
export function assertComplete({ problems: [problem] }: Survey): void {
  if (problem !== undefined) throw problem
}
