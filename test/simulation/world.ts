import { randomUUID } from 'node:crypto'
import { type Clock, createClock } from '../../sandbox/clock.ts'
import { createDfnsHandler } from '../../sandbox/dfns/handler.ts'
import { createDfns, type Dfns } from '../../sandbox/dfns/organisation.ts'
import type { Switches } from '../../sandbox/dfns/switches.ts'
import { createWire, type Wire } from '../../sandbox/faults.ts'
import {
  type AsyncInvocations,
  type AsyncSwitches,
  createAsyncInvocations,
} from '../../sandbox/lambda/async.ts'
import { duplicated } from '../../sandbox/lambda/duplicate.ts'
import type { InvocationResult, LambdaFunction } from '../../sandbox/lambda/invocation.ts'
import { createQueues, type Queues } from '../../sandbox/queues.ts'
import { deadLetterArn, guideWorld } from '../../sandbox/scene.ts'
import { createSchedulerHandler } from '../../sandbox/scheduler/handler.ts'
import type { SchedulerSwitches } from '../../sandbox/scheduler/schedule.ts'
import { createSchedules, type Schedules } from '../../sandbox/scheduler/schedules.ts'
import type { EngineSwitches } from '../../sandbox/secrets-manager/engine-state.ts'
import { createSecretsManagerHandler } from '../../sandbox/secrets-manager/handler.ts'
import { createEngine, type Engine } from '../../sandbox/secrets-manager/rotation.ts'
import type { RotationRules, VaultSwitches } from '../../sandbox/secrets-manager/secret.ts'
import { createVault, type Vault } from '../../sandbox/secrets-manager/vault.ts'
import { createSsmHandler } from '../../sandbox/ssm/handler.ts'
import { createParameters, type Parameters } from '../../sandbox/ssm/parameters.ts'
import type { Fault, WireRequest, WireResponse } from '../../sandbox/wire.ts'
import { noteAsked } from '../support/asked.ts'
import { type Administrator, administratorOn } from './calling.ts'
import { type Checkers, createCheckers } from './checkers.ts'
import {
  busy,
  currentInvocation,
  type Invocation,
  invoke,
  never,
  type OperationEvent,
  outsideInvocations,
  type Phase,
  phaseOf,
  quiet,
  type Send,
} from './invocation.ts'
import { type Lambdas, theseLambdas } from './lambdas.ts'
import { addSecret, type NewSecret, type SimulatedSecret } from './secrets.ts'
import { connectionLost, openOrigin, timedOut, waitInVain } from './transport.ts'
import { createTurns, type Turns } from './turns.ts'
import type { Finding, SimulatedGrace } from './watched.ts'
import { arns, type Counted, policyName, scheduleGroup, workOf } from './work.ts'

/** One outgoing call of an invocation, before it leaves. */
export interface SimulatedCall {
  /** Counts the calls of all invocations since the world began, from 0. */
  readonly index: number
  readonly request: WireRequest
  readonly invocation: Invocation
}

/** Something that happens, to its end, between two calls of an invocation. */
export interface Interruption {
  readonly meanwhile: () => Promise<void>
}

/**
 * Asked before every outgoing call of an invocation: a fault of the wire strikes it, an interruption happens first.
 */
export type SimulationPlan = (call: SimulatedCall) => Fault | Interruption | undefined

/** How Lambda delivers one event: once, unless told otherwise. */
export type DeliveryPlan = (invocation: {
  number: number
  arn: string
  phase: Phase
}) => 'in-turn' | 'at-once' | undefined

