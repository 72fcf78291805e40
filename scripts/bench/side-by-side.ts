import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Fields, type Way, ways } from '../../sandbox/demo/subjects.ts'
import { openScene, type Scene } from '../../sandbox/scene.ts'
import { callsInOrder } from './chain.ts'
import { median, sum } from './figures.ts'
import { buildGuide } from './guide/bundle.ts'
import { type Host, host, hostBuilt, type Usage } from './host.ts'
import { type Meter, meterOf, type PhaseRun, type TimedCall } from './meter.ts'
import { namesOf } from './names.ts'

/** What Dfns's guide describes: each of these kinds by itself. */
export const guidedWays: readonly Way[] = ways.filter(
  ({ kind, strategy }) => strategy === 'self' || kind === 'WebhookSecret',
)

/** One way to get from an old credential to a new one, the old one ended. */
export interface Contender {
  /** All of them, those of a net that finds nothing to do, too. */
  readonly calls: { readonly aws: number; readonly dfns: number }
  /** Calls that were made one after the other until the old one was ended. */
  readonly inOrder: number
  /** Of requests and replies, headers and bodies, as both ends see them: without TLS. */
  readonly kib: number
  /** Until the old one was ended, a grace not counted: the fastest. */
  readonly wallMs: number
  /** Of the functions' processes, a rotation in warm ones. */
  readonly warmCpuMs: number
  /** The first rotation: with the start of every process that it needs. */
  readonly coldCpuMs: number
  /** Of the largest process, after the first rotation. */
  readonly peakMiB: number
  readonly heapMiB: number
}

/** Of a way: by the guide's script, by dfns-rotator without a grace, and with one and its retirement. */
export interface Compared {
  readonly name: string
  readonly script: Contender
  /** A webhook has none: it stays for what it still has to deliver. */
  readonly atOnce?: Contender
  readonly afterGrace: Contender
}

interface Measure {
  readonly delayMs: number
  readonly runs: number
}

const hourMs = 3_600_000
// Everything that Dfns does is seen at once: a pause and another look belong to no protocol.
const atOnce = { listLag: 0, acceptanceLag: 0, webhookListLag: 0 }

/** Rotates each way by the script and by dfns-rotator: same sandbox, delay of every call, and runtime. */
export async function compare(
  measure: Measure & { ways?: readonly Way[]; onWay?: (name: string) => void },
): Promise<readonly Compared[]> {
  return withGuide(async (bundle) => {
    const all: Compared[] = []
    for (const way of measure.ways ?? guidedWays) {
      measure.onWay?.(way.kind)
      all.push({
        name: way.kind,
        script: await contend(measure, way, (scene) => byScript({ scene, bundle })),
        ...(way.kind !== 'WebhookSecret' && {
          atOnce: await contend(measure, way, (scene) => byRotator({ scene, grace: 'PT0S' })),
        }),
        afterGrace: await contend(measure, way, (scene) => byRotator({ scene, grace: 'PT26H' })),
      })
    }
    return all
  })
}

