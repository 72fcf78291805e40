import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { DfnsRotator, type DfnsRotatorProps } from '../../infra/dfns-rotator.ts'

export const root = join(import.meta.dirname, '..', '..')

// CDK's own rules take seconds to load, and are asked once, of the whole app.
process.env['CDK_VALIDATION'] = 'false'

/** The flags of cdk.json. */
export const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as {
  context: Record<string, unknown>
}

export const account = '111122223333'
export const region = 'eu-central-1'
export const env = { account, region }

export const secretArn = (name: string) => `arn:aws:secretsmanager:${region}:${account}:secret:${name}`
export const functionArn = (name: string) => `arn:aws:lambda:${region}:${account}:function:${name}`

/** Who of CloudWatch may publish: the alarms of this account and region. */
export const ofAlarms = {
  StringEquals: { 'aws:SourceAccount': account },
  ArnLike: { 'aws:SourceArn': `arn:aws:cloudwatch:${region}:${account}:alarm:*` },
}

const inline = Code.fromInline('exports.handler = async () => {}')
/** Code that need not be built. */
export const anyCode = { rotate: inline, retire: inline, audit: inline }

/** A rotator in an app of its own, in a known account and region. */
export function rotatorIn(props: DfnsRotatorProps = {}): { app: App; stack: Stack; rotator: DfnsRotator } {
  const app = new App({ context })
  const stack = new Stack(app, 'Rotation', { env })
  return { app, stack, rotator: new DfnsRotator(stack, 'Rotator', { code: anyCode, ...props }) }
}

export interface Resource {
  readonly Type: string
  readonly Properties: Record<string, unknown>
  readonly DeletionPolicy?: string
  readonly UpdateReplacePolicy?: string
  readonly DependsOn?: string | readonly string[]
}

export type Resources = Readonly<Record<string, Resource>>

export const resourcesOf = (stack: Stack): Resources =>
  (Template.fromStack(stack).toJSON() as { Resources: Resources }).Resources

export const ofType = (resources: Resources, type: string): readonly (readonly [string, Resource])[] =>
  Object.entries(resources).filter(([, { Type }]) => Type === type)

export function only(resources: Resources, type: string): Resource {
  const [first, ...others] = ofType(resources, type)
  if (!first || others.length > 0) throw new Error(`Expected exactly one ${type}, not ${others.length + 1}`)
  return first[1]
}
