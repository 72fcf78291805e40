import type { Clock } from '../../sandbox/clock.ts'
import type { Dfns } from '../../sandbox/dfns/organisation.ts'
import type { AsyncInvocations } from '../../sandbox/lambda/async.ts'
import type { Queues } from '../../sandbox/queues.ts'
import type { Schedules } from '../../sandbox/scheduler/schedules.ts'
import type { Vault } from '../../sandbox/secrets-manager/vault.ts'
import type { Document } from './documents.ts'

/** The invariants, as a finding names the one that was broken. */
export type Invariant =
  | 'AWSCURRENT authenticates'
  | 'AWSPREVIOUS works through its grace'
  | 'every active credential of ours is named'
  | 'no stray outlives its limit'
  | 'no event is lost'
  | 'nothing of ours outlives its grace by a day'
  | 'nothing foreign is touched'
  | "an administrator's value is not overwritten"
  | 'no secret in a log line or an error'
  | 'status never lies'

export interface Finding {
  readonly invariant: Invariant
  readonly problem: string
  /** The call, or what else happened, before which all was well. */
  readonly during: string
  /** Milliseconds of the shared clock. */
  readonly at: number
}

/** Durations as a policy writes them: `PT24H`. */
export interface SimulatedGrace {
  readonly default: string
  readonly adopted: string
}

export interface WatchedSecret {
  readonly arn: string
  /**
   * What a rotation makes: a key of one identity or token, a whole account or token with its key, or a webhook.
   */
  readonly rotates: 'key' | 'identity' | 'webhook'
  /** Whose the first key is; of a webhook whoever signs for it. */
  readonly userId: string
  /** The first token; absent where the key's user logs in. */
  readonly tokenId: string | undefined
  /** Whose session asks Dfns for what the secret's own identity may not. */
  readonly signerUserId: string | undefined
  /** Permissions that whatever AWSCURRENT names has to have. */
  readonly permissionIds: readonly string[]
  /** The id, in the document, of what a person made. */
  readonly adoptedId: string
  /** The policy's, and the tag, as they are written. */
  readonly grace: SimulatedGrace
  readonly tag: string | undefined
}

export interface Superseded {
  readonly versionId: string
  readonly id: string
  /** The end of its grace, by the shared clock. */
  readonly until: number
  /** An operator has said that it ends now. */
  readonly mayEndNow?: boolean
}

export interface Watched extends WatchedSecret {
  /** Ids of all that a version ever named. */
  readonly named: Set<string>
  superseded: Superseded[]
  /** Ids of what an edit, or a rotation that was given up, took the last label from: audit finds them, no schedule names them. */
  readonly letGo: Set<string>
  current: { versionId: string; document: Document } | undefined
  edits: number
  /** When the last createSecret began that succeeded: no stray that was past its limit by then is left. */
  created: number
}

export interface Parts {
  readonly clock: Clock
  readonly vault: Vault
  readonly scheduler: Schedules
  readonly asyncInvocations: AsyncInvocations
  readonly queues: Queues
  readonly dfns: Dfns
  readonly keepsHistory: boolean
}

export interface State extends Parts {
  readonly watched: Map<string, Watched>
  readonly findings: Finding[]
  readonly reported: Set<string>
  /** Credentials that somebody else than the two functions made. */
  readonly foreign: Set<string>
  /** Events in Lambda's queue, from their delivery until they have succeeded or are given up. */
  readonly queued: Map<string, unknown>
  /** By invocation: the edits until it began, and when that was. */
  readonly begun: Map<number, { readonly edits: number; readonly at: number }>
  effects: number
}

export function watchedOf(state: State, arn: string): Watched {
  const watched = state.watched.get(arn)
  if (watched === undefined) throw new Error(`${arn} is not watched`)
  return watched
}

/** What makes a finding one that was noted before. */
export const keyOf = ({ invariant, problem }: Pick<Finding, 'invariant' | 'problem'>): string =>
  `${invariant}: ${problem}`

/** Notes each problem once. */
export function report(state: State, found: { invariant: Invariant; problem: string; during: string }): void {
  const key = keyOf(found)
  if (state.reported.has(key)) return
  state.reported.add(key)
  state.findings.push({ ...found, at: state.clock.now() })
}
