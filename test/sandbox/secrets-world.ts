import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import { onTestFinished } from 'vitest'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import { type SandboxOptions, startSandbox } from '../../sandbox/sandbox.ts'

export const START = Date.parse('2026-01-05T00:00:00Z')
export const HOUR = 3_600_000
export const DAY = 24 * HOUR
export const ARN = 'arn:aws:lambda:eu-west-1:000000000000:function:rotate'

/** A sandbox seen through the AWS SDK, which repeats nothing, with a function that fails every step. */
export async function start(options: SandboxOptions = {}) {
  const sandbox = await startSandbox(options)
  onTestFinished(() => sandbox.stop())
  const secrets = new SecretsManager({
    endpoint: sandbox.urls.aws,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  })
  const invoke = async (): Promise<InvocationResult> => {
    await Promise.resolve()
    return { ok: false, errorType: 'Error', errorMessage: 'no' }
  }
  sandbox.functions.set(ARN, { arn: ARN, invoke })
  const create = async (Name: string, more: object = {}): Promise<string> => {
    const { ARN: arn = '' } = await secrets.createSecret({ Name, SecretString: 'one', ...more })
    return arn
  }
  return { sandbox, vault: sandbox.vault, clock: sandbox.clock, secrets, create }
}

/** The reply without what the SDK adds to it. */
export const body = (reply: object): object =>
  Object.fromEntries(Object.entries(reply).filter(([name]) => name !== '$metadata'))

/** The name and the message of the error that a call has to end with. */
export async function refusal(call: Promise<unknown>): Promise<{ name: string; message: string }> {
  const error = await call.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new TypeError('an error was expected')
  const { name, message } = error
  return { name, message }
}
