import { parseArgs } from 'node:util'
import { noPort, portIn } from './port.ts'
import { invitation, openStanding } from './standing.ts'

const help = `npm run sandbox -- [--aws-port N] [--dfns-port N] [--refuse] [--quiet]

Secrets Manager with its rotation engine, Parameter Store and Dfns, on loopback addresses of this machine,
with one secret under rotation by the built function. Its clock goes with real time; type a duration (90s,
15m, 6h, 30d) and Enter to let that much time pass. Ctrl-C ends it, and nothing is kept.

  --aws-port, --dfns-port   ports to listen on (default: any that are free)
  --refuse                  Dfns does not let a service account register its own key
  --quiet                   does not print what the function logs`

const { values } = parseArgs({
  options: {
    'aws-port': { type: 'string', default: '0' },
    'dfns-port': { type: 'string', default: '0' },
    refuse: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

async function run(): Promise<void> {
  const [aws, dfns] = [portIn(values['aws-port']), portIn(values['dfns-port'])]
  if (aws === undefined || dfns === undefined) {
    console.error(noPort(aws === undefined ? 'aws-port' : 'dfns-port'))
    process.exitCode = 2
    return
  }
  const say = (line: string) => console.log(line)
  const sandbox = await openStanding({
    ports: { aws, dfns },
    refuses: values.refuse,
    ...(!values.quiet && { onOutput: say }),
    input: process.stdin,
    say,
  })
  const commands = [
    'Rotate it:   aws secretsmanager rotate-secret --secret-id demo/dfns',
    'Look at it:  aws secretsmanager describe-secret --secret-id demo/dfns',
    'Or by the commands of dfns-rotator:  npx ./dist/npm/cli rotate demo/dfns',
  ]
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void sandbox.stop().then(() => process.exit(0)))
  }
  say(invitation({ sandbox, commands }))
}

if (values.help) console.log(help)
else await run()
