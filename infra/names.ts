import { ArnFormat, Stack, Token } from 'aws-cdk-lib'
import type { Construct } from 'constructs'

/** The three functions. */
export const functionNames = ['rotate', 'retire', 'audit'] as const
export type FunctionName = (typeof functionNames)[number]

/**
 * What is named by the prefix, and never by CDK: schedules written by an earlier release invoke these ARNs,
 * and a generated name could change with a deploy. Formatted, so that nothing refers to what refers to it.
 */
export interface FixedNames {
  readonly prefix: string
  readonly scheduleGroup: string
  readonly deadLetterQueue: string
  readonly functionName: (name: FunctionName) => string
  readonly functionArn: (name: FunctionName) => string
  /** Every schedule of the group. */
  readonly schedulesArn: string
  readonly scheduleGroupArn: string
}

/** A schedule group and a function have room for 64 characters, a schedule of the group for as many. */
export const validPrefix = /^[A-Za-z][A-Za-z0-9-]{0,39}$/

export function namesOf({ scope, prefix }: { scope: Construct; prefix: string }): FixedNames {
  if (!Token.isUnresolved(prefix) && !validPrefix.test(prefix)) {
    throw new Error(`namePrefix "${prefix}": 1 to 40 letters, digits and hyphens, a letter first`)
  }
  const stack = Stack.of(scope)
  const functionName = (name: FunctionName) => `${prefix}-${name}`
  return {
    prefix,
    scheduleGroup: prefix,
    deadLetterQueue: `${prefix}-dead-letters`,
    functionName,
    functionArn: (name) =>
      stack.formatArn({
        service: 'lambda',
        resource: 'function',
        resourceName: functionName(name),
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    schedulesArn: stack.formatArn({
      service: 'scheduler',
      resource: 'schedule',
      resourceName: `${prefix}/*`,
    }),
    scheduleGroupArn: stack.formatArn({
      service: 'scheduler',
      resource: 'schedule-group',
      resourceName: prefix,
    }),
  }
}
