import { type Fields, type Way, ways } from '../../sandbox/demo/subjects.ts'
import type { Host } from '../../sandbox/host.ts'
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
  lambda: 'Lambda',
  logs: 'CloudWatch Logs',
  dfns: 'Dfns',
} as const

/** What is recorded: one rotation of a way, and its end. */
export interface Recording {
  /** In few words: `ServiceAccountKey, self`. */
  readonly name: string
  readonly way: Way
  /** As a tag writes it. */
  readonly grace: string
}

const nameOf = ({ kind, strategy }: Way) => (strategy === undefined ? kind : `${kind}, ${strategy}`)

/** Each way with a grace, in which a webhook has delivered everything, and the first of them without one. */
export const recordings: readonly Recording[] = ways.flatMap((way, index) => {
  const name = nameOf(way)
  const withGrace = { name, way, grace: 'PT26H' }
  return index === 0 ? [withGrace, { name: `${name}, grace PT0S`, way, grace: 'PT0S' }] : [withGrace]
})

// Everything that Dfns does is seen at once: a pause and another look are no part of the protocol.
const atOnce = { listLag: 0, acceptanceLag: 0, webhookListLag: 0 }
const hourMs = 3_600_000

/** One rotation through the built bundles, and the retirement after its grace; on a host, if there is one. */
export async function record(of: {
  recording: Recording
  gate: Gatekeeper
  host?: Host
}): Promise<Recorded[]> {
  const { way, grace } = of.recording
  const scene = await openScene(of.host && { host: of.host })
  try {
    const { wire, functions } = scene.sandbox
    const held = holdReplies({ wire, functions })
    const meter = meterOf({ wire, functions })
    const { document } = await way.open(scene, atOnce)
    const tags = { ...way.tags, 'dfns-rotator:grace': grace }
    const secretArn = await scene.keepSecret({ name: 'prod/dfns', document, tags })
    meter.take()
    held.begin(of.gate)
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
