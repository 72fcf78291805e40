import type { Clock } from '../clock.ts'
import type { LambdaFunction } from '../lambda/invocation.ts'
import { abandon, beginRotation, endRun, planNext, reattemptStuckPending } from './attempts.ts'
import { type EngineState, type EngineSwitches, type StepProgress, UNKIND_ENGINE } from './engine-state.ts'
import { cannotInvoke, noRotationFunction, previousRotationIncomplete, tokenReused } from './errors.ts'
import { createFeed, type Feed } from './feed.ts'
import { incompletePending } from './labels.ts'
import { labelEvents, type SecretsManagerEvent } from './rotation-events.ts'
import { ensureRules, isCron } from './schedule.ts'
import type { RotationRules, Secret } from './secret.ts'
import { beginTest } from './test-rotation.ts'
import type { Vault, VaultChange } from './vault.ts'

/** RotateSecret's parameters; what is missing is taken from what was saved. */
export interface RotateSecretRequest {
  readonly secret: Secret
  readonly token: string
  readonly lambdaArn?: string | undefined
  readonly rules?: RotationRules | undefined
  readonly rotateImmediately: boolean
}

/** Secrets Manager's rotation engine on a virtual clock. */
export interface Engine {
  readonly state: EngineState
  readonly switches: EngineSwitches
  readonly events: Feed<SecretsManagerEvent>
  readonly progress: Feed<StepProgress>
  /** Saves the configuration and plans the rotation for now; `settled`, or the clock, runs it. */
  rotateSecret(request: RotateSecretRequest): { versionId: string }
  /**
   * Turns rotation off and ends the one under way; its labels stay. The version id is that of the partial
   * version.
   */
  cancelRotateSecret(secret: Secret): { versionId?: string }
  /** Runs what is due now and waits for it, and for whatever else is being run. */
  settled(): Promise<void>
}

type InState<T> = T & { readonly state: EngineState }

const isInvokable = ({ state, lambdaArn }: InState<{ lambdaArn: string }>) => state.functions.has(lambdaArn)

function configure({
  state,
  request,
  lambdaArn,
}: InState<{ request: RotateSecretRequest; lambdaArn: string }>) {
  const { secret, rotateImmediately } = request
  const rules = request.rules ?? secret.rotation?.rules ?? {}
  const earlier = state.due.get(secret.arn)?.window
  secret.rotation = { ...secret.rotation, enabled: true, lambdaArn, rules }
  secret.changedAt = state.clock.now()
  const keepsEarlier = !rotateImmediately && !isCron(rules) && state.switches.keepsEarlierRotation
  planNext({ state, secret, earlier: keepsEarlier ? earlier : undefined })
}

function rotateSecret({ state, request }: InState<{ request: RotateSecretRequest }>): { versionId: string } {
  const { secret, token, rotateImmediately } = request
  if (state.switches.repeatedToken === 'accepted' && state.runs.get(secret.arn)?.token === token) {
    return { versionId: token }
  }
  if (request.rules) ensureRules(request.rules)
  const lambdaArn = request.lambdaArn ?? secret.rotation?.lambdaArn
  if (lambdaArn === undefined) throw noRotationFunction()
  if (incompletePending(secret)) throw previousRotationIncomplete()
  if (!isInvokable({ state, lambdaArn })) throw cannotInvoke()
  if (secret.versions.has(token)) throw tokenReused({ token, arn: secret.arn })
  if (rotateImmediately) beginRotation({ state, secret, token, windowEnd: Number.POSITIVE_INFINITY })
  else beginTest({ state, secret, token })
  configure({ state, request, lambdaArn })
  return { versionId: token }
}

function cancelRotateSecret({ state, secret }: InState<{ secret: Secret }>): { versionId?: string } {
  if (!secret.rotation) throw noRotationFunction()
  secret.rotation.enabled = false
  secret.changedAt = state.clock.now()
  delete secret.rotation.nextRotationAt
  planNext({ state, secret })
  const run = state.runs.get(secret.arn)
  if (run?.kind === 'rotation') endRun({ state, run })
  const versionId = incompletePending(secret)?.id
  return versionId === undefined ? {} : { versionId }
}

/** A rotation lives as long as its version has AWSPENDING or has become AWSCURRENT. */
function isStaged({ secret, token }: { secret: Secret; token: string }): boolean {
  const labels = secret.versions.get(token)?.labels
  return labels !== undefined && (labels.has('AWSPENDING') || labels.has('AWSCURRENT'))
}

/** A value put as current by somebody else ends the rotation under way and counts as one; so says the API. */
function onChange({ state, change }: InState<{ change: VaultChange }>): void {
  const { secret, by, version, moved } = change
  const now = state.clock.now()
  if (version) {
    for (const event of labelEvents({ secret, versionId: version.id, labels: moved, now }))
      state.events.push(event)
  }
  const run = state.runs.get(secret.arn)
  const foreignCurrent = by === 'put' && moved.includes('AWSCURRENT') && version?.id !== run?.token
  if (run?.kind === 'rotation' && (foreignCurrent || !isStaged(run))) abandon({ state, run })
  if (foreignCurrent) planNext({ state, secret })
  reattemptStuckPending({ state, secret })
}

async function settled(state: EngineState): Promise<void> {
  await state.clock.advance(0)
  while (state.working.size > 0) {
    await Promise.allSettled(state.working)
    await state.clock.advance(0)
  }
}

/** Makes the engine and lets it watch the vault. `functions` may grow later. */
export function createEngine(parts: {
  clock: Clock
  vault: Vault
  functions: ReadonlyMap<string, LambdaFunction>
  switches?: Partial<EngineSwitches>
}): Engine {
  const state: EngineState = {
    clock: parts.clock,
    vault: parts.vault,
    functions: parts.functions,
    switches: { ...UNKIND_ENGINE, ...parts.switches },
    events: createFeed(),
    progress: createFeed(),
    runs: new Map(),
    due: new Map(),
    handedOut: new Map(),
    working: new Set(),
  }
  parts.vault.changes.listen((change) => onChange({ state, change }))
  return {
    state,
    switches: state.switches,
    events: state.events,
    progress: state.progress,
    rotateSecret: (request) => rotateSecret({ state, request }),
    cancelRotateSecret: (secret) => cancelRotateSecret({ state, secret }),
    settled: () => settled(state),
  }
}
