import { spawn } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { styleText } from 'node:util'

interface Step {
  /** What holds when the step succeeds. */
  readonly promise: string
  /** The package.json script that shows it. */
  readonly script: string
}

const root = join(import.meta.dirname, '..')

// Two lanes for two cores. The order inside a lane matters: the stack is made of the built bundles.
const lanes: readonly (readonly Step[])[] = [
  [
    { promise: 'Types are right', script: 'types' },
    { promise: 'Lint finds nothing', script: 'lint' },
    { promise: 'Format is kept', script: 'format' },
    { promise: 'Nothing is unused', script: 'unused' },
  ],
  [
    { promise: 'The bundles build', script: 'build' },
    { promise: 'The stack synthesizes', script: 'synth' },
    { promise: 'The template is written', script: 'template' },
    { promise: 'CloudFormation reads both', script: 'lint:templates' },
    { promise: "AWS's runtime rotates", script: 'runtime' },
  ],
]
const tests: readonly Step[] = [
  { promise: 'Every test passes', script: 'test:run' },
  { promise: 'The page passes in Chromium', script: 'browser' },
]

const tallyLine = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/
const skippedLine = /^skipped: /

let failed = false

/** Children find this very Node first, and write no colours: what they print is kept and searched. */
function childEnvironment(): NodeJS.ProcessEnv {
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter)
  return { ...process.env, PATH, ...(process.env['FORCE_COLOR'] ? {} : { NO_COLOR: '1' }) }
}

/** Runs a package.json script, line by line into `print`, and resolves to whether it succeeded. */
function run({ script }: Step, print: (line: string) => void): Promise<boolean> {
  const child = spawn(process.execPath, ['--run', script], {
    cwd: root,
    env: childEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', print)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code === 0))
  })
}

async function keep(step: Step, print: (line: string) => void): Promise<boolean> {
  const start = performance.now()
  const kept = await run(step, print)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  const mark = kept ? styleText('green', '✓') : styleText('red', '✗')
  console.log(`${mark} ${step.promise.padEnd(26)} ${seconds.padStart(5)} s`)
  failed ||= !kept
  return kept
}

/** Runs the steps in order until one fails in either lane; returns the output if that one was its own. */
async function runLane(steps: readonly Step[]): Promise<readonly string[]> {
  for (const step of steps) {
    if (failed) break
    const output: string[] = []
    const isKept = await keep(step, (line) => output.push(line))
    for (const line of output.filter((each) => skippedLine.test(each))) console.log(`  ${line}`)
    if (!isKept) return output
  }
  return []
}

/** Runs both kinds of tests, whatever becomes of the first, and closes with the sum of their tallies. */
async function runTests(): Promise<void> {
  const sum = [0, 0, 0]
  for (const step of tests) {
    await keep(step, (line) => {
      const counts = tallyLine.exec(line)?.slice(1)
      if (counts === undefined) console.log(line)
      else for (const [index, count = '0'] of counts.entries()) sum[index] = (sum[index] ?? 0) + Number(count)
    })
  }
  const [passed = 0, failures = 0, skipped = 0] = sum
  if (passed + failures > 0) {
    console.log(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  }
}

const outputs = await Promise.all(lanes.map(runLane))
for (const line of outputs.flat()) console.log(line)
if (!failed) await runTests()
process.exitCode = failed ? 1 : 0
