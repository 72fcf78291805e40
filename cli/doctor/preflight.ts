import { randomUUID } from 'node:crypto'
import type { Run } from '../../lambdas/auditing/run.ts'
import { RotationError } from '../../lambdas/errors.ts'
import type { Log, LogFields } from '../../lambdas/ports/log.ts'
import type { Schedules } from '../../lambdas/ports/scheduler.ts'
import { openSecret } from '../../lambdas/rotation/opening.ts'
import { preflight } from '../../lambdas/rotation/preflight.ts'
import type { Rotation } from '../../lambdas/rotation/rotation.ts'
import { readSettings } from '../../lambdas/rotation/settings.ts'

/** One of createSecret's questions, and its answer. JSON. */
export interface Asked {
  readonly question: string
  readonly answer: 'yes' | 'no' | 'not known'
  /** Of a no. */
  readonly code?: string
  readonly reason?: string
}

/**
 * Asks what createSecret asks, by its own code and without effect; as whoever runs the command, so that it
 * says nothing of the function's role.
 */
export async function ask(of: {
  secretArn: string
  run: Pick<Run, 'clients' | 'policyName' | 'time' | 'log' | 'policy'>
  /** The function's; nothing where it has none. */
  schedules: Schedules | undefined
}): Promise<readonly Asked[]> {
  const { secretArn, run, schedules } = of
  const { log, answers } = recording(run.log)
  const opened = await openSecret({ ...run, secretArn, log, mayHaveAsked: () => false })
  const inside = await opened.inside()
  const { secret, store } = opened
  const rotation: Rotation = {
    ...inside,
    secret,
    store,
    schedules,
    log,
    time: run.time,
    standing: 'pending',
    lineage: { secretArn, token: randomUUID() },
    rotationToken: undefined,
    settingsFor: (kind) => readSettings({ tags: secret.tags, policy: run.policy, kind }),
  }
  try {
    await preflight({ rotation, current: await inside.current() })
  } catch (error) {
    // What keeps AWSCURRENT from being read is a finding already.
    if (!(error instanceof RotationError)) throw error
  }
  return answers
}

function recording(log: Log): { log: Log; answers: Asked[] } {
  const answers: Asked[] = []
  const keep = (event: string, fields: LogFields = {}) => {
    if (event === 'probe') answers.push(askedIn(fields))
  }
  return { log: { info: keep, warn: keep, error: (event, fields) => log.error(event, fields) }, answers }
}

/** From the fields of a log line `probe`, here or in the function's log. */
export function askedIn(fields: LogFields): Asked {
  const { question, answer, code, reason } = fields
  return {
    question: String(question),
    answer: answer === 'yes' || answer === 'no' ? answer : 'not known',
    ...(code !== undefined && { code: String(code) }),
    ...(reason !== undefined && { reason: String(reason) }),
  }
}
