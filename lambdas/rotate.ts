import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SSMClient } from '@aws-sdk/client-ssm'
import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { awsClientOptions } from './ports/aws-client.ts'
import { logOf } from './ports/log.ts'
import { timeOf } from './ports/time.ts'
import { logFields, reportErrors } from './rotation/boundary.ts'
import { readEvent } from './rotation/event.ts'
import { runPhase } from './rotation/phases.ts'
import { openRotation } from './rotation/rotation.ts'

// Kept between invocations. Endpoint, region and credentials are the SDK's own environment.
const clients = {
  secretsManager: new SecretsManagerClient(awsClientOptions),
  ssm: new SSMClient(awsClientOptions),
}

async function rotate(input: unknown, context: Context): Promise<void> {
  const time = timeOf(context)
  const event = readEvent(input)
  const log = logOf(logFields(event))
  const policyName = process.env['DFNS_ROTATOR_POLICY']
  const rotation = await openRotation({ event, clients, policyName, time, log })
  await runPhase({ step: event.step, rotation })
  log.info('phase done', { remainingMs: Math.round(time.remaining()) })
}

/** The rotation function: Secrets Manager invokes it once for each of the four steps. */
export const handler = middy<unknown, void, Error, Context>({ timeoutEarlyInMillis: 0 })
  .use(reportErrors())
  .handler(rotate)
