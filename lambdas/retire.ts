import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { logOf } from './ports/log.ts'
import { timeOf } from './ports/time.ts'
import { reportErrors } from './rotation/boundary.ts'
import { clients, deployedSchedules, policyName } from './rotation/deployment.ts'
import { readRetireEvent, retireFields } from './rotation/retire-event.ts'
import { retireSuperseded } from './rotation/retiring.ts'

async function retire(input: unknown, context: Context): Promise<void> {
  const time = timeOf(context)
  const event = readRetireEvent(input)
  const log = logOf(retireFields(event))
  const schedules = deployedSchedules(time)
  await retireSuperseded({ event, clients, policyName: policyName(), schedules, time, log })
  log.info('done', { remainingMs: Math.round(time.remaining()) })
}

/** The retire function: a one-time schedule invokes it when the grace of a superseded generation is over. */
export const handler = middy<unknown, void, Error, Context>({ timeoutEarlyInMillis: 0 })
  .use(reportErrors(retireFields))
  .handler(retire)
