import { Key } from 'aws-cdk-lib/aws-kms'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { describe, expect, test } from 'vitest'
import { type FunctionName, functionNames } from '../../infra/names.ts'
import { type Allowed, allowedTo, roleOf } from './iam.ts'
import {
  account,
  functionArn,
  ofType,
  region,
  type Resources,
  resourcesOf,
  rotatorIn,
  secretArn,
} from './stack.ts'

const payments = secretArn('prod/dfns/payments-AbCdEf')
const webhook = secretArn('prod/dfns/webhook-GhIjKl')
const signer = secretArn('prod/dfns/signer-MnOpQr')
const keyArn = `arn:aws:kms:${region}:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`
const fleetKeyArn = `arn:aws:kms:${region}:${account}:key/5678abcd-12ab-34cd-56ef-1234567890ab`
const schedules = `arn:aws:scheduler:${region}:${account}:schedule/dfns-rotator/*`
const parameter = `arn:aws:ssm:${region}:${account}:parameter/dfns-rotator/policy`

/** All that a rotator can be told to have: a policy, a customer key, a signer, a prefix with a key. */
function everything(): Resources {
  const { stack, rotator } = rotatorIn({ policy: {} })
  const encryptionKey = Key.fromKeyArn(stack, 'Key', keyArn)
  const encrypted = (id: string, secretCompleteArn: string) =>
    Secret.fromSecretAttributes(stack, id, { secretCompleteArn, encryptionKey })
  rotator.rotates(Secret.fromSecretCompleteArn(stack, 'Payments', payments))
  rotator.rotates(encrypted('Webhook', webhook), { signer: encrypted('Signer', signer) })
  rotator.rotatesPrefix('fleet/', { encryptionKeys: [Key.fromKeyArn(stack, 'FleetKey', fleetKeyArn)] })
  return resourcesOf(stack)
}

const resources = everything()

function idOf(type: string, part: string): string {
  const found = ofType(resources, type).find(([id]) => id.includes(part))
  if (!found) throw new Error(`There is no ${type} ${part}`)
  return found[0]
}

const plain = (actions: readonly string[], ...on: readonly string[]): Allowed[] =>
  actions.flatMap((action) => on.map((resource) => ({ action, resource, condition: {} })))

