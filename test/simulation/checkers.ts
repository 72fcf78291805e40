import { isDeepStrictEqual } from 'node:util'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import { deadLetterArn } from '../../sandbox/scene.ts'
import { holderOf } from '../../sandbox/secrets-manager/labels.ts'
import type { Secret } from '../../sandbox/secrets-manager/secret.ts'
import type { VaultChange } from '../../sandbox/secrets-manager/vault.ts'
import type { WireRequest, WireResponse } from '../../sandbox/wire.ts'
import { type Document, documentIn } from './documents.ts'
import { lookAtEffects } from './effects.ts'
import { heldOf, refusal } from './holdings.ts'
import { currentInvocation, type Invocation, type Phase } from './invocation.ts'
import { ended, hasStored, received, sent } from './promises.ts'
import { mayStray, straysOf } from './strays.ts'
import {
  type Finding,
  keyOf,
  type Parts,
  report,
  type State,
  type Watched,
  watchedOf,
  type WatchedSecret,
} from './watched.ts'

/**
 * Looks from outside, at the state of the vault and of Dfns: never by a call, which would change what is asked about,
 * and never with code of `lambdas/`.
 */
export interface Checkers {
  readonly state: State
  /** Each problem once, in the order in which they were found. */
  readonly findings: readonly Finding[]
  /** Looks at every secret that is watched; the world does so after every call. */
  look(during: string): void
  /** Looks at one secret alone, and not at whom Dfns's effects are of: for so many that all would take too long. */
  lookAt(secretArn: string, during: string): void
  watch(secret: WatchedSecret): void
  /** What is not as it has to be once faults have stopped and every grace is over; nothing if all is well. */
  unconverged(secretArn: string): string[]
  /** How many credentials with AWSCURRENT's id and key are active: one, unless Dfns allows several. */
  activeCurrent(secretArn: string): number
  /** What the administrator does from here on is an edit: a step's promise may be broken by it. */
  edited(secretArn: string): void
  /** Takes back what a test allows for a moment: should it be found once more, it is reported anew. */
  excuse(isExcused: (finding: Finding) => boolean): void
  begun(invocation: Invocation): void
  ended(ending: { invocation: Invocation; result: InvocationResult }): void
  sent(call: { invocation: Invocation; request: WireRequest }): void
  received(call: { invocation: Invocation; request: WireRequest; reply: WireResponse }): void
}

const dayMs = 86_400_000

/** For as long a webhook may have events to deliver that its successor does not carry. */
const drainMs = 25 * 3_600_000

/** Commands that say so. */
const endsGraces: readonly Phase[] = ['retireAtOnce', 'decommission']

/** And those that leave what a rotation registered without a label, until it is deactivated. */
const givesUp: readonly Phase[] = ['abandon', 'decommission']

type Ending = { readonly invocation: Invocation; readonly result: InvocationResult }

/** Makes checkers that watch nothing yet. */
export function createCheckers(parts: Parts): Checkers {
  const state: State = {
    ...parts,
    watched: new Map(),
    findings: [],
    reported: new Set(),
    foreign: new Set(),
    queued: new Map(),
    begun: new Map(),
    effects: 0,
  }
  parts.vault.changes.listen((change) => onChange(state, change))
  followQueue(state)
  return {
    state,
    findings: state.findings,
    look: (during) => look(state, during),
    lookAt: (arn, during) => lookAt({ state, watched: watchedOf(state, arn), during }),
    watch: (secret) => {
      const sets = { named: new Set<string>(), letGo: new Set<string>() }
      const fresh = { ...sets, superseded: [], current: undefined, edits: 0, created: 0 }
      state.watched.set(secret.arn, { ...secret, ...fresh })
      lookAtEffects(state, 'the scene')
    },
    unconverged: (arn) => unconverged(state, watchedOf(state, arn)),
    activeCurrent: (arn) => {
      const watched = watchedOf(state, arn)
      const active = heldOf(state, watched).filter(({ isActive }) => isActive)
      return active.filter(({ id }) => id === watched.current?.document.id).length
    },
    edited: (arn) => {
      const watched = state.watched.get(arn)
      if (watched !== undefined) watched.edits += 1
    },
    excuse: (isExcused) => {
      for (const finding of state.findings.filter(isExcused)) {
        state.findings.splice(state.findings.indexOf(finding), 1)
        state.reported.delete(keyOf(finding))
      }
    },
    begun: ({ number, secretArn, phase }) => {
      const watched = state.watched.get(secretArn)
      const edits = watched?.edits ?? 0
      if (watched && endsGraces.includes(phase))
        watched.superseded = watched.superseded.map((one) => ({ ...one, mayEndNow: true }))
      state.begun.set(number, { edits, at: state.clock.now() })
    },
    ended: (ending) => {
      noteCreation(state, ending)
      ended(state, ending)
      look(state, `${ending.invocation.phase}, as it ended`)
    },
    sent,
    received,
  }
}

