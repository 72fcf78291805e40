import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RotatorStack, type RotatorStackProps, rotateBundle } from '../../infra/rotator-stack.ts'

interface Resource {
  readonly Properties: Record<string, unknown>
  readonly DeletionPolicy?: string
  readonly UpdateReplacePolicy?: string
}

interface Statement {
  readonly Effect: string
  readonly Action: string | readonly string[]
  readonly Resource: unknown
}

const root = join(import.meta.dirname, '..', '..')
const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as {
  context: Record<string, unknown>
}

const code = 'export const handler = async () => {}\n'
const temporary = mkdtempSync(join(tmpdir(), 'rotator-stack-'))
const bundle = join(temporary, 'rotate')
const outdir = join(temporary, 'out')

const arnOf = (name: string) => `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${name}`
const payments = arnOf('dfns/payments-AbCdEf')
const treasury = arnOf('treasury-GhIjKl')

/** Synthesizes with the flags of cdk.json, from a bundle of its own: `dist/` need not be built. */
const synthesize = (props: RotatorStackProps = {}) =>
  Template.fromStack(new RotatorStack(new App({ context, outdir }), 'DfnsRotator', { bundle, ...props }))

const resourcesOf = (template: Template, type: string) =>
  Object.entries(template.findResources(type)) as [string, Resource][]

function only(template: Template, type: string): readonly [logicalId: string, resource: Resource] {
  const [first, ...others] = resourcesOf(template, type)
  if (!first || others.length > 0) throw new Error(`Expected exactly one ${type}`)
  return first
}

/** Everything that any policy of the stack allows, in the order it stands there. */
function allowed(template: Template) {
  const documents = [
    ...resourcesOf(template, 'AWS::IAM::Policy').map(([, { Properties }]) => Properties['PolicyDocument']),
    ...resourcesOf(template, 'AWS::IAM::ManagedPolicy').map(
      ([, { Properties }]) => Properties['PolicyDocument'],
    ),
    ...resourcesOf(template, 'AWS::IAM::Role').flatMap(([, { Properties }]) =>
      ((Properties['Policies'] ?? []) as { PolicyDocument: unknown }[]).map(
        (policy) => policy.PolicyDocument,
      ),
    ),
  ] as { Statement: Statement[] }[]
  return documents
    .flatMap(({ Statement }) => Statement)
    .map(({ Effect, Action, Resource }) => ({
      effect: Effect,
      actions: [Action].flat(),
      resources: [Resource].flat(),
    }))
}

const ownLog = (template: Template) => ({
  effect: 'Allow',
  actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  resources: [{ 'Fn::GetAtt': [only(template, 'AWS::Logs::LogGroup')[0], 'Arn'] }],
})

beforeAll(() => {
  mkdirSync(bundle)
  writeFileSync(join(bundle, 'index.mjs'), code)
})
afterAll(() => rmSync(temporary, { recursive: true }))

describe('the function', () => {
  test('runs Node 24 on arm64 with 512 MB and 60 seconds', () => {
    const [, { Properties }] = only(synthesize(), 'AWS::Lambda::Function')
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 512,
      Timeout: 60,
      Handler: 'index.handler',
    })
  })

  test('reserves no concurrency, which would starve the account or throttle a rotation', () => {
    const [, { Properties }] = only(synthesize(), 'AWS::Lambda::Function')
    expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions')
  })

  test('knows its service name and, unless one is named, no policy', () => {
    const [, { Properties }] = only(synthesize(), 'AWS::Lambda::Function')
    expect(Properties['Environment']).toEqual({ Variables: { POWERTOOLS_SERVICE_NAME: 'dfns-rotator' } })
  })

  test('is the built folder, byte for byte', () => {
    const template = synthesize()
    const [, { Properties }] = only(template, 'AWS::Lambda::Function')
    const { S3Key } = Properties['Code'] as { S3Key: string }
    const asset = join(outdir, `asset.${S3Key.replace('.zip', '')}`)
    expect(readdirSync(asset)).toEqual(['index.mjs'])
    expect(readFileSync(join(asset, 'index.mjs'), 'utf8')).toBe(code)
  })

  test('comes from dist/rotate', () => {
    expect(rotateBundle).toBe(join(root, 'dist', 'rotate'))
  })

  test('is refused without its bundle, naming the command that makes it', () => {
    expect(() => synthesize({ bundle: join(temporary, 'absent') })).toThrow('npm run build')
  })
})

describe('the log', () => {
  test('is kept for two months, and outlives the stack', () => {
    const [, log] = only(synthesize(), 'AWS::Logs::LogGroup')
    expect(log.Properties).toEqual({ RetentionInDays: 60 })
    expect(log).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
  })

  test('is the one that the function writes to', () => {
    const template = synthesize()
    const [, { Properties }] = only(template, 'AWS::Lambda::Function')
    expect(Properties['LoggingConfig']).toEqual({
      LogGroup: { Ref: only(template, 'AWS::Logs::LogGroup')[0] },
    })
  })
})

