import { seconds } from '../secrets-manager/description.ts'
import { ServiceError, unknownOperation, validation } from '../secrets-manager/errors.ts'
import { integer, parseInput } from '../secrets-manager/input.ts'
import type { WireHandler, WireRequest } from '../wire.ts'
import { CONTENT_TYPE, schedulerError } from './errors.ts'
import { type Route, routeOf } from './routes.ts'
import type { Schedule } from './schedule.ts'
import type { Schedules } from './schedules.ts'
import { clientToken, groupName, namePrefix, scheduleName, scheduleState, settingsOf } from './validation.ts'

interface Call extends Route {
  readonly schedules: Schedules
  readonly body: string
}

const MAX_PAGE = 100

const idInQuery = ({ name, query }: Call) => ({
  name: scheduleName(name),
  group: groupName(query.get('groupName')),
})

const identity = ({ arn, group, name, createdAt, changedAt }: Schedule) => ({
  Arn: arn,
  GroupName: group,
  Name: name,
  CreationDate: seconds(createdAt),
  LastModificationDate: seconds(changedAt),
})

function createSchedule({ schedules, name, body }: Call) {
  const input = parseInput(body)
  const id = { name: scheduleName(name), group: groupName(input.GroupName) }
  const { arn } = schedules.create({ ...id, settings: settingsOf(input), token: clientToken(input) })
  return { ScheduleArn: arn }
}

function updateSchedule({ schedules, name, body }: Call) {
  const input = parseInput(body)
  const id = { name: scheduleName(name), group: groupName(input.GroupName) }
  clientToken(input)
  return { ScheduleArn: schedules.update({ ...id, settings: settingsOf(input) }).arn }
}

function getSchedule(call: Call) {
  const schedule = call.schedules.get(idInQuery(call))
  return { ...identity(schedule), ...schedule.settings }
}

function deleteSchedule(call: Call) {
  clientToken({ ClientToken: call.query.get('clientToken') })
  call.schedules.delete(idInQuery(call))
  return {}
}

function summary(schedule: Schedule) {
  const { State, Target } = schedule.settings
  return { ...identity(schedule), State, Target: { Arn: Target.Arn } }
}

function arnIn(query: URLSearchParams): string {
  const token = query.get('NextToken')
  const arn = Buffer.from(token ?? '', 'base64url').toString()
  if (token !== null && !arn.startsWith('arn:')) throw validation('Invalid NextToken.')
  return arn
}

/** NextToken is the ARN of the last schedule shown, so that one deleted between two pages hides no other. */
function listSchedules({ schedules, query }: Call) {
  const group = query.get('ScheduleGroup')
  const MaxResults = query.has('MaxResults') ? Number(query.get('MaxResults')) : undefined
  const size = integer({ MaxResults }, 'MaxResults', { min: 1, max: MAX_PAGE }) ?? MAX_PAGE
  const found = schedules.list({
    group: group === null ? undefined : groupName(group),
    prefix: namePrefix(query.get('NamePrefix')),
    state: scheduleState({ State: query.get('State') }),
  })
  const after = arnIn(query)
  const rest = found.filter(({ arn }) => arn > after)
  const page = rest.slice(0, size)
  const last = rest.length > size ? page.at(-1) : undefined
  return {
    Schedules: page.map(summary),
    ...(last && { NextToken: Buffer.from(last.arn).toString('base64url') }),
  }
}

const OPERATIONS: ReadonlyMap<string, (call: Call) => object> = new Map([
  ['CreateSchedule', createSchedule],
  ['GetSchedule', getSchedule],
  ['UpdateSchedule', updateSchedule],
  ['DeleteSchedule', deleteSchedule],
  ['ListSchedules', listSchedules],
])

function perform({ schedules, request }: { schedules: Schedules; request: WireRequest }): object {
  const operation = OPERATIONS.get(request.operation)
  if (!operation) throw unknownOperation(`The operation ${request.operation} is not known.`)
  const route = routeOf(request.path)
  if (!route) throw validation('The path is not known.')
  return operation({ ...route, schedules, body: request.body })
}

/** EventBridge Scheduler on the wire, in restJson1. */
export function createSchedulerHandler(schedules: Schedules): WireHandler {
  return (request) => {
    try {
      return { status: 200, headers: CONTENT_TYPE, body: JSON.stringify(perform({ schedules, request })) }
    } catch (error) {
      if (error instanceof ServiceError) return schedulerError(error)
      throw error
    }
  }
}
