import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { audit, keptMs } from './auditing/audit.ts'
import { readAuditEvent } from './auditing/event.ts'
import { logOf } from './ports/log.ts'
import { countsOf } from './ports/metrics.ts'
import { paced } from './ports/pace.ts'
import { scheduleGroupOf } from './ports/schedule-group.ts'
import { endingEarlier, timeOf } from './ports/time.ts'
import { reportErrors } from './rotation/boundary.ts'
import {
  clients,
  deployedGroup,
  deployedSchedules,
  policyName,
  scheduler,
  schedulesFor,
} from './rotation/deployment.ts'

/** Requests to Dfns a minute: 60 % of the 1,000 that it allows an organisation. */
const perMinute = 600

async function run(input: unknown, context: Context): Promise<void> {
  const whole = timeOf(context)
  const time = paced({ time: endingEarlier({ time: whole, byMs: keptMs }), perMinute })
  const event = readAuditEvent(input)
  const schedules = deployedSchedules(whole)
  await audit({
    event,
    clients,
    policyName: policyName(),
    schedules,
    group: schedules && scheduleGroupOf({ client: scheduler, group: deployedGroup(), time }),
    continuations: schedulesFor({ functionArn: process.env['DFNS_ROTATOR_AUDIT_ARN'], time: whole }),
    rotateArn: process.env['DFNS_ROTATOR_ROTATE_ARN'] || undefined,
    counts: countsOf(),
    acts: true,
    time,
    log: logOf({}),
  })
}

/** The audit function: a daily schedule invokes it, and it compares every managed secret with Dfns. */
export const handler = middy<unknown, void, Error, Context>({ timeoutEarlyInMillis: 0 })
  .use(reportErrors(() => ({})))
  .handler(run)
