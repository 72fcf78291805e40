import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  type FunctionOptions,
  Runtime,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { acknowledgeVpcAccess } from './acknowledgements.ts'
import { type FixedNames, type FunctionName, functionNames } from './names.ts'

/** What may be said of all three functions; the rest of their configuration is part of how they work. */
export interface RotatorFunctionOptions
  extends Pick<
    FunctionOptions,
    | 'allowAllOutbound'
    | 'environment'
    | 'environmentEncryption'
    | 'ipv6AllowedForDualStack'
    | 'memorySize'
    | 'securityGroups'
    | 'tracing'
    | 'vpc'
    | 'vpcSubnets'
  > {}

/** One function with what belongs to it alone. */
export interface RotatorFunction {
  readonly function: LambdaFunction
  readonly role: Role
  readonly logGroup: LogGroup
}

export type RotatorFunctions = Readonly<Record<FunctionName, RotatorFunction>>

/** The code of each function. */
export type RotatorCode = Readonly<Record<FunctionName, Code>>

const descriptions: Readonly<Record<FunctionName, string>> = {
  rotate: 'Rotates Dfns credentials kept in AWS Secrets Manager',
  retire: 'Deactivates a superseded Dfns credential when its grace is over',
  audit: 'Compares Dfns with AWS Secrets Manager once a day, and finishes what was left undone',
}

/** The folders that `npm run build` writes, deployed as they are. */
export function builtCode(dist: string = join(import.meta.dirname, '..', 'dist')): RotatorCode {
  const code = (name: FunctionName) => {
    const folder = join(dist, name)
    if (!existsSync(folder)) throw new Error('The bundles are missing: run "npm run build" first.')
    return Code.fromAsset(folder)
  }
  return { rotate: code('rotate'), retire: code('retire'), audit: code('audit') }
}

/** A function for each name, with a role and a log of its own. */
export function createFunctions(parts: {
  scope: Construct
  names: FixedNames
  code: RotatorCode
  options: RotatorFunctionOptions
  environment: Readonly<Record<string, string>>
  rotateTimeout: Duration
  logRetention: RetentionDays
}): RotatorFunctions {
  const { scope, names, code, options, environment, rotateTimeout, logRetention } = parts
  const timeouts = { rotate: rotateTimeout, retire: Duration.minutes(1), audit: Duration.minutes(15) }
  const create = (name: FunctionName): RotatorFunction => {
    const own = new Construct(scope, capitalized(name))
    const role = new Role(own, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    const logGroup = new LogGroup(own, 'Log', {
      retention: logRetention,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    logGroup.grantWrite(role)
    if (options.vpc) allowVpc(role)
    const target = new LambdaFunction(own, 'Function', {
      memorySize: 512,
      ...options,
      functionName: names.functionName(name),
      description: descriptions[name],
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: timeouts[name],
      handler: 'index.handler',
      code: code[name],
      role,
      logGroup,
      environment: { ...options.environment, POWERTOOLS_SERVICE_NAME: 'dfns-rotator', ...environment },
    })
    return { function: target, role, logGroup }
  }
  return { rotate: create('rotate'), retire: create('retire'), audit: create('audit') }
}

// As CDK does for a role that it makes itself; it leaves one that is given alone.
function allowVpc(role: Role): void {
  role.addManagedPolicy(
    ManagedPolicy.fromAwsManagedPolicyName('service-role/AWSLambdaVPCAccessExecutionRole'),
  )
  acknowledgeVpcAccess(role)
}

const capitalized = (name: string) => name.charAt(0).toUpperCase() + name.slice(1)

export const eachFunction = (
  functions: RotatorFunctions,
): readonly (RotatorFunction & {
  readonly name: FunctionName
})[] => functionNames.map((name) => ({ name, ...functions[name] }))
