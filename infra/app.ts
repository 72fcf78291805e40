import { join } from 'node:path'
import { App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { readConfiguration } from './configuration.ts'
import { RotatorStack } from './rotator-stack.ts'

const app = new App()
const chosen: unknown = app.node.tryGetContext('config')
const file = typeof chosen === 'string' ? chosen : join(import.meta.dirname, 'example.json')

for (const [name, stage] of Object.entries(readConfiguration(file).stages)) {
  const { account, region } = stage
  new RotatorStack(app, `DfnsRotator-${name}`, {
    description: 'Rotates Dfns credentials kept in AWS Secrets Manager',
    env: { ...(account !== undefined && { account }), ...(region !== undefined && { region }) },
    stage,
  })
}

// A finding that nobody acknowledged, with a reason beside the construct, ends the synthesis.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
