import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { App, type Environment, Stack } from 'aws-cdk-lib'
import { type IRole, ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { type IKey, Key } from 'aws-cdk-lib/aws-kms'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { describe, expect, test } from 'vitest'
import { DfnsRotator } from '../../infra/dfns-rotator.ts'
import { functionNames } from '../../infra/names.ts'
import type { AnySecret } from '../../infra/secret.ts'
import { policiesOf, sizeOf } from './iam.ts'
import {
  account,
  anyCode,
  context,
  env,
  region,
  type Resources,
  resourcesOf,
  root,
  rotatorIn,
  secretArn,
} from './stack.ts'

const keyArn = `arn:aws:kms:${region}:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`
const oneKey = () => keyArn
const ownKey = (number: number) => keyArn.replace('1234abcd', `123400${number}`)
const name = 'prod/dfns/payments'
const longName = 'production/dfns/service-account'

interface Fleet {
  readonly secrets: number
  readonly name: string
  /** The ARN of the customer key of each secret, and of its signer. */
  readonly keyOf?: ((number: number) => string) | undefined
  /** How many of the secrets have a signer of their own. */
  readonly signers?: number
}

/** Secrets that are imported: their ARNs stand in the template. */
function fleet({ secrets, name: common, keyOf, signers = 0 }: Fleet): Stack {
  const { stack, rotator } = rotatorIn({ policy: {} })
  const keys = new Map<string, IKey>()
  const keyWith = (arn: string) => {
    const key = keys.get(arn) ?? Key.fromKeyArn(stack, `Key ${keys.size}`, arn)
    keys.set(arn, key)
    return key
  }
  const named = (number: number, secretName: string) =>
    Secret.fromSecretAttributes(stack, secretName.replaceAll('/', '.'), {
      secretCompleteArn: secretArn(`${secretName}-AbCd${number}`),
      ...(keyOf && { encryptionKey: keyWith(keyOf(number)) }),
    })
  for (let number = 10; number < 10 + secrets; number++) {
    const signed = number < 10 + signers ? { signer: named(number, `${common}-signer-${number}`) } : {}
    rotator.rotates(named(number, `${common}-${number}`), signed)
  }
  return stack
}

function expectToFit(of: Fleet): void {
  const resources = resourcesOf(fleet(of))
  for (const role of functionNames) {
    const { inline, managed } = policiesOf(resources, role)
    expect(JSON.stringify(inline)).toContain(`${of.name}-${of.secrets + 9}-AbCd`)
    expect(sizeOf(inline)).toBeLessThanOrEqual(10_240)
    for (const document of managed) expect(sizeOf([document])).toBeLessThanOrEqual(6_144)
  }
}

test('forty secrets of one customer key, with long names, fit the policies of each role', () => {
  expectToFit({ secrets: 40, name: longName, keyOf: oneKey })
})

const page = readFileSync(join(root, 'docs', 'deployment.md'), 'utf8')

/** How many secrets of a kind have room, without signers and with one each. */
function told(kind: string): readonly [number, number] {
  const [, without = '', each = ''] = new RegExp(`\\| ${kind} \\| (\\d+) \\| (\\d+) \\|`).exec(page) ?? []
  return [Number(without), Number(each)]
}

describe.each([
  ['with no customer key', undefined],
  ['with one customer key', oneKey],
  ['with a customer key each', ownKey],
] as const)('secrets %s', (kind, keyOf) => {
  const [without, each] = told(kind)

  test.for([
    ['alone', without, 0],
    ['and a signer each', each, each],
  ] as const)(
    '%s have room where there are as many as the page says, and no more',
    ([, secrets, signers]) => {
      expectToFit({ secrets, name, keyOf, signers })
      if (secrets === 40) return
      const more = fleet({ secrets: secrets + 1, name, keyOf, signers: signers && signers + 1 })
      expect(() => resourcesOf(more)).toThrow('rotatesPrefix(')
    },
  )
})

/** What the error says of rotate. */
function sizeTold(stack: Stack): number {
  let message = ''
  try {
    resourcesOf(stack)
  } catch (error) {
    message = String(error)
  }
  expect(message).toMatch(/ 10,240: .*rotatesPrefix\(/)
  return Number(/policies of rotate's role come to ([\d,]+) /.exec(message)?.[1]?.replace(',', ''))
}

function templateOf(stack: Stack): Resources {
  const assembly = (stack.node.root as App).synth({ skipValidation: true, force: true })
  return (assembly.getStackByName(stack.stackName).template as { Resources: Resources }).Resources
}

test.for([
  ['with a signer each', { secrets: 40, name, keyOf: oneKey, signers: 40 }],
  ['with a key each', { secrets: 40, name, keyOf: ownKey }],
  ['with names of a hundred characters', { secrets: 40, name: longName.repeat(3), keyOf: oneKey }],
] as const)(
  'forty encrypted secrets %s are an error that tells size, limit and way out, not a deployment that fails',
  ([, of]) => {
    const stack = fleet(of)
    const told = sizeTold(stack)
    const { inline } = policiesOf(templateOf(stack), 'rotate')
    expect(told).toBe(sizeOf(inline))
  },
)

test('a managed policy of a role is measured by itself, and the policies of others are not', () => {
  const told = (roleOf: (rotator: DfnsRotator, stack: Stack) => IRole) => () => {
    const { stack, rotator } = rotatorIn()
    const resources = Array.from({ length: 80 }, (_, at) => ownKey(at + 10))
    const statements = [new PolicyStatement({ actions: ['kms:DescribeKey'], resources })]
    new ManagedPolicy(stack, 'Mine', { roles: [roleOf(rotator, stack)], statements })
    resourcesOf(stack)
  }
  expect(told(({ roles }) => roles.audit)).toThrow(
    /in one managed policy of audit's role come to 6,\d{3} characters, and IAM takes 6,144/,
  )
  const assumedBy = new ServicePrincipal('lambda.amazonaws.com')
  expect(told((_, stack) => new Role(stack, 'Another', { assumedBy }))).not.toThrow()
})

test('a prefix has room for eighty customer keys', () => {
  const { stack, rotator } = rotatorIn({ policy: {} })
  const keys = Array.from({ length: 80 }, (_, at) => Key.fromKeyArn(stack, `Key ${at}`, ownKey(at + 10)))
  rotator.rotatesPrefix('prod/dfns/', { encryptionKeys: keys })
  const resources = resourcesOf(stack)
  for (const role of functionNames) {
    expect(JSON.stringify(policiesOf(resources, role).inline)).toContain(ownKey(89))
    expect(sizeOf(policiesOf(resources, role).inline)).toBeLessThanOrEqual(10_240)
  }
})

test('secrets of the app, which the template only refers to, count with their names', () => {
  interface Place {
    readonly stack: Stack
    readonly elsewhere: Stack
    readonly secretName: string
  }
  const sizeWith = (secretOf: (place: Place) => AnySecret, environment: Environment = env) => {
    const app = new App({ context })
    const stack = new Stack(app, 'Rotation', { env: environment })
    const rotator = new DfnsRotator(stack, 'Rotator', { code: anyCode })
    const elsewhere = new Stack(app, 'Elsewhere', { env })
    for (let number = 10; number < 50; number++)
      rotator.rotates(secretOf({ stack, elsewhere, secretName: `${longName.repeat(3)}-${number}` }))
    return sizeTold(stack)
  }
  const keyIn = (stack: Stack) =>
    (stack.node.tryFindChild('Key') as IKey | undefined) ?? Key.fromKeyArn(stack, 'Key', keyArn)
  const made = (stack: Stack, secretName: string) =>
    new Secret(stack, secretName.replaceAll('/', '.'), { secretName, encryptionKey: keyIn(stack) })
  const imported = sizeWith(({ stack, secretName }) =>
    Secret.fromSecretAttributes(stack, secretName.replaceAll('/', '.'), {
      secretCompleteArn: secretArn(`${secretName}-AbCdEf`),
      encryptionKey: keyIn(stack),
    }),
  )
  expect(sizeWith(({ stack, secretName }) => made(stack, secretName))).toBe(imported)
  expect(sizeWith(({ elsewhere, secretName }) => made(elsewhere, secretName))).toBe(imported)
  // Of a stack for any region, that with the longest name counts.
  const anywhere = sizeWith(({ stack, secretName }) => made(stack, secretName), {}) - imported
  expect(anywhere).toBeGreaterThan(0)
  expect(anywhere).toBeLessThan(80 * 3)
})
