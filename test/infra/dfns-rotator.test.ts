import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, Duration, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { afterAll, describe, expect, test } from 'vitest'
import { DfnsRotator } from '../../infra/dfns-rotator.ts'
import { builtCode } from '../../infra/functions.ts'
import { functionNames } from '../../infra/names.ts'
import { allowedTo, roleOf, textOf } from './iam.ts'
import {
  account,
  anyCode,
  context,
  env,
  functionArn,
  ofAlarms,
  ofType,
  only,
  region,
  type Resource,
  resourcesOf,
  root,
  rotatorIn,
} from './stack.ts'

const resources = resourcesOf(rotatorIn({ policy: {} }).stack)
const temporary = mkdtempSync(join(tmpdir(), 'dfns-rotator-'))
afterAll(() => rmSync(temporary, { recursive: true }))

const capitalized = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)

function functionIn(all: typeof resources, name: string): Resource {
  const found = ofType(all, 'AWS::Lambda::Function').find(([id]) => id.includes(capitalized(name)))
  if (!found) throw new Error(`There is no function ${name}`)
  return found[1]
}

describe.each(functionNames)('%s', (name) => {
  const { Properties } = functionIn(resources, name)

  test('runs Node 24 on arm64 with 512 MB, or twice that where it knows every secret', () => {
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: name === 'audit' ? 1024 : 512,
      Handler: 'index.handler',
    })
  })

  test('has a name that no deploy changes, because schedules invoke it by name', () => {
    expect(Properties['FunctionName']).toBe(`dfns-rotator-${name}`)
  })

  test('reserves no concurrency, which would throttle a rotation', () => {
    expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions')
  })

  test('knows its policy, the functions, and where and as what to schedule', () => {
    const { Variables: variables } = Properties['Environment'] as { Variables: Record<string, unknown> }
    const [role] = roleOf(resources, 'scheduler')
    const [[queue] = ['']] = ofType(resources, 'AWS::SQS::Queue')
    const texts = Object.entries(variables).map(([key, value]) => [key, textOf(value)])
    expect(Object.fromEntries(texts)).toEqual({
      POWERTOOLS_SERVICE_NAME: 'dfns-rotator',
      DFNS_ROTATOR_POLICY: '/dfns-rotator/policy',
      DFNS_ROTATOR_ROTATE_ARN: functionArn('dfns-rotator-rotate'),
      DFNS_ROTATOR_RETIRE_ARN: functionArn('dfns-rotator-retire'),
      DFNS_ROTATOR_AUDIT_ARN: functionArn('dfns-rotator-audit'),
      DFNS_ROTATOR_SCHEDULER_ROLE_ARN: `<${role}.Arn>`,
      DFNS_ROTATOR_SCHEDULE_GROUP: 'dfns-rotator',
      DFNS_ROTATOR_DEAD_LETTER_ARN: `<${queue}.Arn>`,
    })
  })

  test('writes a log of its own, kept for two months and beyond the stack', () => {
    const logs = ofType(resources, 'AWS::Logs::LogGroup')
    const [id, log] = logs.find(([each]) => each.includes(`${capitalized(name)}Log`)) ?? []
    expect(Properties['LoggingConfig']).toEqual({ LogGroup: { Ref: id } })
    expect(log).toMatchObject({ Properties: { RetentionInDays: 60 }, DeletionPolicy: 'Retain' })
  })
})

test('a step of a rotation has five minutes, a retirement one, and an audit 15', () => {
  const timeouts = functionNames.map((name) => functionIn(resources, name).Properties['Timeout'])
  expect(timeouts).toEqual([300, 60, 900])
})

test('a step of a rotation has the time that it is given', () => {
  const { stack } = rotatorIn({ rotateTimeout: Duration.minutes(15) })
  expect(functionIn(resourcesOf(stack), 'rotate').Properties['Timeout']).toBe(900)
})

test.for([
  ['AWS::Scheduler::ScheduleGroup', 'Name', 'dfns-rotator'],
  ['AWS::SQS::Queue', 'QueueName', 'dfns-rotator-dead-letters'],
] as const)('%s keeps its name, and outlives the stack, but no deploy that failed', ([type, key, name]) => {
  expect(only(resources, type)).toMatchObject({
    Properties: { [key]: name },
    DeletionPolicy: 'RetainExceptOnCreate',
    UpdateReplacePolicy: 'Retain',
  })
})

test('nothing that a failed deploy leaves behind has a name that the next one needs', () => {
  const left = Object.values(resources).filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain')
  expect(left.map(({ Type }) => Type)).toEqual(functionNames.map(() => 'AWS::Logs::LogGroup'))
  for (const { Properties } of left) expect(Properties).not.toHaveProperty('LogGroupName')
})

test('the role of the scheduler outlives the stack, its policy with it', () => {
  const [id, role] = roleOf(resources, 'scheduler')
  expect(role).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' })
  expect(role.Properties['Policies']).toHaveLength(1)
  const beside = ofType(resources, 'AWS::IAM::Policy').map(([, each]) =>
    JSON.stringify(each.Properties['Roles']),
  )
  expect(beside.filter((roles) => roles.includes(id))).toEqual([])
})

