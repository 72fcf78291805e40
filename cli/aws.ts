import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { SchedulerClient } from '@aws-sdk/client-scheduler'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SSMClient } from '@aws-sdk/client-ssm'
import { awsClientOptions } from '../lambdas/ports/aws-client.ts'
import { exitCodes } from './exit-codes.ts'
import { CliFailure, usage } from './failure.ts'

/** The services that commands speak to. */
export interface AwsClients {
  readonly secretsManager: SecretsManagerClient
  readonly ssm: SSMClient
  readonly scheduler: SchedulerClient
  readonly logs: CloudWatchLogsClient
  readonly lambda: LambdaClient
}

/** `--profile`, `--region`, `--endpoint-url`, as the aws CLI has them: each before its variable. */
export interface AwsOptions {
  readonly profile: string | undefined
  readonly region: string | undefined
  readonly endpointUrl: string | undefined
}

/**
 * The SDK's own environment and configuration files fill in what is not said. The aws CLI has one variable
 * more for the region, and a profile that is named comes before credentials in variables.
 */
export function awsClients({ profile, region: said, endpointUrl }: AwsOptions): AwsClients {
  if (profile !== undefined) useProfile(profile)
  // An empty variable is none, as for the aws CLI.
  const region = said || process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION']
  if (endpointUrl !== undefined && !URL.canParse(endpointUrl)) throw usage('--endpoint-url is not a URL')
  const config = {
    ...awsClientOptions,
    ...(region && { region }),
    ...(endpointUrl !== undefined && { endpoint: endpointUrl }),
  }
  return {
    secretsManager: new SecretsManagerClient(config),
    ssm: new SSMClient(config),
    scheduler: new SchedulerClient(config),
    logs: new CloudWatchLogsClient(config),
    lambda: new LambdaClient(config),
  }
}

/** By its variable, because not everything that a profile can hold is read by a client's own setting. */
function useProfile(profile: string): void {
  process.env['AWS_PROFILE'] = profile
  for (const name of ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SESSION_TOKEN'])
    delete process.env[`AWS_${name}`]
}

/** Fails with one sentence where the SDK would fail with a page: before the first call. */
export async function assertReachable({ secretsManager: { config } }: AwsClients): Promise<void> {
  await config.region().catch(() => {
    throw unavailable('no AWS region is known: say --region, or set AWS_REGION or a profile that has one')
  })
  await config.credentials().catch(() => {
    throw unavailable('no AWS credentials are found: say --profile, or set them as for the aws CLI')
  })
}

const unavailable = (message: string): CliFailure =>
  new CliFailure({ exitCode: exitCodes.unavailable, code: 'AWS_UNAVAILABLE', message })
