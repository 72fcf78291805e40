import { describe, expect, test } from 'vitest'
import { type Account, guideWorld, type Scene } from '../../sandbox/scene.ts'
import type { Fault } from '../../sandbox/wire.ts'
import { currentAuthenticates } from '../support/checkers.ts'
import { hour } from '../support/graces.ts'
import { testRoles } from '../support/roles.ts'
import { closeScene, watchedScene } from '../support/scene.ts'
import { numbersOf, type Share, sizeOf } from '../support/share.ts'

// The tests strike each call by one of them; `npm run prove` every call by each.
const cases = [
  ['lost-after', { from: 0, of: 3 }],
  ['killed-before', { from: 1, of: 3 }],
  ['killed-after', { from: 2, of: 3 }],
] as const satisfies readonly (readonly [Fault, Share])[]

interface Struck {
  readonly index: number
  readonly fault: Fault
}

interface Outcome {
  /** What was struck; nothing if rotation and retirement have fewer calls. */
  readonly struck: string | undefined
  readonly problems: readonly string[]
}

const policy = (dfnsUrl: string) =>
  JSON.stringify({ allowedBaseUrls: [dfnsUrl], grace: { default: 'PT1H', adopted: 'PT1H' } })

/**
 * One rotation and the retirement after it, of a secret and an account of their own, in processes that are warm.
 * Call number `index` is struck; then come the retries of Secrets Manager and of Lambda.
 */
async function converge({
  scene,
  name,
  ...strike
}: Struck & { scene: Scene; name: string }): Promise<Outcome> {
  const { orgId } = scene.dfns.createOrganisation()
  const account = scene.openAccount({ orgId, name })
  const secretArn = await scene.keepSecret({ name, document: account.document })
  const watch = watching({ scene, account, secretArn, ...strike })
  await scene.rotate(secretArn)
  await scene.clock.advance(4 * hour)
  await scene.sandbox.engine.settled()
  scene.sandbox.wire.plan = undefined
  const problems = [...watch.problems, ...(await endProblems({ scene, account, secretArn }))]
  await scene.secretsManager('CancelRotateSecret', { SecretId: secretArn })
  return { struck: watch.struck(), problems }
}

/** Strikes one call, and looks at the invariants before each. */
function watching(watch: Struck & { scene: Scene; account: Account; secretArn: string }) {
  const { scene, account, secretArn, index, fault } = watch
  const { clock, dfns, sandbox } = scene
  const first = sandbox.wire.calls.length + 1 // RotateSecret itself is the administrator's.
  const graceEnds = clock.now() + hour
  const problems: string[] = []
  let struck: string | undefined
  sandbox.wire.plan = (call) => {
    if (!currentAuthenticates(scene, secretArn))
      problems.push(`AWSCURRENT was refused before ${call.operation}`)
    const superseded = dfns.state.credentials.get(account.credentialUuid)
    if (clock.now() < graceEnds && superseded?.isActive !== true)
      problems.push(`the old key was refused inside its grace, before ${call.operation}`)
    if (call.index !== first + index) return undefined
    struck = call.operation
    return fault
  }
  return { problems, struck: () => struck }
}

async function endProblems(end: { scene: Scene; account: Account; secretArn: string }): Promise<string[]> {
  const { scene, account, secretArn } = end
  const labels = Object.values(await scene.labelsOf(secretArn)).flat()
  const active = scene.dfns.credentials(account).filter(({ isActive }) => isActive)
  const current = await scene.documentOf(secretArn, 'AWSCURRENT')
  const status = await scene.signingStatus(current)
  const old = await scene.signingStatus(account.document)
  const { scheduler, queues } = scene.sandbox
  const letters = queues.messages('arn:aws:sqs:eu-west-1:000000000000:dfns-rotator-dead-letters')
  const mine = letters.filter(({ body }) => body.includes(secretArn))
  const ids = active.map(({ credentialId }) => credentialId)
  return [
    ...(labels.join() === 'AWSCURRENT' ? [] : [`labels are ${labels.join()}`]),
    ...(ids.join() === current.credId && ids[0] !== account.credId ? [] : [`${ids.length} are active`]),
    ...(status === 200 ? [] : [`AWSCURRENT signs with status ${status}`]),
    ...(old === 401 ? [] : [`the old key signs with status ${old}`]),
    ...(scheduler.list().length === 0 ? [] : ['a schedule is left']),
    ...(mine.length === 0 ? [] : ['a retirement was given up']),
  ]
}

interface Tally {
  readonly fault: Fault
  readonly failures: string[]
  readonly struck: string[]
  readonly numbers: Generator<number, never>
  isOver: boolean
}

/** Strikes one call after the other until there are no more; a process lives on unless it is killed. */
async function work(tally: Tally): Promise<void> {
  const scene = await watchedScene({ dfnsSwitches: guideWorld, policy })
  // Searching a scene's output for its secrets takes longer the more of both there are.
  for (let turn = 0; turn < 10 && !tally.isOver; turn++) {
    const { fault } = tally
    const index = tally.numbers.next().value
    const { struck, problems } = await converge({ scene, fault, index, name: `call-${index}` })
    tally.failures.push(...problems.map((problem) => `call ${index} (${struck}): ${problem}`))
    if (struck === undefined) tally.isOver = true
    else tally.struck.push(struck)
  }
  await closeScene(scene)
  if (!tally.isOver) await work(tally)
}

/** Two scenes at a time. */
async function strike({ fault, share }: { fault: Fault; share: Share }): Promise<Tally> {
  const tally: Tally = { fault, failures: [], struck: [], numbers: numbersOf(share), isOver: false }
  await Promise.all([work(tally), work(tally)])
  return tally
}

const ofBoth = [
  'PutSecretValue',
  'CreateSchedule',
  'UpdateSecretVersionStage',
  'POST /auth/credentials',
  'PUT /auth/credentials/deactivate',
  'GET /auth/action/logs',
]

describe('a rotation and its retirement converge, whichever call is struck in a warm process', () => {
  const all: string[] = []

  test.each(cases)('%s', { timeout: 600_000 }, async (fault, share) => {
    const { struck, failures } = await strike({ fault, share })
    const failed = new Set(failures.map((text) => text.split(':')[0])).size
    all.push(...struck.map((operation) => operation.replace(/\?.*$/, '')))
    console.log(`${fault}: ${struck.length - failed} of ${struck.length} schedules converge`)
    expect(failures).toEqual([])
    expect(struck.length).toBeGreaterThanOrEqual(sizeOf(50, share))
  })

  test('those that are struck are of both', () => {
    for (const operation of ofBoth) expect(all).toContain(operation)
  })
})

testRoles()
