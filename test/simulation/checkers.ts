import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { Clock } from '../../sandbox/clock.ts'
import type { Dfns } from '../../sandbox/dfns/organisation.ts'
import type { Credential } from '../../sandbox/dfns/model.ts'
import type { AsyncInvocations } from '../../sandbox/lambda/async.ts'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import type { Queues } from '../../sandbox/queues.ts'
import { deadLetterArn } from '../../sandbox/scene.ts'
import type { Schedules } from '../../sandbox/scheduler/schedules.ts'
import { holderOf } from '../../sandbox/secrets-manager/labels.ts'
import type { Secret, SecretVersion } from '../../sandbox/secrets-manager/secret.ts'
import type { Vault, VaultChange } from '../../sandbox/secrets-manager/vault.ts'
import type { WireRequest, WireResponse } from '../../sandbox/wire.ts'
import { leaksIn, secretsOf } from '../support/leaks.ts'
import { currentInvocation, type Invocation } from './invocation.ts'
import type { SimulatedGrace } from './world.ts'

/** The invariants of design section 8, as a finding names the one that was broken. */
export type Invariant =
  | 'AWSCURRENT authenticates'
  | 'AWSPREVIOUS works through its grace'
  | 'every active credential of ours is named'
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

/**
 * Looks from outside, at the state of the vault and of Dfns: never by a call, which would change what is asked about,
 * and never with code of `lambdas/`.
 */
export interface Checkers {
  /** Each problem once, in the order in which they were found. */
  readonly findings: readonly Finding[]
  /** Looks at every secret that is watched; the world does so after every call. */
  look(during: string): void
  watch(secret: WatchedSecret): void
  /** What is not as it has to be once faults have stopped and every grace is over; nothing if all is well. */
  unconverged(secretArn: string): string[]
  /** How many credentials with AWSCURRENT's id and key are active: one, unless Dfns allows several. */
  activeCurrent(secretArn: string): number
  /** What the administrator does from here on is an edit: a step's promise may be broken by it. */
  edited(secretArn: string): void
  begun(invocation: Invocation): void
  ended(ending: { invocation: Invocation; result: InvocationResult }): void
  sent(call: { invocation: Invocation; request: WireRequest }): void
  received(call: { invocation: Invocation; request: WireRequest; reply: WireResponse }): void
}

export interface WatchedSecret {
  readonly arn: string
  readonly userId: string
  /** Absent where the key's user logs in. */
  readonly tokenId: string | undefined
  /** The id of the credential that a person made. */
  readonly adoptedCredId: string
  /** The policy's, and the tag, as they are written. */
  readonly grace: SimulatedGrace
  readonly tag: string | undefined
}

interface Superseded {
  readonly versionId: string
  readonly credId: string
  /** The end of its grace, by the shared clock. */
  readonly until: number
}

interface Watched extends WatchedSecret {
  /** Ids of every credential that a version ever named. */
  readonly named: Set<string>
  superseded: Superseded[]
  /** Ids of credentials that an edit took the last label from: audit finds them, no schedule names them. */
  readonly letGo: Set<string>
  current: { versionId: string; document: KeyHolder } | undefined
  edits: number
}

interface KeyHolder {
  readonly credId: string
  readonly publicKey: string
  readonly fields: Readonly<Record<string, unknown>>
}

interface Parts {
  readonly clock: Clock
  readonly vault: Vault
  readonly scheduler: Schedules
  readonly asyncInvocations: AsyncInvocations
  readonly queues: Queues
  readonly dfns: Dfns
  readonly keepsHistory: boolean
}

interface State extends Parts {
  readonly watched: Map<string, Watched>
  readonly findings: Finding[]
  readonly reported: Set<string>
  /** Credentials that somebody else than the two functions made. */
  readonly foreign: Set<string>
  /** Events in Lambda's queue, from their delivery until they have succeeded or are given up. */
  readonly queued: Map<string, unknown>
  readonly editsAt: Map<number, number>
  effects: number
}

const dayMs = 86_400_000

