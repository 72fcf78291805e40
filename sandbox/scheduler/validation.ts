import { validation } from '../secrets-manager/errors.ts'
import { type Input, integer, requiredText, structure, text } from '../secrets-manager/input.ts'
import { parseExpression } from './expression.ts'
import type { ScheduleSettings, Target } from './schedule.ts'

const NAME = { max: 64, pattern: /^[0-9a-zA-Z\-_.]+$/ }
const ROLE_ARN = { max: 1600, pattern: /^arn:aws(-[a-z]+)?:iam::\d{12}:role\/[\w+=,.@/-]+$/ }
const QUEUE_ARN = { min: 1, max: 1600, pattern: /^arn:aws(-[a-z]+)?:sqs:[a-z0-9-]+:\d{12}:[a-zA-Z0-9\-_]+$/ }
const TOKEN = { min: 1, max: 64, pattern: /^[a-zA-Z0-9\-_]+$/ }
const MAX_INPUT_BYTES = 262_144

/** The name of a schedule, from its path. */
export const scheduleName = (Name: string): string => requiredText({ Name }, 'Name', NAME)

/** A group; whoever names none means `default`. */
export const groupName = (name: unknown): string =>
  text({ GroupName: name }, 'GroupName', { min: 1, ...NAME }) ?? 'default'

/** Of ListSchedules; whoever names none means every schedule. */
export const namePrefix = (prefix: unknown): string =>
  text({ NamePrefix: prefix }, 'NamePrefix', { min: 1, ...NAME }) ?? ''

export const clientToken = (input: Input): string | undefined => text(input, 'ClientToken', TOKEN)

function oneOf<const T extends string>(
  input: Input,
  { field, values }: { field: string; values: readonly T[] },
) {
  const value = text(input, field)
  const found = values.find((candidate) => candidate === value)
  if (value !== undefined && found === undefined) throw validation(`Invalid ${field} ${value}.`)
  return found
}

const STATES = { field: 'State', values: ['ENABLED', 'DISABLED'] } as const

/** A schedule's state, if one is given. */
export const scheduleState = (input: Input) => oneOf(input, STATES)

function requiredStructure(input: Input, field: string): Input {
  const found = structure(input, field)
  if (!found) throw validation(`1 validation error detected: Value at '${field}' must not be null.`)
  return found
}

/** Lambda takes JSON only ("Target" in the API reference). */
function targetInput(target: Input): string | undefined {
  const input = text(target, 'Input', { min: 1 })
  if (input === undefined) return undefined
  if (Buffer.byteLength(input) > MAX_INPUT_BYTES) throw validation('Input must not exceed 256 KB.')
  try {
    JSON.parse(input)
    return input
  } catch {
    throw validation('Invalid Input: a Lambda target takes well-formed JSON.')
  }
}

function targetOf(target: Input): Target {
  const policy = structure(target, 'RetryPolicy') ?? {}
  const deadLetterArn = text(structure(target, 'DeadLetterConfig') ?? {}, 'Arn', QUEUE_ARN)
  const input = targetInput(target)
  return {
    Arn: requiredText(target, 'Arn', { max: 1600 }),
    RoleArn: requiredText(target, 'RoleArn', ROLE_ARN),
    ...(input !== undefined && { Input: input }),
    RetryPolicy: {
      MaximumEventAgeInSeconds:
        integer(policy, 'MaximumEventAgeInSeconds', { min: 60, max: 86_400 }) ?? 86_400,
      MaximumRetryAttempts: integer(policy, 'MaximumRetryAttempts', { max: 185 }) ?? 185,
    },
    ...(deadLetterArn !== undefined && { DeadLetterConfig: { Arn: deadLetterArn } }),
  }
}

function date(input: Input, field: string): number | undefined {
  const value = input[field]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number') throw validation(`${field} is not a timestamp.`)
  return value
}

/** The rest of what is possible at AWS is refused, so that nobody takes it for working. */
function refuseUnsupported({ input, expression }: { input: Input; expression: string }): void {
  const mode = text(requiredStructure(input, 'FlexibleTimeWindow'), 'Mode')
  if (mode !== 'OFF') throw validation('FlexibleTimeWindow must have Mode OFF here.')
  const zone = text(input, 'ScheduleExpressionTimezone') ?? 'UTC'
  if (zone !== 'UTC') throw validation(`Invalid ScheduleExpressionTimezone ${zone}: only UTC is known here.`)
  const dated = date(input, 'StartDate') ?? date(input, 'EndDate')
  if (parseExpression(expression).type === 'rate' && dated !== undefined) {
    throw validation('StartDate and EndDate are known here for one-time schedules only, which ignore them.')
  }
}

function optionalSettings(input: Input): Partial<ScheduleSettings> {
  const description = text(input, 'Description', { max: 512 })
  const keyArn = text(input, 'KmsKeyArn', { min: 1, max: 2048 })
  const start = date(input, 'StartDate')
  const end = date(input, 'EndDate')
  return {
    ...(description !== undefined && { Description: description }),
    ...(keyArn !== undefined && { KmsKeyArn: keyArn }),
    ...(start !== undefined && { StartDate: start }),
    ...(end !== undefined && { EndDate: end }),
  }
}

/**
 * The settings in the body of CreateSchedule or UpdateSchedule, inside the bounds of the API model; what is
 * absent has the system's default.
 */
export function settingsOf(input: Input): ScheduleSettings {
  const expression = requiredText(input, 'ScheduleExpression', { max: 256 })
  refuseUnsupported({ input, expression })
  const actions = { field: 'ActionAfterCompletion', values: ['NONE', 'DELETE'] } as const
  return {
    ScheduleExpression: expression,
    ScheduleExpressionTimezone: 'UTC',
    FlexibleTimeWindow: { Mode: 'OFF' },
    State: scheduleState(input) ?? 'ENABLED',
    ActionAfterCompletion: oneOf(input, actions) ?? 'NONE',
    Target: targetOf(requiredStructure(input, 'Target')),
    ...optionalSettings(input),
  }
}
