import { styleText } from 'node:util'
import { type Budget, figure, isMet } from './figures.ts'

// styleText writes no colours where nobody watches, or where NO_COLOR asks for none.

export function title(text: string): void {
  console.log(`\n${styleText('bold', text)}`)
}

export function line(text: string): void {
  console.log(`  ${text}`)
}

/** What is going on meanwhile: for whoever watches, and no part of what is printed. */
export function progress(text: string): void {
  console.error(styleText('dim', `  … ${text}`, { stream: process.stderr }))
}

/** Columns after the first are numbers, and stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((_, index) => Math.max(...[head, ...rows].map((row) => row[index]?.length ?? 0)))
  const aligned = (row: readonly string[]) =>
    row.map((cell, index) =>
      index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
    )
  line(styleText('dim', aligned(head).join('   ').trimEnd()))
  for (const row of rows) line(aligned(row).join('   ').trimEnd())
}

export function budgets(list: readonly Budget[]): void {
  const width = Math.max(...list.map(({ what }) => what.length))
  for (const budget of list) {
    const { what, measured, limit, unit } = budget
    const verdict = isMet(budget) ? styleText('green', '✓ met    ') : styleText('red', '✗ not met')
    const figures = [measured, limit].map((value) => figure({ value, unit }).padStart(9))
    line(`${verdict}   ${what.padEnd(width)}   ${figures[0]}   budget ${figures[1]}`)
  }
}