function look(state: State, during: string): void {
  lookAtEffects(state, during)
  for (const watched of state.watched.values()) lookAt({ state, watched, during })
}

function lookAt(at: { state: State; watched: Watched; during: string }): void {
  const secret = at.state.vault.find(at.watched.arn)
  lookAtCurrent({ ...at, secret })
  lookAtSuperseded({ ...at, secret })
  lookAtActive({ ...at, secret })
}

interface Look {
  readonly state: State
  readonly watched: Watched
  readonly secret: Secret
  readonly during: string
}

function lookAtCurrent({ state, watched, secret, during }: Look): void {
  if (watched.current === undefined) return
  const version = holderOf({ secret, label: 'AWSCURRENT' })
  const why = refusal(state, watched, documentIn(version))
  if (why === undefined) return
  const problem = `AWSCURRENT of ${secret.name} is refused: ${why}`
  report(state, { invariant: 'AWSCURRENT authenticates', problem, during })
}

function lookAtSuperseded({ state, watched, secret, during }: Look): void {
  const now = state.clock.now()
  const held = heldOf(state, watched)
  const active = new Set(held.flatMap(({ id, isActive }) => (isActive ? [id] : [])))
  const working = new Set(held.flatMap(({ id, works }) => (works ? [id] : [])))
  watched.superseded = watched.superseded.filter(({ versionId, id, until, mayEndNow }) => {
    const of = `version ${versionId} of ${secret.name}`
    if (now < until) {
      if (working.has(id)) return true
      if (mayEndNow) return false
      const problem = `${of} is refused ${Math.ceil((until - now) / 1_000)} s before its grace is over`
      report(state, { invariant: 'AWSPREVIOUS works through its grace', problem, during })
      return false
    }
    if (!active.has(id)) return false
    if (now <= endOf({ state, watched, until }) + dayMs) return true
    const problem = `what ${of} names is active more than a day after its grace`
    report(state, { invariant: 'nothing of ours outlives its grace by a day', problem, during })
    return false
  })
}

/** Dfns makes the last attempt to deliver an event a day after the first: so long a webhook has to stay. */
function endOf({ state, watched, until }: { state: State; watched: Watched; until: number }): number {
  if (watched.rotates !== 'webhook') return until
  const current = state.dfns.state.webhooks.get(watched.current?.document.id ?? '')
  return Math.max(until, (current?.dateUpdated ?? 0) + drainMs)
}

function lookAtActive({ state, watched, secret, during }: Look): void {
  for (const held of straysOf({ state, watched, secret })) {
    if (mayStray({ state, watched, secret, held })) continue
    const problem = `${held.id} of ${secret.name} is active, and no label and no schedule names it`
    report(state, { invariant: 'every active credential of ours is named', problem, during })
  }
}

/** From here on nothing may be left that was past its limit as this createSecret began. */
function noteCreation(state: State, { invocation, result }: Ending): void {
  const watched = state.watched.get(invocation.secretArn)
  const begun = state.begun.get(invocation.number)
  if (!watched || !begun || !result.ok || invocation.phase !== 'createSecret') return
  const secret = state.vault.find(watched.arn)
  if (hasStored({ secret, invocation, begun: begun.at }))
    watched.created = Math.max(watched.created, begun.at)
}

/** Follows AWSCURRENT from version to version: what loses it is superseded, and has a grace. */
function onChange(state: State, { secret, by, moved }: VaultChange): void {
  const watched = state.watched.get(secret.arn)
  if (watched === undefined) return
  const { phase } = currentInvocation() ?? {}
  noteNames({ watched, secret, isEdit: phase === undefined || givesUp.includes(phase) })
  if (!moved.includes('AWSCURRENT')) return
  const version = holderOf({ secret, label: 'AWSCURRENT' })
  const document = documentIn(version)
  const before = watched.current
  watched.current = version && document && { versionId: version.id, document }
  if (document === undefined) return
  watched.superseded = watched.superseded.filter(({ id }) => id !== document.id)
  if (before === undefined || before.document.id === document.id) return
  // Superseded by an edit: whoever made it decides when the old key goes.
  if (phase === undefined) return void watched.letGo.add(before.document.id)
  // What does not work any more has no grace: AWSCURRENT is moved away from it to what does.
  if (refusal(state, watched, before.document) !== undefined) return
  const { versionId } = before
  const until = state.clock.now() + graceOf({ watched, id: before.document.id })
  watched.superseded.push({ versionId, id: before.document.id, until })
  // What is gone back to says what it said.
  if (by === 'move' && phase !== 'rollback')
    assertKept({ state, watched, secret, before: before.document, document })
}

