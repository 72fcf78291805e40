import { randomUUID } from 'node:crypto'
import type { Lambdas } from '../../simulation/lambdas.ts'
import {
  documentOf,
  held,
  openSetting,
  rotatedSetting,
  type Setting,
  stick,
} from '../../simulation/setting.ts'
import { receiverUrl, type SimulatedKind } from '../../simulation/secrets.ts'
import { policyName } from '../../simulation/work.ts'
import { hostileText, type Mutation, mutated } from './mutation.ts'
import { giveUp, type Pool, type Scene, type Tried, tryIn } from './scenes.ts'

/** A text that is mutated some times over, or another in its place. */
export type HostileText = { readonly mutations: readonly Mutation[] } | { readonly text: string }

const poolOf = ({ ids, tokens }: Pool): readonly string[] => [...ids, ...tokens]

function textFrom(hostile: HostileText, genuine: string, pool: readonly string[]): string {
  if ('text' in hostile) return hostile.text
  return hostile.mutations.reduce((text, mutation) => mutated(text, mutation, pool), genuine)
}

/** Events of the three functions, one after the other. */
export interface Events {
  readonly kind: SimulatedKind
  readonly events: readonly { readonly of: 'rotate' | 'retire' | 'audit'; readonly event: HostileText }[]
}

export function sendEvents({ kind, events }: Events, lambdas?: Lambdas): Promise<Tried> {
  const rotationToken = 'rotation-token-that-nobody-prints-0123456789'
  return tryIn({
    open: async () => {
      const setting = await rotatedSetting({ kind, ...(lambdas && { lambdas }) })
      if (kind !== 'webhook') await stick(setting, 'testSecret')
      return setting
    },
    hidden: () => [rotationToken, hostileText],
    // Whoever may invoke retire may end a grace.
    excused: ['AWSPREVIOUS works through its grace'],
    hostile: async (scene) => {
      const { world, pool } = scene
      let sent = 0
      for (const { of, event } of events) {
        const genuine = JSON.stringify(genuineEvent({ scene, of, rotationToken }))
        const text = textFrom(event, genuine, poolOf(pool))
        // What stands where an id does is printed as one.
        if (text.replace(`"RotationToken":"${rotationToken}"`, '').includes(rotationToken)) continue
        const arn = { rotate: world.rotateArn, retire: world.retireArn, audit: world.auditArn }[of]
        await world.functions.get(arn)?.invoke(valueOf(text))
        sent += 1
      }
      return sent
    },
  })
}

/** Lambda hands over what is JSON; of what is none the text. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function genuineEvent(of: {
  scene: Scene
  of: 'rotate' | 'retire' | 'audit'
  rotationToken: string
}): object {
  const { scene, rotationToken } = of
  const { world, arn } = scene
  if (of.of === 'audit') return { after: arn, since: '2026-01-05T00:00:00.000Z' }
  if (of.of === 'retire') {
    const inputs = world.scheduler.list().map(({ settings }) => settings.Target.Input ?? '')
    const own = inputs.find((input) => input.includes(arn)) ?? '{}'
    return { ...(JSON.parse(own) as object), attempt: 1, since: '2026-01-05T00:00:00.000Z', held: false }
  }
  const token = held(scene, scene.world.vault.find(arn).name === '' ? 'AWSCURRENT' : pendingLabel(scene))
  return { Step: 'testSecret', SecretId: arn, ClientRequestToken: token, RotationToken: rotationToken }
}

const pendingLabel = ({ world, arn }: Setting): string =>
  [...world.vault.find(arn).versions.values()].some(({ labels }) => labels.has('AWSPENDING'))
    ? 'AWSPENDING'
    : 'AWSCURRENT'

/** Documents that stand in the secret, one after the other, in what is to be its next, or in its signer's. */
export interface Documents {
  readonly kind: SimulatedKind
  readonly documents: readonly {
    readonly in: 'current' | 'pending' | 'signer'
    readonly document: HostileText | 'binary'
  }[]
}

/** What errors and logs say anyway. */
const printed = ['ServiceAccountKey', 'PersonalAccessTokenKey', 'UserKey', 'WebhookSecret']

/** Fields whose values they may name. */
const named = ['baseUrl', 'orgId', 'credId', 'username', 'webhookId', 'url', 'events', 'signerArn']

export function keepDocuments({ kind, documents }: Documents, lambdas?: Lambdas): Promise<Tried> {
  const hidden = new Set<string>([hostileText])
  return tryIn({
    open: () => openSetting({ kind, ...(lambdas && { lambdas }) }),
    // An id is one wherever it was put.
    hidden: (scene) => [...hidden].filter((text) => !idsIn(scene).some((id) => id.includes(text))),
    // Where Secrets Manager left it as a person put a value.
    mayBeLeft: /^AWSPREVIOUS on /,
    // Where nobody could read AWSCURRENT it was the hostile document's doing; what it is at the end counts.
    excused: ['AWSCURRENT authenticates', 'AWSPREVIOUS works through its grace'],
    hostile: async (scene) => {
      let kept = 0
      for (const { in: where, document } of documents)
        if (await keepDocument({ scene, where, document, hidden, isAudited: kept % 4 === 0 })) kept += 1
      return kept
    },
  })
}

