import { App, Stack } from 'aws-cdk-lib'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { beforeAll, describe, expect, test } from 'vitest'
import { DfnsRotator } from '../../infra/dfns-rotator.ts'
import { type FunctionName, functionNames } from '../../infra/names.ts'
import { askedFor, here, record, type Recorded, targetsIn } from './calls.ts'
import { allowedTo, type Asked, isAllowed, roleOf } from './iam.ts'
import { anyCode, context, type Resources, resourcesOf } from './stack.ts'

/** Allowed, and never called by our own code: what AWS's documents demand it for. */
const demanded: Readonly<Record<string, string>> = {
  // "AWSLambdaBasicExecutionRole – Permission to upload logs to CloudWatch."
  'logs:CreateLogStream': 'https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html',
  'logs:PutLogEvents': 'https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html',
  // CreateSchedule and UpdateSchedule name iam:PassRole, with iam:PassedToService, as a dependent action.
  'iam:PassRole':
    'https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html',
  // "Lambda can send records of asynchronous invocations to … a standard SQS queue", as the execution role.
  'sqs:SendMessage': 'https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html',
  // "… encrypted with a KMS key other than the AWS managed key aws/secretsmanager, then you need to grant …"
  'kms:Decrypt':
    'https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html',
  'kms:GenerateDataKey':
    'https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html',
}

const isOurs = (action: string) => /^(secretsmanager|ssm|scheduler):/.test(action)
const sceneRole = `arn:aws:iam::${here.account}:role/dfns-rotator-scheduler`

/** The roles, for the very secrets of the recording, in its account and region. */
function rolesFor({ secrets }: Recorded): Resources {
  const stack = new Stack(new App({ context }), 'Rotation', { env: here })
  const policyParameterName = '/dfns-rotator/policy'
  const rotator = new DfnsRotator(stack, 'Rotator', { code: anyCode, policyParameterName })
  const imported = (arn: string) => Secret.fromSecretCompleteArn(stack, arn.slice(-6), arn)
  for (const { arn, signer } of secrets) {
    rotator.rotates(imported(arn), { signer: signer === undefined ? undefined : imported(signer) })
  }
  return resourcesOf(stack)
}

let recorded: Recorded
let resources: Resources
let asked: Readonly<Record<FunctionName, readonly Asked[]>>

beforeAll(async () => {
  recorded = await record()
  resources = rolesFor(recorded)
  const roles = { inScene: sceneRole, inStack: `<${roleOf(resources, 'scheduler')[0]}.Arn>` }
  const of = (name: FunctionName) => recorded[name].flatMap((request) => askedFor({ request, roles }))
  asked = { rotate: of('rotate'), retire: of('retire'), audit: of('audit') }
}, 120_000)

describe.each(functionNames)('%s', (name) => {
  test('is allowed every call that it makes', () => {
    const allowed = allowedTo(resources, name)
    expect(asked[name].length).toBeGreaterThan(10)
    expect(asked[name].filter((each) => !isAllowed(allowed, each))).toEqual([])
  })

  test('makes every call that it is allowed', () => {
    const called = new Set(asked[name].map(({ action }) => action))
    const actions = new Set(allowedTo(resources, name).map(({ action }) => action))
    expect([...actions].filter((action) => isOurs(action) && !called.has(action))).toEqual([])
  })

  test('is allowed nothing else but what AWS demands', () => {
    const others = allowedTo(resources, name).map(({ action }) => action)
    expect(others.filter((action) => !isOurs(action) && !(action in demanded))).toEqual([])
  })
})

test('what the schedules invoke, and where their dead letters go, is what their role may', () => {
  const { invoked, letters } = targetsIn([...recorded.rotate, ...recorded.retire, ...recorded.audit])
  const allowed = allowedTo(resources, 'scheduler')
  expect([...invoked]).toEqual([`arn:aws:lambda:${here.region}:${here.account}:function:dfns-rotator-retire`])
  for (const resource of invoked) {
    expect(isAllowed(allowed, { action: 'lambda:InvokeFunction', resource })).toBe(true)
  }
  expect([...letters].map((arn) => arn.split(':').at(-1))).toEqual(['dfns-rotator-dead-letters'])
})

test('a call on another secret, another schedule group, or of another action would be found', () => {
  const allowed = allowedTo(resources, 'rotate')
  const secret = recorded.secrets[0]?.arn ?? ''
  const strays: Asked[] = [
    { action: 'secretsmanager:PutSecretValue', resource: secret.replace('prod/', 'other/') },
    { action: 'secretsmanager:DeleteSecret', resource: secret },
    {
      action: 'scheduler:CreateSchedule',
      resource: `arn:aws:scheduler:eu-west-1:${here.account}:schedule/x/a`,
    },
    { action: 'iam:PassRole', resource: sceneRole, context: { 'iam:PassedToService': 'ec2.amazonaws.com' } },
  ]
  expect(strays.filter((each) => isAllowed(allowed, each))).toEqual([])
})
