import { anySecrets, type Command, outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { type Finding, findingLines, isWarning } from '../findings.ts'
import { refusal } from '../failure.ts'
import { lookAt } from '../looking.ts'
import type { Look } from '../output.ts'
import { howToName } from '../way-back/scheduler.ts'

/** The same look as the audit function's, here and now. */
export const audit: Command = {
  name: 'audit',
  summary: 'Compares secrets with Dfns, here and now, and tells every finding',
  operands: anySecrets,
  options: {
    act: { says: 'retire and schedule what nobody remembers, as the daily audit does' },
  },
  about: [
    'Runs the code of the audit function as whoever calls it. Unless told --act it changes nothing: what ' +
      'the daily audit would retire is told with the outcome "left to the audit".',
  ],
  examples: ['audit', 'audit prod/dfns/payments --json', 'audit --act'],
  async run(context, given) {
    const acts = given.flag('act')
    if (acts) {
      if ((await context.schedules()) === undefined) throw refusal(noScheduler)
      await context.confirm('Credentials that nobody remembers are retired at Dfns. Go on?')
    }
    const { looked } = await lookAt({ context, names: given.operands, acts })
    const findings = looked.flatMap((one) => one.findings)
    const secrets = looked.map(({ secret }) => secret.arn)
    const isWrong = findings.some(isWarning)
    return outcome({
      result: { secrets, findings },
      text: textOf,
      exitCode: isWrong ? exitCodes.found : exitCodes.done,
    })
  },
}

const noScheduler =
  'what the audit does not retire at once it schedules, and neither the daily audit nor ' +
  `DFNS_ROTATOR_SCHEDULER_ROLE_ARN tells how. Nothing was changed. ${howToName}`

interface Audited {
  readonly secrets: readonly string[]
  readonly findings: readonly Finding[]
}

function textOf({ secrets, findings }: Audited, look: Look): string {
  const blocks = secrets.flatMap((arn) => {
    const own = findings.filter(({ secretId }) => secretId === arn)
    return own.length === 0 ? [] : [`${look.paint('bold', arn)}\n${findingLines({ findings: own, look })}`]
  })
  const warnings = findings.filter(isWarning).length
  const sum = `${secrets.length} secret(s), ${warnings} finding(s) to look at`
  return [...blocks, sum].join('\n\n')
}
