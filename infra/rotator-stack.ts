import { join } from 'node:path'
import { Stack, type StackProps } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { RotatorFunction, type RotatorFunctionProps } from './rotator-function.ts'

/** What `npm run build` writes for the rotation function. */
export const rotateBundle = join(import.meta.dirname, '..', 'dist', 'rotate')

export type RotatorStackProps = StackProps & Partial<RotatorFunctionProps>

/** Everything that one account and region need to rotate Dfns credentials. */
export class RotatorStack extends Stack {
  constructor(scope: Construct, id: string, { bundle = rotateBundle, ...props }: RotatorStackProps = {}) {
    super(scope, id, props)
    new RotatorFunction(this, 'Rotate', { ...props, bundle })
  }
}
