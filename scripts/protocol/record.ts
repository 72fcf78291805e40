import type { Fields, Way } from '../../sandbox/demo/subjects.ts'
import { openScene, type Scene } from '../../sandbox/scene.ts'
import { meterOf, type Phase, type PhaseRun, type TimedCall } from '../bench/meter.ts'
import { namesOf } from '../bench/names.ts'
import { type Gatekeeper, holdReplies } from './gate.ts'

/** One call, in words that are the same in every rotation. */
export interface Call {
  readonly to: string
  readonly name: string
  /** Whose token it was made with, if not the document's own, and the status, if it was refused. */
  readonly notes: readonly string[]
}

/** An invocation: its calls in rounds. Of a round none waited for the reply to another. */
export interface Recorded {
  readonly phase: Phase
  readonly rounds: readonly (readonly Call[])[]
}

/** The services in the order in which a round tells them. */
export const services = {
  secretsmanager: 'Secrets Manager',
  ssm: 'Parameter Store',
  scheduler: 'Scheduler',
  dfns: 'Dfns',
} as const

/** A way in one word or two: `ServiceAccountKey, self`. */
export const nameOf = ({ kind, strategy }: Way): string =>
  strategy === undefined ? kind : `${kind}, ${strategy}`

// Everything that Dfns does is seen at once: a pause and another look are no part of the protocol.
const atOnce = { listLag: 0, acceptanceLag: 0, webhookListLag: 0 }
const hourMs = 3_600_000

/** One rotation through the built bundles, and the retirement after its grace. */
export async function record({ way, gate }: { way: Way; gate: Gatekeeper }): Promise<Recorded[]> {
  const scene = await openScene()
  try {
    const { wire, functions } = scene.sandbox
    const held = holdReplies({ wire, functions })
    const meter = meterOf({ wire, functions })
    const { document } = await way.open(scene, atOnce)
    const tags = { 'dfns-rotator:grace': 'PT26H' }
    const secretArn = await scene.keepSecret({ name: 'prod/dfns', document, tags })
    meter.take()
    held.begin(gate)
    await scene.rotate(secretArn)
    const whose = await holdersOf({ scene, secretArn, old: document })
    await scene.clock.advance(27 * hourMs)
    return meter.take().map((run) => recordedOf(run, whose))
  } finally {
    await scene.sandbox.stop()
  }
}

/** Whose a token is, in the words of a note; none for the one that the document holds before and after. */
type Whose = (token: string) => string | undefined

async function holdersOf(of: { scene: Scene; secretArn: string; old: Fields }): Promise<Whose> {
  const { scene, secretArn, old } = of
  const current = await scene.documentOf(secretArn, 'AWSCURRENT')
  const signer =
    typeof old['signerArn'] === 'string' ? await scene.documentOf(old['signerArn'], 'AWSCURRENT') : {}
  return (token) => {
    const [isOld, isNew] = [token === old['authToken'], token === current.authToken]
    if (isOld && isNew) return undefined
    if (isOld) return 'the old token'
    if (isNew) return 'the new token'
    return 'authToken' in signer && token === signer.authToken ? "the signer's token" : 'a session'
  }
}

function recordedOf({ phase, calls }: PhaseRun, whose: Whose): Recorded {
  const names = namesOf(calls)
  const rounds: Call[][] = []
  let opensAt = Number.NEGATIVE_INFINITY
  for (const [index, call] of calls.entries()) {
    const isNew = call.start >= opensAt
    if (isNew) rounds.push([])
    opensAt = isNew ? call.end : Math.min(opensAt, call.end)
    const to = services[call.request.service]
    rounds.at(-1)?.push({ to, name: plain(names[index] ?? ''), notes: notesOf(call, whose) })
  }
  return { phase, rounds: rounds.map((round) => round.toSorted(inOrder)) }
}

/** Without what differs from one rotation to the next: ids, and numbers that tell the same calls apart. */
function plain(name: string): string {
  return name.replace(/ #\d+$/, '').replaceAll(/\/([a-z]{2,3})-[\w-]+/g, '/$1-…')
}

function notesOf({ request, reply }: TimedCall, whose: Whose): string[] {
  const token = /^Bearer (.+)$/.exec(request.headers?.['authorization'] ?? '')?.[1]
  const holder = request.service === 'dfns' && token !== undefined ? whose(token) : undefined
  const isRefused = request.service === 'dfns' && reply.status >= 400
  return [...(holder === undefined ? [] : [holder]), ...(isRefused ? [String(reply.status)] : [])]
}

const keyOf = ({ to, name, notes }: Call) =>
  [Object.values<string>(services).indexOf(to), name, ...notes].join(' ')

const inOrder = (a: Call, b: Call) => (keyOf(a) < keyOf(b) ? -1 : Number(keyOf(a) > keyOf(b)))
