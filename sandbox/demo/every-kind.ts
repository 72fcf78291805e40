import { openScene, type Scene } from '../scene.ts'
import type { Screen } from './screen.ts'
import { type Fields, type Kind, type Subject, type Way, ways } from './subjects.ts'

/** One way after its rotation. */
interface Rotated {
  readonly way: Way
  readonly subject: Subject
  readonly old: Fields
  readonly current: Fields
  readonly signer: string
  /** Of the four steps, how many ended well. */
  readonly steps: number
  readonly isOldAccepted: boolean
  readonly isNewAccepted: boolean
  readonly dfnsCalls: number
}

// More than the 25 hours that an old webhook stays because of what it may have to deliver.
const graceHours = 26
const hourMs = 3_600_000

/** One rotation of each kind and strategy, or of one kind alone, and the end of every grace. */
export async function rotateEveryKind(told: { screen: Screen; title: string; kind?: Kind }): Promise<void> {
  const { screen, title, kind } = told
  screen.title(title)
  const scene = await openScene()
  try {
    const rotated: Rotated[] = []
    for (const way of ways) {
      if (kind === undefined || way.kind === kind) rotated.push(await rotate({ scene, way }))
    }
    showTable(screen, rotated)
    screen.text('')
    for (const one of rotated) screen.observe(isAsPromised(one), promiseOf(one))
    screen.text('')
    screen.text(`${graceHours} hours pass on the virtual clock: every grace is over.`)
    await scene.clock.advance((graceHours + 1) * hourMs)
    await scene.sandbox.engine.settled()
    for (const one of rotated) screen.observe(await isGone(one), `${nameOf(one.way)}: ${endOf(one.way)}`)
  } finally {
    await scene.sandbox.stop()
  }
}

async function rotate({ scene, way }: { scene: Scene; way: Way }): Promise<Rotated> {
  const subject = await way.open(scene)
  const tags = { ...way.tags, 'dfns-rotator:grace': `PT${graceHours}H` }
  const name = `prod/dfns/${subject.orgId}`
  const secretArn = await scene.keepSecret({ name, document: subject.document, tags })
  const { progress } = scene.sandbox.engine
  const { calls } = scene.sandbox.wire
  const before = { steps: progress.items.length, calls: calls.length }
  await scene.rotate(secretArn)
  const steps = progress.items.slice(before.steps).filter((one) => one.type === 'step-ended' && one.ok).length
  const dfnsCalls = calls.slice(before.calls).filter(({ request }) => request.service === 'dfns').length
  const signer = subject.maker()
  const old: Fields = subject.document
  const current: Fields = await scene.documentOf(secretArn, 'AWSCURRENT')
  const isOldAccepted = await subject.isAccepted(old)
  const isNewAccepted = await subject.isAccepted(current)
  return { way, subject, old, current, signer, steps, dfnsCalls, isOldAccepted, isNewAccepted }
}

function showTable(screen: Screen, rotated: readonly Rotated[]): void {
  screen.table({
    head: ['kind', 'who signed', 'phases', 'what changed', 'old one', 'Dfns calls'],
    rows: rotated.map((one) => [
      one.way.kind,
      one.signer,
      Array.from({ length: 4 }, (_, step) => (step < one.steps ? '✓' : '✗')).join(' '),
      changed(one).join(' '),
      one.isOldAccepted ? 'works' : 'refused',
      String(one.dfnsCalls),
    ]),
  })
}

const changed = ({ old, current }: Rotated) =>
  Object.keys(current).filter((name) => JSON.stringify(current[name]) !== JSON.stringify(old[name]))

const nameOf = ({ kind, strategy }: Way) => (strategy === undefined ? kind : `${kind}, ${strategy}`)

const isAsPromised = (one: Rotated) =>
  one.signer === one.way.signer &&
  one.steps === 4 &&
  changed(one).length > 0 &&
  one.isOldAccepted &&
  one.isNewAccepted

const promiseOf = ({ way }: Rotated) =>
  `${nameOf(way)}: signed by ${way.signer}, new one works, and still the old one`

const endOf = ({ kind }: Way) =>
  kind === 'WebhookSecret'
    ? 'the old webhook is deleted, the new one delivers'
    : 'the old key is refused, the new one works'

const isGone = async ({ subject, old, current }: Rotated) =>
  !(await subject.isAccepted(old)) && (await subject.isAccepted(current))
