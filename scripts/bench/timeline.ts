import type { Recorded } from '../protocol/record.ts'
import { escaped, fonts } from '../recording/drawing.ts'
import { longestChain } from './chain.ts'
import { dependencies } from './dependencies.ts'
import { sum } from './figures.ts'
import { phases } from './meter.ts'

/** A call, and how many calls have to be answered one after the other before it is sent. */
export interface Bar {
  readonly name: string
  readonly at: number
}

/** A stretch with a name. */
interface Band {
  readonly name: string
  readonly from: number
  readonly until: number
}

/** What one contender sends, and when. */
export interface Track {
  readonly title: string
  readonly bars: readonly Bar[]
  readonly bands: readonly Band[]
  /** Where a crash costs something, and what. */
  readonly danger?: Band
}

// As the bench adds to every call; what a function and a call take by themselves is left out.
const callMs = 50

const [cell, left, width] = [31, 18, 920] as const
const bar = { width: cell - 3, height: 8, pitch: 11 } as const

const colours = `
  .back { fill: #ffffff; stroke: #d1d9e0 }
  .text { fill: #1f2328 }
  .dim { fill: #6e7781 }
  .rule { stroke: #d1d9e0 }
  .aws-reads { fill: #f2cc8f }
  .aws-writes { fill: #bc4c00 }
  .dfns-reads { fill: #a5c8f0 }
  .dfns-changes { fill: #0550ae }
  .danger { fill: #ffebe9 }
  .warning { fill: #cf222e }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117; stroke: #30363d }
    .text { fill: #e6edf3 }
    .dim { fill: #8b949e }
    .rule { stroke: #30363d }
    .aws-reads { fill: #7d5a1e }
    .aws-writes { fill: #f0883e }
    .dfns-reads { fill: #1f4a7d }
    .dfns-changes { fill: #79c0ff }
    .danger { fill: #3c1518 }
    .warning { fill: #ff7b72 }
  }`

const legend = {
  'aws-reads': 'AWS: reads',
  'aws-writes': 'AWS: writes',
  'dfns-reads': 'Dfns: asks, proves a key',
  'dfns-changes': 'Dfns: changes',
} as const

/** Proving that a change would be let through is no change. */
const asks = /^POST \/auth\/(action|login)|\/init($| )|^GET |^PUT \/auth\/credentials\/activate/

