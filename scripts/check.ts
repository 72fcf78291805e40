import { spawn } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { styleText } from 'node:util'

interface Step {
  /** What holds when the step succeeds. */
  readonly promise: string
  /** The package.json script that shows it; or the program, where the script would build once more. */
  readonly shows: string
  /** Whether it is told as it goes on, with a tally in the end. */
  readonly isTest?: boolean
}

const root = join(import.meta.dirname, '..')

// One stage after the other, each in two lanes for two cores. The order inside a lane matters: the stack is
// made of the built bundles. Beside the tests stands what waits for a registry or a compiler.
const stages: readonly (readonly (readonly Step[])[])[] = [
  [
    [
      { promise: 'Types are right', shows: 'types' },
      { promise: 'Lint finds nothing', shows: 'lint' },
      { promise: 'Format is kept', shows: 'format' },
      { promise: 'Nothing is unused', shows: 'unused' },
    ],
    [
      { promise: 'The bundles build', shows: 'build' },
      { promise: 'The stack synthesizes', shows: 'synth' },
      { promise: 'The template is written', shows: 'scripts/template.ts' },
    ],
  ],
  [
    [{ promise: 'Every test passes', shows: 'test:run', isTest: true }],
    [
      { promise: 'CloudFormation reads both', shows: 'lint:templates' },
      { promise: "AWS's runtime rotates", shows: 'runtime' },
    ],
  ],
  // A browser that hardly runs is another one: what it draws is compared, and waited for.
  [[{ promise: 'The page passes in Chromium', shows: 'scripts/browser.ts', isTest: true }]],
]

const tallyLine = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/
const skippedLine = /^skipped: /

let failed = false
/** Passed, failed and skipped tests. */
const sum = [0, 0, 0]

/**
 * Children find this very Node first, share compiled code, and write no colours: what they print is kept and
 * searched.
 */
function childEnvironment(): NodeJS.ProcessEnv {
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter)
  const NODE_COMPILE_CACHE = join(root, 'node_modules', '.cache', 'compiled')
  const colours = process.env['FORCE_COLOR'] ? {} : { NO_COLOR: '1' }
  return { ...process.env, PATH, NODE_COMPILE_CACHE, ...colours }
}

/** Runs a step, line by line into `print`, and resolves to whether it succeeded. */
function run({ shows }: Step, print: (line: string) => void): Promise<boolean> {
  const child = spawn(process.execPath, shows.endsWith('.ts') ? [shows] : ['--run', shows], {
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

/** Prints what a test tells, but for its tally, which is added to the others'. */
function hear(line: string): void {
  const counts = tallyLine.exec(line)?.slice(1)
  if (counts === undefined) console.log(line)
  else for (const [index, count = '0'] of counts.entries()) sum[index] = (sum[index] ?? 0) + Number(count)
}

/** Runs the steps in order until one fails in any lane; returns the output if that one was its own. */
async function runLane(steps: readonly Step[]): Promise<readonly string[]> {
  for (const step of steps) {
    if (failed) break
    const output: string[] = []
    const isKept = await keep(step, step.isTest === true ? hear : (line) => output.push(line))
    for (const line of output.filter((each) => skippedLine.test(each))) console.log(`  ${line}`)
    if (!isKept) return output
  }
  return []
}

for (const lanes of stages) {
  const outputs = await Promise.all(failed ? [] : lanes.map(runLane))
  for (const line of outputs.flat()) console.log(line)
}
const [passed = 0, failures = 0, skipped = 0] = sum
if (passed + failures > 0)
  console.log(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed ? 1 : 0
