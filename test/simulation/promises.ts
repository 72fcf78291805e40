import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import type { Secret } from '../../sandbox/secrets-manager/secret.ts'
import type { WireRequest, WireResponse } from '../../sandbox/wire.ts'
import { leaksIn, secretsOf } from '../support/leaks.ts'
import { documentIn } from './documents.ts'
import { type Held, heldOf, refusal, rotationHash } from './holdings.ts'
import type { Invocation } from './invocation.ts'
import { brokenOperation } from './operation-promises.ts'
import { strayMs, straysOf } from './strays.ts'
import { report, type State, type Watched } from './watched.ts'

/** A request, of which nothing may be printed. */
export function sent({ invocation, request }: { invocation: Invocation; request: WireRequest }): void {
  const { sensitive } = invocation
  const { headers, body } = request
  const add = (text: string | undefined) => {
    if (text !== undefined) sensitive.add(text)
  }
  add(/^Bearer (\S+)$/.exec(headers['authorization'] ?? '')?.[1])
  add(headers['x-dfns-useraction'])
  remember({ invocation, request, body })
}

/** A reply, likewise. */
export function received(call: { invocation: Invocation; request: WireRequest; reply: WireResponse }): void {
  const { invocation, request, reply } = call
  remember({ invocation, request, body: reply.body })
  const secrets = /"(?:userAction|accessToken|secret)":"([^"]+)"/g
  for (const [, secret = ''] of reply.body.matchAll(secrets))
    if (secret !== '') invocation.sensitive.add(secret)
}

function remember(kept: { invocation: Invocation; request: WireRequest; body: string }): void {
  const { invocation, request, body } = kept
  if (request.service !== 'secretsmanager' || !body.includes('"SecretString"')) return
  const text = secretStringIn(body)
  if (text !== undefined) invocation.documents.add(text)
}

/** Nothing of a reply that was mangled on its way. */
function secretStringIn(body: string): string | undefined {
  try {
    const { SecretString } = JSON.parse(body) as { SecretString?: unknown }
    return typeof SecretString === 'string' ? SecretString : undefined
  } catch {
    return undefined
  }
}

type Ending = { readonly invocation: Invocation; readonly result: InvocationResult }

