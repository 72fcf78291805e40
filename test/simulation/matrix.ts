// First: whatever draws at random has to draw from the seed.
import { seedCrypto } from './seeded-crypto.ts'
import { randomUUID } from 'node:crypto'
import { selfRotation, type Switches } from '../../sandbox/dfns/switches.ts'
import { newKey } from '../../sandbox/scene.ts'
import type { SecretVersion } from '../../sandbox/secrets-manager/secret.ts'
import {
  callFaults,
  type CallFault,
  deliverTwice,
  type Overtake,
  staleAfter,
  strikeByLot,
  strikeCall,
  type Struck,
} from './faults.ts'
import type { Lambdas } from './lambdas.ts'
import { receiverUrl, type SimulatedKind, simulatedKinds, webhookEvents } from './secrets.ts'
import type { SimulatedGrace } from './watched.ts'
import { createSimulation, type Simulation, type SimulationOptions } from './world.ts'

/** A world, and a first credential in it, that every fault is tried in. */
export interface Scenario {
  readonly name: string
  readonly grace: SimulatedGrace
  readonly first: 'adopted' | 'own'
  /** ServiceAccountKey, unless given. */
  readonly kind?: SimulatedKind
  /** Whether Dfns refuses an id or a key that it has, or makes a second credential of it. */
  readonly duplicates: 'refuse' | 'allow'
  /** The token of an account dies with the credential that it was issued with. */
  readonly tokenDies?: boolean
  /** Its signer is an administrator, and not the user whose token it is: then it must not rotate. */
  readonly isSignerForeign?: boolean
  /** The receiver of its webhook never takes what it is told by day and by night. */
  readonly neverTakes?: boolean
  /** The functions' AWS clients, `direct` unless given; see SimulationOptions. */
  readonly through?: SimulationOptions['through']
}

const graces = {
  PT0S: { default: 'PT0S', adopted: 'PT0S' },
  PT24H: { default: 'PT24H', adopted: 'P7D' },
} as const

export const scenarios: readonly Scenario[] = (['PT0S', 'PT24H'] as const).flatMap((grace) =>
  (['adopted', 'own'] as const).flatMap((first) =>
    (['refuse', 'allow'] as const).map((duplicates) => ({
      name: `grace ${grace}, ${first} first credential, duplicate ids ${duplicates === 'refuse' ? 'refused' : 'allowed'}`,
      grace: graces[grace],
      first,
      duplicates,
    })),
  ),
)

/** The other kinds, each in the world in which it differs most from a service account. */
export const otherKinds: readonly Scenario[] = simulatedKinds
  .filter((kind) => kind !== 'ServiceAccountKey')
  .flatMap((kind) => [
    { name: `${kind}, grace PT0S`, kind, grace: graces.PT0S, first: 'adopted', duplicates: 'refuse' },
    {
      // A webhook that a rotation made has a grace of its own.
      name: `${kind}, grace ${kind === 'webhook' ? 'PT26H' : 'PT24H'}`,
      kind,
      grace: graces.PT24H,
      first: 'own',
      duplicates: 'allow',
    },
  ])

const mayRotateThemselves: readonly SimulatedKind[] = [
  'ServiceAccountKey',
  'PersonalAccessTokenKey',
  'webhook',
]

/** Users may do what tokens may not; where a token may, its key and its user's are of one list. */
export const worldOf = (kind: SimulatedKind): Partial<Switches> => ({
  ...(!mayRotateThemselves.includes(kind) && { selfRotation: selfRotation.allRefused }),
  patCredentialBelongsToUser: true,
  userCredentialSignsForPat: true,
})

/** Worlds in which the first retirement must undo itself. */
export const dyingTokens: readonly Scenario[] = (['PT0S', 'PT24H'] as const).map((grace) => ({
  name: `grace ${grace}, the token dies with its credential`,
  grace: graces[grace],
  first: 'adopted',
  duplicates: 'refuse',
  tokenDies: true,
}))

/** A grace that is shorter than an invocation may take. */
export const shortGrace: Scenario = {
  name: 'grace PT30S',
  grace: { default: 'PT30S', adopted: 'PT30S' },
  first: 'adopted',
  duplicates: 'refuse',
}