/** The script's bundle in a file, for as long as it is used. */
async function withGuide<T>(use: (bundle: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'dfns-rotator-guide-'))
  try {
    const bundle = join(folder, 'guide.mjs')
    await buildGuide(bundle)
    return await use(bundle)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The calls of the script, in their order, when it replaces a service account's key. */
export async function scriptCalls(): Promise<readonly string[]> {
  return withGuide(async (bundle) => {
    const [way] = guidedWays
    const scene = await openScene()
    const driver = byScript({ scene, bundle })
    try {
      const meter = meterOf(scene.sandbox)
      const { document } = (await way?.open(scene, atOnce)) ?? {}
      if (document === undefined) throw new Error('there is nothing to rotate')
      await driver.rotate(await driver.keep(document))
      return meter.take().flatMap(({ calls }) => namesOf(calls))
    } finally {
      await Promise.all(driver.hosts.map((one) => one.stop()))
      await scene.sandbox.stop()
    }
  })
}

interface Driver {
  readonly hosts: readonly Host[]
  keep(document: Fields): Promise<string>
  rotate(secretArn: string): Promise<void>
}

function byScript({ scene, bundle }: { scene: Scene; bundle: string }): Driver {
  const { sandbox } = scene
  const script = host({ sandbox, name: 'guide', bundle })
  return {
    hosts: [script],
    keep: async (document) => {
      const { ARN } = await scene.secretsManager<{ ARN: string }>('CreateSecret', {
        Name: 'prod/dfns',
        SecretString: JSON.stringify(document),
        ClientRequestToken: randomUUID(),
      })
      return ARN
    },
    rotate: async (secretArn) => {
      await sandbox.functions.get(script.arn)?.invoke({ secretArn })
    },
  }
}

function byRotator({ scene, grace }: { scene: Scene; grace: string }): Driver {
  const { sandbox, functionArn, retireArn } = scene
  const tags = { 'dfns-rotator:grace': grace }
  return {
    hosts: [functionArn, retireArn].map((arn) => hostBuilt({ sandbox, arn })),
    keep: (document) => scene.keepSecret({ name: 'prod/dfns', document, tags }),
    rotate: async (secretArn) => {
      await scene.rotate(secretArn)
      await scene.clock.advance(27 * hourMs)
    },
  }
}

async function contend(
  { delayMs, runs }: Measure,
  way: Way,
  driverOf: (scene: Scene) => Driver,
): Promise<Contender> {
  const scene = await openScene()
  const driver = driverOf(scene)
  try {
    const meter = meterOf(scene.sandbox)
    const subject = await way.open(scene, atOnce)
    const { document } = subject
    const secretArn = await driver.keep(document)
    meter.take()
    await driver.rotate(secretArn)
    const first = meter.take()
    const cold = usageOf(driver)
    if (await subject.isAccepted(document)) throw new Error(`${way.kind}: the old credential still works`)
    const warm = await rotations({ meter, driver, secretArn }, { delayMs: 0, runs: 2 * runs })
    const late = await rotations({ meter, driver, secretArn }, { delayMs, runs })
    const walls = late.map(({ invocations }) => sum(untilEnded(invocations).map(({ wallMs }) => wallMs)))
    const calls = first.flatMap((run) => run.calls)
    const dfns = calls.filter(({ request }) => request.service === 'dfns').length
    return {
      calls: { aws: calls.length - dfns, dfns },
      inOrder: sum(untilEnded(late[0]?.invocations ?? []).map((run) => callsInOrder(run.calls))),
      kib: sum(calls.map(bytesOf)) / 1_024,
      wallMs: Math.min(...walls),
      warmCpuMs: median(warm.map(({ cpuMs }) => cpuMs)),
      coldCpuMs: cold.cpuMs,
      peakMiB: cold.peakMiB,
      heapMiB: cold.heapMiB,
    }
  } finally {
    await Promise.all(driver.hosts.map((one) => one.stop()))
    await scene.sandbox.stop()
  }
}

interface Rotating {
  readonly meter: Meter
  readonly driver: Driver
  readonly secretArn: string
}

interface Rotation {
  readonly invocations: readonly PhaseRun[]
  /** Of all processes together. */
  readonly cpuMs: number
}

async function rotations(rotating: Rotating, { delayMs, runs }: Measure): Promise<readonly Rotation[]> {
  const { meter, driver, secretArn } = rotating
  meter.delayMs = delayMs
  const made: Rotation[] = []
  while (made.length < runs) {
    const before = usageOf(driver).cpuMs
    await driver.rotate(secretArn)
    made.push({ invocations: meter.take(), cpuMs: usageOf(driver).cpuMs - before })
  }
  return made
}

/** Up to the one that deactivates or deletes; after it comes at most the net of a grace of zero. */
function untilEnded(invocations: readonly PhaseRun[]): readonly PhaseRun[] {
  const ends = ({ request: { operation } }: TimedCall) =>
    operation === 'PUT /auth/credentials/deactivate' || operation.startsWith('DELETE /webhooks/')
  return invocations.slice(0, invocations.findLastIndex(({ calls }) => calls.some(ends)) + 1)
}

function usageOf({ hosts }: Driver): Usage {
  const all = hosts.map((one) => one.usage())
  return {
    cpuMs: sum(all.map(({ cpuMs }) => cpuMs)),
    peakMiB: Math.max(...all.map(({ peakMiB }) => peakMiB)),
    heapMiB: Math.max(...all.map(({ heapMiB }) => heapMiB)),
  }
}

function bytesOf({ request, reply }: TimedCall): number {
  const ofHeaders = (headers: Readonly<Record<string, string>> = {}) =>
    sum(Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`.length))
  const asked = ofHeaders(request.headers) + (request.path ?? '').length + Buffer.byteLength(request.body)
  return asked + ofHeaders(reply.headers) + Buffer.byteLength(reply.body)
}
