import { App } from 'aws-cdk-lib'
import { RotatorStack } from './rotator-stack.ts'

const app = new App()

/** A list in cdk.json, or a comma-separated one after `-c`, which knows only text. */
function listOf(name: string): string[] {
  const value: unknown = app.node.tryGetContext(name) ?? []
  return (Array.isArray(value) ? value : String(value).split(','))
    .map((each) => String(each).trim())
    .filter(Boolean)
}

const policyParameterName: unknown = app.node.tryGetContext('policyParameterName')

new RotatorStack(app, 'DfnsRotator', {
  description: 'Rotates Dfns credentials kept in AWS Secrets Manager',
  secretArns: listOf('secretArns'),
  ...(typeof policyParameterName === 'string' ? { policyParameterName } : {}),
})
