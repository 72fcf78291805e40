import { existsSync } from 'node:fs'
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'

/** What the rotation function may touch. Without secrets it can only write its own log. */
export interface RotatorFunctionProps {
  /** The folder that `npm run build` wrote; it is deployed as it is. */
  readonly bundle: string
  /** Complete ARNs, random suffix included, of the secrets to rotate. */
  readonly secretArns?: readonly string[]
  /** Name of the SSM parameter that holds the policy. Without it the defaults apply. */
  readonly policyParameterName?: string
}

const secretArn = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:([\w/+=.@-]+-[A-Za-z0-9]{6})$/
const parameterName = /^\/?[\w.-]+(\/[\w.-]+)*$/

/**
 * The rotation function, with a role of its own: the permissions that AWS lists for rotation functions, on
 * the named secrets only. Its invoke permission is bound to account and secret, so that it serves no others.
 */
export class RotatorFunction extends Construct {
  readonly #function: LambdaFunction
  readonly #role: Role

  constructor(
    scope: Construct,
    id: string,
    { bundle, secretArns = [], policyParameterName }: RotatorFunctionProps,
  ) {
    super(scope, id)
    if (!existsSync(bundle)) throw new Error('The bundles are missing: run "npm run build" first.')
    this.#role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    this.#function = this.#createFunction(bundle)
    for (const arn of secretArns) this.#allowRotation(arn)
    if (policyParameterName) this.#readPolicy(policyParameterName)
  }

  #createFunction(bundle: string): LambdaFunction {
    const logGroup = new LogGroup(this, 'Log', {
      retention: RetentionDays.TWO_MONTHS,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    logGroup.grantWrite(this.#role)
    return new LambdaFunction(this, 'Function', {
      description: 'Rotates Dfns credentials kept in AWS Secrets Manager',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout: Duration.seconds(60),
      handler: 'index.handler',
      code: Code.fromAsset(bundle),
      role: this.#role,
      logGroup,
      environment: { POWERTOOLS_SERVICE_NAME: 'dfns-rotator' },
    })
  }

  #allowRotation(arn: string): void {
    const name = secretArn.exec(arn)?.[1]
    if (!name)
      throw new Error(
        `"${arn}" is not the complete ARN of a secret (with its random suffix, without wildcards).`,
      )
    this.#role.addToPolicy(
      new PolicyStatement({
        actions: [
          'secretsmanager:DescribeSecret',
          'secretsmanager:GetSecretValue',
          'secretsmanager:PutSecretValue',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        resources: [arn],
      }),
    )
    this.#function.addPermission(`Rotate-${name}`, {
      principal: new ServicePrincipal('secretsmanager.amazonaws.com'),
      sourceAccount: Stack.of(this).account,
      sourceArn: arn,
    })
  }

  #readPolicy(name: string): void {
    if (!parameterName.test(name)) throw new Error(`"${name}" is not the name of an SSM parameter.`)
    this.#function.addEnvironment('DFNS_ROTATOR_POLICY', name)
    const resourceName = name.replace(/^\//, '')
    this.#role.addToPolicy(
      new PolicyStatement({
        actions: ['ssm:GetParameter'],
        resources: [Stack.of(this).formatArn({ service: 'ssm', resource: 'parameter', resourceName })],
      }),
    )
  }
}