/** Makes checkers that watch nothing yet. */
export function createCheckers(parts: Parts): Checkers {
  const state: State = {
    ...parts,
    watched: new Map(),
    findings: [],
    reported: new Set(),
    foreign: new Set(),
    queued: new Map(),
    editsAt: new Map(),
    effects: 0,
  }
  parts.vault.changes.listen((change) => onChange(state, change))
  followQueue(state)
  return {
    findings: state.findings,
    look: (during) => look(state, during),
    watch: (secret) => {
      const sets = { named: new Set<string>(), letGo: new Set<string>() }
      const fresh = { ...sets, superseded: [], current: undefined, edits: 0 }
      state.watched.set(secret.arn, { ...secret, ...fresh })
      lookAtEffects(state, 'the scene')
    },
    unconverged: (arn) => unconverged(state, watchedOf(state, arn)),
    activeCurrent: (arn) => {
      const { current, userId } = watchedOf(state, arn)
      const all = dfnsCredentials(state, userId).filter(({ isActive }) => isActive)
      return all.filter(({ credentialId }) => credentialId === current?.document.credId).length
    },
    edited: (arn) => {
      watchedOf(state, arn).edits += 1
    },
    begun: ({ number, secretArn }) =>
      void state.editsAt.set(number, state.watched.get(secretArn)?.edits ?? 0),
    ended: (ending) => ended(state, ending),
    sent,
    received,
  }
}

function watchedOf(state: State, arn: string): Watched {
  const watched = state.watched.get(arn)
  if (watched === undefined) throw new Error(`${arn} is not watched`)
  return watched
}

function report(state: State, found: { invariant: Invariant; problem: string; during: string }): void {
  const key = `${found.invariant}: ${found.problem}`
  if (state.reported.has(key)) return
  state.reported.add(key)
  state.findings.push({ ...found, at: state.clock.now() })
}

// What a version holds never changes, and reading a key is slow: each text is read once.
const read = new Map<string, KeyHolder | undefined>()

function holderIn(version: Pick<SecretVersion, 'value'> | undefined): KeyHolder | undefined {
  const text = version?.value && 'SecretString' in version.value ? version.value.SecretString : undefined
  if (text === undefined) return undefined
  if (!read.has(text)) {
    if (read.size > 2_000) read.clear()
    read.set(text, readHolder(text))
  }
  return read.get(text)
}

function readHolder(text: string): KeyHolder | undefined {
  try {
    const fields = JSON.parse(text) as { credId: string; privateKey: string }
    const key = createPublicKey(createPrivateKey(fields.privateKey))
    return { credId: fields.credId, publicKey: spki(key), fields: { ...fields } }
  } catch {
    return undefined
  }
}

const spki = (key: ReturnType<typeof createPublicKey>) =>
  key.export({ type: 'spki', format: 'der' }).toString('base64')

const publicKeys = new Map<string, string>()

function publicKeyOf({ publicKey }: Credential): string {
  const known = publicKeys.get(publicKey)
  if (known !== undefined) return known
  if (publicKeys.size > 2_000) publicKeys.clear()
  const text = spki(createPublicKey(publicKey))
  publicKeys.set(publicKey, text)
  return text
}

function dfnsCredentials({ dfns }: State, userId: string): readonly Credential[] {
  return dfns.state.identities.get(userId)?.credentials ?? []
}

const credentialsOf = (state: State, { userId }: Watched) => dfnsCredentials(state, userId)

/** Whether Dfns would accept a signature of this key now, sent with the secret's token. */
function refusal(state: State, watched: Watched, holder: KeyHolder | undefined): string | undefined {
  if (holder === undefined) return 'it holds no key'
  const { dfns } = state
  const identity = dfns.state.identities.get(watched.userId)
  const token = watched.tokenId === undefined ? undefined : dfns.state.tokens.get(watched.tokenId)
  if (!identity?.isActive || token?.isActive === false) return 'its account or its token is not active'
  const all = credentialsOf(state, watched).filter(({ credentialId }) => credentialId === holder.credId)
  const own = all.filter((credential) => publicKeyOf(credential) === holder.publicKey)
  if (own.length === 0) return 'Dfns does not know its key'
  const active = own.filter(({ isActive }) => isActive)
  if (active.length === 0) return 'its credential is deactivated'
  if (active.every(({ unaccepted }) => unaccepted > 0)) return 'its credential is not accepted yet'
  const { tokenDiesWithItsCredential } = dfns.state.organisations.get(identity.orgId)?.switches ?? {}
  const issuedWith = token && dfns.state.credentials.get(token.credentialUuid)
  if (tokenDiesWithItsCredential && issuedWith?.isActive === false)
    return 'its token died with its first credential'
  return undefined
}

function look(state: State, during: string): void {
  lookAtEffects(state, during)
  for (const watched of state.watched.values()) {
    const secret = state.vault.find(watched.arn)
    lookAtCurrent({ state, watched, secret, during })
    lookAtSuperseded({ state, watched, secret, during })
    lookAtActive({ state, watched, secret, during })
  }
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
  const why = refusal(state, watched, holderIn(version))
  if (why === undefined) return
  const problem = `AWSCURRENT of ${secret.name} is refused: ${why}`
  report(state, { invariant: 'AWSCURRENT authenticates', problem, during })
}

