import type { AsyncAttempt } from '../../sandbox/lambda/async.ts'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import {
  type Account,
  deadLetterArn,
  guideWorld,
  type Scene,
  type SceneOptions,
} from '../../sandbox/scene.ts'
import type { Schedule } from '../../sandbox/scheduler/schedule.ts'
import type { WireResponse } from '../../sandbox/wire.ts'
import { watchedScene } from './scene.ts'

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

/** A secret under rotation whose superseded credentials have a grace. */
export interface Staged {
  readonly scene: Scene
  readonly account: Account
  readonly arn: string
}

export type StageOptions = Omit<SceneOptions, 'policy'> & {
  /** The policy's `grace`; an hour for everything unless told otherwise. */
  readonly grace?: Readonly<Record<string, unknown>>
  /** More of the policy. */
  readonly rules?: Readonly<Record<string, unknown>>
  readonly tags?: Readonly<Record<string, string>>
}

export const anHour = { default: 'PT1H', adopted: 'PT1H' }

export async function stage(options: StageOptions = {}): Promise<Staged> {
  const { grace = anHour, rules = {}, tags = {}, ...rest } = options
  const policy = (dfnsUrl: string) => JSON.stringify({ allowedBaseUrls: [dfnsUrl], grace, ...rules })
  const scene = await watchedScene({ dfnsSwitches: guideWorld, ...rest, policy })
  const { orgId } = scene.dfns.createOrganisation()
  const account = scene.openAccount({ orgId, name: 'payments' })
  const arn = await scene.keepSecret({ name: 'prod/dfns', document: account.document, tags })
  return { scene, account, arn }
}

/** The same after one rotation: the grace of the account's first key has begun. */
export async function rotated(options: StageOptions = {}): Promise<Staged> {
  const staged = await stage(options)
  await staged.scene.rotate(staged.arn)
  return staged
}

/** What each step of a rotation came to: its name, with its error if it failed. */
export const outcomes = ({ scene }: Staged): string[] =>
  scene.sandbox.engine.progress.items.flatMap((item) => {
    if (item.type !== 'step-ended') return []
    return [item.ok ? item.step : `${item.step} ${item.errorType}`]
  })

export const schedules = ({ scene }: Staged): Schedule[] => scene.sandbox.scheduler.list()

/** When a schedule fires, in milliseconds since the epoch. */
export function timeOf({ settings }: Schedule): number {
  return Date.parse(`${/^at\((.{19})\)$/.exec(settings.ScheduleExpression)?.[1]}Z`)
}

export const inputOf = ({ settings }: Schedule): Record<string, unknown> =>
  JSON.parse(settings.Target.Input ?? '') as Record<string, unknown>

/** Every attempt of Lambda to run the retire function. */
export const attempts = ({ scene }: Staged): readonly AsyncAttempt[] =>
  scene.sandbox.invocations.attempts.items

/** What each of them came to: `done`, or the code. */
export const results = (staged: Staged): string[] => attempts(staged).map(({ result }) => resultOf(result))

export const resultOf = (result: InvocationResult | undefined): string =>
  result?.ok === true ? 'done' : (result?.errorType ?? 'not invoked')

export const deadLetters = ({ scene }: Staged): string[] =>
  scene.sandbox.queues.messages(deadLetterArn).map(({ body }) => body)

/** Invokes the retire function at once, with whatever it is given. */
export async function retireWith({ scene }: Staged, event: unknown): Promise<InvocationResult | undefined> {
  return scene.sandbox.bundled.get(scene.retireArn)?.invoke(event)
}

/** What the retire function printed. */
export const retireLog = ({ scene }: Staged): Record<string, unknown>[] =>
  (scene.sandbox.bundled.get(scene.retireArn)?.output ?? []).map(
    (line) => JSON.parse(line) as Record<string, unknown>,
  )

export const messages = (staged: Staged): unknown[] => retireLog(staged).map(({ message }) => message)

export const activeIds = ({ scene, account }: Staged): string[] =>
  scene.dfns
    .credentials({ userId: account.userId })
    .filter(({ isActive }) => isActive)
    .map(({ credentialId }) => credentialId)

export const currentId = async ({ scene, arn }: Staged): Promise<string> =>
  (await scene.documentOf(arn, 'AWSCURRENT')).credId

/** The version that holds a label; nothing if none does. */
export function holder({ scene, arn }: Staged, label: string) {
  return [...scene.sandbox.vault.find(arn).versions.values()].find(({ labels }) => labels.has(label))
}

/** What a refused retirement must not change: labels and values, credentials and the schedules of others. */
export function worldOf({ scene, account, arn }: Staged) {
  const versions = [...scene.sandbox.vault.find(arn).versions.values()]
  return structuredClone({
    versions: versions.map(({ id, labels, value }) => ({ id, labels: [...labels], value })),
    credentials: scene.dfns.credentials({ userId: account.userId }),
    changes: scene.dfns.effects().filter(({ kind }) => kind.startsWith('credential')).length,
  })
}

/** Dfns says that it is away, and for longer than an invocation lasts: nobody waits for it. */
export const away: { readonly reply: WireResponse } = {
  reply: { status: 503, headers: { 'retry-after': '3600' }, body: '<html>Bad Gateway</html>' },
}
