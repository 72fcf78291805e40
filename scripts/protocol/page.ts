import { type Phase, phases } from '../bench/meter.ts'
import { beyond, leastOf, type Service } from './least.ts'
import { type Call, type Recorded, services } from './record.ts'

/** Each way by its name, and what was recorded of it. */
export type Recordings = ReadonlyMap<string, readonly Recorded[]>

const shorts: Readonly<Record<string, string>> = {
  [services.secretsmanager]: 'SM',
  [services.ssm]: 'PS',
  [services.scheduler]: 'ES',
  [services.lambda]: 'L',
  [services.logs]: 'CL',
  [services.dfns]: 'D',
}

const arrow = /^ *R->>(\w+): (.+?)(?: \((.+)\))?$/

/** A phase as a sequence diagram: what is sent together stands in one `par`. */
export function diagramOf({ rounds }: Pick<Recorded, 'rounds'>): string {
  const used = Object.entries(shorts).filter(([to]) => rounds.flat().some((call) => call.to === to))
  const lines = [
    'sequenceDiagram',
    '  participant R as dfns-rotator',
    ...used.map(([to, short]) => `  participant ${short} as ${to}`),
    ...rounds.flatMap(linesOf),
  ]
  return ['```mermaid', ...lines, '```'].join('\n')
}

function linesOf(round: readonly Call[]): string[] {
  const lines = round.map(({ to, name, notes }) => {
    const note = notes.length > 0 ? ` (${notes.join(', ')})` : ''
    return `R->>${shorts[to]}: ${name}${note}`
  })
  if (lines.length === 1) return lines.map((line) => `  ${line}`)
  return [
    ...lines.flatMap((line, index) => [index === 0 ? '  par together' : '  and also', `    ${line}`]),
    '  end',
  ]
}

/** The rounds that a diagram tells: what `diagramOf` drew, read back. */
export function roundsIn(diagram: string): Call[][] {
  const rounds: Call[][] = []
  let open: Call[] | undefined
  for (const line of diagram.split('\n')) {
    if (line.trim() === 'par together') rounds.push((open = []))
    else if (line.trim() === 'end') open = undefined
    const [, short, name = '', notes] = arrow.exec(line) ?? []
    if (short === undefined) continue
    const to = Object.keys(shorts).find((one) => shorts[one] === short) ?? short
    const call = { to, name, notes: notes?.split(', ') ?? [] }
    if (open === undefined) rounds.push([call])
    else open.push(call)
  }
  return rounds
}

/** A generated block of the page; its text stands between two comments. */
const blockOf = (name: string) => new RegExp(`(<!-- recorded: ${name} -->\n)([^]*?)(<!-- end -->)`)

/** The text of a block; the page has to have it. */
export function blockIn(page: string, name: string): string {
  const found = blockOf(name).exec(page)?.[2]
  if (found === undefined) throw new Error(`the page has no block «${name}»`)
  return found.trim()
}

/** The diagrams of a way, phase by phase, as the page has them. */
export function recordedIn(page: string, way: string): Recorded[] {
  const block = blockIn(page, way)
  return [...block.matchAll(/^### \S+ (\w+)\n\n```mermaid\n([^]*?)\n```/gm)].map(([, name, diagram = '']) => {
    const phase = phases.find((one) => one === name)
    if (phase === undefined) throw new Error(`${way}: ${name} is no phase`)
    return { phase, rounds: roundsIn(diagram) }
  })
}

/** Every generated block by its name. */
export function blocksOf(recordings: Recordings): ReadonlyMap<string, string> {
  const ways = [...recordings].map(([way, recorded]) => [way, diagramsOf(recorded)] as const)
  const counts = [
    ['calls to Dfns', countsOf(recordings, 'Dfns')],
    ['calls to AWS', countsOf(recordings, 'AWS')],
    ['beyond the least', reasonsOf(recordings)],
  ] as const
  return new Map([...counts, ...ways])
}

function diagramsOf(recorded: readonly Recorded[]): string {
  const number = (index: number) => `${index + 1}.`
  return recorded
    .map(({ phase, rounds }, index) => `### ${number(index)} ${phase}\n\n${diagramOf({ rounds })}`)
    .join('\n\n')
}

/** The page with every block written anew. */
export function withBlocks(page: string, blocks: ReadonlyMap<string, string>): string {
  let next = page
  for (const [name, text] of blocks) {
    blockIn(next, name)
    next = next.replace(blockOf(name), (_, begin: string, _old, end: string) => `${begin}\n${text}\n\n${end}`)
  }
  return next
}

/** Calls of a phase, and the least number of them: `5 / 4`. */
function countsOf(recordings: Recordings, service: Service): string {
  const head = ['kind, strategy', ...phases.slice(0, 4), '**a rotation**', 'retire']
  const rows = [...recordings].map(([way, recorded]) => {
    const counts = recorded.map((one) => leastOf({ way, recorded: one, service }))
    const cell = (of: readonly { made: number; least: number }[]) =>
      `${sum(of.map(({ made }) => made))} / ${sum(of.map(({ least }) => least))}`
    const rotation = counts.slice(0, 4)
    return [way, ...rotation.map((one) => cell([one])), `**${cell(rotation)}**`, cell(counts.slice(4))]
  })
  return tableOf(head, rows, ['---', ...phases.map(() => '---:'), '---:'])
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)

interface Row {
  readonly why: string
  readonly calls: Set<string>
  readonly phases: readonly Phase[]
  readonly ways: Set<string>
}

/** One row for each reason to make a call beyond the least, and for the phases in which a way has it. */
function reasonsOf(recordings: Recordings): string {
  const rows = new Map<string, Row>()
  for (const [way, recorded] of recordings) {
    const found = recorded.flatMap((one) =>
      beyond({ way, recorded: one }).map((call) => ({ ...call, phase: one.phase })),
    )
    for (const { name, why } of found) {
      const seen = new Set(found.filter((one) => one.why === why).map(({ phase }) => phase))
      const key = [why, ...seen].join()
      const row = rows.get(key) ?? { why, calls: new Set(), phases: [...seen], ways: new Set() }
      rows.set(key, row)
      row.calls.add(`\`${name}\``)
      row.ways.add(way)
    }
  }
  const all = [...recordings.keys()]
  const cells = [...rows.values()].map(({ why, calls, phases: seen, ways }) => [
    seen.join(', '),
    waysOf(ways, all),
    [...calls].join(', '),
    why,
  ])
  return tableOf(['in', 'of', 'calls', 'why'], cells, ['---', '---', '---', '---'])
}

/** Whatever is shorter: who it is, or who it is not. */
function waysOf(ways: ReadonlySet<string>, all: readonly string[]): string {
  const others = all.filter((way) => !ways.has(way))
  if (others.length === 0) return 'all'
  if (others.length < ways.size) return `all but ${others.join('; ')}`
  return all.filter((way) => ways.has(way)).join('; ')
}

function tableOf(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  rule: readonly string[],
): string {
  return [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