function lookAtSuperseded({ state, watched, secret, during }: Look): void {
  const now = state.clock.now()
  const active = new Set(
    credentialsOf(state, watched)
      .filter(({ isActive }) => isActive)
      .map(({ credentialId }) => credentialId),
  )
  watched.superseded = watched.superseded.filter(({ versionId, credId, until }) => {
    const of = `version ${versionId} of ${secret.name}`
    if (now < until) {
      if (active.has(credId)) return true
      const problem = `${of} is refused ${Math.ceil((until - now) / 1_000)} s before its grace is over`
      report(state, { invariant: 'AWSPREVIOUS works through its grace', problem, during })
      return false
    }
    if (!active.has(credId)) return false
    if (now <= until + dayMs) return true
    const problem = `the credential of ${of} is active more than a day after its grace`
    report(state, { invariant: 'nothing of ours outlives its grace by a day', problem, during })
    return false
  })
}

function lookAtActive({ state, watched, secret, during }: Look): void {
  const labelled = new Set<string>()
  for (const version of secret.versions.values()) {
    if (version.labels.size > 0) labelled.add(holderIn(version)?.credId ?? '')
  }
  const unlabelled = credentialsOf(state, watched).filter(
    (credential) =>
      credential.isActive &&
      !labelled.has(credential.credentialId) &&
      !watched.letGo.has(credential.credentialId) &&
      isOurs(state, watched, credential),
  )
  if (unlabelled.length === 0) return
  const scheduled = scheduledUuids(state)
  for (const { credentialUuid, credentialId } of unlabelled) {
    if (scheduled.includes(credentialUuid)) continue
    const problem = `credential ${credentialId} of ${secret.name} is active, and no label and no schedule names it`
    report(state, { invariant: 'every active credential of ours is named', problem, during })
  }
}

/** Ours is what the functions made, and what a version of the secret names or named. */
function isOurs({ foreign }: State, { named }: Watched, credential: Credential): boolean {
  return !foreign.has(credential.credentialUuid) || named.has(credential.credentialId)
}

/** All that stands in schedules, and in events that a schedule has handed over to Lambda. */
function scheduledUuids({ scheduler, queued }: State): string {
  const inputs = scheduler.list().map(({ settings }) => settings.Target.Input ?? '')
  return [...inputs, ...[...queued.values()].map((event) => JSON.stringify(event))].join('\n')
}

/** Effects on credentials, each seen once: who made what, and whether he may touch it. */
function lookAtEffects(state: State, during: string): void {
  const { dfns, foreign } = state
  const { effects } = dfns.state
  // A world without history empties the list after it was looked at.
  if (state.effects > effects.length || !state.keepsHistory) state.effects = 0
  for (const effect of effects.slice(state.effects)) {
    const { kind, by, credentialUuid, userId } = effect
    if (credentialUuid === undefined || !kind.startsWith('credential')) continue
    if (by === 'administrator') {
      if (kind === 'credential created') foreign.add(credentialUuid)
      continue
    }
    // A user's session is another token every time.
    const caller = dfns.state.tokens.get(by.tokenId)?.userId
    const owner = [...state.watched.values()].find((watched) => watched.userId === caller)
    const credential = dfns.state.credentials.get(credentialUuid)
    const isOwn = owner?.userId === userId && credential !== undefined && isOurs(state, owner, credential)
    if (isOwn) continue
    const problem = `${kind}: ${credential?.credentialId ?? credentialUuid}, which is not of ${owner?.arn ?? 'ours'}`
    report(state, { invariant: 'nothing foreign is touched', problem, during })
  }
  state.effects = effects.length
}

/** Follows AWSCURRENT from version to version: what loses it is superseded, and has a grace. */
function onChange(state: State, { secret, by, moved }: VaultChange): void {
  const watched = state.watched.get(secret.arn)
  if (watched === undefined) return
  noteNames({ watched, secret, isEdit: currentInvocation() === undefined })
  if (!moved.includes('AWSCURRENT')) return
  const version = holderOf({ secret, label: 'AWSCURRENT' })
  const document = holderIn(version)
  const before = watched.current
  watched.current = version && document && { versionId: version.id, document }
  if (document === undefined) return
  watched.superseded = watched.superseded.filter(({ credId }) => credId !== document.credId)
  if (before === undefined || before.document.credId === document.credId) return
  // Superseded by an edit: whoever made it decides when the old key goes.
  if (currentInvocation() === undefined) return void watched.letGo.add(before.document.credId)
  const { versionId } = before
  const until = state.clock.now() + graceOf({ watched, credId: before.document.credId })
  watched.superseded.push({ versionId, credId: before.document.credId, until })
  if (by === 'move') assertKept({ state, secret, before: before.document, document })
}

