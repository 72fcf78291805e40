import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { type Bundles, rotateBundle } from './bundles.ts'
import { lowerQuartile } from './figures.ts'

const run = promisify(execFile)

/** Lambda's: require() of an ES module and the detection of module syntax are off. */
const flags = ['--no-experimental-require-module', '--no-experimental-detect-module', '--input-type=module']

// performance.now() counts from the start of the process.
const load = 'await import(process.argv[1]); process.stdout.write(String(performance.now()))'

const env = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
}

const subjects = ['rotate', 'baseline', 'nothing'] as const
type Times = Readonly<Record<(typeof subjects)[number], number>>

/**
 * Round by round, milliseconds from the start of a process until the handler is imported; `nothing` is
 * Node.js by itself. Of the processes of a round the lower quartile: what else the machine does only adds.
 */
export type Starts = readonly Times[]

/** Starts processes in turn, so that whatever else this machine does strikes all subjects alike. */
export async function measureStarts(measure: {
  bundles: Bundles
  rounds: number
  runs: number
}): Promise<Starts> {
  const folder = await mkdtemp(join(tmpdir(), 'dfns-rotator-bench-'))
  try {
    const baseline = join(folder, 'baseline.mjs')
    const nothing = join(folder, 'nothing.mjs')
    await writeFile(baseline, measure.bundles.baseline.contents)
    await writeFile(nothing, 'export const handler = async () => {}')
    const files = { rotate: rotateBundle, baseline, nothing }
    const rounds: Times[] = []
    while (rounds.length < measure.rounds) rounds.push(await measureRound({ files, runs: measure.runs }))
    return rounds
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measureRound(round: { files: Readonly<Record<keyof Times, string>>; runs: number }) {
  const times: Record<keyof Times, number[]> = { rotate: [], baseline: [], nothing: [] }
  for (let index = 0; index < round.runs; index++) {
    // Nobody is always first.
    for (const subject of index % 2 === 0 ? subjects : subjects.toReversed())
      times[subject].push(await startOf(round.files[subject]))
  }
  return {
    rotate: lowerQuartile(times.rotate),
    baseline: lowerQuartile(times.baseline),
    nothing: lowerQuartile(times.nothing),
  }
}

async function startOf(file: string): Promise<number> {
  const { stdout } = await run(process.execPath, [...flags, '-e', load, pathToFileURL(file).href], { env })
  return Number(stdout)
}
