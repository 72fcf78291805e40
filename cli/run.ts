import { given } from './arguments.ts'
import type { Command } from './command.ts'
import { contextOf, type Process } from './context.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { told, usage } from './failure.ts'
import { helpOf, overview } from './help.ts'
import { harmless, json, lookOf } from './output.ts'

/** A call of the command line. */
interface Call {
  readonly argv: readonly string[]
  readonly process: Process
  readonly commands: readonly Command[]
  readonly version: string
}

type Print = (text: string) => void

/** Prints what a call comes to, and returns the exit code. Never throws. */
export async function run(call: Call): Promise<ExitCode> {
  const { argv, process } = call
  const print = (text: string) => void process.stdout.write(`${harmless(text)}\n`)
  try {
    return await carriedOut({ ...call, print })
  } catch (error) {
    return reportFailure({ error, process, isJson: argv.slice(1).includes('--json'), print })
  }
}

async function carriedOut(call: Call & { print: Print }): Promise<ExitCode> {
  const { argv, process, commands, version, print } = call
  const [name, ...rest] = argv
  const look = lookOf({ stream: process.stdout, env: process.env })
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const wanted = name === 'help' && rest[0] !== undefined ? find(commands, rest[0]) : undefined
    print(wanted === undefined ? overview({ commands, look }) : helpOf({ command: wanted, look }))
    return name === undefined ? exitCodes.usage : exitCodes.done
  }
  if (name === '--version') {
    print(version)
    return exitCodes.done
  }
  const command = find(commands, name)
  const said = given({ command, argv: rest })
  if (said.flag('help')) {
    print(helpOf({ command, look }))
    return exitCodes.done
  }
  const context = await contextOf({ given: said, process, isLocal: command.isLocal === true })
  const outcome = await command.run(context, said)
  const text = said.flag('json') ? json(outcome.result) : outcome.text(look)
  // What was shown as it happened has no end to print.
  if (text !== '') print(text)
  return outcome.exitCode
}

function find(commands: readonly Command[], name: string): Command {
  const command = commands.find((one) => one.name === name)
  if (command !== undefined) return command
  const known = commands.map((one) => one.name).join(', ')
  throw usage(`"${name.replaceAll(/[^\w-]/g, '?')}" is none of the commands ${known}`)
}

function reportFailure(of: { error: unknown; process: Process; isJson: boolean; print: Print }): ExitCode {
  const { error, process, isJson, print } = of
  const { exitCode, ...failure } = told(error)
  const { code, message, remedy } = failure
  if (isJson) print(json({ error: failure }))
  const hint = exitCode === exitCodes.usage ? '. See npx dfns-rotator --help' : ''
  process.stderr.write(`dfns-rotator: ${code}: ${harmless(message)}${hint}\n`)
  if (remedy !== undefined) process.stderr.write(`What to do: ${remedy}.\n`)
  return exitCode
}
