import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { lowerQuartile, median } from './figures.ts'

const run = promisify(execFile)

/** Lambda's: require() of an ES module and the detection of module syntax are off. */
const flags = ['--no-experimental-require-module', '--no-experimental-detect-module', '--input-type=module']

// performance.now() counts from the start of the process; maxRSS is in KiB.
const load = `
  await import(process.argv[1])
  process.stdout.write(JSON.stringify([performance.now(), process.resourceUsage().maxRSS / 1024]))
`

const env = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'bench',
  AWS_SECRET_ACCESS_KEY: 'bench',
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
}

/** What importing one file takes. */
export interface Start {
  /**
   * Round by round, milliseconds from the start of a process until the handler is imported. Of the processes
   * of a round the lower quartile: what else the machine does only adds.
   */
  readonly ms: readonly number[]
  /** The most memory that the process has held by then, Node.js included: the median. */
  readonly peakMiB: number
}

interface Started {
  readonly ms: number
  readonly peakMiB: number
}

/** Starts processes in turn, so that whatever else this machine does strikes all subjects alike. */
export async function measureStarts<Subject extends string>(measure: {
  files: Readonly<Record<Subject, string>>
  rounds: number
  runs: number
  onRound?: (round: number) => void
}): Promise<Readonly<Record<Subject, Start>>> {
  const subjects = Object.keys(measure.files) as Subject[]
  const rounds: Map<Subject, Started[]>[] = []
  while (rounds.length < measure.rounds) {
    measure.onRound?.(rounds.length + 1)
    rounds.push(await measureRound({ ...measure, subjects }))
  }
  const startOf = (subject: Subject): Start => {
    const all = rounds.map((round) => round.get(subject) ?? [])
    return {
      ms: all.map((some) => lowerQuartile(some.map(({ ms }) => ms))),
      peakMiB: median(all.flat().map(({ peakMiB }) => peakMiB)),
    }
  }
  return Object.fromEntries(subjects.map((one) => [one, startOf(one)])) as Record<Subject, Start>
}

async function measureRound<Subject extends string>(round: {
  subjects: readonly Subject[]
  files: Readonly<Record<Subject, string>>
  runs: number
}): Promise<Map<Subject, Started[]>> {
  const { subjects, files, runs } = round
  const started = new Map(subjects.map((subject): [Subject, Started[]] => [subject, []]))
  for (let index = 0; index < runs; index++) {
    // Nobody is always first.
    for (const subject of index % 2 === 0 ? subjects : subjects.toReversed())
      started.get(subject)?.push(await start(files[subject]))
  }
  return started
}

async function start(file: string): Promise<Started> {
  const { stdout } = await run(process.execPath, [...flags, '-e', load, pathToFileURL(file).href], { env })
  const [ms = Number.NaN, peakMiB = Number.NaN] = JSON.parse(stdout) as number[]
  return { ms, peakMiB }
}