/** What an edit leaves without a label was registered perhaps, and no rotation comes back to it. */
function noteNames(note: { watched: Watched; secret: Secret; isEdit: boolean }): void {
  const { watched, secret, isEdit } = note
  const labelled = new Set<string>()
  for (const { labels, ...version } of secret.versions.values()) {
    const holder = holderIn(version)
    if (holder === undefined) continue
    watched.named.add(holder.credId)
    if (labels.size > 0) labelled.add(holder.credId)
    if (labels.has('AWSCURRENT') || labels.has('AWSPENDING')) watched.letGo.delete(holder.credId)
  }
  if (!isEdit) return
  for (const credId of watched.named) {
    const isKept = labelled.has(credId) || watched.superseded.some((one) => one.credId === credId)
    if (!isKept) watched.letGo.add(credId)
  }
}

/** A rotation changes the key and its id, and nothing else that AWSCURRENT says. */
function assertKept(kept: { state: State; secret: Secret; before: KeyHolder; document: KeyHolder }): void {
  const { state, secret, before, document } = kept
  const names = new Set([...Object.keys(before.fields), ...Object.keys(document.fields)])
  const changed = [...names].filter(
    (name) => !['credId', 'privateKey'].includes(name) && before.fields[name] !== document.fields[name],
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

function graceOf({ watched, credId }: { watched: Watched; credId: string }): number {
  const { tag, grace, adoptedCredId } = watched
  return durationMs(tag ?? (credId === adoptedCredId ? grace.adopted : grace.default))
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

function sent({ invocation, request }: { invocation: Invocation; request: WireRequest }): void {
  const { sensitive } = invocation
  const { headers, body } = request
  const add = (text: string | undefined) => {
    if (text !== undefined) sensitive.add(text)
  }
  add(/^Bearer (\S+)$/.exec(headers['authorization'] ?? '')?.[1])
  add(headers['x-dfns-useraction'])
  remember({ invocation, request, body })
}

function received(call: { invocation: Invocation; request: WireRequest; reply: WireResponse }): void {
  const { invocation, request, reply } = call
  remember({ invocation, request, body: reply.body })
  const userAction = /"userAction":"([^"]+)"/.exec(reply.body)?.[1]
  if (userAction !== undefined) invocation.sensitive.add(userAction)
}

function remember(kept: { invocation: Invocation; request: WireRequest; body: string }): void {
  const { invocation, request, body } = kept
  if (request.service !== 'secretsmanager' || !body.includes('"SecretString"')) return
  const { SecretString } = JSON.parse(body) as { SecretString?: string }
  if (SecretString !== undefined) invocation.documents.add(SecretString)
}

type Ending = { readonly invocation: Invocation; readonly result: InvocationResult }

function ended(state: State, { invocation, result }: Ending): void {
  const { number, phase, secretArn } = invocation
  const during = `${phase}, as it ended`
  lookForLeaks({ state, invocation, result, during })
  const watched = state.watched.get(secretArn)
  const wasEdited = watched?.edits !== state.editsAt.get(number)
  state.editsAt.delete(number)
  if (watched !== undefined && !wasEdited) {
    const secret = state.vault.find(secretArn)
    const why = result.ok
      ? brokenPromise({ state, watched, secret, invocation })
      : wrongError({ state, watched, invocation, result })
    if (why !== undefined) report(state, { invariant: 'status never lies', problem: why, during })
  }
  look(state, during)
}

/** A document's secrets, found once: reading keys is slow. */
const tracesIn = new Map<string, ReturnType<typeof secretsOf>>()

function tracesOf(document: string): ReturnType<typeof secretsOf> {
  const known = tracesIn.get(document)
  if (known !== undefined) return known
  if (tracesIn.size > 2_000) tracesIn.clear()
  const traces = secretsOf({ calls: [], documents: [document] })
  tracesIn.set(document, traces)
  return traces
}

/** An invocation can print only what it has seen: its own requests and replies. */
function lookForLeaks({
  state,
  invocation,
  result,
  during,
}: Ending & { state: State; during: string }): void {
  const { lines, sensitive, documents, phase } = invocation
  const text = [...lines, result.ok ? '' : result.errorMessage].join('\n')
  const tokens = { traces: new Map([...sensitive].map((one) => [one, 'token or user action'])) }
  const leaks = [tokens, ...[...documents].map(tracesOf)].flatMap((secrets) => leaksIn(text, secrets))
  if (leaks.length === 0) return
  const problem = `${phase} printed: ${[...new Set(leaks)].join(', ')}`
  report(state, { invariant: 'no secret in a log line or an error', problem, during })
}

interface Promised {
  readonly state: State
  readonly watched: Watched
  readonly secret: Secret
  readonly invocation: Invocation
}

/** What an invocation that reports success has promised, and is not so. */
function brokenPromise(promised: Promised): string | undefined {
  const { state, watched, secret, invocation } = promised
  const { phase, event } = invocation
  if (phase === 'retire') return brokenRetirement(promised)
  const { ClientRequestToken: token = '' } = event as { ClientRequestToken?: string }
  const version = secret.versions.get(token)
  // Whoever ended the rotation meanwhile has taken its version away from it.
  if (version === undefined || version.labels.size === 0) return undefined
  const holder = holderIn(version)
  if (holder === undefined) return `${phase} succeeded, and version ${token} has no document`
  if (phase === 'createSecret') return undefined
  const known = credentialsOf(state, watched).some(
    ({ credentialId, isActive }) => isActive && credentialId === holder.credId,
  )
  if (!known) return `${phase} succeeded, and Dfns has no active credential ${holder.credId}`
  if (phase === 'setSecret') return undefined
  const why = refusal(state, watched, holder)
  if (why !== undefined) return `${phase} succeeded, and version ${token} is refused: ${why}`
  const isMoved = version.labels.has('AWSCURRENT')
  return phase === 'finishSecret' && !isMoved
    ? `finishSecret succeeded, and version ${token} is not AWSCURRENT`
    : undefined
}

/** Done, or it is named and must not be done, or there is a schedule for another attempt. */
function brokenRetirement({ state, watched, secret, invocation }: Promised): string | undefined {
  const { superseded, what } = invocation.event as {
    superseded: string
    what: { credentialUuids: readonly string[] }
  }
  const credId = holderIn(secret.versions.get(superseded))?.credId
  const active = credentialsOf(state, watched).filter(
    ({ credentialId, credentialUuid, isActive }) =>
      isActive &&
      !watched.letGo.has(credentialId) &&
      (credentialId === credId || what.credentialUuids.includes(credentialUuid)),
  )
  if (active.length === 0 || watched.current?.document.credId === credId) return undefined
  const inputs = state.scheduler.list().map(({ settings }) => settings.Target.Input ?? '')
  const waits = active.every(({ credentialUuid }) => inputs.some((input) => input.includes(credentialUuid)))
  if (waits) return undefined
  return `retire succeeded, and the credential of version ${superseded} is active without a schedule`
}

function wrongError({
  state,
  watched,
  invocation,
  result,
}: Omit<Promised, 'secret'> & Pick<Ending, 'result'>): string | undefined {
  if (result.ok) return undefined
  const { errorType, errorMessage } = result
  if (errorType.startsWith('Unexpected'))
    return `${invocation.phase} ended with ${errorType}: ${errorMessage}`
  if (errorType !== 'ERR_RETIRE_UNDONE') return undefined
  const { what } = invocation.event as { what?: { credentialUuids: readonly string[] } }
  const inactive = credentialsOf(state, watched).filter(
    ({ credentialUuid, isActive }) => !isActive && what?.credentialUuids.includes(credentialUuid),
  )
  return inactive.length > 0 ? 'ERR_RETIRE_UNDONE, and the credential is not active again' : undefined
}

/** Exactly: AWSCURRENT's credential is active and nothing else of ours is; nothing is left to be done. */
function unconverged(state: State, watched: Watched): string[] {
  const secret = state.vault.find(watched.arn)
  const version = holderOf({ secret, label: 'AWSCURRENT' })
  const holder = holderIn(version)
  const why = refusal(state, watched, holder)
  const others = credentialsOf(state, watched).filter(
    (credential) =>
      credential.isActive && isOurs(state, watched, credential) && credential.credentialId !== holder?.credId,
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
    ...others.map(({ credentialId }) => `superseded credential ${credentialId} is active`),
    ...labels.map((label) => `${label} is left`),
    ...schedules.map(({ name, settings }) => `schedule ${name} (${settings.ScheduleExpression}) is left`),
    ...letters.map(({ body }) => `dead letter: ${body.slice(0, 600)}`),
  ]
}
