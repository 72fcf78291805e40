import { selfRotation, type Switches } from '../../sandbox/dfns/switches.ts'
import type { SecretVersion } from '../../sandbox/secrets-manager/secret.ts'
import type { OperationEvent, OperationName, Phase } from './invocation.ts'
import { worldOf } from './matrix.ts'
import { receiverUrl, type SimulatedKind } from './secrets.ts'
import type { SimulatedGrace } from './watched.ts'
import { createSimulation, type Simulation, type SimulationOptions } from './world.ts'

export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/** A world with one secret in it, as an operator or a race finds it. */
export interface Setting {
  readonly world: Simulation
  readonly arn: string
}

export interface SettingOptions
  extends Pick<SimulationOptions, 'vaultSwitches' | 'engineSwitches' | 'lambdas' | 'seed' | 'through'> {
  /** ServiceAccountKey, unless given. */
  readonly kind?: SimulatedKind | undefined
  readonly first?: 'adopted' | 'own'
  /** PT24H for everything, unless given. */
  readonly grace?: SimulatedGrace
  readonly switches?: Partial<Switches>
  readonly tags?: Readonly<Record<string, string>>
}

export async function openSetting(options: SettingOptions = {}): Promise<Setting> {
  const { kind = 'ServiceAccountKey', first = 'own', grace = aDay, switches, tags = {}, ...rest } = options
  const world = createSimulation({ ...rest, grace, switches: { ...worldOf(kind), ...switches } })
  world.dfns.receive({ url: receiverUrl, respond: () => ({ status: 200 }) })
  const { arn } = await world.addSecret({ name: 'prod/dfns', kind, first, tags, fields: { note: 'kept' } })
  return { world, arn }
}

const aDay: SimulatedGrace = { default: 'PT24H', adopted: 'PT24H' }

/** The same after one rotation: AWSPREVIOUS is in its grace. */
export async function rotatedSetting(options: SettingOptions = {}): Promise<Setting> {
  const setting = await openSetting(options)
  await setting.world.rotateNow(setting.arn)
  return setting
}

/** Where nobody may register a key for itself. */
export const allRefused: Partial<Switches> = { selfRotation: selfRotation.allRefused }

export const versionsOf = ({ world, arn }: Setting): readonly SecretVersion[] => [
  ...world.vault.find(arn).versions.values(),
]

/** The id of the version that a label is on. */
export const holder = (setting: Setting, label: string): string | undefined =>
  versionsOf(setting).find(({ labels }) => labels.has(label))?.id

/** The same, where there has to be one. */
export function held(setting: Setting, label: string): string {
  const versionId = holder(setting, label)
  if (versionId === undefined) throw new Error(`no version is ${label}`)
  return versionId
}

export function documentOf(setting: Setting, versionId: string): Readonly<Record<string, string>> {
  const { value } = versionsOf(setting).find(({ id }) => id === versionId) ?? {}
  const text = value && 'SecretString' in value ? value.SecretString : '{}'
  return JSON.parse(text) as Readonly<Record<string, string>>
}

/** An administrator deactivates the key that a version names. */
export function deactivated(setting: Setting, versionId: string): void {
  const { dfns } = setting.world
  const { credId } = documentOf(setting, versionId)
  const found = [...dfns.state.credentials.values()].find(({ credentialId }) => credentialId === credId)
  if (found === undefined) throw new Error(`Dfns has no ${credId}`)
  dfns.setCredentialActive({ credentialUuid: found.credentialUuid, isActive: false })
}

/** Runs a command, and says what it came to: `done`, or its code. */
export async function operate(
  { world, arn }: Setting,
  operation: OperationName,
  names: Pick<OperationEvent, 'to' | 'versionId'> = {},
): Promise<string> {
  const result = await world.operate({ operation, secretArn: arn, ...names })
  return result.ok ? 'done' : result.errorType
}

/** Lets a rotation fail once at the first call of a phase to Dfns, or at its end where it makes none. */
export async function stick({ world, arn }: Setting, phase: Phase): Promise<void> {
  let isStruck = false
  world.plan = ({ invocation, request }) => {
    if (isStruck || invocation.phase !== phase || request.service !== 'dfns') return undefined
    isStruck = true
    return 'killed-before'
  }
  await world.rotateNow(arn)
  world.plan = undefined
  if (!isStruck) throw new Error(`${phase} asked Dfns for nothing`)
}

/** The schedules of a secret, by the version that each is about. */
export const scheduledVersions = ({ world, arn }: Setting): readonly string[] =>
  world.scheduler.list().flatMap(({ settings }) => {
    const event = JSON.parse(settings.Target.Input ?? '{}') as { secretArn?: string; superseded?: string }
    return event.secretArn === arn && event.superseded !== undefined ? [event.superseded] : []
  })

// Of nobody's own, or told to a receiver.
const harmless = /^(session|user action|webhook pinged)/

/** Everything that a refused command must not change. */
export function stateOf({ world, arn }: Setting): unknown {
  const { tags, rotation } = world.vault.find(arn)
  const versions = versionsOf({ world, arn }).map(({ id, labels, value }) => ({
    id,
    labels: [...labels],
    value,
  }))
  const schedules = world.scheduler.list().map(({ name, settings }) => ({ name, settings }))
  const effects = world.dfns.effects().filter(({ kind }) => !harmless.test(kind)).length
  return structuredClone({ tags: [...tags], rotation, versions, schedules, effects })
}

/** What is wrong by now: what the checkers found on the way, and what has not come to its end. */
export function problemsOf({ world, arn }: Setting): readonly string[] {
  const found = world.findings.map(({ invariant, problem, during }) => `${invariant}: ${problem} (${during})`)
  const left = world.checkers.unconverged(arn)
  return [...found, ...left.filter((problem) => !problem.startsWith('dfns-decommissioned on '))]
}
