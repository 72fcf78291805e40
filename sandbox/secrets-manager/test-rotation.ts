import { announce, endRun, newRun, type OfRun, type OfSecret, putPending, tracked } from './attempts.ts'
import { holderOf } from './labels.ts'
import { runSteps } from './steps.ts'

/**
 * RotateImmediately=false: a temporary AWSPENDING version with a copy of the current value, testSecret alone,
 * and the version is gone again. Neither result changes anything else.
 */
export function beginTest({ state, secret, token }: OfSecret & { token: string }): void {
  const run = newRun({ state, kind: 'test', secret, token, windowEnd: Number.POSITIVE_INFINITY })
  putPending({ state, run, value: holderOf({ secret, label: 'AWSCURRENT' })?.value })
  state.clock.at(state.clock.now(), () => tracked({ state, work: performTest({ state, run }) }))
}

async function performTest({ state, run }: OfRun): Promise<void> {
  run.attempt++
  announce({ state, run, name: 'TestRotationStarted' })
  const failure = await runSteps({ state, run })
  run.secret.versions.delete(run.token)
  endRun({ state, run })
  announce({
    state,
    run,
    name: failure ? 'TestRotationFailed' : 'TestRotationSucceeded',
    ...(failure && { errorMessage: failure.message }),
  })
}
