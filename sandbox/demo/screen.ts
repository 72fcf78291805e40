import { styleText } from 'node:util'
import type { AsyncAttempt } from '../lambda/async.ts'
import type { Feed } from '../secrets-manager/feed.ts'
import type { Step, StepProgress } from '../secrets-manager/engine-state.ts'

/** What the demo writes: live where somebody watches, plain lines otherwise. */
export interface Screen {
  title(text: string): void
  text(text: string): void
  table(table: { head: readonly string[]; rows: readonly (readonly string[])[] }): void
  /** Something the demo promised to show: what was seen, and whether it was so. */
  observe(seen: boolean, text: string): void
  /** Shows the steps of rotations as they happen. */
  follow(progress: Feed<StepProgress>): void
  /** Shows each run of the retire function. */
  followRetirements(attempts: Feed<AsyncAttempt>): void
  /** Whether everything promised was seen. */
  allSeen(): boolean
}

/** The four steps in the words of Dfns's guide. */
const words: Readonly<Record<Step, string>> = {
  createSecret: 'create      new key pair, stored as AWSPENDING before Dfns hears of it',
  setSecret: 'register    Create Credential at Dfns, signed with the current key',
  testSecret: 'verify      the new key signs a user action, which is not spent',
  finishSecret: 'deactivate  is scheduled for the end of its grace; AWSCURRENT moves',
}

const width = 100

/** Where the screen writes: `process.stdout`, or a test's own. */
export interface Output {
  readonly isTTY?: boolean
  write(text: string): boolean
}

export function createScreen(stream: Output): Screen {
  const isLive = stream.isTTY === true
  const isColoured = isLive && process.env['NO_COLOR'] === undefined
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    isColoured ? styleText(format, text, { validateStream: false }) : text
  const write = (line: string) => stream.write(`${line}\n`)
  let seen = true

  const markOf = (isOk: boolean) => (isOk ? style('green', '✓') : style('red', '✗'))

  const showStep = (progress: StepProgress) => {
    const { step, type } = progress
    const line = `${step.padEnd(13)}${words[step]}`
    if (type === 'step-started') {
      if (isLive) stream.write(`  ${style('yellow', '·')} ${line}`)
      return
    }
    if (isLive) stream.write('\r')
    write(`  ${markOf(progress.ok)} ${line.padEnd(84)}${String(Math.round(progress.ms)).padStart(6)} ms`)
    if (!progress.ok) write(wrap(`${progress.errorType}: ${progress.errorMessage}`, '      '))
  }

  return {
    title: (text) => write(`\n${style('bold', text)}\n${style('dim', '─'.repeat(width))}`),
    text: (text) => write(text === '' ? '' : wrap(text, '  ')),
    table: ({ head, rows }) => {
      const all = [head, ...rows]
      const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
      const lineOf = (row: readonly string[]) =>
        row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('   ')
          .trimEnd()
      write('')
      write(`  ${style('dim', lineOf(head))}`)
      for (const row of rows) write(`  ${lineOf(row)}`)
    },
    observe: (isSo, text) => {
      seen &&= isSo
      write(`  ${isSo ? style('green', '✓') : style('red', '✗ NOT SEEN:')} ${text}`)
    },
    follow: (progress) => void progress.listen(showStep),
    followRetirements: (attempts) =>
      void attempts.listen(({ result }) => {
        write(`  ${markOf(result.ok)} ${'retire'.padEnd(13)}deactivate  Dfns stops accepting the old key`)
        if (!result.ok) write(wrap(`${result.errorType}: ${result.errorMessage}`, '      '))
      }),
    allSeen: () => seen,
  }
}

function wrap(text: string, indent: string): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last.length > 0 && indent.length + last.length + word.length >= width) lines.push(word)
    else lines[lines.length - 1] = last.length > 0 ? `${last} ${word}` : word
  }
  return lines.map((line) => indent + line).join('\n')
}