export interface SimulationOptions {
  /** Everything that the code under test draws by lot; 1 unless given. */
  readonly seed?: number
  /** 2026-01-05T00:00:00Z unless given. */
  readonly start?: Date
  /** Of Dfns, on top of the world of its rotation guide. */
  readonly switches?: Partial<Switches>
  readonly vaultSwitches?: Partial<VaultSwitches>
  readonly engineSwitches?: Partial<EngineSwitches>
  readonly asyncSwitches?: Partial<AsyncSwitches>
  readonly schedulerSwitches?: Partial<SchedulerSwitches>
  /** The policy's; PT24H and P7D unless given. A secret may have a tag of its own. */
  readonly grace?: SimulatedGrace
  /** The code to run; the repository's own `lambdas/` unless given. */
  readonly lambdas?: Lambdas
  /**
   * Its AWS clients: the SDK's own, unless told otherwise. Without the SDK's layers a call leaves some turns earlier, and
   * may come before another that it was sent beside; see direct-clients.ts.
   */
  readonly through?: 'sdk' | 'direct'
  /**
   * Draws anew at every turn of the world: what a task of the clock, or an invocation of a function, draws depends on the
   * moment alone, and not on what was drawn before. Called with the turn's seed, for what else draws at random.
   */
  readonly drawsAnew?: (seed: number) => void
  /** Keeps every request, event and effect (the default). A run of many rotations does without. */
  readonly keepsHistory?: boolean
}

/**
 * A world of one AWS account and one Dfns organisation in memory, with the real code of `lambdas/` as its
 * functions, and as the commands of an operator.
 *
 *     const world = createSimulation({ seed: 7, grace: { default: 'PT24H', adopted: 'P7D' } })
 *     const { arn } = await world.addSecret({ name: 'prod/dfns' })
 *     await world.rotateNow(arn)              // RotateSecret, with the first attempt
 *     world.plan = (call) => …                // faults, see faults.ts; undefined: none
 *     await world.advance(24 * hours)         // retries, schedules, rotations by rule, retirements
 *     world.findings                          // what the checkers found, at every call and since
 *     world.checkers.unconverged(arn)         // once faults have stopped: what is not as it has to be
 *     world.close()
 *
 * Nothing in it opens a socket or waits for real time. The same seed and the same plan give the same run, but for the
 * bytes of keys and ids, which nothing decides by.
 */
export interface Simulation {
  readonly clock: Clock
  readonly turns: Turns
  readonly vault: Vault
  readonly engine: Engine
  readonly scheduler: Schedules
  readonly parameters: Parameters
  readonly asyncInvocations: AsyncInvocations
  readonly queues: Queues
  readonly dfns: Dfns
  readonly orgId: string
  readonly origin: string
  /** By ARN; a test may take one away or put another. */
  readonly functions: Map<string, LambdaFunction>
  readonly rotateArn: string
  readonly retireArn: string
  readonly auditArn: string
  readonly deadLetterArn: string
  readonly wire: Wire
  /** Invocations that have not answered. */
  readonly live: Set<Invocation>
  readonly checkers: Checkers
  readonly findings: readonly Finding[]
  readonly counts: { calls: number; invocations: number; rotations: number; retirements: number }
  /** In [0, 1), from the seed: for what a test decides by lot. */
  readonly random: () => number
  /** What audit counted, in order. */
  readonly counted: readonly Counted[]
  /** Asked before every outgoing call of the functions and commands; may be set and taken away at any time. */
  plan: SimulationPlan | undefined
  /** Asked before every invocation. */
  delivery: DeliveryPlan | undefined
  /** A secret, and what it holds: a service account's key unless told otherwise. Rotation is off until `rotateNow` or `rotateBy`. */
  addSecret(secret: NewSecret): Promise<SimulatedSecret>
  /**
   * Turns rotation on, or changes its rules, without rotating (`RotateImmediately: false`, which runs a test
   * rotation).
   */
  rotateBy(secretArn: string, rules: RotationRules): Promise<void>
  /** The same, without the first attempt: that is the clock's next task. */
  begin(secretArn: string): Promise<'begun' | 'refused'>
  /**
   * Rotate secret immediately, and the first attempt of it. Turns rotation on if it is off (every 30 days). `refused`
   * while another rotation is not complete.
   */
  rotateNow(secretArn: string): Promise<'begun' | 'refused'>
  /** Runs a command of an operator, in a process of its own. */
  operate(event: OperationEvent): Promise<InvocationResult>
  /** Invokes audit, as its daily schedule does. */
  audit(): Promise<InvocationResult>
  /** Invokes retire once, with what a schedule would. */
  retire(event: object): Promise<InvocationResult>
  /** Moves the clock, and with it everything that falls due: retries, schedules, windows. Milliseconds. */
  advance(ms: number): Promise<void>
  /** A call of an administrator: no fault strikes it and it is not counted. Throws AWS's error. */
  secretsManager<T = unknown>(operation: string, input: object): Promise<T>
  /** Invokes the event of an invocation once more, now, as a function of its own. */
  again(invocation: Invocation): Promise<InvocationResult>
  /** Forgets the world's origin. */
  close(): void
}

