import { availableParallelism, loadavg } from 'node:os'
import { failuresOf, lineOf, nameOf } from '../test/fleet/report.ts'
import { type AuditFigures, measureAudit } from './bench/audit.ts'
import { buildBoth, type Bundles } from './bench/bundles.ts'
import { graces } from './bench/dependencies.ts'
import { measureClient } from './bench/client.ts'
import { type Budget, median, sum } from './bench/figures.ts'
import { pagesOf, writePages } from './bench/pages.ts'
import { showEveryWay, showMemory, showSideBySide, showStarts } from './bench/sections.ts'
import { budgets, line, table, title } from './bench/terminal.ts'
import { type Counts, measureWalls, type Series, type Walls } from './bench/walls.ts'

const kib = (bytes: number) => bytes / 1024
const addedMs = [0, 20, 50, 100]
const judgedMs = 50
/** Rotations with each delay; more with the one that is judged: what else the machine does only ever adds. */
const cyclesWith = (delayMs: number) => (delayMs === judgedMs ? 15 : 5)

function showBundles({ rotate, baseline }: Bundles): Budget[] {
  title('Bundles, minified')
  const sizes = [rotate, baseline].map(({ contents }) => kib(contents.length))
  const [size = 0, least = 0] = sizes
  table(
    ['', 'KiB'],
    [
      ['rotate', size.toFixed(1)],
      ['two AWS clients alone', least.toFixed(1)],
    ],
  )
  const more = [...rotate.weights]
    .map(([name, bytes]): [string, number] => [name, kib(bytes - (baseline.weights.get(name) ?? 0))])
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 8)
  line(`rotate has more: ${more.map(([name, extra]) => `${name} ${extra.toFixed(1)}`).join(', ')}`)
  return [
    { what: 'rotate bundle', measured: size, limit: 500, unit: 'KiB' },
    { what: 'rotate bundle ÷ two AWS clients', measured: size / least, limit: 1.35, unit: '×' },
  ]
}

const columns = { secretsmanager: 'Secrets Manager', ssm: 'SSM', scheduler: 'Scheduler', dfns: 'Dfns' }
const services = ['secretsmanager', 'ssm', 'scheduler', 'dfns'] as const satisfies (keyof Counts)[]

function showCalls({ grace, calls }: Walls): void {
  title(`Calls, grace ${grace}`)
  const row = (name: string, some: readonly Counts[]) => [
    name,
    ...services.map((service) => String(sum(some.map((counts) => counts[service])))),
  ]
  const rotation = calls.filter(({ phase }) => phase !== 'retire')
  const retirement = calls.filter(({ phase }) => phase === 'retire')
  table(
    ['', ...services.map((service) => columns[service])],
    [
      ...rotation.map(({ phase, counts }) => row(phase, [counts])),
      row(
        'a rotation',
        rotation.map(({ counts }) => counts),
      ),
      row(
        grace === 'PT0S' ? 'its net, 5 minutes later' : 'the retirement',
        retirement.map(({ counts }) => counts),
      ),
    ],
  )
}

function showWalls({ grace, rotation, retirement }: Walls): Budget[] {
  title(`Wall time, grace ${grace}, ms: functions warm, fastest of ${addedMs.map(cyclesWith).join(', ')}`)
  const rotationRatios = showSeries('a rotation, four steps', rotation)
  if (grace !== 'PT0S') showSeries('the retirement', retirement)
  const measured = rotationRatios[addedMs.indexOf(judgedMs)] ?? Number.NaN
  return [
    { what: `rotation ÷ longest chain, grace ${grace}, +${judgedMs} ms`, measured, limit: 1.15, unit: '×' },
  ]
}

/** Returns wall time ÷ longest chain for each delay. */
function showSeries(name: string, { walls, inOrder, dependent, waits }: Series): readonly number[] {
  const chain = addedMs.map((ms) => ms * dependent)
  const ratios = walls.map((ms, index) => ms / (chain[index] ?? Number.NaN))
  table(
    [name, ...addedMs.map((ms) => `+${ms}`)],
    [
      ['wall time', ...walls.map((ms) => ms.toFixed(0))],
      [`longest chain: ${dependent} calls`, ...chain.map((ms) => ms.toFixed(0))],
      ['ratio', ...ratios.map((ratio) => (Number.isFinite(ratio) ? ratio.toFixed(2) : '–'))],
    ],
  )
  if (inOrder > dependent) line(`as it runs, ${inOrder} calls wait for one another`)
  for (const [behind, some] of Map.groupBy(waits, (wait) => wait.behind)) {
    line(`  after ${behind}, and need not: ${some.map((wait) => wait.name).join(', ')}`)
  }
  return ratios
}

