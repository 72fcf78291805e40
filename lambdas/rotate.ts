import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { logOf } from './ports/log.ts'
import { timeOf } from './ports/time.ts'
import { logFields, reportErrors } from './rotation/boundary.ts'
import { clients, deployedSchedules, policyName } from './rotation/deployment.ts'
import { readEvent } from './rotation/event.ts'
import { runPhase } from './rotation/phases.ts'
import { openRotation } from './rotation/rotation.ts'

async function rotate(input: unknown, context: Context): Promise<void> {
  const time = timeOf(context)
  const event = readEvent(input)
  const log = logOf(logFields(event))
  const schedules = deployedSchedules(time)
  const rotation = await openRotation({ event, clients, policyName: policyName(), schedules, time, log })
  await runPhase({ step: event.step, rotation })
  log.info('phase done', { remainingMs: Math.round(time.remaining()) })
}

/** The rotation function: Secrets Manager invokes it once for each of the four steps. */
export const handler = middy<unknown, void, Error, Context>({ timeoutEarlyInMillis: 0 })
  .use(reportErrors())
  .handler(rotate)
