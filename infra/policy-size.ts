import { Stack, Token } from 'aws-cdk-lib'
import { CfnManagedPolicy, CfnPolicy, type Role } from 'aws-cdk-lib/aws-iam'
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager'
import { eachFunction, type RotatorFunctions } from './functions.ts'

/**
 * Characters without white space: of a role's inline policies together, and of each managed policy.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const mostInline = 10_240
const mostManaged = 6_144

/** What IAM would refuse in the middle of a deployment; CDK knows no length of a list that still grows. */
export function policyProblems(functions: RotatorFunctions): string[] {
  return eachFunction(functions).flatMap(({ name, role }) => {
    const { inline, managed } = sizesOf(role)
    return [
      ...tooLarge({ what: `inline policies of ${name}'s role`, size: sum(inline), most: mostInline }),
      ...managed.flatMap((size) =>
        tooLarge({ what: `statements in one managed policy of ${name}'s role`, size, most: mostManaged }),
      ),
    ]
  })
}

function tooLarge({ what, size, most }: { what: string; size: number; most: number }): string[] {
  if (size <= most) return []
  const [has, may] = [size, most].map((value) => value.toLocaleString('en-US'))
  return [
    `the ${what} come to ${has} characters, and IAM takes ${may}: too many secrets, signers or customer ` +
      "keys are named. Let the secrets have one prefix, and say rotatesPrefix('prod/dfns/') once.",
  ]
}

const sum = (sizes: readonly number[]) => sizes.reduce((all, size) => all + size, 0)

function sizesOf(role: Role): { inline: number[]; managed: number[] } {
  const stack = Stack.of(role)
  const all = stack.node.findAll()
  const own = JSON.stringify(stack.resolve(role.roleName))
  const lengthOf = lengthIn(stack)
  const sizes = (policies: readonly (CfnPolicy | CfnManagedPolicy)[]) =>
    policies
      .filter(({ roles }) => JSON.stringify(stack.resolve(roles) ?? []).includes(own))
      .map(({ policyDocument }) => lengthOf(stack.resolve(policyDocument)))
  return {
    inline: sizes(all.filter((one) => CfnPolicy.isCfnPolicy(one))),
    managed: sizes(all.filter((one) => CfnManagedPolicy.isCfnManagedPolicy(one))),
  }
}

/** What counts where a stack does not know its own: a region with the longest of names. */
const pseudo: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'ap-southeast-1',
  'AWS::AccountId': '000000000000',
}
/** What only the deployment tells: ARNs of queues and logs, of new keys, and of secrets of another app. */
const unknown = '?'.repeat(100)

interface Intrinsic {
  readonly Ref?: string
  readonly 'Fn::Join'?: readonly [string, readonly unknown[]]
}

/** Characters of a document, with something as long in the place of every reference. */
function lengthIn(stack: Stack): (document: unknown) => number {
  const secrets = arnsOfSecrets(stack)
  const written = (_: string, value: unknown): unknown => {
    if (!isIntrinsic(value)) return value
    const { Ref: name = '', 'Fn::Join': join } = value
    if (join === undefined) return pseudo[name] ?? secrets.get(JSON.stringify(value)) ?? unknown
    const [delimiter, parts] = join
    return parts.map((part) => String(written('', part))).join(delimiter)
  }
  return (document) => JSON.stringify(document, written).length
}

const isIntrinsic = (value: unknown): value is Intrinsic =>
  typeof value === 'object' && value !== null && /^(Ref|Fn::\w+)$/.test(Object.keys(value).join())

/** The ARNs of the app's own secrets, by what the stack's template has in their place. */
function arnsOfSecrets(stack: Stack): ReadonlyMap<string, string> {
  const all = stack.node.root.node.findAll().filter((one) => CfnSecret.isCfnSecret(one))
  // Logical ids may be the same in two stacks; the stack's own come last, and stay.
  const own = all.filter((secret) => Stack.of(secret) === stack)
  return new Map([...all, ...own].map((secret) => [JSON.stringify(stack.resolve(secret.ref)), arnOf(secret)]))
}

function arnOf(secret: CfnSecret): string {
  const stack = Stack.of(secret)
  // CloudFormation makes a name of the logical id and twelve characters; Secrets Manager adds six to any.
  const { name = `${stack.resolve(secret.logicalId)}-000000000000` } = secret
  if (Token.isUnresolved(name)) return unknown
  const { partition, region, account } = stack
  const [of, at, by] = [partition, region, account].map((one) => {
    const known: unknown = stack.resolve(one)
    return isIntrinsic(known) ? pseudo[known.Ref ?? ''] : one
  })
  return `arn:${of}:secretsmanager:${at}:${by}:secret:${name}-000000`
}