const via = { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` }
const context = 'kms:EncryptionContext:SecretARN'
const useOfKey = (action: string, ...secrets: readonly string[]): Allowed[] =>
  secrets.map((secret) => ({
    action,
    resource: keyArn,
    condition: { StringEquals: { ...via, [context]: [secret] } },
  }))
const useOfFleetKey = (action: string): Allowed => ({
  action,
  resource: fleetKeyArn,
  condition: { StringEquals: via, StringLike: { [context]: [secretArn('fleet/*')] } },
})

const onFleet = (actions: readonly string[]): Allowed[] =>
  actions.map((action) => ({
    action,
    resource: secretArn('fleet/*'),
    condition: {
      StringEquals: { 'secretsmanager:resource/AllowRotationLambdaArn': functionArn('dfns-rotator-rotate') },
    },
  }))

const onSecrets = {
  rotate: ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'],
  retire: ['DescribeSecret', 'GetSecretValue', 'UpdateSecretVersionStage'],
  audit: ['DescribeSecret', 'GetSecretValue', 'ListSecretVersionIds', 'UpdateSecretVersionStage'],
} as const

/** What every function may. */
function common(name: FunctionName): Allowed[] {
  const part = `Rotator${name.charAt(0).toUpperCase()}${name.slice(1)}Log`
  const log = `<${idOf('AWS::Logs::LogGroup', part)}.Arn>`
  const actions = onSecrets[name].map((action) => `secretsmanager:${action}`)
  return [
    ...plain(['logs:CreateLogStream', 'logs:PutLogEvents'], log),
    ...plain(['ssm:GetParameter'], parameter),
    {
      action: 'iam:PassRole',
      resource: `<${idOf('AWS::IAM::Role', 'SchedulerRole')}.Arn>`,
      condition: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
    },
    ...plain(actions, payments, webhook),
    ...plain(['secretsmanager:GetSecretValue'], signer),
    ...onFleet(actions),
    ...useOfKey('kms:Decrypt', webhook, signer),
    useOfFleetKey('kms:Decrypt'),
  ]
}

const onSchedules = (...names: readonly string[]) =>
  plain(
    names.map((name) => `scheduler:${name}`),
    schedules,
  )
const deadLetters = plain(['sqs:SendMessage'], `<${idOf('AWS::SQS::Queue', 'DeadLetters')}.Arn>`)

const expected: Readonly<Record<FunctionName, readonly Allowed[]>> = {
  rotate: [
    ...common('rotate'),
    ...useOfKey('kms:GenerateDataKey', webhook),
    useOfFleetKey('kms:GenerateDataKey'),
    ...onSchedules('CreateSchedule', 'UpdateSchedule'),
  ],
  retire: [
    ...common('retire'),
    ...onSchedules('CreateSchedule', 'GetSchedule', 'UpdateSchedule'),
    ...deadLetters,
  ],
  audit: [
    ...common('audit'),
    ...onSchedules('CreateSchedule', 'GetSchedule', 'UpdateSchedule'),
    ...plain(['scheduler:ListSchedules', 'secretsmanager:ListSecrets'], '*'),
    ...deadLetters,
  ],
}

/** The use of a key for each secret by itself, in whatever statements it stands together. */
function forEachSecret(allowed: Allowed): Allowed[] {
  const { StringEquals: equals = {}, ...others } = allowed.condition
  const { [context]: secrets, ...rest } = equals
  if (!Array.isArray(secrets)) return [allowed]
  return secrets.map((secret) => ({
    ...allowed,
    condition: { StringEquals: { ...rest, [context]: [secret] }, ...others },
  }))
}

const sorted = (list: readonly Allowed[]) =>
  list
    .flatMap(forEachSecret)
    .map((each) => JSON.stringify(each))
    .toSorted()

describe('the role', () => {
  test.for(functionNames)('of %s may do exactly this, on exactly that', (name) => {
    expect(sorted(allowedTo(resources, name))).toEqual(sorted(expected[name]))
  })

  test('of the scheduler may invoke retire and audit, and write dead letters', () => {
    const invoked = [functionArn('dfns-rotator-audit'), functionArn('dfns-rotator-retire')]
    expect(sorted(allowedTo(resources, 'scheduler'))).toEqual(
      sorted([...plain(['lambda:InvokeFunction'], ...invoked), ...deadLetters]),
    )
  })

  test.for(functionNames)('of %s is held by Lambda alone, and takes no managed policy', (name) => {
    const [, { Properties }] = roleOf(resources, name)
    expect(Properties).not.toHaveProperty('ManagedPolicyArns')
    expect(Properties['AssumeRolePolicyDocument']).toMatchObject({
      Statement: [
        { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } },
      ],
    })
  })

  test('of the scheduler is held by the schedules of this group, in this account', () => {
    const [, { Properties }] = roleOf(resources, 'scheduler')
    const { Statement: statements } = Properties['AssumeRolePolicyDocument'] as { Statement: unknown[] }
    expect(statements).toMatchObject([
      {
        Action: 'sts:AssumeRole',
        Principal: { Service: 'scheduler.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': account } },
      },
    ])
    expect(JSON.stringify(statements)).toContain(
      `:scheduler:${region}:${account}:schedule-group/dfns-rotator"`,
    )
  })

  test.for(functionNames)('of %s may touch no secret, key or parameter as long as none is named', (name) => {
    const { stack } = rotatorIn()
    const actions = allowedTo(resourcesOf(stack), name).map(({ action }) => action)
    const others = /^(secretsmanager:(?!ListSecrets$)|kms:|ssm:)/
    expect(actions.filter((action) => others.test(action))).toEqual([])
  })
})
