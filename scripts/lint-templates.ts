import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

// AWS's own linter of CloudFormation, where there is Python to run it; CDK's rules looked before.

const root = join(import.meta.dirname, '..')

/** Installed where there is no other; `npm ci` takes it away. */
const version = '1.51.0'
const folder = join(root, 'node_modules', '.cache', `cfn-lint-${version}`)
const installed = join(folder, 'bin', 'cfn-lint')
const installMs = 5 * 60_000

/** CDK lets a function wait for its role in words, too. */
const expected = ['W3005']

type Command = readonly [string, ...(readonly string[])]

const runs = ([command, ...given]: Command) =>
  spawnSync(command, [...given, '--version'], { cwd: root }).status === 0

/** The linter that is here, or is installed now; a text says why there is none. */
function linterHere(): Command | string {
  const present = ([['cfn-lint'], ['python3', '-m', 'cfnlint'], [installed]] as const).find(runs)
  if (present) return present
  if (!runs(['python3'])) return 'it needs Python 3'
  return install()
}

function install(): Command | string {
  const made = spawnSync('python3', ['-m', 'venv', '--clear', folder])
  if (made.status !== 0) return 'this Python makes no virtual environment (on Debian it needs python3-venv)'
  const options = ['--quiet', '--disable-pip-version-check', `cfn-lint==${version}`]
  const { status, stderr } = spawnSync(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', ...options], {
    timeout: installMs,
    encoding: 'utf8',
  })
  if (status === 0 && runs([installed])) return [installed]
  const said = stderr.split('\n').findLast((line) => /error/i.test(line))
  return `it could not be installed: ${said?.trim() ?? `pip took more than ${installMs / 60_000} minutes`}`
}

function templates(): string[] {
  const synthesized = readdirSync(join(root, 'cdk.out')).filter((name) => name.endsWith('.template.json'))
  return [...synthesized.map((name) => join('cdk.out', name)), join('dist', 'template.json')]
}

const linter = linterHere()
if (typeof linter === 'string') {
  console.log(`skipped: cfn-lint, because ${linter}`)
} else {
  const [command, ...given] = linter
  const options = ['--non-zero-exit-code', 'informational', '--ignore-checks', ...expected, '--template']
  const { status } = spawnSync(command, [...given, ...options, ...templates()], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
}
