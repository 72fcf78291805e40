import { spawn } from 'node:child_process'
import { dirname, delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs, styleText } from 'node:util'
import { type WholeProof, wholeProofs } from '../test/consumers/proof.ts'
import { runProofs } from '../test/consumers/workers.ts'
import { notAllowed } from '../test/infra/roles.ts'
import {
  convergence,
  coverage,
  everyPart,
  type Part,
  replayed,
  type Result,
  runBreakages,
} from '../test/simulation/parts.ts'
import { racesLine } from '../test/simulation/races.ts'
import { runParts } from '../test/simulation/workers.ts'
import type { AskedLine } from '../test/support/asked.ts'
import { proveFleets } from './prove-fleet.ts'
import { proveHostileInput } from './prove-hostile.ts'
import { proveLongRuns } from './prove-long.ts'
import { proveModel } from './prove-model.ts'

const usage = `npm run prove [-- --only <text>] [--shard <i>/<n>] [--seeds <number>] [--replay <json>]

Runs every schedule of the fault model and the races, breaks the functions on purpose,
lives through 90 days of each seed, tries hostile inputs, holds what was asked of AWS
against the roles, runs every test of the built bundles in processes of its own, lets
applications and receivers of webhooks live through 500 and 50 rotations, and rotates
10,000 secrets under the rate limit of one organisation.
  --only <text>      only proofs, or parts of the matrix, whose name has the text
  --shard <i>/<n>    the i-th of n shares of the pairs of faults, each of which can be run by itself (1/1)
  --seeds <number>   how many seeds the long runs (200) and the hostile inputs (10) take
  --replay <json>    one schedule again, as a failure of a pair prints it`

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    seeds: { type: 'string' },
    shard: { type: 'string' },
    replay: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const root = join(import.meta.dirname, '..')
const longestReport = 20

const asked = new Set<AskedLine>()
const keepAsked = (lines: readonly AskedLine[]) => {
  for (const line of lines) asked.add(line)
}

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
  const text = values.shard ?? '1/1'
  const [, number = 0, of = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number)
  if (number < 1 || number > of) throw new Error(`--shard ${text}: not one of so many shares`)
  return { number, of }
}

function lineOf(result: Result): string {
  const { race, explored } = result
  if (explored) return coverage(explored)
  return race === undefined ? convergence(result) : racesLine([race])
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
      keepAsked(result.asked)
      conclude({ name: part.name, line: lineOf(result), failures: result.failures })
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
    seeds: Number(values.seeds ?? 200),
    print: (line) => {
      showProgress('')
      console.log(line)
    },
    progress: ({ of }) => showProgress(`${++done} of ${of} seeds, 90 virtual days each`),
    onAsked: keepAsked,
  })
  const line = isKept ? 'every promise is kept' : 'a promise is broken, see above'
  conclude({ name, line, failures: isKept ? [] : ['see the lines above'] })
}

const proveHostile = () =>
  proveHostileInput({ seeds: Number(values.seeds ?? 10), isWanted, conclude, progress: showProgress })

/** What all of it asked of AWS, against what is deployed. */
async function proveRoles(): Promise<void> {
  if (asked.size === 0) return
  const strays = notAllowed(asked)
  const allowed = asked.size - new Set(strays.map((line) => line.replace(/ \(.*$/, ''))).size
  conclude({
    name: 'roles',
    line: `${allowed} of ${asked.size} different calls to AWS are allowed`,
    failures: strays,
  })
}

/** The built bundles over HTTP, started for each scene, killed and recorded, by tests. */
async function proveBundles(): Promise<void> {
  const name = 'bundles over HTTP'
  if (!isWanted(name)) return
  const tests = ['test/blackbox', 'test/infra/calls.test.ts']
  conclude({ name, ...(await tested({ tests, shown: / of \d+ schedules converge/ })) })
}

/** Applications and receivers through many rotations, in virtual time, and over HTTP. */
async function proveConsumers(): Promise<void> {
  const part = 'consumers: '
  const names = Object.keys(wholeProofs) as WholeProof[]
  await runProofs({
    names: names.filter((name) => isWanted(part + name)),
    seed: 1,
    onProof: ({ name, result }) => conclude({ name: part + name, ...result }),
  })
  const name = `${part}over HTTP`
  if (!isWanted(name)) return
  const tests = ['test/consumers/http.test.ts']
  conclude({ name, ...(await tested({ tests, shown: / signed calls, / })) })
}

/** Runs tests of what is built, and passes on the lines that are asked for. */
async function tested(of: {
  tests: readonly string[]
  shown: RegExp
}): Promise<{ line: string; failures: readonly string[] }> {
  const built = await run([process.execPath, '--run', 'build'])
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const ended = built.code === 0 ? await run([process.execPath, vitest, 'run', ...of.tests]) : built
  const lines = ended.lines.filter((line) => of.shown.test(line)).map((line) => line.trim())
  const failures = ended.code === 0 && lines.length > 0 ? [] : ended.lines.slice(-40)
  return { line: lines.join('; ') || 'nothing was run', failures }
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

/** Ten thousand secrets on three occasions. */
const proveFleet = (): Promise<void> => proveFleets({ isWanted, showProgress, conclude })

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
  if (isWanted('model')) proveModel(conclude)
  const proofs = [
    proveTeeth,
    proveMatrix,
    proveLong,
    proveHostile,
    proveRoles,
    proveBundles,
    proveConsumers,
    proveFleet,
  ]
  for (const prove of proofs) await prove()
  process.exitCode = failed ? 1 : 0
}