const functionArns = [arns.rotate, arns.retire, arns.audit]

/** The account's services: state only. */
function createAccount(options: SimulationOptions, clock: Clock) {
  const { vaultSwitches = {}, engineSwitches = {}, asyncSwitches = {}, schedulerSwitches = {} } = options
  const functions = new Map<string, LambdaFunction>()
  const vault = createVault({ clock, switches: vaultSwitches })
  const queues = createQueues(clock)
  const asyncInvocations = createAsyncInvocations({ clock, functions, queues, switches: asyncSwitches })
  for (const arn of functionArns) asyncInvocations.configure({ arn, onFailure: deadLetterArn })
  const scheduling = {
    clock,
    invocations: asyncInvocations,
    queues,
    groups: [scheduleGroup],
    switches: schedulerSwitches,
  }
  const scheduler = createSchedules(scheduling)
  const engine = createEngine({ clock, vault, functions, switches: engineSwitches })
  return {
    clock,
    functions,
    vault,
    queues,
    asyncInvocations,
    scheduler,
    engine,
    parameters: createParameters(clock),
  }
}

type Account = ReturnType<typeof createAccount>

interface Core extends Account {
  readonly dfns: Dfns
  readonly orgId: string
  readonly wire: Wire
  readonly checkers: Checkers
  readonly turns: Turns
  readonly random: () => number
  readonly counts: Simulation['counts']
  readonly keepsHistory: boolean
  readonly live: Set<Invocation>
  /** Deliveries that overtake another and are under way: they go on when that has ended. */
  readonly overtaking: Set<Promise<unknown>>
  plan: SimulationPlan | undefined
  delivery: DeliveryPlan | undefined
}

/** Makes the world; see Simulation. */
export function createSimulation(options: SimulationOptions = {}): Simulation {
  const { seed = 1, start, grace = { default: 'PT24H', adopted: 'P7D' }, keepsHistory = true } = options
  const turns = createTurns({ seed, clock: createClock(start && { start }), anew: options.drawsAnew })
  const { clock } = turns
  const account = createAccount(options, clock)
  const dfns = createDfns({ clock, switches: { ...guideWorld, ...options.switches } })
  turns.number(dfns.state)
  const { orgId } = dfns.createOrganisation()
  const secretsManager = createSecretsManagerHandler(account)
  const handlers = {
    secretsmanager: secretsManager,
    ssm: createSsmHandler(account.parameters),
    scheduler: createSchedulerHandler(account.scheduler),
    dfns: createDfnsHandler(dfns),
  }
  const wire = createWire({ handlers, onKill: () => currentInvocation()?.die('Runtime.ExitError') })
  const checkers = createCheckers({ ...account, dfns, keepsHistory })
  const counts = { calls: 0, invocations: 0, rotations: 0, retirements: 0 }
  const core: Core = {
    ...account,
    dfns,
    orgId,
    wire,
    checkers,
    counts,
    keepsHistory,
    turns,
    random: turns.random,
    live: new Set(),
    overtaking: new Set(),
    plan: undefined,
    delivery: undefined,
  }
  countRotations(core)
  const send: Send = (request) => dispatch(core, request)
  const { origin, close } = openOrigin(send)
  putPolicy({ parameters: account.parameters, origin, grace })
  const counted: Counted[] = []
  const { lambdas = theseLambdas, through = 'sdk' } = options
  const work = workOf({ lambdas, through, counted: (count) => void counted.push(count) })
  const run = runnerOf({ core, work, send })
  for (const arn of functionArns) account.functions.set(arn, deliveredFunction({ core, arn, run }))
  const administrator = administratorOf({ core, call: administratorOn(secretsManager) })
  return Object.assign(core, {
    origin,
    rotateArn: arns.rotate,
    retireArn: arns.retire,
    auditArn: arns.audit,
    deadLetterArn,
    counted,
    findings: checkers.findings,
    secretsManager: administrator,
    addSecret: (secret: NewSecret) => addSecret({ ...core, administrator, origin, grace, secret }),
    rotateBy: (secretArn: string, rules: RotationRules) =>
      rotateBy({ core, administrator, secretArn, rules }),
    begin: (secretArn: string) => begin({ core, administrator, secretArn }),
    rotateNow: (secretArn: string) => rotateNow({ core, administrator, secretArn }),
    operate: (event: OperationEvent) => run({ arn: arns.operator, event }),
    audit: () => run({ arn: arns.audit, event: {} }),
    retire: (event: object) => run({ arn: arns.retire, event }),
    advance: async (ms: number) => {
      await clock.advance(ms)
      checkers.look('time passing')
    },
    again: ({ arn, event }: Invocation) => again({ core, run, arn, event }),
    close,
  })
}

