import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { guideWorld, openScene } from './scene.ts'

const help = `npm run sandbox -- [--aws-port N] [--dfns-port N] [--refuse] [--quiet]

Secrets Manager with its rotation engine, Parameter Store and Dfns, on loopback addresses of this machine,
with one secret under rotation by the built function. Its clock goes with real time; type a duration (90s,
15m, 6h, 30d) and Enter to let that much time pass. Ctrl-C ends it, and nothing is kept.

  --aws-port, --dfns-port   ports to listen on (default: any that are free)
  --refuse                  Dfns does not let a service account register its own key
  --quiet                   does not print what the function logs`

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

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
  const scene = await openScene({
    start: new Date(),
    ports: { aws: Number(values['aws-port']), dfns: Number(values['dfns-port']) },
    dfnsSwitches: values.refuse ? {} : guideWorld,
    ...(!values.quiet && { onOutput: (line: string) => console.log(line) }),
  })
  const { sandbox, clock, dfns } = scene
  const { orgId } = dfns.createOrganisation()
  const { document } = scene.openAccount({ orgId, name: 'payments' })
  const secretArn = await scene.keepSecret({ name: 'demo/dfns', document })
  const environment = Object.entries(sandbox.environment).map(([name, value]) => `export ${name}=${value}`)
  console.log(`
Paste this where the aws CLI or an SDK is to find the sandbox:

${environment.join('\n')}

The secret:  ${secretArn}
Rotate it:   aws secretsmanager rotate-secret --secret-id demo/dfns
Look at it:  aws secretsmanager describe-secret --secret-id demo/dfns

Type a duration (90s, 15m, 6h, 30d) and Enter to let time pass; Ctrl-C ends.`)
  clock.follow()
  createInterface({ input: process.stdin }).on('line', (line) => {
    const [, amount, unit] = /^\s*(\d{1,6})\s*([smhd])\s*$/.exec(line) ?? []
    if (amount === undefined) return console.log('A duration is a number and s, m, h or d: 15m')
    void clock.advance(Number(amount) * units[unit as keyof typeof units]).then(() => {
      console.log(`The sandbox's time is ${new Date(clock.now()).toISOString()}`)
    })
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void sandbox.stop().then(() => process.exit(0)))
  }
}

if (values.help) console.log(help)
else await run()