/** A signer who must not sign. */
export const foreignSigner: Scenario = {
  name: "signed token, an administrator's key as its signer",
  kind: 'signed token',
  grace: graces.PT24H,
  first: 'adopted',
  duplicates: 'refuse',
  isSignerForeign: true,
}

/** Events that go on failing long after both webhooks carry them. */
export const busyReceiver: Scenario = {
  name: 'webhook, a receiver that takes nothing',
  kind: 'webhook',
  grace: graces.PT0S,
  first: 'adopted',
  duplicates: 'refuse',
  neverTakes: true,
}

/** What goes wrong in one rotation and the retirement after it. */
export type Trouble =
  | { readonly fault: CallFault; readonly call: number }
  | { readonly fault: 'stale after a write'; readonly call: number; readonly reads: number }
  | { readonly fault: 'delivered twice'; readonly number: number; readonly how: 'in-turn' | 'at-once' }
  | { readonly fault: 'stale reads'; readonly reads: number }
  | { readonly fault: 'lags'; readonly listLag: number; readonly acceptanceLag: number }
  | { readonly fault: 'two'; readonly first: Strike; readonly second: Strike }
  | { readonly fault: 'by lot'; readonly seed: number }
  /** An administrator edits AWSCURRENT between two calls. */
  | { readonly fault: 'edited'; readonly how: Edit; readonly call: number }
  /** A call takes so long that the shared clock goes on. */
  | { readonly fault: 'slow'; readonly call: number; readonly ms: number }
  /** From this call on Dfns lets tokens register and list their own keys. */
  | { readonly fault: 'allowed'; readonly call: number }
  | { readonly fault: 'none' }

/**
 * `emergency`: another document, with the credential that it had, gets AWSCURRENT by its label; `rolled back`: AWSPREVIOUS
 * gets it back; `copied back`: AWSPREVIOUS's document is put once more.
 */
export type Edit = 'emergency' | 'rolled back' | 'copied back'

export type Strike = { readonly fault: CallFault; readonly call: number }

export interface Outcome {
  readonly scenario: Scenario
  readonly trouble: Trouble
  readonly struck: readonly Struck[]
  /** What the checkers found, and what did not converge; nothing if all is well. */
  readonly problems: readonly string[]
  /** Phase and operation of every call. */
  readonly calls: readonly string[]
  readonly invocations: number
}

const hours = 3_600_000
const days = 24 * hours

/** Runs one rotation with its trouble, then the engine's retries and the clock until every grace is over. */
export async function run(schedule: {
  scenario: Scenario
  trouble: Trouble
  lambdas?: Lambdas | undefined
  /** Hears of the end, before what is looked at then. */
  atEnd?: (world: Simulation) => void
}): Promise<Outcome> {
  const { scenario, trouble, atEnd } = schedule
  const { world, arn } = await prepared(schedule)
  const calls: string[] = []
  const struck: Struck[] = []
  try {
    const plan = planOf({ world, arn, trouble, struck })
    world.plan = (call) => {
      calls.push(`${call.invocation.phase} ${call.request.operation}`)
      return plan?.(call)
    }
    if (trouble.fault === 'delivered twice') world.delivery = deliverTwice(trouble)
    await world.rotateNow(arn)
    await pass({ world, trouble })
    atEnd?.(world)
    const left = await finished({ world, scenario, arn, trouble })
    const problems = [...found({ world, scenario, trouble, struck }), ...left]
    return { scenario, trouble, struck, problems, calls, invocations: world.counts.invocations }
  } finally {
    world.close()
  }
}

/** The world in which a schedule runs, before anything of it has happened. */
export async function prepared(
  schedule: Parameters<typeof run>[0],
): Promise<{ world: Simulation; arn: string }> {
  const { scenario } = schedule
  seedCrypto(1)
  const world = openWorld(schedule)
  const { arn, userId } = await world.addSecret({
    name: 'prod/dfns',
    first: scenario.first,
    ...(scenario.kind && { kind: scenario.kind }),
    isSignerForeign: scenario.isSignerForeign === true,
    fields: { note: 'kept' },
  })
  addStrangers({ world, userId, kind: scenario.kind })
  if (scenario.kind === 'webhook') await tellReceiver({ world, scenario })
  return { world, arn }
}