describe('the role', () => {
  test('may write its own log and nothing else when no secret is named', () => {
    const template = synthesize()
    expect(allowed(template)).toEqual([ownLog(template)])
  })

  test('may do exactly the four things that a rotation needs, to exactly the named secrets', () => {
    const template = synthesize({ secretArns: [payments, treasury] })
    expect(allowed(template)).toEqual([
      ownLog(template),
      {
        effect: 'Allow',
        actions: [
          'secretsmanager:DescribeSecret',
          'secretsmanager:GetSecretValue',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        resources: [payments, treasury],
      },
    ])
  })

  test.for(['/dfns/policy', 'dfns/policy'])(
    'may read exactly the policy parameter %s',
    (policyParameterName) => {
      const template = synthesize({ policyParameterName })
      const here = [
        { Ref: 'AWS::Partition' },
        ':ssm:',
        { Ref: 'AWS::Region' },
        ':',
        { Ref: 'AWS::AccountId' },
      ]
      const parameter = { 'Fn::Join': ['', ['arn:', ...here, ':parameter/dfns/policy']] }
      expect(allowed(template)).toEqual([
        ownLog(template),
        { effect: 'Allow', actions: ['ssm:GetParameter'], resources: [parameter] },
      ])
      const [, { Properties }] = only(template, 'AWS::Lambda::Function')
      expect(Properties['Environment']).toMatchObject({
        Variables: { DFNS_ROTATOR_POLICY: policyParameterName },
      })
    },
  )

  test('is held by Lambda alone and takes no managed policy', () => {
    const [, { Properties }] = only(synthesize({ secretArns: [payments] }), 'AWS::IAM::Role')
    expect(Properties).not.toHaveProperty('ManagedPolicyArns')
    expect(Properties['AssumeRolePolicyDocument']).toMatchObject({
      Statement: [
        { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } },
      ],
    })
  })

  test('names no wildcard; the one of the log stream is inside the Arn of its own log group', () => {
    const template = synthesize({ secretArns: [payments, treasury], policyParameterName: '/dfns/policy' })
    const { resources: log } = ownLog(template)
    const others = allowed(template).flatMap(({ actions, resources }) => [...actions, ...resources])
    expect(others).toContainEqual(log[0])
    expect(JSON.stringify(others)).not.toContain('*')
  })
})

describe('the invoke permission', () => {
  test('is given to Secrets Manager of this account, for each named secret and no other', () => {
    const template = synthesize({ secretArns: [payments, treasury] })
    const [functionId] = only(template, 'AWS::Lambda::Function')
    expect(resourcesOf(template, 'AWS::Lambda::Permission').map(([, { Properties }]) => Properties)).toEqual(
      [payments, treasury].map((SourceArn) => ({
        Action: 'lambda:InvokeFunction',
        FunctionName: { 'Fn::GetAtt': [functionId, 'Arn'] },
        Principal: 'secretsmanager.amazonaws.com',
        SourceAccount: { Ref: 'AWS::AccountId' },
        SourceArn,
      })),
    )
  })

  test('is given to nobody when no secret is named', () => {
    expect(resourcesOf(synthesize(), 'AWS::Lambda::Permission')).toEqual([])
  })
})

describe('a name that could mean more than one thing', () => {
  test.for([
    '*',
    arnOf('*'),
    arnOf('dfns/*'),
    arnOf('payments-??????'),
    arnOf('payments'),
    'payments-AbCdEf',
    payments.replace(':111122223333:', ':*:'),
  ])('is refused as a secret: %s', (arn) => {
    expect(() => synthesize({ secretArns: [arn] })).toThrow('is not the complete ARN of a secret')
  })

  test.for(['*', '/dfns/*', 'dfns/', 'a b'])('is refused as a parameter: %s', (policyParameterName) => {
    expect(() => synthesize({ policyParameterName })).toThrow('is not the name of an SSM parameter')
  })
})

test('the stack holds the function, its role, its log and its permissions, and nothing else', () => {
  const template = synthesize({ secretArns: [payments], policyParameterName: '/dfns/policy' })
  const types = Object.values(
    (template.toJSON() as { Resources: Record<string, { Type: string }> }).Resources,
  )
  expect(types.map(({ Type }) => Type).toSorted()).toEqual([
    'AWS::IAM::Policy',
    'AWS::IAM::Role',
    'AWS::Lambda::Function',
    'AWS::Lambda::Permission',
    'AWS::Logs::LogGroup',
  ])
})

test('cdk.json carries the flags that aws-cdk-lib recommends', () => {
  const recommended = join(root, 'node_modules', 'aws-cdk-lib', 'recommended-feature-flags.json')
  expect(context).toMatchObject(JSON.parse(readFileSync(recommended, 'utf8')) as object)
})