function putPolicy({
  parameters,
  origin,
  grace,
}: {
  parameters: Parameters
  origin: string
  grace: SimulatedGrace
}): void {
  const value = JSON.stringify({ allowedBaseUrls: [origin], grace })
  parameters.put({ name: policyName, value, type: 'String', overwrite: true })
}

function countRotations({ engine, counts }: Core): void {
  engine.events.listen((event) => {
    if (event.detail && 'eventName' in event.detail && event.detail.eventName === 'RotationSucceeded')
      counts.rotations += 1
  })
}

/** One request of an invocation. */
async function dispatch(core: Core, request: WireRequest): Promise<WireResponse> {
  const invocation = currentInvocation()
  if (invocation === undefined) throw new Error(`${request.operation} was called outside of an invocation`)
  return busy(invocation, exchange({ core, request, invocation }))
}

/** Faults, the service, and then the checkers. */
async function exchange(call: {
  core: Core
  request: WireRequest
  invocation: Invocation
}): Promise<WireResponse> {
  const { core, request, invocation } = call
  const fault = await struckBy({ core, request, invocation })
  if (invocation.isDead) return never()
  core.checkers.sent({ invocation, request })
  noteAsked({ by: invocation.arn, request, vault: core.vault })
  core.wire.plan = () => fault
  const reply = await core.wire.dispatch(request)
  core.checkers.look(`${invocation.phase}: ${request.operation}`)
  if (fault === 'lost-before') waitInVain(request.service)
  if (invocation.isDead) return never()
  if (reply === 'broken') throw fault === 'lost-before' ? timedOut() : connectionLost()
  core.checkers.received({ invocation, request, reply })
  if (!core.keepsHistory) forget(core)
  return reply
}

async function struckBy(call: {
  core: Core
  request: WireRequest
  invocation: Invocation
}): Promise<Fault | undefined> {
  const { core, request, invocation } = call
  if (invocation.isDead) return never()
  const index = core.counts.calls++
  invocation.calls += 1
  const strike = core.plan?.({ index, request, invocation })
  if (strike === undefined || typeof strike === 'string' || 'reply' in strike) return strike
  await strike.meanwhile()
  return undefined
}

/** What only grows, and nothing looks at: a run of 90 days makes a million calls. */
function forget({ wire, engine, vault, asyncInvocations, dfns, live }: Core): void {
  const { events, progress } = engine
  const { items: changes } = vault.changes
  const { items: attempts } = asyncInvocations.attempts
  const lists: readonly (readonly unknown[])[] = [
    wire.calls,
    events.items,
    progress.items,
    changes,
    attempts,
    dfns.state.effects,
  ]
  for (const list of lists) (list as unknown[]).length = 0
  // One invocation's challenges are no other's: once none runs, all have been used or given up.
  if (live.size > 1) return
  for (const store of [dfns.state.challenges, dfns.state.userActions]) {
    for (const [id, { used }] of store) if (used) store.delete(id)
  }
}

type Run = (invocation: { arn: string; event: unknown }) => Promise<InvocationResult>

/** Runs an event in the real code, as one invocation. */
function runnerOf({ core, work, send }: { core: Core; work: ReturnType<typeof workOf>; send: Send }): Run {
  const { clock, counts, turns, checkers, live } = core
  return async ({ arn, event }) => {
    const number = counts.invocations++
    const begun = (invocation: Invocation) => {
      live.add(invocation)
      checkers.begun(invocation)
    }
    let invocation: Invocation | undefined
    const result = await invoke({
      number,
      nth: turns.enter(),
      arn,
      event,
      send,
      random: turns.dice(),
      now: () => clock.now(),
      begun,
      work: (one) => {
        invocation = one
        return work(one)
      },
    })
    if (invocation !== undefined) {
      await quiet(invocation)
      invocation.isOver = true
      live.delete(invocation)
      if (invocation.phase === 'retire' && result.ok) counts.retirements += 1
      checkers.ended({ invocation, result })
    }
    return result
  }
}

