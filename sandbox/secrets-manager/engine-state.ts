import type { Clock } from '../clock.ts'
import type { LambdaFunction } from '../lambda/invocation.ts'
import type { Feed } from './feed.ts'
import type { SecretsManagerEvent } from './rotation-events.ts'
import type { Window } from './schedule.ts'
import type { Secret } from './secret.ts'
import type { Vault } from './vault.ts'

export type Step = 'createSecret' | 'setSecret' | 'testSecret' | 'finishSecret'

/** What the rotation function is invoked with. */
export interface RotationRequest {
  readonly Step: Step
  /** The full ARN. */
  readonly SecretId: string
  readonly ClientRequestToken?: string
  readonly RotationToken: string
}

/** For a live display: a step begins, and ends well or with what Lambda reported. `ms` is real time. */
export type StepProgress = {
  readonly secretArn: string
  readonly token: string
  readonly step: Step
  readonly attempt: number
} & (
  | { readonly type: 'step-started' }
  | { readonly type: 'step-ended'; readonly ok: true; readonly ms: number }
  | {
      readonly type: 'step-ended'
      readonly ok: false
      readonly ms: number
      readonly errorType: string
      readonly errorMessage: string
    }
)

/**
 * What AWS does not tell about its rotation engine; the defaults are the documented or the unkind answers.
 * - `retryDelaysMs`: pauses between the attempts of one window; when they are used up the next window is
 *   waited for.
 * - `maxAttempts`: of one rotation, over all windows; then it stays as it is.
 * - `resumesFrom`: where a retry begins.
 * - `clearsPending`: the engine removes AWSPENDING after success.
 * - `strictWriter`: the pending value must have been put with a RotationToken handed out for it.
 * - `succeedsWithoutMove`: finishSecret may return without having moved AWSCURRENT.
 * - `reattemptsStuckPending`: AWSPENDING on a version that is not AWSCURRENT is rotated again, whoever put it
 *   there.
 * - `repeatedToken`: RotateSecret with the token of the rotation under way; accepted, it changes nothing.
 * - `testToken`: whether a test rotation's event carries ClientRequestToken.
 * - `keepsEarlierRotation`: a change to another rate with RotateImmediately=false leaves the rotation planned
 *   before.
 */
export interface EngineSwitches {
  retryDelaysMs: readonly number[]
  maxAttempts: number
  resumesFrom: 'createSecret' | 'failedStep'
  clearsPending: boolean
  strictWriter: boolean
  succeedsWithoutMove: boolean
  reattemptsStuckPending: boolean
  repeatedToken: 'refused' | 'accepted'
  testToken: 'given' | 'absent'
  keepsEarlierRotation: boolean
}

const MINUTE_MS = 60_000

export const UNKIND_ENGINE: EngineSwitches = {
  retryDelaysMs: [1, 5, 15, 30, 60].map((minutes) => minutes * MINUTE_MS),
  maxAttempts: Number.POSITIVE_INFINITY,
  resumesFrom: 'createSecret',
  clearsPending: true,
  strictWriter: true,
  succeedsWithoutMove: false,
  reattemptsStuckPending: true,
  repeatedToken: 'refused',
  testToken: 'given',
  keepsEarlierRotation: true,
}

/** One rotation, or test rotation, of one secret: all attempts with one token. */
export interface Run {
  readonly kind: 'rotation' | 'test'
  readonly secret: Secret
  readonly token: string
  attempt: number
  /** Failures in this window. */
  failures: number
  windowEnd: number
  /** The step that failed last. */
  failedStep?: Step
  ended: boolean
  cancelRetry?: () => void
}

/** Everything that the engine remembers beside the vault; keys are secret ARNs. */
export interface EngineState {
  readonly clock: Clock
  readonly vault: Vault
  /** By ARN: the functions that Secrets Manager may invoke. */
  readonly functions: ReadonlyMap<string, LambdaFunction>
  readonly switches: EngineSwitches
  readonly events: Feed<SecretsManagerEvent>
  readonly progress: Feed<StepProgress>
  readonly runs: Map<string, Run>
  /** The planned rotation of each secret. */
  readonly due: Map<string, { readonly window: Window; readonly cancel: () => void }>
  /** The RotationTokens handed out for each version id. */
  readonly handedOut: Map<string, Set<string>>
  readonly working: Set<Promise<void>>
}
