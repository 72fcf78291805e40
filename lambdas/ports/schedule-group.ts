import { DeleteScheduleCommand, ListSchedulesCommand, type SchedulerClient } from '@aws-sdk/client-scheduler'
import { deadlineOf } from './aws-client.ts'
import { awsErrorName, awsFailure } from './aws-failure.ts'
import { awsReplies, endless, replyOf } from './aws-replies.ts'
import { everyPage } from './pages.ts'
import type { Time } from './time.ts'

/** A group of schedules as a whole: for whoever looks for those that stand, or calls one off. */
export interface ScheduleGroup {
  /** ListSchedules, all pages: the names that begin so. */
  names(prefix?: string): Promise<readonly string[]>
  /** DeleteSchedule; one that is gone already is no error. */
  remove(name: string): Promise<void>
}

/** Pages of 100 names. */
const mostPages = 10_000

export function scheduleGroupOf(parts: {
  client: SchedulerClient
  group: string
  time: Time
}): ScheduleGroup {
  const { client, group: GroupName, time } = parts
  const options = () => ({ abortSignal: deadlineOf(time) })
  const unlisted = (error: unknown) => {
    throw awsFailure({ code: 'ERR_SCHEDULER', error, action: 'ListSchedules', on: GroupName })
  }
  return {
    async names(prefix) {
      const page = async (next: string | undefined) => {
        const input = { GroupName, MaxResults: 100, ...(prefix && { NamePrefix: prefix }) }
        const command = new ListSchedulesCommand({ ...input, ...(next && { NextToken: next }) })
        const reply = replyOf(awsReplies.ListSchedules)(await client.send(command, options()))
        return { items: reply.Schedules.map(({ Name }) => Name), next: reply.NextToken }
      }
      return await everyPage({ most: mostPages, page, endless }).catch(unlisted)
    },

    async remove(name) {
      try {
        await client.send(new DeleteScheduleCommand({ Name: name, GroupName }), options())
      } catch (error) {
        if (awsErrorName(error) === 'ResourceNotFoundException') return
        throw awsFailure({ code: 'ERR_SCHEDULER', error, action: 'DeleteSchedule', on: name })
      }
    },
  }
}
