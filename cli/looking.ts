import { openRun } from '../lambdas/auditing/audit.ts'
import type { Run, View } from '../lambdas/auditing/run.ts'
import { auditSecret } from '../lambdas/auditing/secret.ts'
import { isCode } from '../lambdas/errors.ts'
import type { ScheduleGroup } from '../lambdas/ports/schedule-group.ts'
import { type Schedules, schedulesOf } from '../lambdas/ports/scheduler.ts'
import type { DescribedSecret } from '../lambdas/ports/secrets-manager.ts'
import { type Context, describe } from './context.ts'
import { collecting, type Finding } from './findings.ts'

/** One secret, as audit sees it. */
export interface Looked {
  readonly secret: DescribedSecret
  readonly findings: readonly Finding[]
  /** Nothing where it could not be looked at: then a finding says why. */
  readonly view: View | undefined
}

/** All that was looked at, and what was told to everybody at once. */
export interface Looking {
  readonly looked: readonly Looked[]
  readonly run: Run
  /** Every secret that dfns-rotator looks after, in the order of their ARNs. */
  readonly managed: readonly DescribedSecret[]
}

/** Secrets that are looked at at the same time, as in the audit function. */
const atOnce = 8

/**
 * Looks at secrets by the code of the audit function, as whoever runs the command. Without names: at all that
 * are managed. Unless it acts nothing is changed, at Dfns or in Secrets Manager.
 */
export async function lookAt(of: {
  context: Context
  names: readonly string[]
  acts: boolean
}): Promise<Looking> {
  const { context, names, acts } = of
  const { log, findings } = collecting(context.log)
  const views = new Map<string, View>()
  const { run, managed } = await openRun(await openingOf({ context, log, acts }))
  const named = await Promise.all(names.map((name) => describe(context, name)))
  const secrets = names.length === 0 ? managed : named
  const looking = { ...run, seen: (view: View) => void views.set(view.secret.arn, view) }
  for (const { batch, end } of batchesOf(secrets, atOnce)) {
    if (secrets.length > atOnce) context.progress(`${end} of ${secrets.length} secrets`)
    await Promise.all(batch.map((secret) => auditSecret({ secret, run: looking })))
  }
  const looked = secrets.map((secret) => ({
    secret,
    findings: findings.filter(({ secretId }) => secretId === secret.arn),
    view: views.get(secret.arn),
  }))
  return { looked, run, managed }
}

/** So many items at a time; `end`: how many there were, with these. */
export function batchesOf<T>(items: readonly T[], size: number) {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => {
    const batch = items.slice(at * size, (at + 1) * size)
    return { batch, end: at * size + batch.length }
  })
}

export async function openingOf(of: { context: Context; log: Context['log']; acts: boolean }) {
  const { context, log, acts } = of
  const { clients, time } = context
  const { policyName, rotateArn } = await context.deployment()
  const group = await standingGroup(context)
  const schedules = acts ? await context.schedules() : group && (await reading(context))
  return { clients, policyName, time, log, group, schedules, rotateArn, counts: { add: () => {} }, acts }
}

/** Nothing where no scheduler was deployed. */
async function standingGroup(context: Context): Promise<ScheduleGroup | undefined> {
  const group = await context.group()
  try {
    const names = await group.names()
    return { ...group, names: async (prefix = '') => names.filter((name) => name.startsWith(prefix)) }
  } catch (error) {
    if (isCode(error, 'ERR_SCHEDULER') && error.message.endsWith('ResourceNotFoundException'))
      return undefined
    throw error
  }
}

/** To read schedules nobody needs to know whom they invoke. */
async function reading({ clients, deployment, time }: Context): Promise<Schedules> {
  const { group } = await deployment()
  const target = { functionArn: '', roleArn: '', group, deadLetterArn: undefined }
  return schedulesOf({ client: clients.scheduler, target, time })
}