function colourOf(name: string): keyof typeof legend {
  if (/^[A-Z]+ \//.test(name)) return asks.test(name) ? 'dfns-reads' : 'dfns-changes'
  return /^(Put|Update|Create|Delete)/.test(name) ? 'aws-writes' : 'aws-reads'
}

const lengthOf = ({ bars }: Track) => Math.max(...bars.map(({ at }) => at)) + 1

/** One call after the other, as the script makes them. */
export function scriptTrack(names: readonly string[]): Track {
  const bars = names.map((name, at) => ({ name, at }))
  const from = names.indexOf('POST /auth/credentials') + 1
  const until = names.indexOf('PutSecretValue') + 1
  return {
    title: "Dfns's guide as a script",
    bars,
    bands: [],
    danger: { name: 'a crash here loses the new key', from, until },
  }
}

/** The steps of a rotation as docs/protocol.md tells them: a round of calls after the other. */
export function rotationTrack(recorded: readonly Recorded[]): Track {
  const steps = recorded.filter(({ phase }) => phase !== 'retire')
  const offsets = steps.map((_, index) => sum(steps.slice(0, index).map(({ rounds }) => rounds.length)))
  const bars = steps.flatMap(({ rounds }, index) =>
    rounds.flatMap((round, at) => round.map(({ name }) => ({ name, at: (offsets[index] ?? 0) + at }))),
  )
  const bands = steps.map(({ phase, rounds }, index) => {
    const from = offsets[index] ?? 0
    return { name: phase, from, until: from + rounds.length }
  })
  return { title: 'dfns-rotator, grace PT0S', bars, bands }
}

/** Every call as early as the calls allow that it has to wait for. */
export function limitTrack(): Track {
  const bars: Bar[] = []
  const bands: Band[] = []
  for (const phase of phases.slice(0, 4)) {
    const table = dependencies.PT0S[phase]
    const names = Object.keys(table)
    const from = bands.at(-1)?.until ?? 0
    // A call's place is that of the longest chain that ends with it.
    const depthOf = (name: string) => longestChainTo(name, table)
    bars.push(...names.map((name) => ({ name: name.replace(/ #\d+$/, ''), at: from + depthOf(name) - 1 })))
    bands.push({ name: phase, from, until: from + longestChain(names, table).length })
  }
  return { title: 'the same calls, none later than it has to be', bars, bands }
}

function longestChainTo(name: string, table: (typeof dependencies.PT0S)['retire']): number {
  const { needs = [], guardedBy = [], after = [] } = table[name] ?? {}
  const before = [...needs, ...guardedBy, ...after].filter((one) => one in table)
  return 1 + Math.max(0, ...before.map((one) => longestChainTo(one, table)))
}

interface Drawn {
  readonly svg: string
  readonly height: number
}

/** The tracks below each other on one scale. */
export function timelineSvg(tracks: readonly Track[]): string {
  const parts: string[] = []
  let y = 34
  for (const track of tracks) {
    const drawn = drawnTrack(track, y)
    parts.push(drawn.svg)
    y += drawn.height
  }
  const height = y + 34
  const title = `A rotation of a service account's key, ${callMs} ms for each call`
  const named = `role="img" aria-label="${escaped(title)}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${named}>
<title>${escaped(title)}</title>
<style>
  text { font: 12px ${fonts} }
  .strong { font-weight: 700 }${colours}
</style>
<rect class="back" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="10"/>
${text({ x: left, y: 24, kind: 'text strong', content: title })}
${parts.join('\n')}
${drawnLegend(height - 16)}
</svg>
`
}

function drawnTrack(track: Track, top: number): Drawn {
  const { title, bars, bands, danger } = track
  const length = lengthOf(track)
  const sizes = Array.from({ length }, (_, at) => bars.filter((one) => one.at === at).length)
  const first = top + 44
  const bottom = first + Math.max(...sizes) * bar.pitch
  const ms = (length * callMs).toLocaleString('en')
  const inWords = `${bars.length} calls, ${length} of them in a row: ${ms} ms`
  const ends = [...new Set([0, ...bands.map(({ until }) => until), length])]
  const svg = [
    text({ x: left, y: top + 18, kind: 'text strong', content: title }),
    text({ x: left + title.length * 7.3 + 12, y: top + 18, kind: 'dim', content: inWords }),
    ...(danger === undefined ? [] : drawnDanger({ danger, first, bottom })),
    ...bands.map(({ name, from }) => text({ x: xOf(from), y: top + 36, kind: 'dim', content: name })),
    ...ends.map((at) => `<path class="rule" d="M${xOf(at) - 1.5} ${first - 6}V${bottom + 2}"/>`),
    ...sizes.flatMap((_, at) =>
      bars
        .filter((one) => one.at === at)
        .map(({ name }, lane) => drawnBar({ name, x: xOf(at), y: first + lane * bar.pitch })),
    ),
  ]
  return { svg: svg.join('\n'), height: bottom - top + 14 }
}

function drawnDanger(of: { danger: Band; first: number; bottom: number }): string[] {
  const { danger, first, bottom } = of
  const [x, size] = [xOf(danger.from) - 1.5, (danger.until - danger.from) * cell]
  return [
    `<rect class="danger" x="${x}" y="${first - 6}" width="${size}" height="${bottom - first + 8}"/>`,
    text({ x, y: first - 10, kind: 'warning', content: danger.name }),
  ]
}

function drawnBar({ name, x, y }: { name: string; x: number; y: number }): string {
  const shape = `x="${x}" y="${y}" width="${bar.width}" height="${bar.height}" rx="2"`
  return `<rect class="${colourOf(name)}" ${shape}><title>${escaped(name)}</title></rect>`
}

function drawnLegend(y: number): string {
  let x: number = left
  return Object.entries(legend)
    .map(([kind, words]) => {
      const shape = `x="${x}" y="${y - 9}" width="14" height="${bar.height + 2}" rx="2"`
      const drawn = `<rect class="${kind}" ${shape}/>${text({ x: x + 20, y, kind: 'dim', content: words })}`
      x += 40 + words.length * 7.3
      return drawn
    })
    .join('\n')
}

const xOf = (at: number) => left + at * cell

function text({ x, y, kind, content }: { x: number; y: number; kind: string; content: string }): string {
  return `<text class="${kind}" x="${Math.round(x * 10) / 10}" y="${y}">${escaped(content)}</text>`
}
