import { describe, expect, test } from 'vitest'
import { guideWorld, type Scene } from '../../sandbox/scene.ts'
import type { Fault } from '../../sandbox/wire.ts'
import { currentAuthenticates } from '../support/checkers.ts'
import { testRoles } from '../support/roles.ts'
import { closeScene, watchedScene } from '../support/scene.ts'

const hours = 3_600_000

interface Outcome {
  readonly struck: boolean
  readonly problems: readonly string[]
}

/** One rotation whose call number `index` is struck, then as many retries as the engine likes. */
async function schedule({ index, fault }: { index: number; fault: Fault }): Promise<Outcome> {
  const scene = await watchedScene({ dfnsSwitches: guideWorld })
  const { account, secretArn } = await secretUnderRotation(scene)
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
  await closeScene(scene)
  return { struck, problems }
}

async function secretUnderRotation(scene: Scene) {
  const { orgId } = scene.dfns.createOrganisation()
  const account = scene.openAccount({ orgId, name: 'payments' })
  const secretArn = await scene.keepSecret({ name: 'prod/dfns', document: account.document })
  return { account, secretArn }
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

/** Strikes call 0, 1, 2 … until a rotation has fewer calls; three schedules at a time. */
async function everyCall(fault: Fault): Promise<{ schedules: number; failures: string[] }> {
  const failures: string[] = []
  let next = 0
  let schedules = 0
  const work = async (): Promise<void> => {
    const index = next++
    const { struck, problems } = await schedule({ index, fault })
    failures.push(...problems.map((problem) => `call ${index}: ${problem}`))
    if (!struck) return
    schedules += 1
    await work()
  }
  await Promise.all([work(), work(), work()])
  return { schedules, failures }
}

describe('a rotation whose process is killed at any one of its calls converges when Secrets Manager retries', () => {
  test.each(['killed-before', 'killed-after', 'lost-before', 'lost-after'] as const)(
    '%s',
    { timeout: 240_000 },
    async (fault) => {
      const { schedules, failures } = await everyCall(fault)
      console.log(
        `${fault}: ${schedules - new Set(failures.map((text) => text.split(':')[0])).size} of ${schedules} schedules converge`,
      )
      expect(failures).toEqual([])
      expect(schedules).toBeGreaterThan(40)
    },
  )
})

testRoles()
