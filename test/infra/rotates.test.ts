import { App, Duration, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { describe, expect, test } from 'vitest'
import { DfnsRotator } from '../../infra/dfns-rotator.ts'
import { RotationWindow } from '../../infra/rotation-window.ts'
import { allowedTo, isAllowed } from './iam.ts'
import {
  account,
  anyCode,
  context,
  env,
  functionArn,
  ofType,
  only,
  resourcesOf,
  rotatorIn,
  secretArn,
} from './stack.ts'

const payments = secretArn('prod/dfns/payments-AbCdEf')
const imported = (stack: Stack, arn = payments) =>
  Secret.fromSecretCompleteArn(stack, `Of ${arn.slice(-6)}`, arn)

/** Of a rotator with no secret; it also loads what CDK loads at the first synthesis. */
const bare = rotatorIn().stack
resourcesOf(bare)

const scheduleOf = (stack: Stack) => only(resourcesOf(stack), 'AWS::SecretsManager::RotationSchedule')
const tagsIn = (stack: Stack) => only(resourcesOf(stack), 'AWS::SecretsManager::Secret').Properties['Tags']

describe('the schedule', () => {
  test('does not rotate on deploy unless asked to', () => {
    const quiet = rotatorIn()
    quiet.rotator.rotates(imported(quiet.stack))
    expect(scheduleOf(quiet.stack).Properties).toMatchObject({ RotateImmediatelyOnUpdate: false })
    const asked = rotatorIn()
    asked.rotator.rotates(imported(asked.stack), { rotateOnDeploy: true })
    expect(scheduleOf(asked.stack).Properties).toMatchObject({ RotateImmediatelyOnUpdate: true })
  })

  test('waits for the permission and for the role, which its test rotation needs', () => {
    const { stack, rotator } = rotatorIn()
    rotator.rotates(imported(stack))
    const resources = resourcesOf(stack)
    const [[permission] = ['']] = ofType(resources, 'AWS::Lambda::Permission')
    const policies = ofType(resources, 'AWS::IAM::Policy').map(([id]) => id)
    const { DependsOn } = only(resources, 'AWS::SecretsManager::RotationSchedule')
    expect(DependsOn).toEqual(
      expect.arrayContaining([permission, policies.find((id) => id.includes('RotateRole'))]),
    )
  })

  test('is of the secret, by the function, when it was said', () => {
    const { stack, rotator } = rotatorIn()
    const schedule = RotationWindow.cron('0 3 ? * SUN *', { duration: Duration.hours(2) })
    rotator.rotates(imported(stack), { schedule })
    expect(scheduleOf(stack).Properties).toMatchObject({
      SecretId: payments,
      RotationRules: { ScheduleExpression: 'cron(0 3 ? * SUN *)', Duration: '2h' },
    })
  })

  test('is by default the week of the path of the secret', () => {
    const { stack, rotator } = rotatorIn()
    const secret = imported(stack)
    rotator.rotates(secret)
    const { expression, durationHours } = RotationWindow.weekly(secret.node.path)
    expect(scheduleOf(stack).Properties).toMatchObject({
      RotationRules: { ScheduleExpression: expression, Duration: `${durationHours}h` },
    })
  })
})

describe('the invoke permission', () => {
  const ofRotate = (stack: Stack) => {
    const resources = resourcesOf(stack)
    const [rotate] = ofType(resources, 'AWS::Lambda::Function').find(([id]) => id.includes('Rotate')) ?? []
    return { rotate, all: ofType(resources, 'AWS::Lambda::Permission').map(([, each]) => each.Properties) }
  }
  const permission = (rotate: string | undefined, SourceArn: string) => ({
    Action: 'lambda:InvokeFunction',
    FunctionName: { 'Fn::GetAtt': [rotate, 'Arn'] },
    Principal: 'secretsmanager.amazonaws.com',
    SourceAccount: account,
    SourceArn,
  })

  test('is given to Secrets Manager of this account, for each secret that is rotated', () => {
    const { stack, rotator } = rotatorIn()
    const treasury = secretArn('treasury-GhIjKl')
    for (const arn of [payments, treasury]) rotator.rotates(imported(stack, arn))
    const { rotate, all } = ofRotate(stack)
    expect(all).toEqual([payments, treasury].map((arn) => permission(rotate, arn)))
  })

  test('is given once for all secrets under a prefix', () => {
    const { stack, rotator } = rotatorIn()
    rotator.rotatesPrefix('prod/dfns/')
    const { rotate, all } = ofRotate(stack)
    expect(all).toEqual([permission(rotate, secretArn('prod/dfns/*'))])
  })

  test('is given to nobody when no secret is named', () => {
    expect(ofRotate(bare).all).toEqual([])
  })
})

describe('the knobs', () => {
  test('are tags on a secret of the app, one for each that was turned', () => {
    const { stack, rotator } = rotatorIn()
    rotator.rotates(new Secret(stack, 'Secret'), {
      grace: Duration.hours(26),
      strategy: 'replace',
      keyAlgorithm: 'P-256',
      webhookPing: 'best-effort',
      holdIfUsed: true,
    })
    expect(tagsIn(stack)).toEqual([
      { Key: 'dfns-rotator:grace', Value: 'P1DT2H' },
      { Key: 'dfns-rotator:hold-if-used', Value: 'true' },
      { Key: 'dfns-rotator:key-algorithm', Value: 'P-256' },
      { Key: 'dfns-rotator:strategy', Value: 'replace' },
      { Key: 'dfns-rotator:webhook-ping', Value: 'best-effort' },
    ])
  })

  test('that nobody turned leave no tag', () => {
    const { stack, rotator } = rotatorIn()
    rotator.rotates(new Secret(stack, 'Secret'))
    expect(tagsIn(stack)).toBeUndefined()
  })

  test('are refused on an imported secret, with the command that sets them', () => {
    const { stack, rotator } = rotatorIn()
    expect(() => rotator.rotates(imported(stack), { grace: Duration.days(2), strategy: 'self' })).toThrow(
      `aws secretsmanager tag-resource --secret-id ${payments} ` +
        '--tags Key=dfns-rotator:grace,Value=P2D Key=dfns-rotator:strategy,Value=self',
    )
  })

  test.for([
    [{}, Duration.days(31)],
    [{ grace: { max: Duration.days(2) } }, Duration.hours(49)],
    [{ grace: { min: Duration.hours(2) } }, Duration.hours(1)],
  ] as const)('do not ask for a grace outside the limits of the policy %o', ([policy, grace]) => {
    const { stack, rotator } = rotatorIn({ policy })
    expect(() => rotator.rotates(new Secret(stack, 'Secret'), { grace })).toThrow("the policy's limits")
  })
})

describe('a webhook', () => {
  const webhook = { kind: 'WebhookSecret' } as const
  const rotates = (options: object, policy = {}) => {
    const { stack, rotator } = rotatorIn({ policy })
    return () => rotator.rotates(new Secret(stack, 'Secret'), { ...webhook, ...options })
  }

  test.for([
    // 26 hours of grace by default, and a day.
    ['rate', { schedule: RotationWindow.rate(Duration.hours(49)) }, {}],
    ['cron', { schedule: RotationWindow.cron('0 3 */2 * ? *') }, {}],
    ['grace', { grace: Duration.days(7) }, {}],
    ['policy', {}, { grace: { byKind: { WebhookSecret: Duration.days(7) } } }],
  ] as const)('is not rotated while the one before it lives: %s', ([, options, policy]) => {
    expect(rotates(options, policy)).toThrow('lives for its grace')
  })

  test.for([
    [{ schedule: RotationWindow.rate(Duration.hours(50)) }],
    [{ grace: Duration.days(6) }],
    [{}],
  ] as const)('is rotated once that one is gone: %o', ([options]) => {
    expect(rotates(options)).not.toThrow()
  })

  test('alone is asked for that room', () => {
    expect(rotates({ kind: 'UserKey', schedule: RotationWindow.rate(Duration.hours(4)) })).not.toThrow()
  })
})

describe('how many', () => {
  test('forty secrets, and the next one is refused with the way to more', () => {
    const { stack, rotator } = rotatorIn()
    const named = (number: number) => secretArn(`s-Abcd${number}`)
    for (let number = 10; number < 50; number++) rotator.rotates(imported(stack, named(number)))
    expect(() => rotator.rotates(imported(stack, named(50)))).toThrow('rotatesPrefix(')
  })
})

describe('a secret', () => {
  test.for([
    ['by its name', (stack: Stack) => Secret.fromSecretNameV2(stack, 'S', 'payments')],
    ['without its suffix', (stack: Stack) => Secret.fromSecretPartialArn(stack, 'S', secretArn('payments'))],
    [
      'without it, though it looks complete',
      (stack: Stack) => Secret.fromSecretPartialArn(stack, 'S', payments),
    ],
    [
      'with a wildcard',
      (stack: Stack) => Secret.fromSecretCompleteArn(stack, 'S', secretArn('dfns/*-AbCdEf')),
    ],
  ] as const)('that is imported %s is refused', ([, secret]) => {
    const { stack, rotator } = rotatorIn()
    expect(() => rotator.rotates(secret(stack))).toThrow('complete ARN')
    expect(() => rotator.rotates(imported(stack), { signer: secret(new Stack(stack, 'Other')) })).toThrow(
      'complete ARN',
    )
  })

  test.for([payments.replace(account, '999988887777'), payments.replace('eu-central-1', 'eu-west-1')])(
    'that is elsewhere (a replica) is refused: %s',
    (arn) => {
      const { stack, rotator } = rotatorIn()
      expect(() => rotator.rotates(imported(stack, arn))).toThrow('a replica where its primary is')
    },
  )

  test('of this app may be replicated: what is rotated is the primary', () => {
    const { stack, rotator } = rotatorIn()
    rotator.rotates(new Secret(stack, 'Secret', { replicaRegions: [{ region: 'eu-west-1' }] }))
    const resources = resourcesOf(stack)
    const [[id] = ['']] = ofType(resources, 'AWS::SecretsManager::Secret')
    const { Properties } = only(resources, 'AWS::SecretsManager::RotationSchedule')
    expect(Properties['SecretId']).toEqual({ Ref: id })
    const asked = { action: 'secretsmanager:PutSecretValue', resource: `<${id}>` }
    expect(isAllowed(allowedTo(resources, 'rotate'), asked)).toBe(true)
  })

  test('of another stack, with its customer key, is rotated from here without a circle', () => {
    const app = new App({ context })
    const owner = new Stack(app, 'Owner', { env })
    const encryptionKey = new Key(owner, 'Key')
    const secret = new Secret(owner, 'Secret', { encryptionKey })
    const stack = new Stack(app, 'Rotation', { env })
    new DfnsRotator(stack, 'Rotator', { code: anyCode }).rotates(secret, { holdIfUsed: true })
    const rotation = Template.fromStack(stack)
    rotation.resourceCountIs('AWS::SecretsManager::RotationSchedule', 1)
    const used = allowedTo(resourcesOf(stack), 'rotate').map(({ action }) => action)
    expect(used).toEqual(expect.arrayContaining(['kms:Decrypt', 'kms:GenerateDataKey']))
    expect(tagsIn(owner)).toEqual([{ Key: 'dfns-rotator:hold-if-used', Value: 'true' }])
    expect(owner.dependencies).toEqual([])
  })
})

describe('a prefix', () => {
  test.for(['', '*', 'prod/*', 'prod dfns/', 'prod/??'])(
    'that could mean more is refused: "%s"',
    (prefix) => {
      const { rotator } = rotatorIn()
      expect(() => rotator.rotatesPrefix(prefix)).toThrow("the beginning of a secret's name")
    },
  )

  test('grants no secret whose rotation function is another', () => {
    const { stack, rotator } = rotatorIn()
    rotator.rotatesPrefix('prod/dfns/')
    const roles = allowedTo(resourcesOf(stack), 'rotate')
    const by = (name: string) => ({
      action: 'secretsmanager:PutSecretValue',
      resource: payments,
      context: { 'secretsmanager:resource/AllowRotationLambdaArn': functionArn(name) },
    })
    expect(isAllowed(roles, by('dfns-rotator-rotate'))).toBe(true)
    expect(isAllowed(roles, by('another'))).toBe(false)
  })

  test('may have signers, which are read and nothing else', () => {
    const { stack, rotator } = rotatorIn()
    rotator.rotatesPrefix('fleet/', { signers: [imported(stack)] })
    const on = allowedTo(resourcesOf(stack), 'rotate').filter(({ resource }) => resource === payments)
    expect(on.map(({ action }) => action)).toEqual(['secretsmanager:GetSecretValue'])
  })
})
