import { Stack, Validations } from 'aws-cdk-lib'
import type { Role } from 'aws-cdk-lib/aws-iam'
import type { Queue } from 'aws-cdk-lib/aws-sqs'

// Beside the construct, so that an app that checks itself with cdk-nag is told why, too.

/** One wildcard among a role's resources; every other one stays a finding. */
export function acknowledgeWildcard(wildcard: { role: Role; resource: string; reason: string }): void {
  const { role, resource, reason } = wildcard
  const name = asNagWritesIt(Stack.of(role).resolve(resource))
  Validations.of(role).acknowledge({ id: `AwsSolutions::AwsSolutions-IAM5[Resource::${name}]`, reason })
}

/** AWS's own policy for functions in a VPC. */
export function acknowledgeVpcAccess(role: Role): void {
  const policy = 'arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole'
  Validations.of(role).acknowledge({
    id: `AwsSolutions::AwsSolutions-IAM4[Policy::${policy}]`,
    reason: 'AWS documents this policy for functions in a VPC; network interfaces have no narrower resource',
  })
}

export function acknowledgeLastQueue(queue: Queue): void {
  Validations.of(queue).acknowledge({
    id: 'AwsSolutions::AwsSolutions-SQS3',
    reason: 'This is the dead-letter queue, and has an alarm; nothing reads from it that could fail',
  })
}

/** Text with `<name>` in the place of references. */
function asNagWritesIt(value: unknown): string {
  if (typeof value === 'string') return value
  const intrinsic = (value ?? {}) as Record<string, unknown>
  const { Ref: name, 'Fn::GetAtt': attribute, 'Fn::Join': join } = intrinsic
  if (typeof name === 'string') return `<${name}>`
  if (Array.isArray(attribute)) return `<${attribute.join('.')}>`
  if (!Array.isArray(join)) return ''
  const [delimiter, parts] = join as [string, unknown[]]
  return parts.map(asNagWritesIt).join(delimiter)
}
