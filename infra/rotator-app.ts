import { App, type AppProps, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { readConfiguration } from './configuration.ts'
import { RotatorStack } from './rotator-stack.ts'

/** A stack for each stage of a configuration file, all of it checked by cdk-nag. */
export function rotatorApp({ file, ...props }: AppProps & { file: (app: App) => string }): App {
  const app = new App(props)
  for (const [name, stage] of Object.entries(readConfiguration(file(app)).stages)) {
    const { account, region } = stage
    new RotatorStack(app, `DfnsRotator-${name}`, {
      description: 'Rotates Dfns credentials kept in AWS Secrets Manager',
      env: { ...(account !== undefined && { account }), ...(region !== undefined && { region }) },
      stage,
    })
  }
  // A finding that nobody acknowledged, with a reason beside the construct, ends the synthesis.
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
  return app
}
