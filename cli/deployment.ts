import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda'
import { GetScheduleCommand } from '@aws-sdk/client-scheduler'
import { isCode } from '../lambdas/errors.ts'
import { deadlineOf } from '../lambdas/ports/aws-client.ts'
import { awsErrorName, awsFailure } from '../lambdas/ports/aws-failure.ts'
import type { ScheduleTarget } from '../lambdas/ports/scheduler.ts'
import { getParameter } from '../lambdas/ports/ssm.ts'
import type { Time } from '../lambdas/ports/time.ts'
import type { AwsClients } from './aws.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** What is installed in the account and region, as far as it can be told. */
export interface Deployment {
  /** Name of the schedule of the daily audit. */
  readonly dailyAudit: string
  readonly hasDailyAudit: boolean
  /** The environment of the rotate function; nothing where there is none, or Lambda does not tell. */
  readonly settings: Environment | undefined
  /** Name of the SSM parameter with the policy; nothing where there is none: the defaults. */
  readonly policyName: string | undefined
  readonly rotateArn: string | undefined
  /** Name of the schedule group. */
  readonly group: string
  /** Where the ends of graces go; nothing where no role for it is known. */
  readonly retirements: ScheduleTarget | undefined
}

interface Asked {
  readonly clients: AwsClients
  readonly prefix: string
  /** `--policy`. */
  readonly policy: string | undefined
  /** Of this process. */
  readonly env: Environment
  readonly time: Time
}

/**
 * The names are fixed by the prefix (`infra/names.ts`), but for the scheduler's role: that, and the account,
 * stand in the environment of the functions and in the schedule of the daily audit. The same variables in
 * this process come first.
 */
export async function deploymentOf(asked: Asked): Promise<Deployment> {
  const { prefix, env } = asked
  const [rotate, daily] = await Promise.all([rotateFunction(asked), dailyAudit(asked)])
  const variable = (name: string) => env[name] || rotate?.settings[name]
  const functionArn = (name: string) => daily?.functionArn.replace(/-audit$/, `-${name}`)
  const retireArn = variable('DFNS_ROTATOR_RETIRE_ARN') || functionArn('retire')
  const roleArn = variable('DFNS_ROTATOR_SCHEDULER_ROLE_ARN') || daily?.roleArn
  const deadLetterArn = variable('DFNS_ROTATOR_DEAD_LETTER_ARN') || daily?.deadLetterArn
  const group = variable('DFNS_ROTATOR_SCHEDULE_GROUP') || prefix
  return {
    dailyAudit: dailyName(prefix),
    hasDailyAudit: daily !== undefined,
    settings: rotate?.settings,
    policyName: await policyNameOf({ ...asked, settings: rotate?.settings }),
    rotateArn: variable('DFNS_ROTATOR_ROTATE_ARN') || rotate?.arn || functionArn('rotate'),
    group,
    retirements: retireArn && roleArn ? { functionArn: retireArn, roleArn, group, deadLetterArn } : undefined,
  }
}

/** Who may not ask Lambda does without: the schedule of the daily audit tells most of it. */
async function rotateFunction(
  asked: Asked,
): Promise<{ arn: string | undefined; settings: Environment } | undefined> {
  const { clients, prefix, time } = asked
  const command = new GetFunctionConfigurationCommand({ FunctionName: `${prefix}-rotate` })
  try {
    const reply = await clients.lambda.send(command, { abortSignal: deadlineOf(time) })
    return { arn: reply.FunctionArn, settings: reply.Environment?.Variables ?? {} }
  } catch {
    return undefined
  }
}

async function policyNameOf(
  asked: Asked & { settings: Environment | undefined },
): Promise<string | undefined> {
  const { policy, env, settings } = asked
  const named = policy ?? env['DFNS_ROTATOR_POLICY']
  if (named !== undefined) return named
  return settings === undefined ? standardPolicy(asked) : settings['DFNS_ROTATOR_POLICY']
}

/** Where a deployment puts its policy, unless it is told another name; nothing if there is none. */
async function standardPolicy({ clients, prefix, time }: Asked): Promise<string | undefined> {
  const name = `/${prefix}/policy`
  try {
    await getParameter({ client: clients.ssm, name, time })
    return name
  } catch (error) {
    if (isCode(error, 'ERR_POLICY') && error.message.endsWith('ParameterNotFound')) return undefined
    throw error
  }
}

/** `infra/retirement.ts` names it so. */
const dailyName = (prefix: string): string => `${prefix}-audit-daily`

async function dailyAudit({ clients, prefix, env, time }: Asked): Promise<ScheduleTarget | undefined> {
  const Name = dailyName(prefix)
  const GroupName = env['DFNS_ROTATOR_SCHEDULE_GROUP'] || prefix
  try {
    const command = new GetScheduleCommand({ Name, GroupName })
    const { Target } = await clients.scheduler.send(command, { abortSignal: deadlineOf(time) })
    const { Arn: functionArn, RoleArn: roleArn, DeadLetterConfig } = Target ?? {}
    if (functionArn === undefined || roleArn === undefined) return undefined
    return { functionArn, roleArn, group: GroupName, deadLetterArn: DeadLetterConfig?.Arn }
  } catch (error) {
    if (awsErrorName(error) === 'ResourceNotFoundException') return undefined
    throw awsFailure({ code: 'ERR_SCHEDULER', error, action: 'GetSchedule', on: Name })
  }
}
