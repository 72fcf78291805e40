import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** How a result is shown to people. */
export interface Look {
  /** Columns; infinitely many where nobody's terminal breaks lines. */
  readonly width: number
  /** Colours, on a terminal only, and not under NO_COLOR. */
  paint(format: Format, text: string): string
}

interface Stream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

export function lookOf({ stream, env }: { stream: Stream; env: Environment }): Look {
  const isTerminal = stream.isTTY === true
  const isColoured = isTerminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  const columns = Number(env['COLUMNS']) || (isTerminal ? stream.columns : undefined)
  return {
    width: columns === undefined ? Number.POSITIVE_INFINITY : Math.max(20, columns),
    paint: (format, text) => (isColoured ? styleText(format, text, { validateStream: false }) : text),
  }
}

/** Columns: lines are read best when they are not longer. */
export const widest = 100

/** Line breaks, terminal and bidirectional controls: names at AWS and Dfns may hold them. */
const controls = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** A name, or a text with names in it, as one line that no terminal takes for a command. */
export const shown = (text: string): string => text.replaceAll(controls, '?')

const escape = '\u001b'

/** Whatever is a control. Captured is what is ours: ends of lines, colours, a line that is written anew. */
const written = new RegExp(`(\\n|${escape}\\[\\d{1,3}m|\\r${escape}\\[2K)|${controls.source}`, 'gu')

/** All that is printed goes through this: whatever was not thought of, a terminal obeys none but us. */
export const harmless = (text: string): string =>
  text.replaceAll(written, (_, ours: string | undefined) => ours ?? '?')

/** JSON of one result, whose strings are as they are, and which may be printed to a terminal all the same. */
export const json = (value: object): string =>
  JSON.stringify(value, null, 2).replaceAll(/(\n)|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)

function escaped(text: string, end: string | undefined): string {
  if (end !== undefined) return end
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

/** Text in lines that fit; words are not broken. Every line but the first begins with `indent`. */
export function wrap({ text, width, indent = '' }: { text: string; width: number; indent?: string }): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    const room = width - (lines.length > 1 ? indent.length : 0)
    if (last !== '' && last.length + 1 + word.length > room) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines.join(`\n${indent}`)
}

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** A table, or where it is wider than the terminal a block of lines for each row. */
export function table({ head, rows }: Table, look: Look): string {
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const whole = widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1))
  if (whole > look.width) return blocks({ head, rows }, look)
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [look.paint('dim', line(head)), ...rows.map(line)].join('\n')
}

function blocks({ head, rows }: Table, look: Look): string {
  const longest = Math.max(...head.map((name) => name.length))
  return rows
    .map(([first = '', ...rest]) => {
      const lines = rest.map((cell, index) => {
        const name = (head[index + 1] ?? '').padEnd(longest)
        const indent = ' '.repeat(longest + 4)
        const text = wrap({ text: cell, width: look.width - indent.length })
        return `  ${look.paint('dim', name)}  ${text.replaceAll('\n', `\n${indent}`)}`
      })
      return [look.paint('bold', first), ...lines].join('\n')
    })
    .join('\n\n')
}
