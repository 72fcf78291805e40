import { sharedOptions } from './arguments.ts'
import type { Command } from './command.ts'
import type { Options } from './options.ts'
import { exitCodes, meanings } from './exit-codes.ts'
import { type Look, widest, wrap } from './output.ts'

/** What stands on the page of all commands. */
export function overview({ commands, look }: { commands: readonly Command[]; look: Look }): string {
  const title = (text: string) => look.paint('bold', text)
  const rows = commands.map(({ name, summary }) => [name, summary] as const)
  return [
    'Rotates Dfns credentials kept in AWS Secrets Manager.',
    `${title('Usage')}\n  npx dfns-rotator COMMAND [options]`,
    `${title('Commands')}\n${pairs({ rows, look })}`,
    `${title('Options of every command')}\n${pairs({ rows: optionRows(sharedOptions), look })}`,
    `${title('Exit codes')}\n${pairs({ rows: exitCodeRows(), look })}`,
    'npx dfns-rotator COMMAND --help tells more of each.',
  ].join('\n\n')
}

/** The page of one command. */
export function helpOf({ command, look }: { command: Command; look: Look }): string {
  const { name, summary, about, operands, options, examples } = command
  const title = (text: string) => look.paint('bold', text)
  const width = Math.min(look.width, widest)
  const usage = ['npx dfns-rotator', name, '[options]', operands.usage]
    .filter((part) => part !== '')
    .join(' ')
  const operandRows = operands.usage === '' ? [] : [[operands.usage, operands.says] as const]
  const own = [...operandRows, ...optionRows(options)]
  return [
    `${summary}.`,
    `${title('Usage')}\n  ${usage}`,
    ...about.map((text) => wrap({ text, width })),
    ...(own.length === 0 ? [] : [`${title('Options')}\n${pairs({ rows: own, look })}`]),
    `${title('Options of every command')}\n${pairs({ rows: optionRows(sharedOptions), look })}`,
    `${title('Examples')}\n${examples.map((line) => `  npx dfns-rotator ${line}`).join('\n')}`,
    `${title('Exit codes')}\n${pairs({ rows: exitCodeRows(), look })}`,
  ].join('\n\n')
}

function optionRows(options: Options): (readonly [string, string])[] {
  return Object.entries(options).map(([name, { value, short, says, oneOf }]) => {
    const long = `--${name}${value === undefined ? '' : ` ${value}`}`
    const both = short === undefined ? long : `-${short}, ${long}`
    return [both, oneOf === undefined ? says : `${says}: ${oneOf.join(', ')}`] as const
  })
}

function exitCodeRows(): (readonly [string, string])[] {
  return Object.values(exitCodes).map((code) => [String(code), meanings[code]] as const)
}

function pairs({ rows, look }: { rows: readonly (readonly [string, string])[]; look: Look }): string {
  const left = Math.max(...rows.map(([name]) => name.length))
  const indent = ' '.repeat(left + 4)
  const width = Math.max(20, Math.min(look.width, widest) - indent.length)
  return rows
    .map(([name, text]) => `  ${name.padEnd(left)}  ${wrap({ text, width }).replaceAll('\n', `\n${indent}`)}`)
    .join('\n')
}
