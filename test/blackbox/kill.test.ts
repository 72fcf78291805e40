import { describe, expect, test } from 'vitest'
import { guideWorld, type Scene } from '../../sandbox/scene.ts'
import type { Fault } from '../../sandbox/wire.ts'
import { currentAuthenticates } from '../support/checkers.ts'
import { testRoles } from '../support/roles.ts'
import { closeScene, watchedScene } from '../support/scene.ts'
import { numbersOf, type Share, sizeOf } from '../support/share.ts'

const hours = 3_600_000

interface Outcome {
  readonly struck: boolean
  readonly problems: readonly string[]
}

/**
 * One rotation, of a secret and an account of their own, whose call number `index` is struck, then as many retries as
 * the engine likes. Where a process was killed the next attempt begins in a new one.
 */
async function schedule(of: { scene: Scene; index: number; fault: Fault }): Promise<Outcome> {
  const { scene, index, fault } = of
  const { orgId } = scene.dfns.createOrganisation()
  const name = `call-${index}`
  const account = scene.openAccount({ orgId, name })
  const secretArn = await scene.keepSecret({ name, document: account.document })
  const problems: string[] = []
  const { wire } = scene.sandbox
  const first = wire.calls.length + 1 // RotateSecret itself is the administrator's.
  let struck = false
  wire.plan = (call) => {
    if (!currentAuthenticates(scene, secretArn))
      problems.push(`AWSCURRENT was refused before ${call.operation}`)
    if (call.index !== first + index) return undefined
    struck = true
    return fault
  }
  await scene.rotate(secretArn)
  await scene.clock.advance(2 * hours)
  await scene.sandbox.engine.settled()
  wire.plan = undefined
  problems.push(...(await endProblems({ scene, secretArn, userId: account.userId })))
  await scene.secretsManager('CancelRotateSecret', { SecretId: secretArn })
  return { struck, problems }
}

async function endProblems(end: { scene: Scene; secretArn: string; userId: string }): Promise<string[]> {
  const { scene, secretArn, userId } = end
  const labels = Object.values(await scene.labelsOf(secretArn)).map((held) => held.toSorted().join())
  const active = scene.dfns.credentials({ userId }).filter(({ isActive }) => isActive)
  const current = await scene.documentOf(secretArn, 'AWSCURRENT')
  const status = await scene.signingStatus(current)
  return [
    ...(labels.join(' ') === 'AWSCURRENT' ? [] : [`labels are ${labels.join(' ')}`]),
    ...(active.length === 1 ? [] : [`${active.length} credentials are active`]),
    ...(active[0]?.credentialId === current.credId ? [] : ['the active credential is not AWSCURRENT']),
    ...(status === 200 ? [] : [`AWSCURRENT signs with status ${status}`]),
  ]
}

interface Tally {
  readonly fault: Fault
  readonly failures: string[]
  readonly numbers: Generator<number, never>
  schedules: number
  isOver: boolean
}

/** Strikes one call after the other until a rotation has fewer calls. */
async function work(tally: Tally): Promise<void> {
  const { fault, failures, numbers } = tally
  const scene = await watchedScene({ dfnsSwitches: guideWorld })
  // Searching a scene's output for its secrets takes longer the more of both there are.
  for (let turn = 0; turn < 10 && !tally.isOver; turn++) {
    const index = numbers.next().value
    const { struck, problems } = await schedule({ scene, index, fault })
    failures.push(...problems.map((problem) => `call ${index}: ${problem}`))
    if (struck) tally.schedules += 1
    else tally.isOver = true
  }
  await closeScene(scene)
  if (!tally.isOver) await work(tally)
}

/** Two scenes at a time. */
async function strike({ fault, share }: { fault: Fault; share: Share }): Promise<Tally> {
  const tally = { fault, failures: [], numbers: numbersOf(share), schedules: 0, isOver: false }
  await Promise.all([work(tally), work(tally)])
  return tally
}

// The tests kill at every call, before it or after it, and lose every request or its reply; `npm run prove` does all.
const cases: readonly (readonly [Fault & string, Share])[] = [
  ['killed-before', { from: 1, of: 2 }],
  ['killed-after', { from: 0, of: 2 }],
  ['lost-before', { from: 0, of: 2 }],
  ['lost-after', { from: 1, of: 2 }],
]

describe('a rotation whose process is killed at any one of its calls converges when Secrets Manager retries', () => {
  test.each(cases)('%s', { timeout: 600_000 }, async (fault, share) => {
    const { schedules, failures } = await strike({ fault, share })
    const failed = new Set(failures.map((text) => text.split(':')[0])).size
    console.log(`${fault}: ${schedules - failed} of ${schedules} schedules converge`)
    expect(failures).toEqual([])
    expect(schedules).toBeGreaterThanOrEqual(sizeOf(50, share))
  })
})

testRoles()
