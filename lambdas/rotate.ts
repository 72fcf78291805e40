import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { logOf } from './ports/log.ts'
import { tallied } from './ports/tally.ts'
import { timeOf } from './ports/time.ts'
import { logFields, reportErrors } from './rotation/boundary.ts'
import { clients, deployedSchedules, policyName } from './rotation/deployment.ts'
import { readEvent } from './rotation/event.ts'
import { runPhase } from './rotation/phases.ts'
import { openRotation } from './rotation/rotation.ts'

async function rotate(input: unknown, context: Context): Promise<void> {
  const { time, tally } = tallied(timeOf(context))
  const start = time.now()
  const event = readEvent(input)
  const log = logOf(logFields(event))
  const schedules = deployedSchedules(time)
  const rotation = await openRotation({ event, clients, policyName: policyName(), schedules, time, log })
  await runPhase({ step: event.step, rotation })
  // infra/metrics.ts makes metrics of these figures.
  const figures = { kind: rotation.kindRead(), durationMs: time.now() - start, ...tally }
  log.info('phase done', { ...figures, remainingMs: Math.round(time.remaining()) })
}

/** The rotation function: Secrets Manager invokes it once for each of the four steps. */
export const handler = middy<unknown, void, Error, Context>({ timeoutEarlyInMillis: 0 })
  .use(reportErrors())
  .handler(rotate)
