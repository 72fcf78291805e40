import { remindersOf } from '../../lambdas/rotation/reminders.ts'
import { anySecrets, type Command, outcome } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { type Finding, findingLines, isWarning } from '../findings.ts'
import { type Generation, generationsIn } from '../generations.ts'
import { lookAt, type Looked, type Looking } from '../looking.ts'
import { type Look, table } from '../output.ts'
import { span } from '../spans.ts'

/** How each secret stands, at AWS and at Dfns. */
export const status: Command = {
  name: 'status',
  summary: 'Shows how secrets stand: generations, graces, next rotation, token, findings',
  operands: anySecrets,
  options: {},
  about: [
    'Looks at Dfns and at Secrets Manager by the code of the audit, and changes nothing. What could not be ' +
      'found out is told as unknown, with a finding that says why.',
  ],
  examples: ['status', 'status prod/dfns/payments', 'status --json'],
  async run(context, given) {
    const looking = await lookAt({ context, names: given.operands, acts: false })
    const secrets = await Promise.all(looking.looked.map((one) => standing({ looking, one })))
    const isWrong = secrets.some(({ findings }) => findings.some(isWarning))
    const now = context.time.now()
    return outcome({
      result: { at: new Date(now).toISOString(), secrets },
      text: textOf,
      exitCode: isWrong ? exitCodes.found : exitCodes.done,
    })
  },
}

/** One secret. JSON; times as ISO 8601, and null for what is unknown or not there. */
interface Standing {
  readonly secretId: string
  readonly kind: string | null
  readonly rotation: 'on' | 'off'
  /** On or before this moment. */
  readonly nextRotation: string | null
  readonly generations: readonly Generation[]
  readonly tokenExpires: string | null
  /** Whether it could be looked at. */
  readonly isKnown: boolean
  readonly findings: readonly Finding[]
}

async function standing(of: { looking: Looking; one: Looked }): Promise<Standing> {
  const { looking, one } = of
  const { view, findings } = one
  const secret = view?.secret ?? one.secret
  const { schedules, names } = looking.run
  const reminders =
    schedules === undefined ? [] : await remindersOf({ secretArn: secret.arn, schedules, names })
  return {
    secretId: secret.arn,
    kind: view?.current.document.kind ?? null,
    rotation: secret.rotationEnabled ? 'on' : 'off',
    nextRotation: (secret.rotationEnabled && secret.nextRotation?.toISOString()) || null,
    generations: view === undefined ? [] : generationsIn({ view, reminders }),
    tokenExpires: view?.current.document.tokenExpires?.toISOString() ?? null,
    isKnown: view !== undefined,
    findings,
  }
}

const head = ['secret', 'kind', 'age', 'next rotation', 'current', 'previous', 'pending', 'token', 'findings']

function textOf({ at, secrets }: { at: string; secrets: readonly Standing[] }, look: Look): string {
  if (secrets.length === 0) return 'dfns-rotator looks after no secret here.'
  const now = Date.parse(at)
  const blocks = secrets
    .filter(({ findings }) => findings.length > 0)
    .map(({ secretId, findings }) => `${look.paint('bold', secretId)}\n${findingLines({ findings, look })}`)
  return [table({ head, rows: secrets.map((one) => row({ one, now })) }, look), ...blocks].join('\n\n')
}

function row({ one, now }: { one: Standing; now: number }): readonly string[] {
  const { secretId, kind, rotation, nextRotation, tokenExpires, isKnown, findings } = one
  const labelled = (label: Generation['label']) => one.generations.find((each) => each.label === label)
  const current = labelled('AWSCURRENT')
  const nothing = isKnown ? '–' : 'unknown'
  const types = [...new Set(findings.map(({ type }) => type))]
  return [
    nameIn(secretId),
    kind ?? 'unknown',
    current?.stored ? span(now - Date.parse(current.stored)) : 'unknown',
    rotation === 'off' ? 'off' : due({ at: nextRotation, now, none: 'unknown' }),
    current?.atDfns ?? 'unknown',
    stateOf({ generation: labelled('AWSPREVIOUS'), now, nothing }),
    stateOf({ generation: labelled('AWSPENDING'), now, nothing }),
    isKnown ? due({ at: tokenExpires, now, none: '–' }) : 'unknown',
    types.join(' ') || '–',
  ]
}

function stateOf(of: { generation: Generation | undefined; now: number; nothing: string }): string {
  const { generation, now, nothing } = of
  if (generation === undefined) return nothing
  const { atDfns, graceUntil } = generation
  return graceUntil === null ? atDfns : `${atDfns}, ${span(Date.parse(graceUntil) - now)} left`
}

function due({ at, now, none }: { at: string | null; now: number; none: string }): string {
  if (at === null) return none
  const left = Date.parse(at) - now
  return left < 0 ? `${span(-left)} ago` : `in ${span(left)}`
}

/** The name in an ARN: what the console shows, without the six characters behind it. */
const nameIn = (arn: string): string => arn.replace(/^.*?:secret:/, '').replace(/-\w{6}$/, '')