/** A second delivery of an event. Where Lambda's own queue made it and it fails, the queue tries it again. */
async function again(delivery: {
  core: Core
  run: Run
  arn: string
  event: unknown
}): Promise<InvocationResult> {
  const { core, run, arn, event } = delivery
  const running = run({ arn, event })
  core.overtaking.add(running)
  const result = await running
  core.overtaking.delete(running)
  if (!result.ok && arn === arns.retire) core.asyncInvocations.invoke({ arn, event })
  return result
}

function deliveredFunction({ core, arn, run }: { core: Core; arn: string; run: Run }): LambdaFunction {
  const target: LambdaFunction = { arn, invoke: (event) => run({ arn, event }) }
  return {
    arn,
    invoke: (event) => {
      core.turns.next()
      const phase = phaseOf(event)
      settleReads(core)
      const how = core.delivery?.({ number: core.counts.invocations, arn, phase })
      return afterAll({ core, invoking: (how ? duplicated({ target, how }) : target).invoke(event) })
    },
  }
}

/** An invocation may end while one that overtakes it is under way. */
async function afterAll<T>({ core, invoking }: { core: Core; invoking: Promise<T> }): Promise<T> {
  const result = await invoking
  await Promise.all(core.overtaking)
  core.turns.next()
  return result
}

/** Eventual consistency is a matter of seconds: what was written before this moment of the clock is seen by now. */
function settleReads({ vault, clock }: Core): void {
  if (vault.staleReads === 0) return
  for (const secret of vault.list()) {
    if (secret.changedAt === clock.now()) continue
    for (let left = vault.staleReads; left > 0; left--) vault.view(secret)
  }
}

const edits = [
  'PutSecretValue',
  'UpdateSecret',
  'UpdateSecretVersionStage',
  'CancelRotateSecret',
  'DeleteSecret',
]

/** An administrator's edit is nobody's invocation, also when a plan makes it in the middle of one. */
function administratorOf({ core, call }: { core: Core; call: Administrator }): Administrator {
  return async <T>(operation: string, input: object): Promise<T> => {
    const { SecretId } = input as { SecretId?: string }
    if (SecretId !== undefined && edits.includes(operation))
      core.checkers.edited(core.vault.find(SecretId).arn)
    return outsideInvocations(() => call<T>(operation, input))
  }
}

async function rotateBy(change: {
  core: Core
  administrator: Administrator
  secretArn: string
  rules: RotationRules
}): Promise<void> {
  const { core, administrator, secretArn: SecretId, rules: RotationRules } = change
  const configuration = { RotationLambdaARN: arns.rotate, RotationRules, RotateImmediately: false }
  await administrator('RotateSecret', { SecretId, ClientRequestToken: randomUUID(), ...configuration })
  await core.engine.settled()
  core.checkers.look('RotateSecret')
}

interface Beginning {
  readonly core: Core
  readonly administrator: Administrator
  readonly secretArn: string
}

async function begin({ core, administrator, secretArn: SecretId }: Beginning): Promise<'begun' | 'refused'> {
  const isOn = core.vault.find(SecretId).rotation?.enabled === true
  const configuration = isOn
    ? {}
    : { RotationLambdaARN: arns.rotate, RotationRules: { AutomaticallyAfterDays: 30 } }
  try {
    await administrator('RotateSecret', { SecretId, ClientRequestToken: randomUUID(), ...configuration })
  } catch (error) {
    if (error instanceof Error && error.name === 'InvalidRequestException') return 'refused'
    throw error
  }
  return 'begun'
}

async function rotateNow(rotation: Beginning): Promise<'begun' | 'refused'> {
  if ((await begin(rotation)) === 'refused') return 'refused'
  await rotation.core.engine.settled()
  rotation.core.checkers.look('RotateSecret')
  return 'begun'
}
