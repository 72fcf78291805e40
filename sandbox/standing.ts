import { createInterface } from 'node:readline'
import { guideWorld, openScene } from './scene.ts'

/** A sandbox for whoever has an aws CLI, an SDK or a browser to try it with. */
export interface StandingSandbox {
  /** What a shell has to export. */
  readonly environment: Readonly<Record<string, string>>
  /** ARN of the one secret, of which rotation is turned on. */
  readonly secretArn: string
  readonly secretName: string
  /** ARN of its rotation function. */
  readonly functionArn: string
  stop(): Promise<void>
}

export interface StandingOptions {
  /** 0: any port that is free. */
  readonly ports: { readonly aws: number; readonly dfns: number }
  /** Whether Dfns refuses that a service account registers its own key. */
  readonly refuses: boolean
  /** Hears what the functions log; nobody does if there is none. */
  readonly onOutput?: (line: string) => void
  /** Lines that each let time pass, and who hears what came of them. */
  readonly input: NodeJS.ReadableStream
  readonly say: (line: string) => void
}

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

const isUnit = (text: string | undefined): text is keyof typeof units => text !== undefined && text in units

/** Opens a sandbox with one secret. Its clock goes with real time, and further where a line says so. */
export async function openStanding(options: StandingOptions): Promise<StandingSandbox> {
  const { ports, refuses, onOutput, input, say } = options
  const scene = await openScene({
    start: new Date(),
    auditsDaily: true,
    ports,
    dfnsSwitches: refuses ? {} : guideWorld,
    ...(onOutput !== undefined && { onOutput }),
  })
  const { sandbox, clock, dfns, functionArn } = scene
  const { orgId } = dfns.createOrganisation()
  const { document } = scene.openAccount({ orgId, name: 'payments' })
  const secretName = 'demo/dfns'
  const secretArn = await scene.keepSecret({
    name: secretName,
    document,
    tags: { 'dfns-rotator:grace': 'PT24H' },
  })
  clock.follow()
  const lines = createInterface({ input })
  lines.on('line', (line) => {
    const [, amount, unit] = /^\s*(\d{1,6})\s*([smhd])\s*$/.exec(line) ?? []
    if (!isUnit(unit)) return say('A duration is a number and s, m, h or d: 15m')
    void clock.advance(Number(amount) * units[unit]).then(() => {
      say(`The sandbox's time is ${new Date(clock.now()).toISOString()}`)
    })
  })
  const stop = async () => {
    lines.close()
    await sandbox.stop()
  }
  return { environment: sandbox.environment, secretArn, secretName, functionArn, stop }
}

/** What a person is told who is to use it; `commands` say how. */
export function invitation(of: { sandbox: StandingSandbox; commands: readonly string[] }): string {
  const { environment, secretArn } = of.sandbox
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${value}`)
  // Either would come before the sandbox's own credentials.
  const lines = ['unset AWS_PROFILE AWS_SESSION_TOKEN', ...exports]
  return `
Paste this where the aws CLI or an SDK is to find the sandbox:

${lines.join('\n')}

The secret:  ${secretArn}
${of.commands.join('\n')}

Type a duration (90s, 15m, 6h, 30d) and Enter to let time pass; Ctrl-C ends.`
}
