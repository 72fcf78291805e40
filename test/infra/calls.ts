import { expect } from 'vitest'
import { ways } from '../../sandbox/demo/subjects.ts'
import type { CallRecord, FaultPlan, WireRequest } from '../../sandbox/wire.ts'
import { away, hour } from '../support/graces.ts'
import { watchedScene } from '../support/scene.ts'
import type { Asked } from './iam.ts'

/** The scene's account. */
export const here = { account: '000000000000', region: 'eu-west-1' } as const
const inHere = `${here.region}:${here.account}`

/** What the functions of a scene asked of AWS, each in the order in which it did. */
export interface Recorded {
  readonly rotate: readonly WireRequest[]
  readonly retire: readonly WireRequest[]
  readonly audit: readonly WireRequest[]
  readonly secrets: readonly RotatedSecret[]
}

/** ARNs of a secret, and of the one that signed for it. */
export interface RotatedSecret {
  readonly arn: string
  readonly signer: string | undefined
}

/**
 * One rotation of each kind and strategy by the built bundles, and the end of every grace. Each function is
 * killed once it has written its first schedule: the next attempt writes over it. Of two
 * secrets the schedule is spoilt, or deleted: one audit writes the first anew, another retires what the
 * second was for.
 */
export async function record(): Promise<Recorded> {
  const scene = await watchedScene()
  const { wire, clock } = scene.sandbox
  const taken = takerOf(wire.calls)
  const secrets: RotatedSecret[] = []
  for (const way of ways) {
    const { document, orgId } = await way.open(scene)
    const tags = { 'dfns-rotator:grace': 'PT26H' }
    const arn = await scene.keepSecret({ name: `prod/dfns/${orgId}`, document, tags })
    const { signerArn } = document
    secrets.push({ arn, signer: typeof signerArn === 'string' ? signerArn : undefined })
  }
  wire.plan = killedAfterFirst('CreateSchedule')
  for (const { arn } of secrets) await scene.rotate(arn)
  await clock.advance(3 * hour)
  await scene.sandbox.engine.settled()
  const rotate = taken()
  const [first, second] = secrets
  for (const { group, name, settings } of schedulesOf({ scene, secret: first })) {
    const Target = { ...settings.Target, Input: '{}' }
    scene.sandbox.scheduler.update({ group, name, settings: { ...settings, Target } })
  }
  await scene.audit()
  for (const lost of schedulesOf({ scene, secret: second })) scene.sandbox.scheduler.delete(lost)
  const audit = taken()
  const isKilled = killedAfterFirst('CreateSchedule')
  // Dfns is away: a retirement has to wait, and writes its successor.
  wire.plan = (call) => (call.service === 'dfns' ? away : isKilled(call))
  await clock.advance(26.5 * hour)
  wire.plan = undefined
  await clock.advance(24 * hour)
  const retire = taken()
  await scene.audit()
  return { rotate, retire, audit: [...audit, ...taken()], secrets }
}

type WatchedScene = Awaited<ReturnType<typeof watchedScene>>

/** The event of a schedule tells of which secret it is. */
function schedulesOf(of: { scene: WatchedScene; secret: RotatedSecret | undefined }) {
  const all = of.scene.sandbox.scheduler.list()
  const found = all.filter(({ settings }) => settings.Target.Input?.includes(`"${of.secret?.arn}"`))
  expect(found.length).toBeGreaterThan(0)
  return found
}

function killedAfterFirst(operation: string): FaultPlan {
  let isKilled = false
  return (call) => {
    if (isKilled || call.operation !== operation) return undefined
    isKilled = true
    return 'killed-after'
  }
}

/** The calls to AWS since it was last asked. People sign nothing here, functions do. */
function takerOf(calls: readonly CallRecord[]): () => WireRequest[] {
  let from = 0
  return () => {
    const recent = calls.slice(from).map(({ request }) => request)
    from = calls.length
    return recent.filter(({ service, headers }) => service !== 'dfns' && 'authorization' in headers)
  }
}

interface Body {
  readonly SecretId?: string
  readonly Name?: string
  readonly GroupName?: string
  readonly Target?: { readonly RoleArn: string }
}

/** Names of two roles for one thing: the scene's, and the stack's. */
interface Roles {
  readonly inScene: string
  readonly inStack: string
}

/** What IAM is asked before a call is carried out: the action, and for a schedule the role that is passed. */
export function askedFor({ request, roles }: { request: WireRequest; roles: Roles }): Asked[] {
  const { service, operation, path } = request
  const body = (request.body === '' ? {} : JSON.parse(request.body)) as Body
  const action = `${service}:${operation}`
  if (service === 'secretsmanager') return [{ action, resource: body.SecretId ?? '*' }]
  if (service === 'ssm') return [{ action, resource: `arn:aws:ssm:${inHere}:parameter${body.Name}` }]
  const [, , name = ''] = path.split('?')[0]?.split('/') ?? []
  const group = body.GroupName ?? new URLSearchParams(path.split('?')[1]).get('groupName')
  const schedule = { action, resource: `arn:aws:scheduler:${inHere}:schedule/${group}/${name}` }
  const role = body.Target?.RoleArn
  if (role === undefined) return [schedule]
  const context = { 'iam:PassedToService': 'scheduler.amazonaws.com' }
  return [
    schedule,
    { action: 'iam:PassRole', resource: role === roles.inScene ? roles.inStack : role, context },
  ]
}

/** Whom schedules invoke, and where their dead letters go. */
export function targetsIn(requests: readonly WireRequest[]): { invoked: Set<string>; letters: Set<string> } {
  const targets = requests
    .filter(({ operation }) => operation === 'CreateSchedule' || operation === 'UpdateSchedule')
    .map(({ body }) => JSON.parse(body) as { Target: { Arn: string; DeadLetterConfig: { Arn: string } } })
    .map(({ Target }) => Target)
  return {
    invoked: new Set(targets.map(({ Arn }) => Arn)),
    letters: new Set(targets.map(({ DeadLetterConfig }) => DeadLetterConfig.Arn)),
  }
}
