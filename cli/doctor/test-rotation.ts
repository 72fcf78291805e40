import { randomUUID } from 'node:crypto'
import { RotateSecretCommand } from '@aws-sdk/client-secrets-manager'
import { deadlineOf } from '../../lambdas/ports/aws-client.ts'
import { awsErrorName, awsFailure } from '../../lambdas/ports/aws-failure.ts'
import { type DescribedSecret, type SecretStore, secretStore } from '../../lambdas/ports/secrets-manager.ts'
import { minuteMs } from '../../lambdas/ports/time.ts'
import { pendingVersion } from '../../lambdas/rotation/labels.ts'
import type { Context } from '../context.ts'
import { functionLog, type FunctionLog, type LogLine } from '../rotate/function-log.ts'
import { type Asked, askedIn } from './preflight.ts'

/** What a test rotation came to. JSON. */
export interface TestRotation {
  /** `unknown`: it ran, and the function's log, which alone tells the outcome, could not be read. */
  readonly outcome: 'passed' | 'failed' | 'unknown' | 'not run'
  /** Why it did not pass, in one line. */
  readonly reason?: string
  readonly code?: string
  /** createSecret's questions, answered in the function's own role. */
  readonly answers: readonly Asked[]
  /** Where Secrets Manager counted the schedule anew from this moment on. */
  readonly nextRotation?: { readonly before: string; readonly after: string }
}

interface Testing {
  readonly context: Context
  readonly secret: DescribedSecret
}

const pauseMs = 500

/** Steps of a rotation may take as long as Lambda lets them. Milliseconds. */
const longestMs = 5 * minuteMs

/** Lines of a function reach CloudWatch Logs some seconds after they were printed. */
const logDelayMs = 30_000

/**
 * RotateSecret with RotateImmediately=false and nothing else: testSecret runs alone, in the real role, on a
 * copy of AWSCURRENT, and the configured schedule stays. Secrets Manager tells the outcome by events only
 * (TestRotationSucceeded, TestRotationFailed, by way of CloudTrail, minutes later); the log of the function
 * tells it at once.
 */
export async function testRotation(testing: Testing): Promise<TestRotation> {
  const { context, secret } = testing
  const refused = notRun(secret)
  if (refused !== undefined) return { outcome: 'not run', reason: refused, answers: [] }
  const token = randomUUID()
  const { clients, time } = context
  const store = secretStore({ client: clients.secretsManager, secretId: secret.arn, time })
  const log = functionLog({ clients, functionArn: secret.rotationArn ?? '', token, time })
  const begun = await begin({ ...testing, token })
  if (begun !== undefined) return begun
  const after = await ended({ store, token, context })
  if (after === undefined)
    return { outcome: 'unknown', reason: 'it did not come to its end in five minutes', answers: [] }
  const moved = movedTo({ before: secret.nextRotation, after: after.nextRotation })
  return { ...(await outcomeIn({ context, secret, log, token })), ...moved }
}

function notRun(secret: DescribedSecret): string | undefined {
  if (secret.isDeleted) return 'it is marked for deletion'
  if (!secret.rotationEnabled || secret.rotationArn === undefined)
    return 'rotation is off, and a test rotation would turn it on'
  if (pendingVersion(secret) !== undefined) return 'a rotation is under way'
  return undefined
}

/** Nothing once it has begun. */
async function begin(of: Testing & { token: string }): Promise<TestRotation | undefined> {
  const { context, secret, token: ClientRequestToken } = of
  const input = { SecretId: secret.arn, ClientRequestToken, RotateImmediately: false }
  const { clients, time } = context
  try {
    await clients.secretsManager.send(new RotateSecretCommand(input), { abortSignal: deadlineOf(time) })
    return undefined
  } catch (error) {
    const failure = awsFailure({ code: 'ERR_STORE', error, action: 'RotateSecret', on: secret.arn })
    if (failure.retryable) throw failure
    if (awsErrorName(error) !== 'AccessDeniedException')
      return { outcome: 'not run', reason: failure.message, answers: [] }
    // By the same name AWS says that it may not invoke the function, and that the caller may not rotate.
    const isFunction = error instanceof Error && error.message.includes('cannot invoke')
    if (!isFunction) return { outcome: 'not run', reason: 'you may not call RotateSecret on it', answers: [] }
    const reason = `Secrets Manager may not invoke ${secret.rotationArn}, or it is gone`
    return { outcome: 'failed', code: 'NOT_INVOKABLE', reason, answers: [] }
  }
}

/** Its version stands as long as it runs. */
async function ended(of: {
  store: SecretStore
  token: string
  context: Context
}): Promise<DescribedSecret | undefined> {
  const { store, token, context } = of
  const { time } = context
  const end = time.now() + longestMs
  while (time.now() < end) {
    const secret = await store.describeSecret()
    if (!secret.stages.has(token)) return secret
    await time.sleep(pauseMs)
  }
  return undefined
}

async function outcomeIn(of: Testing & { log: FunctionLog; token: string }): Promise<TestRotation> {
  const { context, secret, log, token } = of
  const { time } = context
  const end = time.now() + logDelayMs
  const lines: LogLine[] = []
  while (time.now() < end) {
    const read = await log.read()
    if (read === undefined) break
    lines.push(...read)
    const answers = lines.filter(({ message }) => message === 'probe').map((line) => askedIn({ ...line }))
    const failed = lines.find(({ message }) => message === 'phase failed')
    if (failed !== undefined) {
      const { code = 'unknown', reason = '' } = failed
      return { outcome: 'failed', code, reason: withoutWayOut(reason), answers }
    }
    if (lines.some(({ message }) => message === 'phase done')) return { outcome: 'passed', answers }
    await time.sleep(pauseMs)
  }
  const group = `/aws/lambda/${secret.rotationArn?.split(':')[6] ?? ''}`
  const reason = `its outcome stands in the log of the function: ${group}, lines with "${token}"`
  return { outcome: 'unknown', reason, answers: [] }
}

/** There is no rotation to give up. */
const withoutWayOut = (reason: string): string => reason.replace(/ To give this rotation up: .*$/, '')

function movedTo(of: { before: Date | undefined; after: Date | undefined }) {
  const { before, after } = of
  if (before === undefined || after === undefined || before.getTime() === after.getTime()) return {}
  return { nextRotation: { before: before.toISOString(), after: after.toISOString() } }
}
