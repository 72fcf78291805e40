import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { describe, expect, test } from 'vitest'
import { errorCodes } from '../../lambdas/errors.ts'
import { DfnsRotator } from '../../infra/dfns-rotator.ts'
import { findings } from '../../infra/findings.ts'
import { type Statement, textOf } from './iam.ts'
import {
  account,
  anyCode,
  context,
  env,
  ofType,
  only,
  region,
  type Resource,
  resourcesOf,
  root,
  rotatorIn,
} from './stack.ts'

const page = readFileSync(join(root, 'docs', 'deployment.md'), 'utf8')
const json = /```json\n(\{\n {2}"Version"[^`]+)```/.exec(page)?.[1] ?? '{}'
const { Statement: statements = [] } = JSON.parse(json) as {
  Statement?: readonly { Sid: string; Action: string | readonly string[]; Resource: string }[]
}
const allowed = statements.flatMap(({ Action }) => Action)

const services: Readonly<Record<string, string>> = {
  'client-cloudwatch-logs': 'logs',
  'client-lambda': 'lambda',
  'client-scheduler': 'scheduler',
  'client-secrets-manager': 'secretsmanager',
  'client-ssm': 'ssm',
}

const imports = /import \{([^}]+)\} from '@aws-sdk\/(client-[\w-]+)'/g

/** Every AWS call that a port knows, or a command makes by itself, as an action of IAM. */
function calls(): string[] {
  const files = ['lambdas/ports', 'cli'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(root, folder, name), 'utf8')),
  )
  return files.flatMap((text) =>
    [...text.matchAll(imports)].flatMap(([, names = '', client = '']) =>
      [...names.matchAll(/\b(\w+)Command\b/g)].map(([, command]) => `${services[client]}:${command}`),
    ),
  )
}

test('the policy for people covers every call that a command can make, and names each action in full', () => {
  expect(calls()).toEqual(expect.arrayContaining(['logs:FilterLogEvents', 'secretsmanager:RotateSecret']))
  expect(calls().filter((action) => !allowed.includes(action))).toEqual([])
  expect(allowed.filter((action) => action.includes('*'))).toEqual([])
})

test('whose signers lie outside its prefix is told what to add, and where', () => {
  const sids = statements.map(({ Sid }) => Sid)
  const [, secrets = '', keys = ''] =
    /Add the ARNs of signers elsewhere to \*(\w+)\*, and their customer key to \*(\w+)\*/.exec(page) ?? []
  expect(sids).toEqual(expect.arrayContaining([secrets, keys]))
  const actionsOf = (sid: string) =>
    statements.filter(({ Sid }) => Sid === sid).flatMap(({ Action }) => Action)
  expect(actionsOf(secrets)).toContain('secretsmanager:GetSecretValue')
  expect(actionsOf(keys)).toContain('kms:Decrypt')
})

test('its only open resource is that of the two lists', () => {
  const open = statements.filter(({ Resource }) => Resource === '*').flatMap(({ Action }) => Action)
  expect(open).toEqual(['scheduler:ListSchedules', 'secretsmanager:ListSecrets'])
})

test('the owner of an imported topic is told the very statements that a topic of the app is given', () => {
  const stack = new Stack(new App({ context }), 'Rotation', { env })
  const alarmTopic = new Topic(stack, 'Mine')
  new DfnsRotator(stack, 'Rotator', { code: anyCode, alarmTopic })
  const policy = only(resourcesOf(stack), 'AWS::SNS::TopicPolicy').Properties['PolicyDocument']
  const { Statement: given } = policy as { Statement: (Statement & { Principal: object })[] }
  const told = /```json\n(\[[^`]+sns:Publish[^`]+)```/.exec(page)?.[1] ?? '[]'
  const here = told.replaceAll('ACCOUNT', account).replaceAll('REGION', region)
  const topic = textOf(stack.resolve(alarmTopic.topicArn))
  expect(JSON.parse(here.replaceAll('TOPIC_ARN', topic))).toEqual(
    given.map(({ Effect, Principal, Action, Resource, Condition }) => ({
      Effect,
      Principal,
      Action,
      Resource: textOf(Resource),
      ...(Condition && { Condition }),
    })),
  )
})

describe('what it costs', () => {
  const resources = resourcesOf(rotatorIn({ policy: {} }).stack)
  const count = (type: string) => ofType(resources, type).length

  /** An alarm on an expression is paid for each metric in it. */
  const metricsOf = ({ Properties }: Resource) =>
    Math.max(1, ((Properties['Metrics'] ?? []) as object[]).filter((each) => 'MetricStat' in each).length)

  test('is counted from the template: alarms and their metrics, functions, logs, dashboards', () => {
    const alarms = ofType(resources, 'AWS::CloudWatch::Alarm').map(([, each]) => metricsOf(each))
    const metrics = alarms.reduce((sum, each) => sum + each, 0)
    expect(page).toContain(
      `| ${alarms.length} alarms on ${metrics} metrics | $0.10 a metric: $${(metrics / 10).toFixed(2)} |`,
    )
    expect(page).toContain(`| functions | ${count('AWS::Lambda::Function')}, `)
    expect(page).toContain(`| logs | ${count('AWS::Logs::LogGroup')}, `)
    expect(page).toContain(`| dashboard | ${count('AWS::CloudWatch::Dashboard')} |`)
  })

  test('is counted from the code: every value that the dimensions of a metric may have', () => {
    // Beside each type of finding the secrets that were looked at; three figures of each of the four steps.
    const [ofAudit, steps] = [Object.keys(findings).length + 1, 3 * 4]
    const text = `at most ${ofAudit} of the audit, ${errorCodes.length} of errors, ${steps} for each kind of credential`
    expect(page).toContain(text)
  })
})

test.each(['us-gov-west-1', 'cn-north-1'])(
  'no ARN of a template for %s names the partition of another',
  (elsewhere) => {
    const stack = new Stack(new App({ context }), 'Rotation', { env: { account, region: elsewhere } })
    new DfnsRotator(stack, 'Rotator', { code: anyCode, policy: {} }).rotatesPrefix('prod/')
    expect(JSON.stringify(resourcesOf(stack))).not.toContain('arn:aws:')
  },
)
