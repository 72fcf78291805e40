import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { afterAll, describe, expect, test } from 'vitest'
import { configurationSchema, readConfiguration, type StageConfiguration } from '../../infra/configuration.ts'
import { functionNames } from '../../infra/names.ts'
import { RotatorStack } from '../../infra/rotator-stack.ts'
import { readDuration } from '../../lambdas/rotation/duration.ts'
import { cdkArguments, configIn } from '../../scripts/cdk/arguments.ts'
import { allowedTo } from './iam.ts'
import { context, ofType, only, type Resources, resourcesOf, root, secretArn } from './stack.ts'

const folder = mkdtempSync(join(tmpdir(), 'configuration-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = join(folder, 'stages.json')

/** Reads a configuration of one stage, `production`. */
function read(stage: unknown): StageConfiguration {
  writeFileSync(file, JSON.stringify({ stages: { production: stage } }))
  const { production } = readConfiguration(file).stages
  if (!production) throw new Error('There is no such stage')
  return production
}

function deployed(stage: unknown): Resources {
  const env = { account: '111122223333', region: 'eu-central-1' }
  return resourcesOf(new RotatorStack(new App({ context }), 'Rotation', { stage: read(stage), env }))
}

test('the JSON schema in the tree is that of the configuration', async () => {
  const schema = `${JSON.stringify(toJsonSchema(configurationSchema, { typeMode: 'input' }), null, 2)}\n`
  await expect(schema).toMatchFileSnapshot(join(root, 'infra', 'configuration.schema.json'))
})

test('the example is a configuration', () => {
  const example = join(root, 'infra', 'example.json')
  expect(Object.keys(readConfiguration(example).stages)).toEqual(['example'])
})

test.for([
  'P7D',
  'PT26H',
  'P1DT2H3M4S',
  'P1000000D',
  'PT0S',
  'P',
  'PT',
  'P1DT',
  'P1W',
  'PT1.5H',
  '24h',
  'P1D ',
])('a duration is what the functions take for one: "%s"', (text) => {
  const stages = { production: { policy: { grace: { default: text } } } }
  const { success } = v.safeParse(configurationSchema, { stages })
  expect(success).toBe(readDuration(text) !== undefined)
})

describe('an error', () => {
  const arn = secretArn('payments-AbCdEf')

  test.for([
    ['stages.production.account', { account: '1234' }],
    ['stages.production.region', { region: 'Frankfurt' }],
    ['stages.production.namePrefix', { namePrefix: 'a_b' }],
    ['stages.production.alarmEmail', { alarmEmail: 'operations' }],
    ['stages.production.policy.grace.default', { policy: { grace: { default: '24h' } } }],
    ['stages.production.policy.grace.byKind.Webhook', { policy: { grace: { byKind: { Webhook: 'P1D' } } } }],
    ['stages.production.policy.alowedOrgIds', { policy: { alowedOrgIds: [] } }],
    ['stages.production.secrets.0.arn', { secrets: [{ arn: secretArn('payments') }] }],
    ['stages.production.secrets.1.kind', { secrets: [{ arn }, { arn, kind: 'Webhook' }] }],
    ['stages.production.secrets.0.grace', { secrets: [{ name: 'a', grace: 'P1W' }] }],
    ['stages.production.secrets.0.schedule', { secrets: [{ name: 'a', schedule: 'weekly' }] }],
    ['stages.production.secrets.0.shedule', { secrets: [{ name: 'a', shedule: 'rate(1 day)' }] }],
    ['stages.production.secrets.0: either name or arn', { secrets: [{ name: 'a', arn }] }],
    ['stages.production.secrets.0: either name or arn', { secrets: [{}] }],
    ['stages.production.prefixes.0.prefix', { prefixes: [{ prefix: 'prod/*' }] }],
    ['stages.production: policy and policyParameterName', { policy: {}, policyParameterName: '/p' }],
  ] as const)('names the file and the field: %s', ([field, stage]) => {
    expect(() => read(stage)).toThrow(field)
    expect(() => read(stage)).toThrow(file)
  })

  test.for(['{', '[]', '{}'])('is told of a file that is no configuration: %s', (text) => {
    writeFileSync(file, text)
    expect(() => readConfiguration(file)).toThrow(file)
  })

  test('says that a field is unknown', () => {
    expect(() => read({ secrets: [{ name: 'a', gracee: 'P1D' }] })).toThrow(
      'stages.production.secrets.0.gracee: there is no such field',
    )
  })

  test('is told of a file that is not there', () => {
    const absent = join(folder, 'absent.json')
    expect(() => readConfiguration(absent)).toThrow(`${absent}: not a JSON file that can be read`)
  })
})

describe('a stage', () => {
  test('makes the secrets that it names, empty and to stay (but after a deploy that failed), with the tags that it says', () => {
    const all = deployed({
      secrets: [{ name: 'prod/dfns/payments', grace: 'PT48H', strategy: 'self', schedule: 'rate(7 days)' }],
    })
    expect(only(all, 'AWS::SecretsManager::Secret')).toMatchObject({
      Properties: {
        Name: 'prod/dfns/payments',
        SecretString: '{}',
        Tags: [
          { Key: 'dfns-rotator:grace', Value: 'P2D' },
          { Key: 'dfns-rotator:strategy', Value: 'self' },
        ],
      },
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
    })
    expect(only(all, 'AWS::SecretsManager::RotationSchedule').Properties).toMatchObject({
      RotateImmediatelyOnUpdate: false,
      RotationRules: { ScheduleExpression: 'rate(7 days)' },
    })
  })

  test('rotates what is there already, with its key and its signer, and what lies under a prefix', () => {
    const key = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd'
    const [hook, signer] = [secretArn('hook-AbCdEf'), secretArn('signer-GhIjKl')]
    const all = deployed({
      secrets: [
        {
          arn: hook,
          encryptionKeyArn: key,
          signerArn: signer,
          windowDuration: 'PT2H',
          schedule: 'rate(9 days)',
        },
        { arn: secretArn('other-MnOpQr'), signerArn: signer },
      ],
      prefixes: [{ prefix: 'fleet/', signerArns: [signer], encryptionKeyArns: [key] }],
    })
    const sources = ofType(all, 'AWS::Lambda::Permission').map(([, each]) => each.Properties['SourceArn'])
    expect(sources).toEqual([hook, secretArn('other-MnOpQr'), secretArn('fleet/*')])
    const policies = JSON.stringify(ofType(all, 'AWS::IAM::Policy'))
    for (const text of [key, signer, 'AllowRotationLambdaArn']) expect(policies).toContain(text)
    expect(JSON.stringify(all)).toContain('"Duration":"2h"')
  })

  describe('with a signer that a customer key encrypts', () => {
    const signer = secretArn('signer-GhIjKl')
    const [one, other] = ['a', 'b'].map((id) => `arn:aws:kms:eu-central-1:111122223333:key/${id}`)
    const named = (name: string) => ({ arn: secretArn(`${name}-AbCdEf`), signerArn: signer })

    /** With which keys each function may decrypt the signer. */
    const keysIn = (all: Resources) =>
      functionNames.map((name) =>
        allowedTo(all, name).flatMap(({ action, resource, condition }) =>
          action === 'kms:Decrypt' && JSON.stringify(condition).includes(signer) ? [resource] : [],
        ),
      )
    const each = (...keys: readonly (string | undefined)[]) => functionNames.map(() => keys)

    test('lets the functions use the key, whether the first who named the signer said so or a later one', () => {
      const withKey = { ...named('a'), signerEncryptionKeyArn: one }
      expect(keysIn(deployed({ secrets: [withKey, named('b')] }))).toEqual(each(one))
      expect(keysIn(deployed({ secrets: [named('b'), withKey] }))).toEqual(each(one))
    })

    test('lets them use it under a prefix, too', () => {
      const prefix = { prefix: 'fleet/', signerArns: [signer] }
      const keys = { signerEncryptionKeyArns: [one, other] }
      expect(keysIn(deployed({ prefixes: [prefix] }))).toEqual(each())
      expect(keysIn(deployed({ prefixes: [{ ...prefix, ...keys }] }))).toEqual(each(one, other))
      expect(keysIn(deployed({ secrets: [named('a')], prefixes: [{ ...prefix, ...keys }] }))).toEqual(
        each(one, other),
      )
    })
  })

  test('writes the policy, and tells alarms by e-mail', () => {
    const all = deployed({ policy: { grace: { max: 'P14D' } }, alarmEmail: 'operations@example.com' })
    expect(only(all, 'AWS::SSM::Parameter').Properties['Value']).toContain('"max":"P14D"')
    expect(only(all, 'AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'operations@example.com',
    })
  })

  test('may name its resources and its parameter otherwise', () => {
    const all = deployed({ namePrefix: 'treasury', policyParameterName: '/mine' })
    const [, { Properties }] = ofType(all, 'AWS::Lambda::Function')[0] ?? ['', { Properties: {} }]
    expect(JSON.stringify(Properties)).toContain('"DFNS_ROTATOR_POLICY":"/mine"')
    expect(JSON.stringify(Properties)).toContain('treasury-rotate')
  })
})

describe('an editor finds the schema', () => {
  const schema = join(root, 'infra', 'configuration.schema.json')
  const namedIn = (text: string) => (JSON.parse(text) as { $schema: string }).$schema

  test('of the example', () => {
    const text = readFileSync(join(root, 'infra', 'example.json'), 'utf8')
    expect(join(root, 'infra', namedIn(text))).toBe(schema)
  })

  test("of what the page's command makes of the example, where it makes it", () => {
    const page = readFileSync(join(root, 'docs', 'deployment.md'), 'utf8')
    const [, command = '', place = ''] = /^(.* infra\/example\.json) > (\S+)/m.exec(page) ?? []
    const { stdout } = spawnSync('sh', ['-c', command], { cwd: root, encoding: 'utf8' })
    expect(join(root, dirname(place), namedIn(stdout))).toBe(schema)
    expect(page).toContain(`npm run deploy -- --config ${place}`)
  })
})

describe('the arguments of npm run deploy and its like', () => {
  test.for([
    [['--config', 'a.json'], 'a.json', []],
    [['--config=a.json', '--all'], 'a.json', ['--all']],
    [['Stack', '--config', 'a.json', '--profile', 'p'], 'a.json', ['Stack', '--profile', 'p']],
    [['--all'], undefined, ['--all']],
    [['--config'], undefined, []],
  ] as const)('%j name a configuration, and the rest is for cdk', ([given, config, rest]) => {
    expect(configIn(given)).toEqual({ config, rest })
  })
})

describe('npm run', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }

  test.for(['deploy', 'diff', 'destroy', 'import'])(
    '%s acts on the stacks of the file, and of no other',
    (command) => {
      expect(scripts[command]).toMatch(
        new RegExp(`^npm run --silent build && .* scripts/cdk\\.ts ${command}$`),
      )
      expect(cdkArguments({ command, file: '/a.json', rest: ['DfnsRotator-production'] })).toEqual([
        command,
        '--context',
        'config=/a.json',
        'DfnsRotator-production',
      ])
    },
  )

  test('destroy without a file is refused, and says what it needs', () => {
    const { status, stderr } = run('scripts/cdk.ts', 'destroy')
    expect(status).toBe(2)
    expect(stderr).toContain('Which configuration?\nnpm run destroy -- --config FILE')
  })

  test('is not all: cdk alone, told of no file, acts on nothing', () => {
    const { status, stderr } = run('infra/app.ts')
    expect(status).toBe(1)
    expect(stderr).toContain('Which configuration?')
  })

  test('is what the pages say, because cdk alone knows no file', () => {
    const pages = ['README.md', 'infra/README.md', 'docs/deployment.md', 'docs/operations.md']
    const text = pages.map((page) => readFileSync(join(root, page), 'utf8')).join('\n')
    expect(text.match(/npx cdk .*/g)).toBeNull()
    expect(text).toContain('npm run destroy -- --config')
  })
})

const run = (...given: readonly string[]) =>
  spawnSync(process.execPath, given, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, CDK_CONTEXT_JSON: '{}' },
  })