describe('the dead-letter queue', () => {
  const [[id, queue] = ['', undefined]] = ofType(resources, 'AWS::SQS::Queue')

  test.for(['retire', 'audit'])('hears what %s failed at for good', (name) => {
    const configs = ofType(resources, 'AWS::Lambda::EventInvokeConfig').map(
      ([, { Properties }]) => Properties,
    )
    const own = configs.find(({ FunctionName }) => textOf(FunctionName).includes(capitalized(name)))
    expect(own).toMatchObject({
      Qualifier: '$LATEST',
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [id, 'Arn'] } } },
    })
  })

  test('is encrypted, speaks TLS alone, and keeps a letter for two weeks', () => {
    expect(queue?.Properties).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 })
    expect(only(resources, 'AWS::SQS::QueuePolicy').Properties['PolicyDocument']).toMatchObject({
      Statement: [{ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }],
    })
  })
})

test('audit is invoked once a day, with an empty event', () => {
  const { Properties, DependsOn } = only(resources, 'AWS::Scheduler::Schedule')
  expect(DependsOn).toContain(ofType(resources, 'AWS::Scheduler::ScheduleGroup')[0]?.[0])
  expect(Properties).toMatchObject({
    Name: 'dfns-rotator-audit-daily',
    GroupName: 'dfns-rotator',
    ScheduleExpression: 'rate(1 day)',
    Target: { Input: '{}' },
  })
  const { Arn, RoleArn, DeadLetterConfig } = Properties['Target'] as Record<string, unknown>
  expect(textOf(Arn)).toBe(functionArn('dfns-rotator-audit'))
  expect(textOf(RoleArn)).toBe(`<${roleOf(resources, 'scheduler')[0]}.Arn>`)
  expect(textOf((DeadLetterConfig as { Arn: unknown }).Arn)).toContain('DeadLetters')
})