/** `npm run bench -- 10000` audits more of them. */
const audited = Number(process.argv[2] ?? 2_000)

/** One invocation of 15 minutes, and the same fleet in invocations of five. */
async function showAudits(): Promise<void> {
  title(`An audit of ${audited} secrets, a service account each`)
  const whole = await measureAudit({ secrets: audited })
  const stopped = await measureAudit({ secrets: audited, timeoutMs: 300_000 })
  const row = (name: string, of: (figures: AuditFigures) => number, digits = 0) => [
    name,
    ...[whole, stopped].map((figures) => of(figures).toFixed(digits)),
  ]
  const each = (count: (figures: AuditFigures) => number) => (figures: AuditFigures) =>
    count(figures) / figures.secrets
  table(
    ['', 'time-out 15 min', '5 min'],
    [
      row('invocations', ({ invocations }) => invocations),
      row(
        'calls of Secrets Manager, each secret',
        each(({ calls }) => calls.secretsmanager),
        2,
      ),
      row('calls of SSM and Scheduler', ({ calls }) => calls.ssm + calls.scheduler),
      row(
        'calls of Dfns, each secret',
        each(({ calls }) => calls.dfns),
        2,
      ),
      row(
        'work, ms, each secret',
        each(({ workMs }) => workMs),
        1,
      ),
      row('with the waiting for its share of the rate limit, min', ({ wholeMs }) => wholeMs / 60_000, 1),
      row('peak memory of the process, MiB', ({ peakMiB }) => peakMiB),
      row('findings', ({ findings }) => findings.length),
    ],
  )
  const isSame = whole.findings.join('\n') === stopped.findings.join('\n')
  line(`the findings are ${isSame ? 'the same' : 'NOT the same'}`)
}

/** The fleet of ten thousand in small; `npm run prove -- --only fleet` rotates all of them. */
async function showFleet(): Promise<Budget[]> {
  const [secrets, perMinute] = [200, 20]
  const fleet = { secrets, occasion: 'pressed', tells: 'nothing' } as const
  title(`In virtual time, ${nameOf(fleet)}`)
  // It puts randomness from a seed in the place of node:crypto's, which the other measurements do without.
  const { runFleet } = await import('../test/fleet/fleet.ts')
  const figures = await runFleet(fleet)
  for (const figure of lineOf({ figures, perMinute }).split('; ')) line(figure)
  const failures = failuresOf(figures)
  for (const failure of failures) line(failure)
  const what = `of ${secrets} secrets under ${perMinute} requests a minute: not rotated, or something left`
  return [{ what, measured: failures.length, limit: 0, unit: 'secrets' }]
}

async function showClient(): Promise<Budget[]> {
  const [rounds, calls] = [25, 300]
  title(`The client library, a signed call: CPU time in µs, ${rounds} rounds of ${calls} calls, in turn`)
  const { bare, client, readings } = await measureClient({ rounds, calls })
  const added = median(client.map((us, round) => us - (bare[round] ?? Number.NaN)))
  table(
    ['', 'median', 'fastest'],
    [
      ['@dfns/sdk alone, its key parsed once', median(bare).toFixed(0), Math.min(...bare).toFixed(0)],
      ['with dfnsClient', median(client).toFixed(0), Math.min(...client).toFixed(0)],
      ['added, round by round', added.toFixed(0), ''],
    ],
  )
  const share = ((added / 20_000) * 100).toFixed(2)
  line(`of a call of 20 ms: ${share} %; readings of the secret meanwhile: ${readings}`)
  return [
    { what: 'CPU time that dfnsClient adds to a signed call', measured: added, limit: 200, unit: 'µs' },
    { what: 'AWS calls of the client on the hot path', measured: readings, limit: 0, unit: 'calls' },
  ]
}

async function main(): Promise<void> {
  const { version, platform, arch } = process
  const load = loadavg()[0]?.toFixed(1)
  console.log(`Node.js ${version}, ${platform} ${arch}, ${availableParallelism()} cores, load ${load}`)
  const bundles = await buildBoth()
  const judged = [...showBundles(bundles), ...(await showStarts(bundles))]
  for (const grace of graces) {
    const walls = await measureWalls({ grace, addedMs, cyclesWith })
    showCalls(walls)
    judged.push(...showWalls(walls))
  }
  await showSideBySide(judgedMs)
  await showEveryWay(judgedMs)
  await showMemory(bundles)
  judged.push(...(await showClient()))
  await showAudits()
  judged.push(...(await showFleet()))
  await writePages(await pagesOf())
  title('Budgets')
  budgets(judged)
}

await main()
