import { RotationError } from '../../lambdas/errors.ts'
import { openOperation, type Operation, type OperationOpening } from '../../lambdas/operations/operation.ts'
import type { DescribedSecret } from '../../lambdas/ports/secrets-manager.ts'
import type { Log } from '../../lambdas/ports/log.ts'
import { secretsOf } from '../../lambdas/ports/secrets.ts'
import { type Context, describe, operationOn } from '../context.ts'
import { refusal } from '../failure.ts'
import type { Given } from '../options.ts'
import { assertScheduler } from './scheduler.ts'
import { type Step, stepLine, stepLog } from './steps.ts'

/** A secret as a command finds it, and what it is acted on with. */
export interface OnSecret {
  readonly secret: DescribedSecret
  /** As the command line named it. */
  readonly name: string
  /**
   * What an operation is opened with, from now on; whatever it does is told to standard error. Nobody knows
   * how long a question waited for its answer.
   */
  readonly open: () => Promise<OperationOpening>
  readonly operation: Operation
  /** What they did so far. */
  readonly steps: readonly Step[]
}

/** Reads the secret, with nothing changed: what keeps every operation from it shows now. */
export async function openOn(context: Context, given: Given): Promise<OnSecret> {
  const [name = ''] = given.operands
  const secret = await describe(context, name)
  const operation = await openOperation(await operationOn(context, secret.arn))
  assertScheduler({ operation, deployment: await context.deployment() })
  return { secret, name, operation, ...toldTo({ context, secretArn: secret.arn, log: operation.log }) }
}

/** What an operation is opened with, and what it tells. */
export function toldTo(of: {
  context: Context
  secretArn: string
  log: Log
}): Pick<OnSecret, 'open' | 'steps'> {
  const { context, secretArn } = of
  const log = stepLog({
    log: of.log,
    hear: (step) => context.progress(`  ${context.look.paint('green', '✓')} ${stepLine(step)}`),
  })
  return { open: async () => ({ ...(await operationOn(context, secretArn)), log }), steps: log.steps }
}

/** Does it; where it fails half-way, tells how it is completed. */
export async function completing<T>(of: {
  context: Context
  /** The command line, behind `npx dfns-rotator`. */
  again: string
  act: () => Promise<T>
}): Promise<T> {
  const { context, again, act } = of
  try {
    return await act()
  } catch (error) {
    if (error instanceof RotationError && error.retryable)
      context.progress(`To complete it: npx dfns-rotator ${again}`)
    throw error
  }
}

/** There is no version that the command could mean by itself. */
export async function versionWanted(of: {
  context: Context
  secret: DescribedSecret
  problem: string
  option: string
}): Promise<Error> {
  const { context, secret, problem, option } = of
  const { clients, time } = context
  const secrets = secretsOf({ client: clients.secretsManager, time })
  const versions = await secrets.listSecretVersionIds(secret.arn)
  const listed = versions
    .toSorted((one, other) => (other.created?.getTime() ?? 0) - (one.created?.getTime() ?? 0))
    .slice(0, 5)
    .map(({ versionId, labels }) => `${versionId}${labels.length > 0 ? ` (${labels.join(', ')})` : ''}`)
  return refusal(`${problem}. Name a version with ${option}; the latest are ${listed.join(', ')}`)
}
