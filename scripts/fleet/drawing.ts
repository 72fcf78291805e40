/** A fleet's first week, hour by hour. */
export interface RecordedFleet {
  readonly secrets: number
  /** Requests that Dfns answers in a minute. */
  readonly perMinute: number
  /** Requests answered in the minute of the hour that had most. */
  readonly answered: readonly number[]
  /** Secrets rotated in the hour. */
  readonly rotated: readonly number[]
}

const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const bar = { width: 4, gap: 1 } as const
const plot = { left: 64, top: 64, height: 150 } as const
const below = { top: 262, height: 60 } as const
const fonts = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"

const colours = `
  .paper { fill: #ffffff; stroke: #d1d9e0 }
  .text { fill: #1f2328 }
  .dim { fill: #59636e }
  .axis { stroke: #d1d9e0 }
  .limit { stroke: #cf222e }
  .limit-text { fill: #cf222e }
  .answered { fill: #0969da }
  .rotated { fill: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; stroke: #30363d }
    .text { fill: #e6edf3 }
    .dim { fill: #9198a1 }
    .axis { stroke: #30363d }
    .limit { stroke: #f85149 }
    .limit-text { fill: #f85149 }
    .answered { fill: #58a6ff }
    .rotated { fill: #3fb950 }
  }`

/** An SVG of the week: the busiest minute of each hour against the limit, and the rotations beneath it. */
export function drawingOf(fleet: RecordedFleet): string {
  const { secrets, perMinute, answered, rotated } = fleet
  const hours = answered.length
  const width = plot.left + hours * (bar.width + bar.gap) + 20
  const height = below.top + below.height + 40
  const most = Math.max(...rotated)
  const title = `${counted(secrets)} secrets of one organisation, their windows spread over the week`
  const bars = (values: readonly number[], at: { name: string; bottom: number; unit: number }) =>
    values.map((value, hour) => barOf({ value, hour, ...at })).join('')
  const top = plot.top + plot.height
  const end = plot.left + hours * (bar.width + bar.gap)
  const named = `role="img" aria-label="${title}"`
  const bottom = below.top + below.height
  const label = (y: number, text: string, name = 'dim') =>
    `<text class="${name}" x="${plot.left - 6}" y="${y}" text-anchor="end">${text}</text>`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${named}>
<title>${title}</title>
<style>
  text { font: 12px ${fonts} }
  .title { font-size: 14px; font-weight: 600 }${colours}
</style>
<rect class="paper" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="10"/>
<text class="text title" x="20" y="28">${title}</text>
<text class="dim" x="20" y="48">Requests to Dfns in the busiest minute of each hour</text>
${bars(answered, { name: 'answered', bottom: top, unit: plot.height / perMinute })}
<path class="limit" stroke-dasharray="5 4" d="M${plot.left} ${plot.top}H${end}"/>
${label(plot.top + 4, counted(perMinute), 'limit-text')}
${label(top, '0')}
<path class="axis" d="M${plot.left} ${top + 0.5}H${end}"/>
<text class="dim" x="20" y="${below.top - 14}">Secrets rotated in each hour</text>
${bars(rotated, { name: 'rotated', bottom, unit: below.height / most })}
${label(below.top + 4, counted(most))}
${label(bottom, '0')}
<path class="axis" d="M${plot.left} ${bottom + 0.5}H${end}"/>
${days.map((day, index) => dayOf({ day, x: xOf(index * 24), y: height - 18 })).join('')}
</svg>
`
}

const dayOf = ({ day, x, y }: { day: string; x: number; y: number }) =>
  `<text class="dim" x="${x}" y="${y}">${day}</text>`

const xOf = (hour: number) => plot.left + hour * (bar.width + bar.gap)

function barOf(of: { value: number; hour: number; name: string; bottom: number; unit: number }): string {
  const { value, hour, name, bottom, unit } = of
  if (value === 0) return ''
  const height = Math.round(value * unit * 10) / 10
  const y = Math.round((bottom - height) * 10) / 10
  return `<rect class="${name}" x="${xOf(hour)}" y="${y}" width="${bar.width}" height="${height}"/>`
}

const counted = (value: number) => value.toLocaleString('en')
