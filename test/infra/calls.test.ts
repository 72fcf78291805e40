import { Key } from 'aws-cdk-lib/aws-kms'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { beforeAll, describe, expect, test } from 'vitest'
import { functionNames } from '../../infra/names.ts'
import { anyManaged, anySigner, type AskedLine } from '../support/asked.ts'
import { record } from './calls.ts'
import { allowedTo } from './iam.ts'
import { isOurs, notAllowed, notUsed } from './roles.ts'
import { resourcesOf, rotatorIn } from './stack.ts'

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

let asked: readonly AskedLine[]

beforeAll(async () => {
  asked = await record()
}, 120_000)

describe.each(functionNames)('%s', (name) => {
  const own = () => asked.filter((line) => line.startsWith(`${name} `))

  test('is allowed every call that it makes', () => {
    expect(own().length).toBeGreaterThan(7)
    expect(notAllowed(own())).toEqual([])
  })

  test('makes every call that it is allowed', () => {
    expect(notUsed(asked).filter((line) => line.startsWith(`${name} `))).toEqual([])
  })

  test('is allowed nothing else but what AWS demands', () => {
    const { stack, rotator } = rotatorIn({ policy: {} })
    const encryptionKey = new Key(stack, 'Key')
    rotator.rotates(new Secret(stack, 'Secret', { encryptionKey }))
    const others = allowedTo(resourcesOf(stack), name).map(({ action }) => action)
    expect(others).toContain('kms:Decrypt')
    expect(others.filter((action) => !isOurs(action) && !(action in demanded))).toEqual([])
  })
})

test('what the schedules invoke, and where their dead letters go, is what their role may', () => {
  const lines = asked.filter((line) => line.startsWith('scheduler '))
  const resources = lines.map((line) => line.split(':').at(-1))
  expect(resources).toEqual(['dfns-rotator-retire', 'dfns-rotator-dead-letters'])
  expect(notAllowed(lines)).toEqual([])
})

test.for<AskedLine>([
  `rotate secretsmanager:PutSecretValue ${anyManaged.replace('prod/', 'other/')}`,
  `rotate secretsmanager:DeleteSecret ${anyManaged}`,
  `rotate secretsmanager:PutSecretValue ${anySigner}`,
  'rotate secretsmanager:GetSecretValue payments',
  'rotate scheduler:CreateSchedule arn:aws:scheduler:eu-west-1:000000000000:schedule/other/any',
  'retire iam:PassRole arn:aws:iam::000000000000:role/dfns-rotator-scheduler iam:PassedToService=ec2.amazonaws.com',
  'audit ssm:GetParameter arn:aws:ssm:eu-west-1:000000000000:parameter/another',
  'scheduler lambda:InvokeFunction arn:aws:lambda:eu-west-1:000000000000:function:dfns-rotator-rotate',
])('not allowed, one by one or by prefix: %s', (line) => {
  expect(notAllowed([...asked, line])).toEqual([`${line} (one by one)`, `${line} (by prefix)`])
})

test('people may not what the page does not give them', () => {
  const line = `people secretsmanager:DeleteSecret ${anyManaged}` as const
  expect(notAllowed([line])).toEqual([`${line} (the page)`])
})

test('an action that nobody asks for is found', () => {
  const others = asked.filter((line) => !line.includes('ListSecretVersionIds'))
  expect(notUsed(others)).toEqual(['audit secretsmanager:ListSecretVersionIds'])
})
