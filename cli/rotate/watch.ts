import type { SecretStore } from '../../lambdas/ports/secrets-manager.ts'
import type { Time } from '../../lambdas/ports/time.ts'
import type { Step } from '../../lambdas/rotation/event.ts'
import type { FunctionLog } from './function-log.ts'
import { follower, isGivenUp, isPromoted, type PhaseEvent } from './phases.ts'

/** How a rotation stood when it was looked at last. */
export type End =
  | { readonly type: 'rotated' }
  /** An attempt ended with an error that repeating does not mend; `promoted`: AWSCURRENT had moved before. */
  | { readonly type: 'failed'; readonly event: Failed; readonly promoted: boolean }
  | { readonly type: 'given up' }
  /** It goes on: Secrets Manager carries it out, whoever looks. */
  | { readonly type: 'timed out' | 'interrupted'; readonly step: Step; readonly last: Failed | undefined }

type Failed = Extract<PhaseEvent, { type: 'failed' }>

export interface Watching {
  readonly store: SecretStore
  readonly log: FunctionLog
  readonly token: string
  readonly time: Time
  /** Milliseconds. */
  readonly timeoutMs: number
  /** Whether nobody waits any longer. */
  readonly isInterrupted: () => boolean
  readonly hear: (event: PhaseEvent) => void
  /** Called at every look: something still goes on. */
  readonly wait: (step: Step) => void
}

const pauseMs = 1_000

/** A function's log reaches CloudWatch some seconds late. */
const logDelayMs = 15_000

/**
 * For so long the labels have to say that it was given up: RotateSecret answers before the version is there,
 * and a read may show what was a moment ago.
 */
const givenUpMs = 15_000

/** Looks at a rotation until it has come to an end, or nobody waits any longer. */
export async function watch(watching: Watching): Promise<End> {
  const { store, log, token, time, timeoutMs, isInterrupted, hear, wait } = watching
  const followed = follower(token)
  const end = time.now() + timeoutMs
  let last: Failed | undefined
  let promotedAt: number | undefined
  let givenUpAt: number | undefined
  for (;;) {
    const [secret, lines] = await Promise.all([store.describeSecret(), log.read()])
    const isStored = lines === undefined && (await store.getSecretValue({ versionId: token })) !== undefined
    for (const event of followed.see({ secret, lines, isStored })) {
      hear(event)
      if (event.type === 'failed') last = event
      if (event.type === 'failed' && !event.retryable)
        return { type: 'failed', event, promoted: isPromoted({ secret, token }) }
    }
    if (isPromoted({ secret, token })) promotedAt ??= time.now()
    givenUpAt = isGivenUp({ secret, token }) ? (givenUpAt ?? time.now()) : undefined
    if (givenUpAt !== undefined && time.now() - givenUpAt >= givenUpMs) return { type: 'given up' }
    if (followed.isFinished() && promotedAt !== undefined) return { type: 'rotated' }
    if (promotedAt !== undefined && time.now() - promotedAt >= logDelayMs) {
      followed.catchUp().forEach(hear)
      return { type: 'rotated' }
    }
    if (isInterrupted()) return { type: 'interrupted', step: followed.underWay(), last }
    if (time.now() >= end) return { type: 'timed out', step: followed.underWay(), last }
    wait(followed.underWay())
    await time.sleep(pauseMs)
  }
}