/** What an invocation has printed, and what its result promises. */
export function ended(state: State, { invocation, result }: Ending): void {
  const { number, phase, secretArn } = invocation
  const during = `${phase}, as it ended`
  lookForLeaks({ state, invocation, result, during })
  const watched = state.watched.get(secretArn)
  const begun = state.begun.get(number)
  // audit looks at many secrets, and promises nothing of one of them.
  if (phase === 'audit' && !result.ok && result.errorType.startsWith('Unexpected'))
    report(state, { invariant: 'status never lies', problem: `audit: ${result.errorMessage}`, during })
  const wasEdited = watched?.edits !== begun?.edits
  state.begun.delete(number)
  if (watched !== undefined && !wasEdited) {
    const secret = state.vault.find(secretArn)
    const why = result.ok
      ? brokenPromise({ state, watched, secret, invocation })
      : wrongError({ state, watched, invocation, result })
    if (why !== undefined) report(state, { invariant: 'status never lies', problem: why, during })
    if (result.ok && begun) lookForStrays({ state, watched, secret, invocation, begun: begun.at, during })
  }
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
  // What is shorter is none that a service hands out, and stands in many a text.
  const long = [...sensitive].filter((one) => typeof one === 'string' && one.length >= 16)
  const tokens = { traces: new Map(long.map((one) => [one, 'token or user action'])) }
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

const isOperation = ({ event }: Invocation) => 'operation' in (event as object)

const tokenOf = ({ event }: Invocation) => (event as { ClientRequestToken?: string }).ClientRequestToken ?? ''

/** What an invocation that reports success has promised, and is not so. */
function brokenPromise(promised: Promised): string | undefined {
  const { state, watched, secret, invocation } = promised
  const { phase } = invocation
  if (phase === 'retire') return brokenRetirement(promised)
  if (isOperation(invocation)) return brokenOperation(promised)
  const token = tokenOf(invocation)
  const version = secret.versions.get(token)
  // Whoever ended the rotation meanwhile has taken its version away from it.
  if (version === undefined || version.labels.size === 0) return undefined
  const document = documentIn(version)
  if (document === undefined) return `${phase} succeeded, and version ${token} has no document`
  if (phase === 'createSecret') return undefined
  const works = heldOf(state, watched).some((held) => held.works && held.id === document.id)
  if (!works) return `${phase} succeeded, and Dfns has no active ${document.id}`
  if (phase === 'setSecret') return undefined
  const why = refusal(state, watched, document)
  if (why !== undefined) return `${phase} succeeded, and version ${token} is refused: ${why}`
  const isMoved = version.labels.has('AWSCURRENT')
  return phase === 'finishSecret' && !isMoved
    ? `finishSecret succeeded, and version ${token} is not AWSCURRENT`
    : undefined
}

/**
 * Strays that a step which succeeded must not leave: a createSecret that stored a successor none that was past its limit
 * as it began, setSecret none that its own rotation had made by then. An account or a token bears its rotation's name, and
 * no other rotation removes it: audit does. A list that lags may show setSecret less; the next createSecret sees it.
 */
function lookForStrays(looked: Promised & { begun: number; during: string }): void {
  const { state, watched, secret, invocation, begun, during } = looked
  const { phase } = invocation
  if (watched.rotates === 'key' || (phase !== 'createSecret' && phase !== 'setSecret')) return
  if (phase === 'createSecret' && !hasStored(looked)) return
  const own = rotationHash(tokenOf(invocation))
  const lags = watched.rotates === 'webhook' && state.dfns.state.defaults.webhookListLag > 0
  const isDue = ({ made, rotation }: Held) => {
    const isOwn = rotation === own
    if (phase === 'setSecret') return isOwn && made < begun && !lags
    return made + strayMs < begun && (isOwn || watched.rotates === 'webhook')
  }
  for (const held of straysOf({ state, watched, secret })) {
    if (!isDue(held)) continue
    const problem = `${phase} of ${secret.name} succeeded and left ${held.id}, which no version names`
    report(state, { invariant: 'no stray outlives its limit', problem, during })
  }
}

/** Whether a createSecret has put the value, and not found it put: the clock of the world stands while it runs. */
export function hasStored(stored: { secret: Secret; invocation: Invocation; begun: number }): boolean {
  const { secret, invocation, begun } = stored
  const version = secret.versions.get(tokenOf(invocation))
  return version?.value !== undefined && version.createdAt >= begun
}

/** Done, or it is named and must not be done, or there is a schedule for another attempt. */
function brokenRetirement({ state, watched, secret, invocation }: Promised): string | undefined {
  const { superseded } = invocation.event as { superseded: string }
  const id = documentIn(secret.versions.get(superseded))?.id
  const listed = scheduledIn(invocation.event)
  const active = heldOf(state, watched).filter(
    (held) =>
      held.isActive && !watched.letGo.has(held.id) && (held.id === id || listed.includes(held.scheduledAs)),
  )
  if (active.length === 0 || watched.current?.document.id === id) return undefined
  const inputs = state.scheduler.list().map(({ settings }) => settings.Target.Input ?? '')
  const waits = active.every(({ scheduledAs }) => inputs.some((input) => input.includes(scheduledAs)))
  if (waits) return undefined
  return `retire succeeded, and what version ${superseded} names is active without a schedule`
}

/** The ids in an event of retire. */
function scheduledIn(event: unknown): readonly string[] {
  const { what = {} } = event as { what?: Readonly<Record<string, string | readonly string[]>> }
  return Object.values(what).flat()
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
  const listed = scheduledIn(invocation.event)
  const inactive = heldOf(state, watched).filter(
    ({ scheduledAs, isActive }) => !isActive && listed.includes(scheduledAs),
  )
  return inactive.length > 0 ? 'ERR_RETIRE_UNDONE, and what it undid is not active again' : undefined
}