function openWorld({ scenario, trouble, lambdas }: Parameters<typeof run>[0]): Simulation {
  const { grace, duplicates, kind = 'ServiceAccountKey', tokenDies = false } = scenario
  const lags =
    trouble.fault === 'lags' ? { listLag: trouble.listLag, acceptanceLag: trouble.acceptanceLag } : {}
  const world = createSimulation({
    seed: trouble.fault === 'by lot' ? trouble.seed : 1,
    // Where lots decide, one sequence of them goes through the whole run.
    ...(trouble.fault !== 'by lot' && { drawsAnew: seedCrypto }),
    grace,
    switches: {
      duplicateCredId: duplicates,
      keyReuse: duplicates,
      tokenDiesWithItsCredential: tokenDies,
      ...worldOf(kind),
      // What a retirement that compares the wrong things would need to do harm.
      ...(trouble.fault === 'edited' && { deactivateSigning: 'allow' as const }),
      ...lags,
    },
    ...(lambdas && { lambdas }),
    through: scenario.through ?? 'direct',
  })
  if (trouble.fault === 'stale reads') world.vault.staleReads = trouble.reads
  return world
}

/** What a person made beside the secret's own, and what another secret's rotation did. */
function addStrangers(to: { world: Simulation; userId: string; kind: SimulatedKind | undefined }): void {
  const { world, userId, kind } = to
  const { dfns, orgId } = world
  const others = `stranger dfns-rotator ${'0'.repeat(24)} ${'0'.repeat(32)} ${'0'.repeat(8)}`
  dfns.addCredential({ userId, name: 'by hand', publicKey: newKey().publicKey })
  for (const name of kind === 'replaced account' ? ['stranger', others] : ['stranger'])
    dfns.createServiceAccount({ orgId, name, publicKey: newKey().publicKey })
  if (kind === 'replaced token') {
    for (const name of ['stranger', others])
      dfns.createPersonalAccessToken({ userId, name, publicKey: newKey().publicKey })
  }
  if (kind === 'webhook')
    dfns.createWebhook({ orgId, url: receiverUrl, events: [...webhookEvents], description: others })
}

/**
 * Something happens that a webhook's receiver does not take before the last attempt. Where it never takes anything, more
 * happens three times a day until its webhook should long be gone.
 */
async function tellReceiver(of: { world: Simulation; scenario: Scenario }): Promise<void> {
  const { dfns, orgId, clock } = of.world
  const { neverTakes = false } = of.scenario
  const now = clock.now()
  const isRefused = (body: string) =>
    !body.includes('webhook.ping') && (neverTakes || clock.now() < now + 20 * hours)
  dfns.receive({ url: receiverUrl, respond: ({ body }) => ({ status: isRefused(body) ? 503 : 200 }) })
  const tell = (n: number) => dfns.emit({ orgId, kind: webhookEvents[0], data: { n } })
  await tell(0)
  if (!neverTakes) return
  for (let n = 1; n <= 15; n++) clock.at(now + n * 8 * hours, () => tell(n))
}

export function planOf(plan: {
  world: Simulation
  arn: string
  trouble: Trouble
  struck: Struck[]
  overtake?: Overtake
}): Simulation['plan'] {
  const { world, arn, trouble, struck, overtake } = plan
  if (trouble.fault === 'stale after a write') return staleAfter({ world, ...trouble })
  if (trouble.fault === 'by lot') return strikeByLot({ world, struck, chances: lot })
  if (trouble.fault === 'edited' || trouble.fault === 'slow' || trouble.fault === 'allowed')
    return interrupt({ world, arn, trouble, struck })
  if (trouble.fault === 'two') {
    const first = strikeCall({ world, struck, overtake, ...trouble.first })
    const second = strikeCall({ world, struck, overtake, ...trouble.second })
    // The second may strike what repeats a call that the first one struck.
    return (call) => {
      const again = first(call)
      return second(call) ?? again
    }
  }
  return isStrike(trouble) ? strikeCall({ world, struck, overtake, ...trouble }) : undefined
}

