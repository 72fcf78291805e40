import { SchedulerClient } from '@aws-sdk/client-scheduler'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SSMClient } from '@aws-sdk/client-ssm'
import { awsClientOptions } from '../ports/aws-client.ts'
import { type Schedules, type ScheduleTarget, schedulesOf } from '../ports/scheduler.ts'
import type { Time } from '../ports/time.ts'

// Kept between invocations. Endpoint, region and credentials are the SDK's own environment.
export const clients = {
  secretsManager: new SecretsManagerClient(awsClientOptions),
  ssm: new SSMClient(awsClientOptions),
}
export const scheduler = new SchedulerClient(awsClientOptions)

/**
 * Name of the SSM parameter that holds the policy. An empty name is one, too: of a parameter that is missing.
 */
export const policyName = (): string | undefined => process.env['DFNS_ROTATOR_POLICY']

/** The scheduler of retirements, where one was deployed. */
export function deployedSchedules(time: Time): Schedules | undefined {
  return schedulesFor({ functionArn: process.env['DFNS_ROTATOR_RETIRE_ARN'], time })
}

/** A scheduler that invokes another function: audit goes on with itself. */
export function schedulesFor(of: { functionArn: string | undefined; time: Time }): Schedules | undefined {
  const target = targetFor(of.functionArn)
  return target && schedulesOf({ client: scheduler, target, time: of.time })
}

function targetFor(functionArn: string | undefined): ScheduleTarget | undefined {
  const roleArn = process.env['DFNS_ROTATOR_SCHEDULER_ROLE_ARN']
  if (!functionArn || !roleArn) return undefined
  const deadLetterArn = process.env['DFNS_ROTATOR_DEAD_LETTER_ARN'] || undefined
  return { functionArn, roleArn, group: deployedGroup(), deadLetterArn }
}

/** Name of the schedule group. */
export const deployedGroup = (): string => process.env['DFNS_ROTATOR_SCHEDULE_GROUP'] || 'default'
