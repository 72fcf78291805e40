import { Duration, Stack, Token } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import type { CredentialKind } from '../lambdas/credentials/kinds.ts'
import type { AlgorithmChoice } from '../lambdas/crypto/algorithms.ts'
import { readPolicy } from '../lambdas/rotation/policy.ts'
import { eachFunction, type RotatorFunctions } from './functions.ts'

/** How long a superseded credential stays active. */
export interface RotatorGrace {
  /**
   * Of a credential that a rotation made.
   *
   * @default Duration.hours(24)
   */
  readonly default?: Duration | undefined
  /**
   * Of the first credential that is superseded: a person made it, and it may live in other places.
   *
   * @default Duration.days(7)
   */
  readonly adopted?: Duration | undefined
  /**
   * The shortest that a tag may ask for.
   *
   * @default Duration.seconds(0)
   */
  readonly min?: Duration | undefined
  /**
   * The longest that a tag may ask for.
   *
   * @default Duration.days(30)
   */
  readonly max?: Duration | undefined
  /**
   * Of one kind, in the place of `default`.
   *
   * @default - 26 hours for WebhookSecret
   */
  readonly byKind?: Readonly<Partial<Record<CredentialKind, Duration | undefined>>> | undefined
}

/** Defaults and limits for every secret of a deployment. */
export interface RotatorPolicy {
  /**
   * The origins of Dfns that a secret may name.
   *
   * @default ['https://api.dfns.io', 'https://api.uae.dfns.io']
   */
  readonly allowedBaseUrls?: readonly string[] | undefined
  /**
   * The Dfns organisations whose credentials are rotated.
   *
   * @default - any
   */
  readonly allowedOrgIds?: readonly string[] | undefined
  /**
   * ARNs of the secrets that may sign for others.
   *
   * @default - any that the role may read
   */
  readonly allowedSigners?: readonly string[] | undefined
  /**
   * Ids (`credId`) of the keys and passkeys that people keep on the users of tokens and `UserKey` secrets.
   *
   * @default - none: audit reports each of them as foreign
   */
  readonly knownCredentials?: readonly string[] | undefined
  /**
   * The algorithm of new keys.
   *
   * @default 'same'
   */
  readonly keyAlgorithm?: AlgorithmChoice | undefined
  /**
   * How long a superseded credential stays active.
   *
   * @default - the defaults of each of its properties
   */
  readonly grace?: RotatorGrace | undefined
}

/** Milliseconds of the graces that apply to a secret. */
export interface Graces {
  readonly min: number
  readonly max: number
  ofKind(kind: CredentialKind): number
}

/** The SSM parameter's text. */
const textOf = (policy: RotatorPolicy): string =>
  JSON.stringify(policy, (_, value: unknown) => (value instanceof Duration ? value.toIsoString() : value))

/** As the functions read a policy, refusing what they refuse; of one that is not known here, the defaults. */
export function gracesOf(policy: RotatorPolicy = {}): Graces {
  const { grace } = readPolicy({ text: textOf(policy), name: 'of this app' })
  const { min, max } = grace
  return {
    min,
    max,
    ofKind: (kind) => Math.min(max, Math.max(min, grace.byKind[kind] ?? grace.default)),
  }
}

/** Writes the policy's parameter, and returns its name. */
export function writePolicy(parts: { scope: Construct; prefix: string; policy: RotatorPolicy }): string {
  const { scope, prefix, policy } = parts
  const parameterName = `/${prefix}/policy`
  new StringParameter(scope, 'Policy', {
    parameterName,
    simpleName: false,
    description: 'Defaults and limits of dfns-rotator',
    stringValue: textOf(policy),
  })
  return parameterName
}

/** Names that an SSM parameter may have. */
export const parameterNames = /^\/?[\w.-]+(\/[\w.-]+)*$/

/** Lets every function read exactly this parameter. */
export function grantPolicy({ functions, name }: { functions: RotatorFunctions; name: string }): void {
  if (!Token.isUnresolved(name) && !parameterNames.test(name)) {
    throw new Error(`"${name}" is not the name of an SSM parameter.`)
  }
  for (const { role } of eachFunction(functions)) {
    const resourceName = name.replace(/^\//, '')
    const resources = [Stack.of(role).formatArn({ service: 'ssm', resource: 'parameter', resourceName })]
    role.addToPolicy(new PolicyStatement({ actions: ['ssm:GetParameter'], resources }))
  }
}
