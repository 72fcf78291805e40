import { randomUUID } from 'node:crypto'
import type { EngineState, Run } from './engine-state.ts'
import { incompletePending } from './labels.ts'
import { type RotationEventName, rotationEvent } from './rotation-events.ts'
import { nextWindow, type Window } from './schedule.ts'
import { rotatesHere, type Secret, type SecretValue } from './secret.ts'
import { runSteps, type StepFailure } from './steps.ts'

interface InState {
  readonly state: EngineState
}

export type OfRun = InState & { readonly run: Run }
export type OfSecret = InState & { readonly secret: Secret }

/** Pushes a service event about this run. */
export function announce(event: OfRun & { name: RotationEventName; errorMessage?: string }): void {
  const { state, ...about } = event
  state.events.push(rotationEvent({ ...about, now: state.clock.now() }))
}

/** Ends a run: no further step and no retry. */
export function endRun({ state, run }: OfRun): void {
  run.ended = true
  run.cancelRetry?.()
  if (state.runs.get(run.secret.arn) === run) state.runs.delete(run.secret.arn)
}

/** A new current value arrived, or the label was taken away: the rotation ends, and AWSPENDING with it. */
export function abandon({ state, run }: OfRun): void {
  endRun({ state, run })
  run.secret.versions.get(run.token)?.labels.delete('AWSPENDING')
  announce({ state, run, name: 'RotationAbandoned' })
}

function scheduleAttempt({ state, run, at }: OfRun & { at: number }): void {
  run.cancelRetry = state.clock.at(at, () => attempt({ state, run }), run)
}

/** Registers a run; one that is still there has come to its end. */
export function newRun({ state, ...about }: OfSecret & Pick<Run, 'kind' | 'token' | 'windowEnd'>): Run {
  const run: Run = { ...about, attempt: 0, failures: 0, ended: false }
  const earlier = state.runs.get(about.secret.arn)
  if (earlier) endRun({ state, run: earlier })
  state.runs.set(about.secret.arn, run)
  return run
}

/** The run is known before the vault is written to, so that the write is not taken for somebody else's. */
export function putPending({ state, run, value }: OfRun & { value?: SecretValue | undefined }): void {
  const { secret, token } = run
  try {
    state.vault.put({ secret, token, labels: ['AWSPENDING'], ...(value && { value }) })
  } catch (error) {
    endRun({ state, run })
    throw error
  }
}

/** Makes the version without a value that a rotation begins with, and plans its first attempt for now. */
export function beginRotation({
  state,
  secret,
  token,
  windowEnd,
}: OfSecret & { token: string; windowEnd: number }) {
  const run = newRun({ state, kind: 'rotation', secret, token, windowEnd })
  putPending({ state, run })
  scheduleAttempt({ state, run, at: state.clock.now() })
}

/** Plans the rotation of `window`, in place of the one that was planned. */
function plan({ state, secret, window }: OfSecret & { window: Window }): void {
  const { arn } = secret
  state.due.get(arn)?.cancel()
  const cancel = state.clock.at(window.start, () => startDue({ state, secret, window }), window)
  state.due.set(arn, { window, cancel })
}

/** Plans the next window after now, and says so in NextRotationDate. */
export function planNext({ state, secret, earlier }: OfSecret & { earlier?: Window | undefined }): void {
  const { rotation } = secret
  state.due.get(secret.arn)?.cancel()
  state.due.delete(secret.arn)
  if (!rotation || !rotatesHere(secret)) return
  delete rotation.nextRotationAt
  const window = nextWindow({ rules: rotation.rules, after: state.clock.now() })
  if (!window) return
  rotation.nextRotationAt = window.end
  plan({ state, secret, window: earlier && earlier.start < window.start ? earlier : window })
}

/** A window opens. What is not complete is not started anew; it has its own retries. */
async function startDue({ state, secret, window }: OfSecret & { window: Window }): Promise<void> {
  state.due.delete(secret.arn)
  const { rotation, deletionAt } = secret
  const gone = deletionAt !== undefined && deletionAt <= state.clock.now()
  if (!rotation || !rotatesHere(secret) || gone) return
  const next = nextWindow({ rules: rotation.rules, after: state.clock.now() })
  if (next) plan({ state, secret, window: next })
  if (deletionAt !== undefined || incompletePending(secret)) return
  beginRotation({ state, secret, token: randomUUID(), windowEnd: window.end })
}

function scheduleRetry({ state, run }: OfRun): void {
  const { switches, clock } = state
  const { rotation } = run.secret
  if (!rotation || !rotatesHere(run.secret) || run.attempt >= switches.maxAttempts) return
  const delay = switches.retryDelaysMs[run.failures++]
  const retryAt = clock.now() + (delay ?? Number.POSITIVE_INFINITY)
  if (retryAt < run.windowEnd) {
    scheduleAttempt({ state, run, at: retryAt })
    return
  }
  const window = nextWindow({ rules: rotation.rules, after: clock.now() })
  if (!window) return
  run.failures = 0
  run.windowEnd = window.end
  scheduleAttempt({ state, run, at: window.start })
}

function fail({ state, run, failure }: OfRun & { failure: StepFailure }): void {
  if (failure.step !== undefined) run.failedStep = failure.step
  announce({ state, run, name: 'RotationFailed', errorMessage: failure.message })
  scheduleRetry({ state, run })
}

function succeed({ state, run }: OfRun): void {
  const { secret, token } = run
  const version = secret.versions.get(token)
  if (!version?.labels.has('AWSCURRENT') && !state.switches.succeedsWithoutMove) {
    const message = `Version ${token} of secret ${secret.arn} did not become AWSCURRENT`
    fail({ state, run, failure: { step: 'finishSecret', message } })
    return
  }
  endRun({ state, run })
  if (state.switches.clearsPending) version?.labels.delete('AWSPENDING')
  if (secret.rotation) secret.rotation.lastRotatedAt = state.clock.now()
  planNext({ state, secret })
  announce({ state, run, name: 'RotationSucceeded' })
}

async function perform({ state, run }: OfRun): Promise<void> {
  run.attempt++
  announce({ state, run, name: 'RotationStarted' })
  const failure = await runSteps({ state, run })
  if (!run.ended && run.secret.deletionAt !== undefined) endRun({ state, run })
  if (run.ended) return
  if (failure) fail({ state, run, failure })
  else succeed({ state, run })
}

/** Work that `settled` waits for, also when somebody else's advance started it. */
export async function tracked({ state, work }: InState & { work: Promise<void> }): Promise<void> {
  state.working.add(work)
  try {
    await work
  } finally {
    state.working.delete(work)
  }
}

async function attempt({ state, run }: OfRun): Promise<void> {
  if (!run.ended) await tracked({ state, work: perform({ state, run }) })
}

/**
 * "That rotation will be reattempted": AWSPENDING stands on a version that is not AWSCURRENT, and nobody
 * works on it.
 */
export function reattemptStuckPending({ state, secret }: OfSecret): void {
  const pending = incompletePending(secret)
  const idle = rotatesHere(secret) && !state.runs.has(secret.arn)
  if (!pending || !idle || !state.switches.reattemptsStuckPending) return
  const run = newRun({
    state,
    kind: 'rotation',
    secret,
    token: pending.id,
    windowEnd: Number.POSITIVE_INFINITY,
  })
  scheduleAttempt({ state, run, at: state.clock.now() + (state.switches.retryDelaysMs[0] ?? 0) })
}