/** One call in ten goes wrong; overtaking is rarer, since each brings more calls. */
const lot = {
  refused: 0.01,
  throttled: 0.01,
  'throttled again': 0.01,
  'timed out': 0.01,
  'timed out again': 0.01,
  'reply lost': 0.01,
  'reply lost again': 0.01,
  'killed before': 0.01,
  'killed after': 0.01,
  overtaken: 0.005,
} as const

export const isStrike = (trouble: Trouble): trouble is Strike =>
  (callFaults as readonly string[]).includes(trouble.fault)

interface Interrupting {
  readonly world: Simulation
  readonly arn: string
  readonly trouble: Trouble & { fault: 'edited' | 'slow' | 'allowed' }
}

function interrupt(what: Interrupting & { struck: Struck[] }): Simulation['plan'] {
  const { trouble, struck } = what
  return ({ index, invocation, request }) => {
    if (index !== trouble.call) return undefined
    const { operation } = request
    struck.push({ fault: trouble.fault, call: index, phase: invocation.phase, operation })
    return { meanwhile: () => between(what) }
  }
}

/** What happens, to its end, between two calls. */
async function between(what: Interrupting): Promise<void> {
  const { world, arn, trouble } = what
  if (trouble.fault === 'slow') return world.advance(trouble.ms)
  if (trouble.fault === 'allowed') {
    const switches = { selfRotation: selfRotation.allAllowed }
    return world.dfns.setSwitches({ orgId: world.orgId, switches })
  }
  const versions = [...world.vault.find(arn).versions.values()]
  const labelled = (label: string) => versions.find(({ labels }) => labels.has(label))
  const current = labelled('AWSCURRENT')
  const previous = labelled('AWSPREVIOUS')
  const edit = (operation: string, input: object) =>
    world.secretsManager(operation, { SecretId: arn, ...input })
  const move = (MoveToVersionId: string | undefined) =>
    edit('UpdateSecretVersionStage', {
      VersionStage: 'AWSCURRENT',
      RemoveFromVersionId: current?.id,
      MoveToVersionId,
    })
  const ClientRequestToken = randomUUID()
  if (trouble.how === 'emergency') {
    const SecretString = JSON.stringify({ ...documentIn(current), note: 'changed' })
    await edit('PutSecretValue', { ClientRequestToken, SecretString, VersionStages: ['EMERGENCY'] })
    await move(ClientRequestToken)
  }
  if (previous === undefined) return
  if (trouble.how === 'rolled back') await move(previous.id)
  if (trouble.how === 'copied back')
    await edit('PutSecretValue', { ClientRequestToken, SecretString: JSON.stringify(documentIn(previous)) })
}

function documentIn(version: SecretVersion | undefined): object {
  const text = version?.value && 'SecretString' in version.value ? version.value.SecretString : '{}'
  return JSON.parse(text) as object
}

/** Two hours of retries, then everything that is due until every grace is over. */
async function pass({ world, trouble }: { world: Simulation; trouble: Trouble }): Promise<void> {
  await world.advance(2 * hours)
  if (trouble.fault !== 'by lot') return world.advance(9 * days)
  // Faults stop. A rotation that has used up the retries of its window waits for the next one, in 30 days; a retirement
  // that was given up is delivered anew by whom the alarm has called.
  world.plan = undefined
  redrive(world)
  await world.advance(40 * days)
}

function redrive({ queues, deadLetterArn, asyncInvocations, retireArn }: Simulation): void {
  for (const { body } of queues.messages(deadLetterArn)) {
    const { requestPayload: event } = JSON.parse(body) as { requestPayload: unknown }
    asyncInvocations.invoke({ arn: retireArn, event })
  }
}

/**
 * What the checkers found. Two things make AWSCURRENT fail for a moment and are not the functions' doing: an edit that
 * names a credential in the middle of its retirement, and a token that dies with its credential, which only the second
 * proof can tell. Then what counts is how it ends.
 */
