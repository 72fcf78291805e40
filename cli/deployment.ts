import { GetScheduleCommand } from '@aws-sdk/client-scheduler'
import { deadlineOf } from '../lambdas/ports/aws-client.ts'
import { awsErrorName, awsFailure } from '../lambdas/ports/aws-failure.ts'
import type { ScheduleTarget } from '../lambdas/ports/scheduler.ts'
import { getParameter } from '../lambdas/ports/ssm.ts'
import type { Time } from '../lambdas/ports/time.ts'
import { isCode } from '../lambdas/errors.ts'
import type { AwsClients } from './aws.ts'

/** What is installed in the account and region, as far as it can be told without asking Lambda. */
export interface Deployment {
  /** Whether the schedule of the daily audit is there, which tells most of the rest. */
  readonly hasDailyAudit: boolean
  /** Name of the SSM parameter with the policy; nothing where none is named and there is none: the defaults. */
  readonly policyName: string | undefined
  readonly rotateArn: string | undefined
  /** Name of the schedule group. */
  readonly group: string
  /** Where the ends of graces go; nothing where no role for it is known. */
  readonly retirements: ScheduleTarget | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

interface Asked {
  readonly clients: AwsClients
  readonly prefix: string
  /** `--policy`. */
  readonly policy: string | undefined
  readonly env: Environment
  readonly time: Time
}

/**
 * The names are fixed by the prefix (`infra/names.ts`), but for the scheduler's role: that, and the account,
 * stand in the schedule of the daily audit. The functions' own variables come first, where they are set.
 */
export async function deploymentOf(asked: Asked): Promise<Deployment> {
  const { prefix, env, policy = env['DFNS_ROTATOR_POLICY'] } = asked
  const daily = await dailyAudit(asked)
  const functionArn = (name: string) => daily?.functionArn.replace(/-audit$/, `-${name}`)
  const retireArn = env['DFNS_ROTATOR_RETIRE_ARN'] || functionArn('retire')
  const roleArn = env['DFNS_ROTATOR_SCHEDULER_ROLE_ARN'] || daily?.roleArn
  const group = env['DFNS_ROTATOR_SCHEDULE_GROUP'] || prefix
  const deadLetterArn = env['DFNS_ROTATOR_DEAD_LETTER_ARN'] || daily?.deadLetterArn
  return {
    hasDailyAudit: daily !== undefined,
    policyName: policy ?? (await standardPolicy(asked)),
    rotateArn: env['DFNS_ROTATOR_ROTATE_ARN'] || functionArn('rotate'),
    group,
    retirements: retireArn && roleArn ? { functionArn: retireArn, roleArn, group, deadLetterArn } : undefined,
  }
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