const idsIn = ({ world, pool }: Scene): readonly string[] => [
  ...world.vault.list().map(({ arn }) => arn),
  ...pool.ids,
  ...[...world.dfns.state.identities.values()].flatMap(({ username }) => username ?? []),
  ...[...world.dfns.state.credentials.values()].map(({ credentialId }) => credentialId),
  ...world.dfns.state.webhooks.keys(),
  receiverUrl,
]

async function keepDocument(of: {
  scene: Scene
  where: Documents['documents'][number]['in']
  document: HostileText | 'binary'
  hidden: Set<string>
  isAudited: boolean
}): Promise<boolean> {
  const { scene, where, document, hidden, isAudited } = of
  const { world, arn, pool } = scene
  const current = documentOf(scene, held(scene, 'AWSCURRENT'))
  const target = where === 'signer' ? (current['signerArn'] ?? arn) : arn
  const genuine = JSON.stringify(
    documentOf({ world, arn: target }, held({ world, arn: target }, 'AWSCURRENT')),
  )
  const text = document === 'binary' ? undefined : textFrom(document, genuine, poolOf(pool))
  for (const one of secretIn(text)) hidden.add(one)
  const value =
    text === undefined ? { SecretBinary: Buffer.from(genuine).toString('base64') } : { SecretString: text }
  const stage = where === 'pending' ? 'AWSPENDING' : 'AWSCURRENT'
  if (!(await put({ scene, target, value, stage }))) return false
  await world.rotateNow(arn)
  if (isAudited) await world.audit()
  await giveUp(scene)
  const moved = documentOfCurrent(scene)
  const isRotated = where !== 'signer' && moved !== undefined && moved !== text && moved !== genuine
  if (!isRotated) await put({ scene, target, value: { SecretString: genuine }, stage: 'AWSCURRENT' })
  return true
}

function documentOfCurrent(setting: Setting): string | undefined {
  const { world, arn } = setting
  const version = [...world.vault.find(arn).versions.values()].find(({ labels }) => labels.has('AWSCURRENT'))
  const { value } = version ?? {}
  return value && 'SecretString' in value ? value.SecretString : undefined
}

/** Whether Secrets Manager takes it. */
async function put(of: { scene: Scene; target: string; value: object; stage: string }): Promise<boolean> {
  const { scene, target: SecretId, value, stage } = of
  const input = { SecretId, ClientRequestToken: randomUUID(), ...value, VersionStages: [stage] }
  try {
    await scene.world.secretsManager('PutSecretValue', input)
    return true
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationException') return false
    throw error
  }
}

/** Every long text in a document that is none of those which may be named. */
function secretIn(text: string | undefined): readonly string[] {
  const document = valueOf(text ?? '')
  if (document === null || typeof document !== 'object') return [text ?? ''].filter(isLong)
  return Object.entries(document as Readonly<Record<string, unknown>>)
    .filter(([name]) => !named.includes(name))
    .flatMap(([, value]) => (typeof value === 'string' ? [value] : []))
    .filter(isLong)
}

const isLong = (text: string): boolean => text.trim().length >= 16 && !printed.includes(text)

/** Policies and tags, one after the other. */
export interface AllSettings {
  readonly kind: SimulatedKind
  readonly settings: readonly (
    | { readonly policy: HostileText }
    | { readonly tag: string; readonly value: string }
  )[]
}

export function applySettings({ kind, settings }: AllSettings, lambdas?: Lambdas): Promise<Tried> {
  return tryIn({
    open: () => openSetting({ kind, ...(lambdas && { lambdas }) }),
    hidden: () => [hostileText],
    // A grace is as long as the setting says.
    excused: ['AWSPREVIOUS works through its grace', 'nothing of ours outlives its grace by a day'],
    mayBeLeft: /^superseded .* is active$|^schedule |^AWSPREVIOUS on /,
    hostile: async (scene) => {
      for (const [index, setting] of settings.entries())
        await applySetting({ scene, setting, isAudited: index % 4 === 0 })
      return settings.length
    },
  })
}

async function applySetting(of: {
  scene: Scene
  setting: AllSettings['settings'][number]
  isAudited: boolean
}): Promise<void> {
  const { scene, setting, isAudited } = of
  const { world, arn, pool } = scene
  const { tags } = world.vault.find(arn)
  const genuine = world.parameters.get(policyName).value
  const write = (value: string) =>
    world.parameters.put({ name: policyName, value, type: 'String', overwrite: true })
  if ('policy' in setting) {
    const { grace, allowedBaseUrls } = JSON.parse(genuine) as { grace: object; allowedBaseUrls: unknown }
    const limits = { min: 'PT0S', max: 'P30D', byKind: { WebhookSecret: 'PT26H' } }
    const whole = {
      allowedBaseUrls,
      allowedOrgIds: [world.orgId],
      keyAlgorithm: 'same',
      grace: { ...grace, ...limits },
    }
    write(textFrom(setting.policy, JSON.stringify({ ...whole, retireAtNextRotation: false }), poolOf(pool)))
  }
  const before = 'tag' in setting ? tags.get(setting.tag) : undefined
  if ('tag' in setting) tags.set(setting.tag, setting.value)
  await world.rotateNow(arn)
  if (isAudited) await world.audit()
  if ('tag' in setting) {
    if (before === undefined) tags.delete(setting.tag)
    else tags.set(setting.tag, before)
  }
  write(genuine)
  await giveUp(scene)
}