export function found(of: {
  world: Simulation
  scenario: Scenario
  trouble: Trouble
  struck: readonly Struck[]
}): string[] {
  const { world, scenario, trouble, struck } = of
  // The second fault may strike the removal of what a first one left; see areStrays.
  const isLast = trouble.fault === 'two' && struck.at(-1)?.phase === 'setSecret'
  const isRemoval = isLast && madeBefore.includes(scenario.kind)
  const left = isRemoval ? ['no stray outlives its limit', 'every active credential of ours is named'] : []
  const isEdited = struck.some(
    ({ fault, phase }) => fault === 'edited' && (phase === 'retire' || phase === 'finishSecret'),
  )
  const refused = scenario.tokenDies || isEdited ? ['AWSCURRENT authenticates', 'status never lies'] : []
  const excused = [...refused, ...left]
  return world.findings
    .filter(({ invariant }) => !excused.includes(invariant))
    .map(({ invariant, problem, during }) => `${invariant}: ${problem} (${during})`)
}

/** Two invocations at once cannot see each other's Create Credential. */
export function isConcurrent(trouble: Trouble): boolean {
  if (trouble.fault === 'delivered twice') return trouble.how === 'at-once'
  if (trouble.fault === 'two') return [trouble.first, trouble.second].some(isConcurrent)
  return trouble.fault === 'overtaken' || trouble.fault === 'by lot'
}

/**
 * Without faults: nothing is left to do. Where ids are not unique, two invocations at once may both have registered the
 * pending key: then the next rotation has to retire both.
 */
export async function finished(end: {
  world: Simulation
  scenario: Scenario
  arn: string
  trouble: Trouble
}): Promise<string[]> {
  const { world, scenario, arn, trouble } = end
  world.plan = undefined
  world.delivery = undefined
  world.vault.staleReads = 0
  const problems = world.checkers.unconverged(arn)
  const refused = problems.filter((problem) => problem.startsWith('AWSCURRENT is refused'))
  // A rotation that an edit got in the way of waits for somebody; AWSCURRENT does not.
  if (trouble.fault === 'edited') return refused
  // And so does one whose signer must not sign.
  if (scenario.isSignerForeign) return refused
  if (trouble.fault === 'by lot') return problems.filter((problem) => !problem.startsWith('dead letter'))
  if (scenario.tokenDies) return [...refused, ...unsaid(world)]
  if (isBelieved({ world, trouble, problems })) return []
  if (areStrays({ scenario, trouble, problems })) return afterAudit({ world, arn, scenario })
  if (world.checkers.activeCurrent(arn) === 1) return problems
  if (!isConcurrent(trouble)) return [...problems, 'AWSCURRENT was registered more than once']
  await world.rotateNow(arn)
  await world.advance(9 * days)
  const isOne = world.checkers.activeCurrent(arn) === 1
  return [
    ...problems,
    ...world.checkers.unconverged(arn),
    ...(isOne ? [] : ['the rotation after a double registration registers twice']),
  ]
}

/** Kinds of which createSecret makes an object at Dfns before it can be stored. */
const madeBefore: readonly (SimulatedKind | undefined)[] = ['webhook', 'replaced account', 'replaced token']

/**
 * Two attempts made an object each, and what was to remove the other one failed, or asked a list that lagged: by design
 * (section 4) that holds nothing up, and the next audit finds it.
 */
function areStrays(of: { scenario: Scenario; trouble: Trouble; problems: readonly string[] }): boolean {
  const { scenario, trouble, problems } = of
  const isStray = (problem: string) => /^superseded \S+ is active$/.test(problem)
  const areAll = problems.length > 0 && problems.every(isStray)
  return areAll && trouble.fault === 'two' && madeBefore.includes(scenario.kind)
}

async function afterAudit(of: { world: Simulation; arn: string; scenario: Scenario }): Promise<string[]> {
  const { world, arn, scenario } = of
  await world.audit()
  await world.advance(days)
  const left = world.checkers.unconverged(arn)
  if (left.length === 0 || scenario.kind !== 'replaced token') return left
  // The key of the token that was replaced is on its user's list, and has a grace of its own.
  await world.advance(10 * days)
  return world.checkers.unconverged(arn)
}