describe('the policy', () => {
  test('is written as the functions read it', () => {
    const { stack } = rotatorIn({
      policy: {
        allowedOrgIds: ['or-1'],
        keyAlgorithm: 'Ed25519',
        grace: { default: Duration.hours(12), byKind: { WebhookSecret: Duration.hours(30) } },
      },
    })
    const { Properties } = only(resourcesOf(stack), 'AWS::SSM::Parameter')
    expect(Properties).toMatchObject({ Name: '/dfns-rotator/policy', Type: 'String' })
    expect(JSON.parse(String(Properties['Value']))).toEqual({
      allowedOrgIds: ['or-1'],
      keyAlgorithm: 'Ed25519',
      grace: { default: 'PT12H', byKind: { WebhookSecret: 'P1DT6H' } },
    })
  })

  test.for([
    { allowedBaseUrls: ['https://api.dfns.io/path'] },
    { grace: { min: Duration.days(2), max: Duration.days(1) } },
  ])('that the functions would refuse is refused before it is deployed: %o', (policy) => {
    expect(() => rotatorIn({ policy })).toThrow('policy of this app')
  })

  test.for(['/dfns/policy', 'dfns-policy'])('may be a parameter of that name: %s', (policyParameterName) => {
    const all = resourcesOf(rotatorIn({ policyParameterName }).stack)
    expect(ofType(all, 'AWS::SSM::Parameter')).toEqual([])
    expect(functionIn(all, 'audit').Properties['Environment']).toMatchObject({
      Variables: { DFNS_ROTATOR_POLICY: policyParameterName },
    })
    const [read] = allowedTo(all, 'audit').filter(({ action }) => action === 'ssm:GetParameter')
    const path = policyParameterName.replace(/^\//, '')
    expect(read?.resource).toBe(`arn:aws:ssm:${region}:${account}:parameter/${path}`)
  })

  test.for(['*', '/dfns/*', 'dfns/', 'a b'])('may not be "%s"', (policyParameterName) => {
    expect(() => rotatorIn({ policyParameterName })).toThrow('is not the name of an SSM parameter')
  })

  test('is one thing', () => {
    expect(() => rotatorIn({ policy: {}, policyParameterName: '/dfns/policy' })).toThrow('leave one out')
  })

  test('is none unless one is named', () => {
    const all = resourcesOf(rotatorIn().stack)
    expect(JSON.stringify(functionIn(all, 'rotate'))).not.toContain('DFNS_ROTATOR_POLICY')
  })
})

describe('a prefix of the names', () => {
  test('is in every fixed name', () => {
    const all = resourcesOf(rotatorIn({ namePrefix: 'treasury', policy: {} }).stack)
    const text = JSON.stringify(all)
    for (const name of ['treasury-rotate', 'treasury-retire', 'treasury-audit', 'treasury-dead-letters'])
      expect(text).toContain(`"${name}"`)
    expect(text).not.toContain('dfns-rotator-')
    expect(text).not.toContain('schedule/dfns-rotator')
  })

  test.for(['', '1a', 'a_b', 'a*', 'a'.repeat(41)])('is refused: "%s"', (namePrefix) => {
    expect(() => rotatorIn({ namePrefix })).toThrow('namePrefix')
  })
})

describe('what is said of all functions', () => {
  test('reaches each of them, but not past what makes them work', () => {
    const environment = { AWS_ENDPOINT_URL_SSM: 'https://vpce.example.com', DFNS_ROTATOR_RETIRE_ARN: 'mine' }
    const all = resourcesOf(rotatorIn({ functionProps: { environment } }).stack)
    for (const name of functionNames) {
      const { Variables: variables } = functionIn(all, name).Properties['Environment'] as {
        Variables: Record<string, unknown>
      }
      expect(variables['AWS_ENDPOINT_URL_SSM']).toBe('https://vpce.example.com')
      expect(variables['DFNS_ROTATOR_RETIRE_ARN']).not.toBe('mine')
    }
  })

  test.for([
    [256, [256, 256, 1024]],
    [1024, [1024, 1024, 1024]],
    [2048, [2048, 2048, 2048]],
  ] as const)('is memory: %i MB, but never less for audit than it needs', ([memorySize, expected]) => {
    const all = resourcesOf(rotatorIn({ functionProps: { memorySize } }).stack)
    expect(functionNames.map((name) => functionIn(all, name).Properties['MemorySize'])).toEqual(expected)
  })

  test('may be a VPC, whose network interfaces each role may then make', () => {
    const network = { vpcId: 'vpc-12345678', availabilityZones: ['a'], privateSubnetIds: ['subnet-12345678'] }
    const stack = new Stack(new App({ context }), 'Rotation')
    new DfnsRotator(stack, 'Rotator', {
      code: anyCode,
      functionProps: { vpc: Vpc.fromVpcAttributes(stack, 'Vpc', network) },
    })
    const all = resourcesOf(stack)
    for (const name of functionNames) {
      expect(functionIn(all, name).Properties).toHaveProperty('VpcConfig')
      const [, { Properties }] = roleOf(all, name)
      expect(JSON.stringify(Properties['ManagedPolicyArns'])).toContain('AWSLambdaVPCAccessExecutionRole')
    }
  })
})

describe('a topic of the app', () => {
  test('is the one that alarms speak to', () => {
    const stack = new Stack(new App({ context }), 'Rotation')
    const alarmTopic = new Topic(stack, 'Mine')
    const rotator = new DfnsRotator(stack, 'Rotator', { code: anyCode, alarmTopic })
    expect(rotator.alarmTopic).toBe(alarmTopic)
    Template.fromStack(stack).resourceCountIs('AWS::SNS::Topic', 1)
  })

  test.for(['its own stack', 'another stack'])('goes on hearing alarms beside the rule: in %s', (where) => {
    const app = new App({ context })
    const stack = new Stack(app, 'Rotation', { env })
    const theirs = where === 'its own stack' ? stack : new Stack(app, 'Alarms', { env })
    new DfnsRotator(stack, 'Rotator', { code: anyCode, alarmTopic: new Topic(theirs, 'Mine') })
    const { Statement: statements } = only(resourcesOf(theirs), 'AWS::SNS::TopicPolicy').Properties[
      'PolicyDocument'
    ] as { Statement: unknown[] }
    const publish = { Action: 'sns:Publish', Effect: 'Allow' }
    expect(statements).toMatchObject([
      { ...publish, Principal: { Service: 'cloudwatch.amazonaws.com' }, Condition: ofAlarms },
      { ...publish, Principal: { Service: 'events.amazonaws.com' } },
    ])
  })

  test('that is imported keeps the policy that it has', () => {
    const stack = new Stack(new App({ context }), 'Rotation', { env })
    const alarmTopic = Topic.fromTopicArn(stack, 'Theirs', `arn:aws:sns:${region}:${account}:theirs`)
    new DfnsRotator(stack, 'Rotator', { code: anyCode, alarmTopic })
    expect(ofType(resourcesOf(stack), 'AWS::SNS::TopicPolicy')).toEqual([])
  })
})

describe('what is deployed', () => {
  test.for(functionNames)('of %s is what the tests ran, byte for byte', (name) => {
    const outdir = join(temporary, name)
    const stack = new Stack(new App({ context, outdir }), 'Rotation')
    new DfnsRotator(stack, 'Rotator')
    const { Code: code } = functionIn(resourcesOf(stack), name).Properties as { Code: { S3Key: string } }
    const asset = join(outdir, `asset.${code.S3Key.replace('.zip', '')}`)
    expect(readdirSync(asset)).toEqual(['index.mjs'])
    const built = join(root, 'dist', name, 'index.mjs')
    expect(readFileSync(join(asset, 'index.mjs')).equals(readFileSync(built))).toBe(true)
    expect(existsSync(built)).toBe(true)
  })

  test('is refused where it was not built, naming the command that makes it', () => {
    expect(() => builtCode(join(temporary, 'absent'))).toThrow('npm run build')
  })
})

test('cdk.json carries the flags that aws-cdk-lib recommends', () => {
  const recommended = join(root, 'node_modules', 'aws-cdk-lib', 'recommended-feature-flags.json')
  expect(context).toMatchObject(JSON.parse(readFileSync(recommended, 'utf8')) as object)
})
