import type { FindingType } from '../lambdas/auditing/findings.ts'
import type { Log, LogFields } from '../lambdas/ports/log.ts'
import { type Look, shown, wrap } from './output.ts'

/** Something that is not as it should be, or soon will not be. JSON. */
export interface Finding {
  /** Audit's types, and those of doctor. */
  readonly type: string
  readonly secretId: string
  /** `info`: goes on without anybody doing anything. */
  readonly severity: 'warning' | 'info'
  /** What is wrong, in one line. */
  readonly problem: string
  /** What to do, in one line. */
  readonly remedy: string
  /** What the finding names beside: ids, labels, dates, codes. */
  readonly details: LogFields
}

/** A log that keeps audit's findings, and passes everything on. */
export function collecting(log: Log): { log: Log; findings: Finding[] } {
  const findings: Finding[] = []
  const keep = (severity: Finding['severity'], event: string, fields: LogFields = {}) => {
    if (event === 'finding') findings.push(findingIn({ severity, fields }))
  }
  return {
    findings,
    log: {
      info(event, fields) {
        keep('info', event, fields)
        log.info(event, fields)
      },
      warn(event, fields) {
        keep('warning', event, fields)
        log.warn(event, fields)
      },
      error: (event, fields) => log.error(event, fields),
    },
  }
}

function findingIn({ severity, fields }: { severity: Finding['severity']; fields: LogFields }): Finding {
  const { type = '', secretId = '', remedy, ...details } = fields
  const problem = problems[type as FindingType](details)
  return {
    type: String(type),
    secretId: String(secretId),
    severity,
    problem,
    remedy: String(remedy),
    details,
  }
}

const reasoned =
  (text: string) =>
  ({ code, reason }: LogFields) => {
    const why = [code, reason].filter((part) => part !== undefined)
    return reason === undefined ? text : `${text}: ${why.join(' ')}`
  }

/** Audit's findings in the words of a person; what they name is in `details`. */
const problems: Readonly<Record<FindingType, (fields: LogFields) => string>> = {
  untracked: (of) =>
    `${of['object']} is active, and neither a label nor a schedule remembers it (${outcome(of)})`,
  'current-not-accepted': reasoned('Dfns does not accept AWSCURRENT'),
  'previous-past-grace': (of) => `${of['object']} is past its grace, and still active (${outcome(of)})`,
  'stuck-pending': (of) => `AWSPENDING is on version ${of['versionId']} since ${of['since']}`,
  'rotation-overdue': (of) => `it should have been rotated until ${of['due']}`,
  'token-expiring': (of) => `its token ends on ${of['expires']}, before another rotation is over`,
  'foreign-credential': (of) =>
    `credential ${of['credId']} is on its identity, and nobody here knows it ` +
    `("${of['name']}", made ${of['created'] ?? 'at an unknown time'})`,
  'rotation-cancelled': () => 'its rotation is off',
  'secret-deleted': (of) => `it is marked for deletion, and its credentials are active: ${of['credentials']}`,
  unreadable: reasoned('it cannot be read'),
  'policy-violation': reasoned('a rotation would stop'),
  'shared-credential': (of) => `credential ${of['credId']} is held by another secret, too: ${of['with']}`,
  replica: (of) => `it is a replica of a secret in ${of['primaryRegion']}`,
  'replication-failed': (of) => `its replica in ${of['region']} is not up to date`,
  adopted: (of) => `credential ${of['credId']}, which a person made, is active until ${of['until']}`,
  'retire-undone': (of) => `AWSCURRENT was refused without credential ${of['credId']}, which is active again`,
  'not-checked': reasoned('it could not be looked at'),
}

function outcome(of: LogFields): string {
  const parts = [of['outcome'], of['until'] && `until ${of['until']}`, of['code'], of['reason']]
  return parts.filter((part) => part !== undefined && part !== '').join(', ')
}

/** A finding of a command's own. */
export function finding(of: {
  type: string
  secretId: string
  problem: string
  remedy: string
  details?: LogFields
}): Finding {
  return { severity: 'warning', details: {}, ...of }
}

export const isWarning = ({ severity }: Finding): boolean => severity === 'warning'

/** Findings as they are shown under their secret: what is wrong, and what to do. */
export function findingLines({ findings, look }: { findings: readonly Finding[]; look: Look }): string {
  const indent = '    '
  const width = Math.min(look.width, 110) - indent.length
  const paragraph = (text: string) => wrap({ text: shown(text), width }).replaceAll('\n', `\n${indent}`)
  return findings
    .map((one) => {
      const mark = isWarning(one) ? look.paint('red', '✗') : look.paint('dim', '·')
      const head = `  ${mark} ${look.paint('bold', one.type)}`
      return [head, indent + paragraph(one.problem), indent + paragraph(`→ ${one.remedy}`)].join('\n')
    })
    .join('\n')
}
