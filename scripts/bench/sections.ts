import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../bundling.ts'
import { type Bundles, rotateBundle } from './bundles.ts'
import { measureEveryWay } from './every-way.ts'
import { type Budget, median } from './figures.ts'
import { buildGuide } from './guide/bundle.ts'
import { measureMemory, type Memory } from './memory.ts'
import { compare, type Contender } from './side-by-side.ts'
import { measureStarts, type Start } from './start.ts'
import { line, progress, table, title } from './terminal.ts'

const subjects = {
  rotate: 'rotate',
  retire: 'retire',
  audit: 'audit',
  baseline: 'two AWS clients alone',
  guide: "the guide's script",
  nothing: 'Node.js by itself',
} as const
type Subject = keyof typeof subjects

/** Start → handler imported, and the memory that takes, of every function and of what it is held against. */
export async function showStarts(bundles: Bundles): Promise<Budget[]> {
  const [rounds, runs] = [5, 11]
  title(`Start → handler imported, ms: lower quartile of ${runs} processes, ${rounds} rounds, in turn`)
  const folder = await mkdtemp(join(tmpdir(), 'dfns-rotator-bench-'))
  try {
    const at = (name: string) => join(folder, `${name}.mjs`)
    const built = (name: string) => join(root, 'dist', name, 'index.mjs')
    const files = {
      rotate: rotateBundle,
      retire: built('retire'),
      audit: built('audit'),
      baseline: at('baseline'),
      guide: at('guide'),
      nothing: at('nothing'),
    }
    await writeFile(files.baseline, bundles.baseline.contents)
    await writeFile(files.nothing, 'export const handler = async () => {}')
    const guideBytes = await buildGuide(files.guide)
    const onRound = (round: number) => progress(`round ${round} of ${rounds}`)
    const starts = await measureStarts({ files, rounds, runs, onRound })
    return shownStarts({ starts, guideBytes })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function shownStarts(of: { starts: Readonly<Record<Subject, Start>>; guideBytes: number }): Budget[] {
  const { starts, guideBytes } = of
  const toBaseline = ({ ms }: Start) =>
    ms.map((one, round) => one / (starts.baseline.ms[round] ?? Number.NaN))
  const names = Object.keys(subjects) as Subject[]
  table(
    ['', ...starts.rotate.ms.map((_, round) => `#${round + 1}`), 'median', '÷ two clients', 'peak MiB'],
    names.map((name) => [
      subjects[name],
      ...[...starts[name].ms, median(starts[name].ms)].map((ms) => ms.toFixed(1)),
      median(toBaseline(starts[name])).toFixed(2),
      starts[name].peakMiB.toFixed(1),
    ]),
  )
  line(`the guide's script is a bundle of ${(guideBytes / 1_024).toFixed(1)} KiB`)
  const measured = median(toBaseline(starts.rotate))
  return [{ what: 'start → handler ÷ two AWS clients', measured, limit: 1.15, unit: '×' }]
}

const workers: Readonly<Record<keyof Memory, string>> = {
  rotate: 'rotate, after its first rotation',
  retire: 'retire, after its first retirement',
  audit: 'audit, after its first audit of a secret',
  clients: 'two AWS clients, after a call of each',
  nothing: 'a function that does nothing',
}

export async function showMemory({ working }: Bundles): Promise<void> {
  title('Memory and CPU of a new process that does its work once')
  const memory = await measureMemory({ clients: working.contents })
  const least = memory.clients
  table(
    ['', 'peak MiB', '÷ two clients', 'heap MiB', 'CPU ms'],
    (Object.keys(workers) as (keyof Memory)[]).map((name) => {
      const { peakMiB, heapMiB, cpuMs } = memory[name]
      const ratio = (peakMiB / least.peakMiB).toFixed(2)
      return [workers[name], peakMiB.toFixed(1), ratio, heapMiB.toFixed(1), cpuMs.toFixed(0)]
    }),
  )
}

/** dfns-rotator beside a script of Dfns's guide, with so much added to every call. */
export async function showSideBySide(delayMs: number): Promise<void> {
  const all = await compare({ delayMs, runs: 3, onWay: progress })
  const head = [
    'AWS',
    'Dfns',
    'in a row',
    'ms',
    '÷ script',
    'KiB',
    'CPU ms',
    '÷ script',
    'cold CPU ms',
    'peak MiB',
  ]
  for (const { name, script, atOnce, afterGrace } of all) {
    title(`${name}: until the old one has ended, +${delayMs} ms`)
    const row = (what: string, of: Contender) => [
      what,
      String(of.calls.aws),
      String(of.calls.dfns),
      String(of.inOrder),
      of.wallMs.toFixed(0),
      (of.wallMs / script.wallMs).toFixed(2),
      of.kib.toFixed(0),
      of.warmCpuMs.toFixed(0),
      (of.warmCpuMs / script.warmCpuMs).toFixed(1),
      of.coldCpuMs.toFixed(0),
      of.peakMiB.toFixed(0),
    ]
    const rows = [row("the guide's script", script)]
    if (atOnce !== undefined) rows.push(row('dfns-rotator, grace PT0S, and its net', atOnce))
    rows.push(row('dfns-rotator, grace PT26H, and its retirement', afterGrace))
    table(['', ...head], rows)
  }
}

/** Every kind and strategy, with a grace and without, beside what its calls have to wait for at least. */
export async function showEveryWay(delayMs: number): Promise<void> {
  title(`Every way, +${delayMs} ms: a rotation ÷ the longest chain that is read off its recording`)
  const all = await measureEveryWay({ delayMs, onWay: progress })
  table(
    ['', 'grace', 'calls', 'in a row', 'longest chain', 'wall time ÷ chain'],
    all.map(({ name, grace, calls, inOrder, dependent, ratio }) => [
      name,
      grace,
      String(calls),
      String(inOrder),
      String(dependent),
      ratio.toFixed(2),
    ]),
  )
}
