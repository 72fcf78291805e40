import { type CallFault, strikeCall, type Struck } from './faults.ts'
import type { OperationEvent } from './invocation.ts'
import type { Lambdas } from './lambdas.ts'
import type { SimulatedKind } from './secrets.ts'
import { seedCrypto } from './seeded-crypto.ts'
import {
  dayMs,
  held,
  holder,
  hourMs,
  openSetting,
  problemsOf,
  rotatedSetting,
  type Setting,
  stick,
} from './setting.ts'

/** A command, the secret that it is run on, and how long its work may have to wait for itself. */
export interface OperationCase {
  readonly name: string
  readonly kind: SimulatedKind
  /** What has happened by then; returns the setting, and the command. */
  readonly open: (options: { kind: SimulatedKind; lambdas?: Lambdas }) => Promise<Opened>
  /** It refuses to go on while something is in its grace, and is run once more after that. */
  readonly waits?: boolean
}

interface Opened {
  readonly setting: Setting
  readonly event: OperationEvent
}

type Opening = Parameters<OperationCase['open']>[0]

/** What AWS leaves unsaid is such that most is left to a rollback. */
const unkind = { engineSwitches: { clearsPending: false } }

async function openRollback(options: Opening): Promise<Opened> {
  const setting = await rotatedSetting({ ...options, ...unkind })
  await setting.world.advance(12 * hourMs)
  return { setting, event: event(setting, { operation: 'rollback', to: held(setting, 'AWSPREVIOUS') }) }
}

async function openRollbackOfRetired(options: Opening): Promise<Opened> {
  const setting = await openSetting({ ...options, ...unkind })
  const to = held(setting, 'AWSCURRENT')
  await setting.world.rotateNow(setting.arn)
  await setting.world.advance(3 * dayMs)
  return { setting, event: event(setting, { operation: 'rollback', to }) }
}

async function openAbandon(options: Opening): Promise<Opened> {
  const setting = await openSetting(options)
  await stick(setting, 'testSecret')
  return { setting, event: event(setting, { operation: 'abandon', versionId: held(setting, 'AWSPENDING') }) }
}

async function openRetireAtOnce(options: Opening): Promise<Opened> {
  const setting = await rotatedSetting(options)
  return { setting, event: event(setting, { operation: 'retireAtOnce' }) }
}

async function openDecommission(options: Opening): Promise<Opened> {
  const setting = await rotatedSetting({ ...options, tags: { 'dfns-rotator:hold-if-used': 'false' } })
  // Of a webhook no third one is made while there are two.
  if (options.kind !== 'webhook') await stick(setting, 'testSecret')
  return { setting, event: event(setting, { operation: 'decommission' }) }
}

const event = ({ arn }: Setting, rest: Omit<OperationEvent, 'secretArn'>): OperationEvent => ({
  secretArn: arn,
  ...rest,
})

const openings = {
  rollback: openRollback,
  'rollback to what was retired': openRollbackOfRetired,
  abandon: openAbandon,
  retireAtOnce: openRetireAtOnce,
  decommission: openDecommission,
} as const

const kinds = [
  'ServiceAccountKey',
  'UserKey',
  'signed token',
  'replaced account',
  'replaced token',
  'webhook',
] as const

/** Every command on every kind; a webhook that was deleted is not gone back to. */
export const operationCases: readonly OperationCase[] = kinds.flatMap((kind) =>
  Object.entries(openings).flatMap(([name, open]) => {
    if (kind === 'webhook' && name === 'rollback to what was retired') return []
    const waits = kind === 'webhook' && name === 'decommission'
    return [{ name: `${name}, ${kind}`, kind, open, waits }]
  }),
)

/** Each once: of the rest only that they strike again at what is repeated. */
export const operationFaults = [
  'refused',
  'throttled',
  'timed out',
  'reply lost',
  'killed before',
  'killed after',
] as const satisfies readonly CallFault[]

export interface OperationTrouble {
  readonly fault: (typeof operationFaults)[number]
  /** Counted from the first call of the command. */
  readonly call: number
}

export interface OperationOutcome {
  readonly calls: readonly string[]
  readonly problems: readonly string[]
}

/** Runs the command with its trouble, then once more without any, and lets time pass until every grace is over. */
export async function runOperation(schedule: {
  of: OperationCase
  trouble?: OperationTrouble | undefined
  lambdas?: Lambdas | undefined
}): Promise<OperationOutcome> {
  const { of, trouble, lambdas } = schedule
  seedCrypto(1)
  const { setting, event: command } = await of.open({ kind: of.kind, ...(lambdas && { lambdas }) })
  const { world } = setting
  const calls: string[] = []
  const struck: Struck[] = []
  try {
    const strike =
      trouble && strikeCall({ ...trouble, call: world.counts.calls + trouble.call, world, struck })
    world.plan = (call) => {
      calls.push(call.request.operation)
      return strike?.(call)
    }
    await world.operate(command)
    world.plan = undefined
    const again = await world.operate(command)
    await world.advance(2 * hourMs)
    await world.advance(9 * dayMs)
    const last = of.waits ? await world.operate(command) : again
    const wrong = last.ok ? [] : [`the command repeated ended with ${last.errorType}: ${last.errorMessage}`]
    const missed = trouble && struck.length === 0 ? ['the command makes no such call'] : []
    const standing = command.to !== undefined && holder(setting, 'AWSCURRENT') !== command.to
    const gone = standing ? ['AWSCURRENT is not where the rollback put it'] : []
    return { calls, problems: [...wrong, ...missed, ...gone, ...problemsOf(setting)] }
  } finally {
    world.close()
  }
}

/** Every fault at every call, by the run without any. */
export const operationTroubles = (calm: OperationOutcome): readonly OperationTrouble[] =>
  operationFaults.flatMap((fault) => calm.calls.map((_, call) => ({ fault, call })))

/** One line for a report: what went wrong, and what came of it. */
export function describedOperation(of: {
  case: OperationCase
  trouble: OperationTrouble | undefined
  calm: OperationOutcome
  outcome: OperationOutcome
}): string {
  const { trouble, calm, outcome } = of
  const where =
    trouble === undefined ? 'no fault' : `${trouble.fault} at ${trouble.call}, ${calm.calls[trouble.call]}`
  return `${of.case.name}: ${where}\n${outcome.problems.map((problem) => `    ${problem}`).join('\n')}`
}
