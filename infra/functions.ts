import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import {
  Architecture,
  CfnPermission,
  Code,
  Function as LambdaFunction,
  type FunctionOptions,
  Runtime,
} from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { acknowledgeVpcAccess } from './acknowledgements.ts'
import { type FixedNames, type FunctionName, functionNames } from './names.ts'

/**
 * What may be said of all three functions; the rest of their configuration is part of how they work.
 * `memorySize`, in MB, is that of rotate and retire as it stands, and of audit where it is more than 1,024.
 */
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

interface Parts {
  readonly scope: Construct
  readonly names: FixedNames
  readonly code: RotatorCode
  readonly options: RotatorFunctionOptions
  readonly environment: Readonly<Record<string, string>>
  readonly rotateTimeout: Duration
  readonly logRetention: RetentionDays
}

/** A function for each name, with a role and a log of its own. */
export function createFunctions(parts: Parts): RotatorFunctions {
  const { memorySize = 512 } = parts.options
  // It knows all secrets at once: of 10,000 it took 452 MiB (docs/performance.md).
  const ofAudit = Math.max(memorySize, 1024)
  return {
    rotate: createFunction({ ...parts, name: 'rotate', timeout: parts.rotateTimeout, memorySize }),
    retire: createFunction({ ...parts, name: 'retire', timeout: Duration.minutes(1), memorySize }),
    audit: createFunction({ ...parts, name: 'audit', timeout: Duration.minutes(15), memorySize: ofAudit }),
  }
}

interface FunctionParts extends Parts {
  readonly name: FunctionName
  readonly timeout: Duration
  /** Megabytes. */
  readonly memorySize: number
}

function createFunction(parts: FunctionParts): RotatorFunction {
  const {
    scope,
    name,
    names,
    code,
    options,
    environment,
    timeout,
    memorySize,
    logRetention: retention,
  } = parts
  const own = new Construct(scope, capitalized(name))
  const role = new Role(own, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
  const logGroup = new LogGroup(own, 'Log', { retention, removalPolicy: RemovalPolicy.RETAIN })
  logGroup.grantWrite(role)
  if (options.vpc) allowVpc(role)
  const target = new LambdaFunction(own, 'Function', {
    ...options,
    memorySize,
    functionName: names.functionName(name),
    description: descriptions[name],
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    timeout,
    handler: 'index.handler',
    code: code[name],
    role,
    logGroup,
    environment: { ...options.environment, POWERTOOLS_SERVICE_NAME: 'dfns-rotator', ...environment },
  })
  return { function: target, role, logGroup }
}

/** Lets Secrets Manager invoke the rotate function: for this secret of this account, and for no other. */
export function allowRotation(of: {
  scope: Construct
  id: string
  rotate: RotatorFunction
  /** Complete, or with `*` at its end. */
  secretArn: string
}): CfnPermission {
  const { scope, id, rotate, secretArn } = of
  return new CfnPermission(scope, id, {
    action: 'lambda:InvokeFunction',
    functionName: rotate.function.functionArn,
    principal: 'secretsmanager.amazonaws.com',
    sourceAccount: Stack.of(scope).account,
    sourceArn: secretArn,
  })
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
