import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

// AWS's own linter of CloudFormation, where there is Python to run it; CDK's rules looked before.

const root = join(import.meta.dirname, '..')

/** CDK lets a function wait for its role in words, too. */
const expected = ['W3005']

const synthesized = readdirSync(join(root, 'cdk.out')).filter((name) => name.endsWith('.template.json'))
const templates = [...synthesized.map((name) => join('cdk.out', name)), join('dist', 'template.json')]

const linters = [['cfn-lint'], ['python3', '-m', 'cfnlint']] as const
const linter = linters.find(
  ([command, ...given]) => spawnSync(command, [...given, '--version'], { cwd: root }).status === 0,
)

if (linter === undefined) {
  console.log('skipped: cfn-lint, which needs Python and «pip install cfn-lint»')
} else {
  const [command, ...given] = linter
  const options = ['--non-zero-exit-code', 'informational', '--ignore-checks', ...expected, '--template']
  const { status } = spawnSync(command, [...given, ...options, ...templates], { cwd: root, stdio: 'inherit' })
  process.exitCode = status ?? 1
}