/**
 * By decision (docs/decisions.md, "Deactivation is taken back"): two refusals in a row of the proof after a deactivation are
 * taken for the truth. The retirement is undone and remembered by a label, and somebody is told by a dead letter.
 */
function isBelieved(of: { world: Simulation; trouble: Trouble; problems: readonly string[] }): boolean {
  const { world, trouble, problems } = of
  if (trouble.fault !== 'two') return false
  const { first, second } = trouble
  const areRefusals = first.fault === 'refused' && second.fault === 'refused' && second.call - first.call <= 2
  const isRemembered = problems.some((problem) => problem.startsWith('dfns-retire-undone-'))
  const rest = /^(superseded \S+ is active|(dfns-retire-undone-\S+|AWSPREVIOUS) on \S+ is left|dead letter: )/
  const said = world.queues
    .messages(world.deadLetterArn)
    .some(({ body }) => body.includes('ERR_RETIRE_UNDONE'))
  return areRefusals && isRemembered && said && problems.every((problem) => rest.test(problem))
}

const stored = /(PutSecretValue|UpdateSecretVersionStage)$/

/** A retirement that cannot be is taken back; it says so, and something lies where an alarm looks. */
function unsaid({ queues, deadLetterArn, asyncInvocations }: Simulation): string[] {
  const says = asyncInvocations.attempts.items.some(
    ({ result }) => !result.ok && result.errorType === 'ERR_RETIRE_UNDONE',
  )
  return [
    ...(says ? [] : ['no attempt of retire ended with ERR_RETIRE_UNDONE']),
    ...(queues.messages(deadLetterArn).length > 0 ? [] : ['no dead letter']),
  ]
}

/** Every trouble of a single fault in a scenario, whose calls are those of `calm`, its run without any. */
export function singles(calm: Pick<Outcome, 'calls' | 'invocations'>): Trouble[] {
  const { calls, invocations } = calm
  const each = calls.map((_, call) => call)
  const writes = each.filter((call) => stored.test(calls[call] ?? ''))
  const numbers = Array.from({ length: invocations }, (_, number) => number)
  return [
    ...callFaults.flatMap((fault) => each.map((call): Trouble => ({ fault, call }))),
    ...writes.flatMap((call) =>
      [1, 2, 4, 8].map((reads): Trouble => ({ fault: 'stale after a write', call, reads })),
    ),
    ...numbers.flatMap((number) =>
      (['in-turn', 'at-once'] as const).map((how): Trouble => ({ fault: 'delivered twice', number, how })),
    ),
    ...[1, 2, 3, 5, 8].map((reads): Trouble => ({ fault: 'stale reads', reads })),
    ...[0, 1, 2, 4].flatMap((listLag) =>
      [0, 1, 2, 4].map((acceptanceLag): Trouble => ({ fault: 'lags', listLag, acceptanceLag })),
    ),
  ]
}

/**
 * Edits of an administrator between any two calls, up to the last look that a retirement takes at the labels. A label that
 * is moved back later names a credential that is gone; `rollback` activates it first.
 */
export function edits({ calls }: Outcome): Trouble[] {
  const gone = calls.findIndex((call) => call.endsWith('PUT /auth/credentials/deactivate'))
  const lastLook = calls.findIndex((call, index) => index > gone && call.endsWith('GetSecretValue'))
  const how = ['emergency', 'rolled back', 'copied back'] as const
  return how.flatMap((one) =>
    calls.slice(0, lastLook + 1).map((_, call): Trouble => ({ fault: 'edited', how: one, call })),
  )
}

/** Any call may take nearly as long as the function may. */
export function slow({ calls }: Outcome): Trouble[] {
  return calls.map((_, call): Trouble => ({ fault: 'slow', call, ms: 55_000 }))
}

/** One line for a report: what went wrong, and what came of it. */
export function described({ scenario, trouble, struck, problems }: Outcome): string {
  const where = struck.map(
    ({ fault, call, phase, operation }) => `${fault} at call ${call}, ${phase} ${operation}`,
  )
  const what = where.length > 0 ? where.join('; ') : JSON.stringify(trouble)
  return `${scenario.name}: ${what}\n${problems.map((problem) => `    ${problem}`).join('\n')}`
}
