import type { Log, LogFields } from '../../lambdas/ports/log.ts'

/** Something that an operation did, in the words of its log. */
export interface Step {
  readonly event: string
  readonly fields: LogFields
}

/** A log that also keeps what was done, so that a command can tell it. */
export interface StepLog extends Log {
  readonly steps: readonly Step[]
}

export function stepLog({ log, hear }: { log: Log; hear: (step: Step) => void }): StepLog {
  const steps: Step[] = []
  const keep =
    (level: keyof Log) =>
    (event: string, fields: LogFields = {}) => {
      const step = { event, fields }
      steps.push(step)
      hear(step)
      log[level](event, fields)
    }
  return { steps, info: keep('info'), warn: keep('warn'), error: (event, fields) => log.error(event, fields) }
}

/** One line for people: the event, and of its fields what it is about. */
export function stepLine({ event, fields }: Step): string {
  const told = ['versionId', 'superseded', 'at', 'outcome', 'credId', 'from', 'to'] as const
  const about = told.flatMap((name) => (fields[name] === undefined ? [] : [`${name} ${fields[name]}`]))
  return about.length === 0 ? event : `${event} (${about.join(', ')})`
}
