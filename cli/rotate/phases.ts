import type { DescribedSecret } from '../../lambdas/ports/secrets-manager.ts'
import type { Step } from '../../lambdas/rotation/event.ts'
import type { LogLine } from './function-log.ts'

/** The four steps in the words of Dfns's guide. */
export const words = {
  createSecret: 'create',
  setSecret: 'register',
  testSecret: 'verify',
  finishSecret: 'deactivate',
} as const satisfies Readonly<Record<Step, string>>

const order = Object.keys(words) as readonly Step[]

/** Something that was seen of a rotation. `ms`: how long the function worked, where its log tells. */
export type PhaseEvent =
  | { readonly type: 'done'; readonly step: Step; readonly ms: number | undefined }
  | {
      readonly type: 'failed'
      readonly step: Step
      readonly code: string
      readonly reason: string
      readonly retryable: boolean
    }
  /** Secrets Manager begins the rotation again; `silent`: the attempt before ended without a word. */
  | { readonly type: 'repeated'; readonly silent: boolean }

/** What one look at AWS tells. */
export interface Sighting {
  readonly secret: Pick<DescribedSecret, 'stages'>
  /** Lines that are new; nothing if the function's log may not be read. */
  readonly lines: readonly LogLine[] | undefined
  /** Whether the version has a value. Asked only where there is no log. */
  readonly isStored: boolean
}

/** Follows one rotation. What was told is never taken back; a step that is repeated is told again. */
export interface Follower {
  /** What is new. */
  see(sighting: Sighting): readonly PhaseEvent[]
  /** Tells what the labels say and no log line did: the log is late, or may not be read. */
  catchUp(): readonly PhaseEvent[]
  /** The step that is under way, as far as that is known. */
  underWay(): Step
  /** Whether finishSecret was seen to end well. */
  isFinished(): boolean
}

export function follower(token: string): Follower {
  /** Steps of this attempt that ended well. */
  let done: readonly Step[] = []
  let hasFailed = false
  /** When the last step ended: what is older came late, and tells nothing new. */
  let endedAt = Number.NEGATIVE_INFINITY

  const pass = (step: Step, ms?: number): PhaseEvent => {
    done = [...done, step]
    return { type: 'done', step, ms }
  }
  const upTo = (last: Step): PhaseEvent[] =>
    order
      .slice(0, order.indexOf(last) + 1)
      .filter((step) => !done.includes(step))
      .map((step) => pass(step))

  const hear = (line: LogLine): readonly PhaseEvent[] => {
    const { step, message, code, reason, retryable, durationMs, at } = line
    const events: PhaseEvent[] = []
    const isEnd = message === 'phase done' || message === 'phase failed'
    if (!isEnd && at <= endedAt) return []
    // An attempt begins with the first step, or with the one that failed.
    if (hasFailed || done.includes(step)) {
      events.push({ type: 'repeated', silent: !hasFailed })
      done = done.slice(0, order.indexOf(step))
      hasFailed = false
    }
    if (isEnd) endedAt = at
    if (message === 'phase done') events.push(pass(step, durationMs))
    if (message === 'phase failed' && code !== undefined) {
      hasFailed = true
      events.push({ type: 'failed', step, code, reason: reason ?? '', retryable: retryable === true })
    }
    return events
  }

  return {
    see: ({ secret, lines, isStored }) => {
      if (lines !== undefined) return lines.flatMap(hear)
      if (isPromoted({ secret, token })) return upTo('finishSecret')
      return isStored ? upTo('createSecret') : []
    },
    catchUp: () => upTo('finishSecret'),
    underWay: () => order.find((step) => !done.includes(step)) ?? 'finishSecret',
    isFinished: () => done.includes('finishSecret'),
  }
}

/** AWSCURRENT is on the version, or was and has moved on. */
export function isPromoted({ secret, token }: { secret: Sighting['secret']; token: string }): boolean {
  const labels = secret.stages.get(token) ?? []
  return labels.includes('AWSCURRENT') || labels.includes('AWSPREVIOUS')
}

/** The version has no label of a rotation any more: somebody gave it up, or put a value over it. */
export function isGivenUp({ secret, token }: { secret: Sighting['secret']; token: string }): boolean {
  return !isPromoted({ secret, token }) && secret.stages.get(token)?.includes('AWSPENDING') !== true
}
