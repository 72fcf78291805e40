import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { audit } from '../../lambdas/auditing/audit.ts'
import { readAuditEvent } from '../../lambdas/auditing/event.ts'
import { abandon } from '../../lambdas/operations/abandon.ts'
import { decommission } from '../../lambdas/operations/decommission.ts'
import { retireAtOnce } from '../../lambdas/operations/retire-at-once.ts'
import { rollback } from '../../lambdas/operations/rollback.ts'
import { scheduleGroupOf } from '../../lambdas/ports/schedule-group.ts'
import { schedulesOf } from '../../lambdas/ports/scheduler.ts'
import { readEvent } from '../../lambdas/rotation/event.ts'
import { runPhase } from '../../lambdas/rotation/phases.ts'
import { readRetireEvent } from '../../lambdas/rotation/retire-event.ts'
import { retireSuperseded } from '../../lambdas/rotation/retiring.ts'
import { openRotation } from '../../lambdas/rotation/rotation.ts'

/** What `rotate.ts`, `retire.ts`, `audit.ts` and the commands are made of: the code that a simulation runs. */
export interface Lambdas {
  readonly readEvent: typeof readEvent
  readonly openRotation: typeof openRotation
  readonly runPhase: typeof runPhase
  readonly readRetireEvent: typeof readRetireEvent
  readonly retireSuperseded: typeof retireSuperseded
  readonly schedulesOf: typeof schedulesOf
  readonly scheduleGroupOf: typeof scheduleGroupOf
  readonly readAuditEvent: typeof readAuditEvent
  readonly audit: typeof audit
  readonly rollback: typeof rollback
  readonly abandon: typeof abandon
  readonly decommission: typeof decommission
  readonly retireAtOnce: typeof retireAtOnce
}

export const theseLambdas: Lambdas = {
  readEvent,
  openRotation,
  runPhase,
  readRetireEvent,
  retireSuperseded,
  schedulesOf,
  scheduleGroupOf,
  readAuditEvent,
  audit,
  rollback,
  abandon,
  decommission,
  retireAtOnce,
}

/** The same from another copy of `lambdas/`. */
export async function lambdasIn(folder: string): Promise<Lambdas> {
  const load = async (path: string): Promise<unknown> => import(pathToFileURL(join(folder, path)).href)
  const modules = await Promise.all(
    [
      'rotation/event.ts',
      'rotation/rotation.ts',
      'rotation/phases.ts',
      'rotation/retire-event.ts',
      'rotation/retiring.ts',
      'ports/scheduler.ts',
      'ports/schedule-group.ts',
      'auditing/event.ts',
      'auditing/audit.ts',
      'operations/rollback.ts',
      'operations/abandon.ts',
      'operations/decommission.ts',
      'operations/retire-at-once.ts',
    ].map(load),
  )
  return Object.assign({}, ...modules) as Lambdas
}
