import {
  CreateScheduleCommand,
  GetScheduleCommand,
  type SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler'
import { deadlineOf } from './aws-client.ts'
import { awsErrorName, awsFailure } from './aws-failure.ts'
import { awsReplies, type AwsSchedule, replyOf } from './aws-replies.ts'
import type { Time } from './time.ts'

/**
 * Where one-time schedules are kept, whom they invoke and as whom, and where an undelivered one goes. ARNs.
 */
export interface ScheduleTarget {
  readonly functionArn: string
  readonly roleArn: string
  readonly group: string
  readonly deadLetterArn: string | undefined
}

export interface OneTimeSchedule {
  /** 1 to 64 characters of `[0-9a-zA-Z-_.]`. */
  readonly name: string
  readonly at: Date
  /** The whole event of the function. */
  readonly input: object
}

/** EventBridge Scheduler. */
export interface Schedules {
  /**
   * CreateSchedule; where the name is taken UpdateSchedule, which overwrites every field, the time included;
   * where that one has just fired and is gone, CreateSchedule again.
   */
  put(schedule: OneTimeSchedule): Promise<void>
  /** GetSchedule; nothing if there is none of that name. */
  get(name: string): Promise<WrittenSchedule | undefined>
}

/** A schedule as it is read back, whoever wrote it. */
export interface WrittenSchedule {
  /** Nothing if it is not a one-time schedule in UTC. */
  readonly at: Date | undefined
  readonly input: string
}

export function schedulesOf(parts: {
  client: SchedulerClient
  target: ScheduleTarget
  time: Time
}): Schedules {
  const { client, target, time } = parts
  const options = () => ({ abortSignal: deadlineOf(time) })
  return {
    async put(schedule) {
      const input = inputOf({ schedule, target })
      const create = () => client.send(new CreateScheduleCommand(input), options())
      const update = () => client.send(new UpdateScheduleCommand(input), options())
      try {
        await create().catch(instead('ConflictException', () => update().catch(instead(gone, create))))
      } catch (error) {
        throw awsFailure({ code: 'ERR_SCHEDULER', error, action: 'CreateSchedule', on: schedule.name })
      }
    },

    async get(name) {
      try {
        const command = new GetScheduleCommand({ Name: name, GroupName: target.group })
        return written(replyOf(awsReplies.GetSchedule)(await client.send(command, options())))
      } catch (error) {
        if (awsErrorName(error) === gone) return undefined
        throw awsFailure({ code: 'ERR_SCHEDULER', error, action: 'GetSchedule', on: name })
      }
    },
  }
}

const gone = 'ResourceNotFoundException'

/** For `catch`: what is done where AWS answers with this error. */
const instead =
  (name: string, next: () => Promise<unknown>) =>
  (error: unknown): Promise<unknown> => {
    if (awsErrorName(error) !== name) throw error
    return next()
  }

function inputOf({ schedule, target }: { schedule: OneTimeSchedule; target: ScheduleTarget }) {
  const { functionArn, roleArn, group, deadLetterArn } = target
  return {
    Name: schedule.name,
    GroupName: group,
    ScheduleExpression: `at(${toTheSecond(schedule.at)})`,
    ScheduleExpressionTimezone: 'UTC',
    FlexibleTimeWindow: { Mode: 'OFF' as const },
    ActionAfterCompletion: 'DELETE' as const,
    Target: {
      Arn: functionArn,
      RoleArn: roleArn,
      Input: JSON.stringify(schedule.input),
      ...(deadLetterArn !== undefined && { DeadLetterConfig: { Arn: deadLetterArn } }),
    },
  }
}

function written({ ScheduleExpression = '', Target }: AwsSchedule): WrittenSchedule {
  const time = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(ScheduleExpression)?.[1]
  const at = new Date(`${time}Z`)
  return { at: Number.isNaN(at.getTime()) ? undefined : at, input: Target?.Input ?? '' }
}

/** `2026-01-31T09:30:00`, and never earlier than was asked for. */
function toTheSecond(at: Date): string {
  return new Date(Math.ceil(at.getTime() / 1_000) * 1_000).toISOString().slice(0, 19)
}
