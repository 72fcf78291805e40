import { randomBytes, randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { AsyncInvocations } from '../lambda/async.ts'
import type { Queues } from '../queues.ts'
import type { SchedulerSwitches, Target } from './schedule.ts'

/** One firing of a schedule, with the target as it was at that moment. */
export interface Firing {
  readonly scheduleArn: string
  readonly target: Target
  /** The time that the schedule names. */
  readonly scheduledAt: number
  /** Called once the event has been handed over, or given up. */
  readonly onCompleted: () => void
}

export type Deliver = (firing: Firing) => void

interface Parts {
  readonly clock: Clock
  readonly invocations: AsyncInvocations
  readonly queues: Queues
  readonly switches: SchedulerSwitches
}

interface Delivery extends Firing {
  readonly parts: Parts
  readonly executionId: string
  readonly input: string
  readonly firedAt: number
  retries: number
}

/** Times as Scheduler writes them, to the second. */
const iso = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

/** What a target without Input receives. */
function defaultInput({ scheduleArn, scheduledAt }: Firing): string {
  return JSON.stringify({
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account: '000000000000',
    time: iso(scheduledAt),
    region: 'eu-west-1',
    resources: [scheduleArn],
    detail: '{}',
  })
}

/**
 * The body is the input; the attributes are those of "Configuring a schedule's dead-letter queue in
 * EventBridge Scheduler".
 */
function giveUp(delivery: Delivery, condition: 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds'): void {
  const { target, parts, input: body, onCompleted } = delivery
  const attributes = {
    ERROR_CODE: 'ResourceNotFoundException',
    ERROR_MESSAGE: `Function not found: ${target.Arn}`,
    EXECUTION_ID: delivery.executionId,
    EXHAUSTED_RETRY_CONDITION: condition,
    IS_PAYLOAD_TRUNCATED: 'false',
    RETRY_ATTEMPTS: String(delivery.retries),
    SCHEDULED_TIME: iso(delivery.scheduledAt),
    SCHEDULE_ARN: delivery.scheduleArn,
    TARGET_ARN: target.Arn,
  }
  const arn = target.DeadLetterConfig?.Arn
  if (arn !== undefined) parts.queues.send({ arn, body, attributes })
  onCompleted()
}

/** The age ends a delivery when it is reached, not at the retry that would come after it. */
function retryLater(delivery: Delivery): void {
  const { clock, switches } = delivery.parts
  const { MaximumEventAgeInSeconds } = delivery.target.RetryPolicy
  const expiresAt = delivery.firedAt + MaximumEventAgeInSeconds * 1000
  const delay = switches.retryDelaysMs[delivery.retries] ?? switches.retryDelaysMs.at(-1) ?? 0
  const retryAt = clock.now() + delay
  if (retryAt > expiresAt) {
    clock.at(expiresAt, () => giveUp(delivery, 'MaximumEventAgeInSeconds'))
    return
  }
  clock.at(retryAt, () => {
    delivery.retries += 1
    attempt(delivery)
  })
}

function attempt(delivery: Delivery): void {
  const { target, parts, input, onCompleted } = delivery
  const event: unknown = JSON.parse(input)
  if (parts.invocations.invoke({ arn: target.Arn, event }) !== undefined) onCompleted()
  else if (delivery.retries < target.RetryPolicy.MaximumRetryAttempts) retryLater(delivery)
  else giveUp(delivery, 'MaximumRetryAttempts')
}

/**
 * Makes the way from a schedule to its target: Lambda takes the event into its own queue, and with that
 * Scheduler's part is done; its retries and its dead-letter queue are for a target that cannot be reached.
 */
export function createDelivery(parts: Parts): Deliver {
  return (firing) => {
    const executionId = randomBytes(8).toString('hex')
    const input = firing.target.Input ?? defaultInput(firing)
    attempt({ ...firing, parts, executionId, input, firedAt: parts.clock.now(), retries: 0 })
  }
}
