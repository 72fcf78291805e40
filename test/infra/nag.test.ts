import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Stack } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { afterAll, expect, test } from 'vitest'
import { rotatorApp } from '../../infra/rotator-app.ts'
import { RotatorStack } from '../../infra/rotator-stack.ts'
import { context, root } from './stack.ts'

// The report in the tree is what a reviewer reads. It changes together with the infrastructure, or not at all.
const file = join(import.meta.dirname, 'nag-report.csv')

const outdir = mkdtempSync(join(tmpdir(), 'nag-'))
afterAll(() => rmSync(outdir, { recursive: true }))

interface Violation {
  readonly ruleName: string
  readonly violatingConstructs: readonly { readonly constructPath: string }[]
  readonly reason?: string
}

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string
    readonly violations: readonly Violation[]
    readonly suppressedViolations?: readonly Violation[]
  }[]
}

const exampleApp = () =>
  rotatorApp({ file: () => join(root, 'infra', 'example.json'), context, outdir, analyticsReporting: false })

function reportOf(): { open: string[]; acknowledged: string[] } {
  const { pluginReports } = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as Report
  const nag = pluginReports.find(({ pluginName }) => pluginName === 'AwsSolutions')
  if (!nag) throw new Error('cdk-nag looked at nothing')
  return { open: nag.violations.flatMap(rows), acknowledged: (nag.suppressedViolations ?? []).flatMap(rows) }
}

const rows = ({ ruleName, violatingConstructs, reason = '' }: Violation): string[] =>
  violatingConstructs.map(({ constructPath }) =>
    [ruleName, constructPath, reason].map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','),
  )

const csv = (lines: readonly string[]) => ['rule,resource,reason', ...lines.toSorted(), ''].join('\n')

test('cdk-nag finds what is acknowledged with a reason, as the report in the tree has it, and nothing else', async () => {
  exampleApp().synth()
  const { open, acknowledged } = reportOf()
  expect(open).toEqual([])
  expect(acknowledged.filter((row) => row.endsWith(',""'))).toEqual([])
  await expect(csv(acknowledged)).toMatchFileSnapshot(file)
})

test('a wildcard that is not the acknowledged one is found', () => {
  const app = exampleApp()
  const stack = app.node.children.find((child) => child instanceof RotatorStack) as RotatorStack
  const resources = [Stack.of(stack).formatArn({ service: 's3', resource: 'anything', resourceName: '*' })]
  stack.rotator.roles.rotate.addToPolicy(new PolicyStatement({ actions: ['s3:GetObject'], resources }))
  expect(() => app.synth()).toThrow('alidation')
  expect(reportOf().open.join()).toContain('AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3')
})
