import { spawn } from 'node:child_process'
import { dirname, delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs, styleText } from 'node:util'
import {
  convergence,
  everyPart,
  type Part,
  replayed,
  type Result,
  runBreakages,
} from '../test/simulation/parts.ts'
import { racesLine } from '../test/simulation/races.ts'
import { runParts } from '../test/simulation/workers.ts'
import { proveLongRuns } from './prove-long.ts'

const usage = `npm run prove [-- --only <text>] [--shard <i>/<n>] [--seeds <number>] [--replay <json>]

Runs every schedule of the fault model and the races, breaks the functions on purpose,
and lives through 90 days of each seed.
  --only <text>      only proofs, or parts of the matrix, whose name has the text
  --shard <i>/<n>    the i-th of n shares of the pairs of faults: 1/1 is every pair, and takes two days;
                     1/1 with --only pairs, 1/500 without
  --seeds <number>   how many seeds the long runs take (200)
  --replay <json>    one schedule again, as a failure of a pair prints it`

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seeds: { type: 'string', default: '200' },
    shard: { type: 'string' },
    replay: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const root = join(import.meta.dirname, '..')
const longestReport = 20

let failed = false
const started = performance.now()

const isWanted = (name: string) => name.toLowerCase().includes(values.only.toLowerCase())

/** On a terminal the last line shows how far it is; elsewhere nothing that goes away is printed. */
function showProgress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K${text.slice(0, 100)}`)
}

/** One line per part: whether it holds, its name, what was counted, and the first failures in full. */
function conclude(part: { name: string; line: string; failures: readonly string[] }): void {
  const { name, line, failures } = part
  showProgress('')
  const holds = failures.length === 0
  failed ||= !holds
  const seconds = ((performance.now() - started) / 1_000).toFixed(0)
  const mark = holds ? styleText('green', '✓') : styleText('red', '✗')
  console.log(`${mark} ${name}: ${line} (${seconds} s)`)
  for (const failure of failures.slice(0, longestReport)) console.log(`  ${failure}`)
  if (failures.length > longestReport) console.log(`  … and ${failures.length - longestReport} more`)
}

function shard(): { number: number; of: number } {
  const text = values.shard ?? (values.only.startsWith('pairs') ? '1/1' : '1/500')
  const [, number = 0, of = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number)
  if (number < 1 || number > of) throw new Error(`--shard ${text}: not one of so many shares`)
  return { number, of }
}

/** The matrix in memory, every part a line, and one for all of them. */
async function proveMatrix(): Promise<void> {
  const parts = everyPart(shard()).filter(({ name }) => isWanted(name))
  if (parts.length === 0) return
  const results: Result[] = []
  let schedules = 0
  await runParts({
    parts,
    onSchedule: ({ name }: Part) => showProgress(`${++schedules} schedules, ${name}`),
    onPart: ({ part, result }) => {
      results.push(result)
      const line = result.race === undefined ? convergence(result) : racesLine([result.race])
      conclude({ name: part.name, line, failures: result.failures })
    },
  })
  const races = results.flatMap(({ race }) => race ?? [])
  if (races.length > 0) console.log(racesLine(races))
  const matrix = results.filter(({ race }) => race === undefined)
  if (matrix.length === 0) return
  const sum = (of: (result: Result) => number) => matrix.reduce((total, result) => total + of(result), 0)
  const all = {
    schedules: sum((one) => one.schedules),
    failures: matrix.flatMap(({ failures }) => failures),
  }
  console.log(`matrix in memory: ${convergence(all)}, ${sum(({ calls }) => calls)} calls`)
}

async function proveTeeth(): Promise<void> {
  const name = 'teeth: deliberate breakages'
  if (!isWanted(name)) return
  const { schedules, failures } = await runBreakages()
  const found = schedules - failures.length
  conclude({ name, line: `${found} of ${schedules} breakages are found`, failures })
}

async function proveLong(): Promise<void> {
  const name = 'long runs'
  if (!isWanted(name)) return
  let done = 0
  const isKept = await proveLongRuns({
    seeds: Number(values.seeds),
    print: (line) => {
      showProgress('')
      console.log(line)
    },
    progress: ({ of }) => showProgress(`${++done} of ${of} seeds, 90 virtual days each`),
  })
  const line = isKept ? 'every promise is kept' : 'a promise is broken, see above'
  conclude({ name, line, failures: isKept ? [] : ['see the lines above'] })
}

/** The built bundles over HTTP, in processes that are killed: these are tests, whose lines are passed on. */
async function proveBundles(): Promise<void> {
  const name = 'bundles over HTTP'
  if (!isWanted(name)) return
  const built = await run([process.execPath, '--run', 'build'])
  const tests = ['test/blackbox/warm-faults.test.ts', 'test/blackbox/kill.test.ts']
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const tested = built.code === 0 ? await run([process.execPath, vitest, 'run', ...tests]) : built
  const lines = tested.lines.filter((line) => / of \d+ schedules converge/.test(line))
  const failures = tested.code === 0 && lines.length > 0 ? [] : tested.lines.slice(-40)
  conclude({ name, line: lines.map((line) => line.trim()).join('; ') || 'no schedule was run', failures })
}

async function run([command = '', ...args]: readonly string[]): Promise<{ code: number; lines: string[] }> {
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter)
  const env = { ...process.env, PATH, NO_COLOR: '1', DFNS_ROTATOR_PROVES: '1' }
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line)
      showProgress(line)
    })
  }
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve(status ?? 1))
  })
  return { code, lines }
}

async function proveOne(text: string): Promise<void> {
  const { calls, struck, problems } = await replayed(text)
  for (const [call, name] of calls.entries()) {
    const faults = struck.filter((one) => one.call === call).map(({ fault }) => ` — ${fault}`)
    console.log(`${String(call).padStart(4)} ${name}${faults.join('')}`)
  }
  conclude({ name: 'replay', line: `${problems.length} problems`, failures: problems })
}

if (values.help) {
  console.log(usage)
} else if (values.replay !== undefined) {
  await proveOne(values.replay)
  process.exitCode = failed ? 1 : 0
} else {
  for (const prove of [proveTeeth, proveMatrix, proveLong, proveBundles]) await prove()
  process.exitCode = failed ? 1 : 0
}
