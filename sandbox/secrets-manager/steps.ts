import { randomUUID } from 'node:crypto'
import type { InvocationResult, LambdaFunction } from '../lambda/invocation.ts'
import type { EngineState, RotationRequest, Run, Step } from './engine-state.ts'
import { cannotInvoke } from './errors.ts'

const ROTATION_STEPS: readonly Step[] = ['createSecret', 'setSecret', 'testSecret', 'finishSecret']

/** Why an attempt ended early, as the RotationFailed event says it. */
export interface StepFailure {
  readonly step?: Step
  readonly message: string
}

/**
 * Notes a new RotationToken for the version. It is random, and never the version id, so that a function which
 * mixes the two up is found out.
 */
function handOutToken({ state, token }: { state: EngineState; token: string }): string {
  const rotationToken = randomUUID()
  const handedOut = state.handedOut.get(token) ?? new Set()
  state.handedOut.set(token, handedOut.add(rotationToken))
  return rotationToken
}

/**
 * The writer check of troubleshoot_rotation: a pending value that did not come with a token of ours is
 * refused.
 */
function foreignWriter({ state, run }: { state: EngineState; run: Run }): StepFailure | undefined {
  const version = run.secret.versions.get(run.token)
  if (!state.switches.strictWriter || run.kind === 'test' || !version?.value) return undefined
  if (state.handedOut.get(run.token)?.has(version.rotationToken ?? '')) return undefined
  const lambda = run.secret.rotation?.lambdaArn ?? ''
  return {
    message:
      `Pending secret version ${run.token} for Secret ${run.secret.arn} was not created by ` +
      `Lambda ${lambda}. Remove the AWSPENDING staging label and restart rotation`,
  }
}

async function invoke(call: { target: LambdaFunction; event: RotationRequest }): Promise<InvocationResult> {
  try {
    return await call.target.invoke(call.event)
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    return { ok: false, errorType: name, errorMessage: message }
  }
}

async function invokeStep(call: {
  state: EngineState
  run: Run
  target: LambdaFunction
  event: RotationRequest
}): Promise<InvocationResult> {
  const { state, run, target, event } = call
  const about = { secretArn: run.secret.arn, token: run.token, step: event.Step, attempt: run.attempt }
  state.progress.push({ ...about, type: 'step-started' })
  const started = performance.now()
  const result = await invoke({ target, event })
  const ms = Math.round(performance.now() - started)
  if (result.ok) {
    state.progress.push({ ...about, type: 'step-ended', ok: true, ms })
  } else {
    const { errorType, errorMessage } = result
    state.progress.push({ ...about, type: 'step-ended', ok: false, ms, errorType, errorMessage })
  }
  return result
}

function stepsOf({ state, run }: { state: EngineState; run: Run }): readonly Step[] {
  if (run.kind === 'test') return ['testSecret']
  if (state.switches.resumesFrom === 'createSecret' || !run.failedStep) return ROTATION_STEPS
  return ROTATION_STEPS.slice(ROTATION_STEPS.indexOf(run.failedStep))
}

/**
 * Invokes the steps strictly one after the other and stops at the first error, or once the run has ended by
 * other means. A step passes if its invocation does not error; what it returns is ignored.
 */
export async function runSteps({
  state,
  run,
}: {
  state: EngineState
  run: Run
}): Promise<StepFailure | undefined> {
  const { secret, token } = run
  const rotationToken = handOutToken({ state, token })
  const withToken = run.kind === 'rotation' || state.switches.testToken === 'given'
  for (const step of stepsOf({ state, run })) {
    if (run.ended) return undefined
    const lambda = secret.rotation?.lambdaArn ?? ''
    const target = state.functions.get(lambda)
    const refusal = target ? foreignWriter({ state, run }) : { message: cannotInvoke().message }
    if (refusal || !target) return { step, message: refusal?.message ?? '' }
    const event: RotationRequest = {
      Step: step,
      SecretId: secret.arn,
      ...(withToken && { ClientRequestToken: token }),
      RotationToken: rotationToken,
    }
    const result = await invokeStep({ state, run, target, event })
    if (!result.ok) return { step, message: `Error when executing lambda ${lambda} during ${step} step` }
  }
  return undefined
}
