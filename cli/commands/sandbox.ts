import { noPort, portIn } from '../../sandbox/port.ts'
import { invitation, openStanding } from '../../sandbox/standing.ts'
import { type Command, noOperands, type Outcome, outcome } from '../command.ts'
import type { Given } from '../options.ts'
import type { Context } from '../context.ts'
import { usage } from '../failure.ts'
import { assertRunsFunctions } from '../node-24.ts'

export const sandbox: Command = {
  name: 'sandbox',
  summary: 'Runs Secrets Manager, Scheduler and Dfns on this machine, to try everything out',
  operands: noOperands,
  options: {
    'aws-port': { value: 'N', says: 'port to listen on: any that is free unless said' },
    'dfns-port': { value: 'N', says: 'the same for Dfns' },
    refuse: { says: 'Dfns does not let a service account register its own key' },
    quiet: { says: 'does not print what the functions log' },
  },
  about: [
    'On loopback addresses, with one secret under rotation by the very functions that are ' +
      'deployed. Its clock goes with real time; a duration (90s, 15m, 6h, 30d) and Enter lets that ' +
      'much time pass. Ctrl-C ends it, and nothing is kept. It needs Node.js 24, as the functions ' +
      'do.',
  ],
  examples: ['sandbox', 'sandbox --refuse --quiet'],
  isLocal: true,
  run,
}

async function run(context: Context, given: Given): Promise<Outcome> {
  assertRunsFunctions('sandbox')
  const { stdin, stdout, stderr } = context.process
  // Standard output is one JSON document, or what people read.
  const say = (line: string) => void (context.isJson ? stderr : stdout).write(`${line}\n`)
  const opened = await openStanding({
    ports: { aws: portOf(given, 'aws-port'), dfns: portOf(given, 'dfns-port') },
    refuses: given.flag('refuse'),
    ...(!given.flag('quiet') && { onOutput: say }),
    input: stdin,
    say,
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void opened.stop())
  const { environment, secretArn, functionArn, secretName } = opened
  const commands = [
    `Look at it:  npx dfns-rotator status ${secretName}`,
    `Rotate it:   npx dfns-rotator rotate ${secretName}`,
  ]
  return outcome({
    result: { environment, secretArn, functionArn },
    text: () => invitation({ sandbox: opened, commands }),
  })
}

function portOf(given: Given, name: string): number {
  const port = portIn(given.text(name) ?? '0')
  if (port === undefined) throw usage(noPort(name))
  return port
}
