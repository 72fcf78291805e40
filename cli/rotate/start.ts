import { RotateSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { RotationError } from '../../lambdas/errors.ts'
import { assertNoRotation } from '../../lambdas/operations/operation.ts'
import { deadlineOf } from '../../lambdas/ports/aws-client.ts'
import { awsErrorName, awsFailure } from '../../lambdas/ports/aws-failure.ts'
import { type DescribedSecret, isReplica, type SecretStore } from '../../lambdas/ports/secrets-manager.ts'
import type { Time } from '../../lambdas/ports/time.ts'

/** Refuses where RotateSecret could not begin a rotation, before anything is asked or changed. */
export function assertCanBegin(secret: DescribedSecret): void {
  const { arn, rotationEnabled, isDeleted, primaryRegion } = secret
  if (isDeleted) throw new RotationError('ERR_SECRET_GONE', `${arn} is marked for deletion`)
  if (isReplica(secret))
    throw new RotationError('ERR_NOT_ENABLED', `${arn} is a replica: rotate its primary, in ${primaryRegion}`)
  if (!rotationEnabled) throw new RotationError('ERR_NOT_ENABLED', `rotation of ${arn} is not turned on`)
  assertNoRotation(secret)
}

/** RotateSecret, at once, under this token: it becomes the id of the new version. */
export async function beginRotation(of: {
  client: SecretsManagerClient
  store: SecretStore
  secretArn: string
  token: string
  time: Time
}): Promise<void> {
  const { client, store, secretArn, token, time } = of
  const input = { SecretId: secretArn, ClientRequestToken: token, RotateImmediately: true }
  try {
    await client.send(new RotateSecretCommand(input), { abortSignal: deadlineOf(time) })
  } catch (error) {
    // The SDK repeats a call whose reply was lost, and hears that this rotation is under way.
    if ((await store.describeSecret()).stages.has(token)) return
    if (awsErrorName(error) === 'AccessDeniedException') throw notAllowed({ secretArn, error })
    throw awsFailure({ code: 'ERR_STORE', error, action: 'RotateSecret', on: secretArn })
  }
}

/** AWS says the same of two different permissions. */
function notAllowed({ secretArn, error }: { secretArn: string; error: unknown }): RotationError {
  const { message } = awsFailure({ code: 'ERR_STORE', error, action: 'RotateSecret', on: secretArn })
  const who = 'whoever rotates needs secretsmanager:RotateSecret and lambda:InvokeFunction'
  const service = 'Secrets Manager needs leave to invoke the function, which the stack gives'
  return new RotationError('ERR_STORE', `${message}: ${who}, and ${service}. Nothing was changed.`)
}
