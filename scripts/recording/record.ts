import { Writable } from 'node:stream'
import type { Command } from '../../cli/command.ts'
import { commands } from '../../cli/commands.ts'
import { run } from '../../cli/run.ts'
import { type Drawing, drawingOf, type Typed } from './drawing.ts'
import { type Driven, drivenBy, openRecordedScene } from './stage.ts'
import { rowsOf, type Written } from './terminal.ts'

const columns = 108
const prompt = '$ '
const secret = 'prod/payments'

/** What is typed, one after the other. */
const lines = [`doctor ${secret}`, `rotate ${secret}`, `status ${secret}`]

// Milliseconds.
const perCharacter = 45
const beforeTyping = 700
const beforeAnswer = 350
const readingTime = 2_600
const lastReadingTime = 7_000

/** The commands as they are, on a terminal and a clock of their own; the SVG is the same in every run. */
export async function recordingSvg(): Promise<string> {
  const scene = await openRecordedScene()
  const { clock, sandbox } = scene
  const began = clock.now()
  const now = () => clock.now() - began
  const written: Written[] = []
  const typed: Typed[] = []
  const write = (text: string) => void written.push({ at: now(), text })
  const driven = drivenBy(clock)
  try {
    Object.assign(process.env, sandbox.environment)
    for (const [index, line] of lines.entries()) {
      if (index > 0) await clock.advance(readingTime)
      typed.push(await type({ line, clock, write, now, row: rowAfter(written) }))
      const code = await driven.run(() => execute({ line, driven, write }))
      if (code !== 0) throw new Error(`${line} ended with ${code}`)
      write('\n')
    }
  } finally {
    await sandbox.stop()
  }
  const drawing: Drawing = {
    rows: rowsOf(written),
    typed,
    lengthMs: now() + lastReadingTime,
    title: 'A terminal: npx dfns-rotator doctor, rotate and status, with what they print',
    columns,
  }
  return drawingOf(drawing)
}

const rowAfter = (written: readonly Written[]): number =>
  written.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0)

async function type(of: {
  line: string
  clock: { advance(ms: number): Promise<void> }
  write: (text: string) => void
  now: () => number
  row: number
}): Promise<Typed> {
  const { line, clock, write, now, row } = of
  const text = `npx dfns-rotator ${line}`
  const shown = now()
  const from = shown + beforeTyping
  const until = from + text.length * perCharacter
  write(`\u001b[2m${prompt}\u001b[22m\u001b[1m${text}\u001b[22m\n`)
  await clock.advance(until + beforeAnswer - now())
  return { row, shown, from, until, prompt: prompt.length }
}

function execute(of: { line: string; driven: Driven; write: (text: string) => void }): Promise<number> {
  const { line, driven, write } = of
  const stream = () =>
    Object.assign(
      new Writable({
        write: (chunk: Buffer, _, done) => {
          write(chunk.toString())
          done()
        },
      }),
      { isTTY: true, columns },
    )
  const onTheClock = commands.map(
    (command): Command => ({
      ...command,
      run: (context, given) => command.run({ ...context, time: driven.time }, given),
    }),
  )
  const terminal = { env: {}, stdin: process.stdin, stdout: stream(), stderr: stream() }
  return run({ argv: line.split(' '), process: terminal, commands: onTheClock, version: '' })
}
