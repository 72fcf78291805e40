import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { drawingOf } from '../scripts/recording/drawing.ts'
import { rowsOf, type Written } from '../scripts/recording/terminal.ts'

const script = fileURLToPath(new URL('../scripts/recording.ts', import.meta.url))
const file = new URL('../docs/recording.svg', import.meta.url)

test('docs/recording.svg is what the commands print today, byte for byte', { timeout: 120_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [script, '-'], { env: {} })
  expect(stdout).toBe(readFileSync(file, 'utf8'))
})

test('README.md shows it', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  expect(readme.includes('](docs/recording.svg)')).toBe(true)
})

/** What a terminal shows at a moment, without styles. */
const shownAt = (at: number, written: readonly Written[]): string[] =>
  rowsOf(written)
    .filter(({ from, until }) => from <= at && (until === undefined || until > at))
    .toSorted((one, other) => one.row - other.row)
    .map(({ spans }) => spans.map(({ text }) => text).join(''))

describe('the terminal that it is drawn from', () => {
  test('a line that is written anew stands until then', () => {
    const written = [
      { at: 0, text: 'first\n· second' },
      { at: 10, text: '\r\u001b[2K✓ second\n' },
    ]
    expect(shownAt(5, written)).toEqual(['first', '· second'])
    expect(shownAt(10, written)).toEqual(['first', '✓ second'])
  })

  test('a line that is erased leaves nothing', () => {
    expect(
      shownAt(9, [
        { at: 0, text: 'here' },
        { at: 1, text: '\r\u001b[2K' },
      ]),
    ).toEqual([])
  })

  test('colours end where their own codes say so', () => {
    const rows = rowsOf([{ at: 0, text: '\u001b[1m\u001b[32mboth\u001b[39mbold\u001b[22mplain' }])
    expect(rows[0]?.spans).toEqual([
      { text: 'both', styles: ['bold', 'green'] },
      { text: 'bold', styles: ['bold'] },
      { text: 'plain', styles: [] },
    ])
  })

  test('what it does not know is an error, and not left out', () => {
    expect(() => rowsOf([{ at: 0, text: '\u001b[2J' }])).toThrow('ESC[2J')
    expect(() => rowsOf([{ at: 0, text: '\u001b[95m' }])).toThrow('ESC[95m')
  })
})

describe('the drawing', () => {
  const rows = rowsOf([
    { at: 0, text: 'a < b & "c"\n· going' },
    { at: 500, text: '\r\u001b[2K✓ done\n' },
  ])
  const svg = drawingOf({ rows, typed: [], lengthMs: 1_000, title: 'title', columns: 40 })

  test('shows the last screen where nothing moves', () => {
    const [still = ''] = svg.match(/<g clip-path[\s\S]*$/) ?? []
    const standing = [...still.matchAll(/<g class="r\d+">(.*?)<\/g>/g)].map(([, inside = '']) => inside)
    expect(standing.join('')).toContain('✓ done')
    expect(standing.join('')).not.toContain('going')
    expect(svg).toContain('@media (prefers-reduced-motion: no-preference)')
  })

  test('has colours of its own in the dark, and nothing from elsewhere', () => {
    expect(svg).toContain('@media (prefers-color-scheme: dark)')
    expect(svg).toContain('a &lt; b &amp; &quot;c&quot;')
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|@import|url\((?!#)/)
  })
})
