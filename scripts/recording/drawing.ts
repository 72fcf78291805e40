import type { Row, Span } from './terminal.ts'

/** A line that somebody types: it grows from the left. Milliseconds. */
export interface Typed {
  readonly row: number
  /** When its prompt is there. */
  readonly shown: number
  readonly from: number
  readonly until: number
  /** Characters in front that are there at once. */
  readonly prompt: number
}

export interface Drawing {
  readonly rows: readonly Row[]
  readonly typed: readonly Typed[]
  /** Of one round, the last pause included. Milliseconds. */
  readonly lengthMs: number
  readonly title: string
  readonly columns: number
}

const cell = { width: 8.4, height: 20 } as const
const margin = { left: 20, top: 60, bottom: 18 } as const

export const fonts = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"

const colours = `
  .screen { fill: #ffffff; stroke: #d1d9e0 }
  .text, .bar { fill: #1f2328 }
  .dim { fill: #6e7781 }
  .green { fill: #1a7f37 }
  .yellow { fill: #9a6700 }
  .red { fill: #cf222e }
  .cyan { fill: #1b7c83 }
  .bold { font-weight: 700 }
  .cover { fill: #ffffff }
  .caret { fill: #0969da }
  .dot { fill: #d1d9e0 }
  @media (prefers-color-scheme: dark) {
    .screen { fill: #0d1117; stroke: #30363d }
    .text, .bar { fill: #e6edf3 }
    .dim { fill: #8b949e }
    .green { fill: #3fb950 }
    .yellow { fill: #d29922 }
    .red { fill: #f85149 }
    .cyan { fill: #39c5cf }
    .cover { fill: #0d1117 }
    .caret { fill: #58a6ff }
    .dot { fill: #30363d }
  }`

/**
 * An SVG that plays in a loop by CSS alone. Where nothing moves (a viewer without animations, or somebody who
 * wants none) it shows the last screen.
 */
export function drawingOf(drawing: Drawing): string {
  const { rows, typed, title, columns } = drawing
  const last = Math.max(...rows.map(({ row }) => row))
  const width = Math.round(2 * margin.left + columns * cell.width)
  const height = margin.top + (last + 1) * cell.height + margin.bottom
  const shows = rows.map((row, index) => rowOf({ drawing, row, index }))
  const covers = typed.map((one, index) => coverOf({ drawing, typed: one, index, width }))
  const all = [...shows, ...covers]
  const named = `role="img" aria-label="${escaped(title)}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${named}>
<title>${escaped(title)}</title>
<style>
  text { font: 14px ${fonts}; white-space: pre }${colours}
  .passing { opacity: 0 }
  @media (prefers-reduced-motion: no-preference) {
${all.map(({ css }) => css).join('\n')}
  }
</style>
<rect class="screen" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="10"/>
${[0, 1, 2].map((one) => `<circle class="dot" cx="${24 + 20 * one}" cy="24" r="6"/>`).join('')}
<clipPath id="inside"><rect x="2" y="2" width="${width - 4}" height="${height - 4}" rx="9"/></clipPath>
<g clip-path="url(#inside)">
${all.map(({ svg }) => svg).join('\n')}
</g>
</svg>
`
}

interface Part {
  readonly css: string
  readonly svg: string
}

function rowOf({ drawing, row, index }: { drawing: Drawing; row: Row; index: number }): Part {
  const { from, until } = row
  const percent = percentOf(drawing)
  const y = margin.top + row.row * cell.height
  let column = 0
  const spans = row.spans.map((span) => {
    const x = margin.left + column * cell.width
    column += span.text.length
    return spanOf({ span, x, y })
  })
  const end = until === undefined ? '' : `${percent(until)}{opacity:0}`
  const css = `    @keyframes r${index}{0%{opacity:0}${percent(from)}{opacity:1}${end}}
    .r${index}{animation:r${index} ${seconds(drawing.lengthMs)} step-end infinite}`
  const passing = until === undefined ? '' : ' passing'
  return { css, svg: `<g class="r${index}${passing}">${spans.join('')}</g>` }
}

function spanOf({ span, x, y }: { span: Span; x: number; y: number }): string {
  const { text, styles } = span
  const start = text.length - text.trimStart().length
  const trimmed = text.trim()
  if (trimmed === '') return ''
  // Every character has its place, whatever font is found.
  const left = rounded(x + start * cell.width)
  const at = `x="${left}" y="${y}" textLength="${rounded(trimmed.length * cell.width)}"`
  return `<text class="${['text', ...styles].join(' ')}" ${at}>${escaped(trimmed)}</text>`
}

/** What is not typed yet is covered; the cover's left edge is the caret. */
function coverOf(of: { drawing: Drawing; typed: Typed; index: number; width: number }): Part {
  const { drawing, typed, index, width } = of
  const { row, shown, from, until, prompt } = typed
  const percent = percentOf(drawing)
  const spans = drawing.rows.find((one) => one.row === row)?.spans ?? []
  const characters = spans.reduce((sum, { text }) => sum + text.length, 0) - prompt
  const x = margin.left + prompt * cell.width
  const y = margin.top + row * cell.height - 15
  const distance = rounded(characters * cell.width)
  const steps = `animation-timing-function:steps(${characters})`
  const start = 'opacity:1;transform:none'
  const end = `transform:translateX(${distance}px)`
  const frames = [
    '0%{opacity:0}',
    `${percent(shown)}{${start}}`,
    `${percent(from)}{${start};${steps}}`,
    `${percent(until)}{opacity:1;${end}}`,
    `${percent(until + 250)}{opacity:0;${end}}`,
  ]
  const css = `    @keyframes t${index}{${frames.join('')}100%{opacity:0}}
    .t${index}{animation:t${index} ${seconds(drawing.lengthMs)} step-end infinite}`
  const hidden = `<rect class="cover" width="${width}" height="${cell.height}"/>`
  const caret = `<rect class="caret" width="${cell.width}" height="${cell.height - 2}"/>`
  const moving = `<g class="passing t${index}">${hidden}${caret}</g>`
  return { css, svg: `<g transform="translate(${rounded(x)} ${y})">${moving}</g>` }
}

const percentOf =
  ({ lengthMs }: Drawing) =>
  (at: number): string =>
    `${rounded((100 * at) / lengthMs)}%`

const seconds = (ms: number): string => `${ms / 1_000}s`

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