/** What an edit leaves without a label was registered perhaps, and no rotation comes back to it. */
function noteNames(note: { watched: Watched; secret: Secret; isEdit: boolean }): void {
  const { watched, secret, isEdit } = note
  const labelled = new Set<string>()
  for (const { labels, ...version } of secret.versions.values()) {
    const document = documentIn(version)
    if (document === undefined) continue
    watched.named.add(document.id)
    if (labels.size > 0) labelled.add(document.id)
    if (labels.has('AWSCURRENT') || labels.has('AWSPENDING')) watched.letGo.delete(document.id)
  }
  if (!isEdit) return
  for (const id of watched.named) {
    const isKept = labelled.has(id) || watched.superseded.some((one) => one.id === id)
    if (!isKept) watched.letGo.add(id)
  }
}

const changing = {
  key: ['credId', 'privateKey'],
  identity: ['credId', 'privateKey', 'authToken'],
  webhook: ['webhookId', 'webhookSecret'],
} as const

/** A rotation changes what it makes anew, and nothing else that AWSCURRENT says. */
function assertKept(kept: {
  state: State
  watched: Watched
  secret: Secret
  before: Document
  document: Document
}): void {
  const { state, watched, secret, before, document } = kept
  const mayChange: readonly string[] = changing[watched.rotates]
  const names = new Set([...Object.keys(before.fields), ...Object.keys(document.fields)])
  const changed = [...names].filter(
    (name) => !mayChange.includes(name) && !isDeepStrictEqual(before.fields[name], document.fields[name]),
  )
  if (changed.length === 0) return
  const problem = `${changed.join(', ')} of ${secret.name} changed as AWSCURRENT moved`
  report(state, {
    invariant: "an administrator's value is not overwritten",
    problem,
    during: 'the move of AWSCURRENT',
  })
}

const unitMs = { D: dayMs, H: 3_600_000, M: 60_000, S: 1_000 } as const

/** Milliseconds of `P7D` or `PT24H`: one unit is all that the worlds use. */
function durationMs(text: string): number {
  const [, count, unit] = /^PT?(\d+)([DHMS])$/.exec(text) ?? []
  if (count === undefined) throw new Error(`${text} is no duration that the checkers read`)
  return Number(count) * unitMs[unit as keyof typeof unitMs]
}

/**
 * An identity that was replaced counts as adopted, whoever made it: its key's id, which Dfns chose, does not tell. What a
 * webhook's grace is by default is no policy's.
 */
function graceOf({ watched, id }: { watched: Watched; id: string }): number {
  const { rotates, tag, grace, adoptedId } = watched
  const isAdopted = rotates === 'identity' || id === adoptedId
  return durationMs(tag ?? (isAdopted ? grace.adopted : rotates === 'webhook' ? 'PT26H' : grace.default))
}

/** Lambda's own queue: an event is in it until its last attempt is over. */
function followQueue({ asyncInvocations, queued }: State): void {
  const invoke = asyncInvocations.invoke.bind(asyncInvocations)
  asyncInvocations.invoke = (invocation) => {
    const requestId = invoke(invocation)
    if (requestId !== undefined) queued.set(requestId, invocation.event)
    return requestId
  }
  asyncInvocations.attempts.listen(({ requestId, attempt, result }) => {
    // Two retries, which is what the functions are configured with.
    if (result.ok || attempt > 2) queued.delete(requestId)
  })
}

/**
 * Exactly: what AWSCURRENT names is active and nothing else of ours is, strangers aside; nothing is left to be done. No
 * stray is excused: one that a rotation left behind would be there for its successor to find, and a single fault is none
 * that leaves one.
 */
function unconverged(state: State, watched: Watched): string[] {
  const secret = state.vault.find(watched.arn)
  const version = holderOf({ secret, label: 'AWSCURRENT' })
  const document = documentIn(version)
  const why = refusal(state, watched, document)
  const others = heldOf(state, watched).filter(
    ({ id, isActive, isOurs }) => isActive && isOurs && id !== document?.id,
  )
  const labels = [...secret.versions.values()].flatMap(({ id, labels: held }) =>
    [...held].filter((label) => label !== 'AWSCURRENT').map((label) => `${label} on ${id}`),
  )
  const schedules = state.scheduler
    .list()
    .filter(({ settings }) => settings.Target.Input?.includes(watched.arn))
  const letters = state.queues.messages(deadLetterArn).filter(({ body }) => body.includes(watched.arn))
  return [
    ...(why === undefined ? [] : [`AWSCURRENT is refused: ${why}`]),
    ...others.map(({ id }) => `superseded ${id} is active`),
    ...labels.map((label) => `${label} is left`),
    ...schedules.map(({ name, settings }) => `schedule ${name} (${settings.ScheduleExpression}) is left`),
    ...letters.map(({ body }) => `dead letter: ${body.slice(0, 600)}`),
  ]
}
