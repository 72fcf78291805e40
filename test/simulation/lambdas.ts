import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { schedulesOf } from '../../lambdas/ports/scheduler.ts'
import { readEvent } from '../../lambdas/rotation/event.ts'
import { runPhase } from '../../lambdas/rotation/phases.ts'
import { readRetireEvent } from '../../lambdas/rotation/retire-event.ts'
import { retireSuperseded } from '../../lambdas/rotation/retiring.ts'
import { openRotation } from '../../lambdas/rotation/rotation.ts'

/** What `rotate.ts` and `retire.ts` are made of: the code that a simulation runs. */
export interface Lambdas {
  readonly readEvent: typeof readEvent
  readonly openRotation: typeof openRotation
  readonly runPhase: typeof runPhase
  readonly readRetireEvent: typeof readRetireEvent
  readonly retireSuperseded: typeof retireSuperseded
  readonly schedulesOf: typeof schedulesOf
}

export const theseLambdas: Lambdas = {
  readEvent,
  openRotation,
  runPhase,
  readRetireEvent,
  retireSuperseded,
  schedulesOf,
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
    ].map(load),
  )
  return Object.assign({}, ...modules) as Lambdas
}
