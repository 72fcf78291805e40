import { parseArgs } from 'node:util'
import type { Command } from './command.ts'
import type { Given, Option, Options } from './options.ts'
import { usage } from './failure.ts'

/** What every command takes. */
export const sharedOptions: Options = {
  json: { says: 'one JSON document on standard output, and nothing else there' },
  yes: { short: 'y', says: 'do what cannot be undone without asking' },
  verbose: { says: 'what is being done, line by line, on standard error' },
  profile: { value: 'NAME', says: 'profile of the AWS configuration files' },
  region: { value: 'REGION', says: 'AWS region' },
  'endpoint-url': { value: 'URL', says: 'where every AWS service is, in place of AWS' },
  'name-prefix': {
    value: 'NAME',
    says: 'of a rotator that was installed under another one than dfns-rotator',
  },
  policy: { value: 'NAME', says: 'SSM parameter with the policy, where it is not /<name-prefix>/policy' },
  help: { short: 'h', says: 'this text' },
}

/** Reads what stands behind a command's name. Whatever is not known is an error that names it. */
export function given(of: { command: Command; argv: readonly string[] }): Given {
  const { command, argv } = of
  const options: Options = { ...command.options, ...sharedOptions }
  const { values, positionals } = parsed({ options, argv })
  for (const [name, value] of Object.entries(values)) assertOneOf({ name, value, option: options[name] })
  const { least, most } = command.operands
  const isHelp = values['help'] === true
  if (!isHelp && (positionals.length < least || positionals.length > most)) {
    const wanted = command.operands.usage === '' ? 'nothing' : command.operands.usage
    throw usage(`${command.name} takes ${wanted}, and not ${positionals.length} of it`)
  }
  return {
    operands: positionals,
    flag: (name) => values[name] === true,
    text: (name) => {
      const value = values[name]
      return typeof value === 'string' ? value : undefined
    },
  }
}

function parsed({ options, argv }: { options: Options; argv: readonly string[] }) {
  const config = Object.entries(options).map(([name, { value, short }]) => {
    const type = value === undefined ? ('boolean' as const) : ('string' as const)
    return [name, { type, ...(short !== undefined && { short }) }] as const
  })
  try {
    return parseArgs({ args: [...argv], options: Object.fromEntries(config), allowPositionals: true })
  } catch (error) {
    // Its first sentence names the option; the rest is advice on positional arguments.
    const [problem = ''] = error instanceof Error ? error.message.split('. ') : []
    throw usage(problem.replace(/\.$/, ''))
  }
}

function assertOneOf(of: { name: string; value: unknown; option: Option | undefined }): void {
  const { name, value, option } = of
  if (typeof value !== 'string' || option?.oneOf?.includes(value) !== false) return
  throw usage(`--${name} is one of ${option.oneOf.join(', ')}`)
}
