import { describe, expect, test } from 'vitest'
import { selfRotation } from '../../sandbox/dfns/switches.ts'
import { otherKinds, worldOf } from './matrix.ts'
import { receiverUrl, type SimulatedKind } from './secrets.ts'
import { createSimulation, type Simulation } from './world.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

const kinds: readonly SimulatedKind[] = [
  'ServiceAccountKey',
  ...new Set(otherKinds.flatMap(({ kind }) => kind ?? [])),
]

async function open(kind: SimulatedKind) {
  const world = createSimulation({
    grace: { default: 'PT24H', adopted: 'PT24H' },
    switches: worldOf(kind),
  })
  world.dfns.receive({ url: receiverUrl, respond: () => ({ status: 200 }) })
  const { arn } = await world.addSecret({ name: 'prod/dfns', kind, fields: { note: 'kept' } })
  return { world, arn }
}

/** What the two functions made at Dfns. */
const made = ({ dfns }: Simulation) =>
  dfns.effects().filter(({ kind, by }) => by !== 'administrator' && kind.endsWith('created'))

const codes = ({ engine }: Simulation) =>
  engine.progress.items.flatMap((item) =>
    item.type === 'step-ended' && !item.ok ? [`${item.step} ${item.errorType}`] : [],
  )

const current = (world: Simulation, arn: string) =>
  [...world.vault.find(arn).versions.values()].find(({ labels }) => labels.has('AWSCURRENT'))?.id

describe.each(kinds)('%s', (kind) => {
  test('a test rotation passes, and nothing is made', async () => {
    const { world, arn } = await open(kind)
    await world.rotateBy(arn, { AutomaticallyAfterDays: 30 })
    expect(codes(world)).toEqual([])
    expect(world.counts.invocations).toBe(1)
    expect(made(world)).toEqual([])
    expect(world.findings).toEqual([])
    world.close()
  })

  test('rotates, and once more at once: never a third generation of a webhook, three of a key', async () => {
    const { world, arn } = await open(kind)
    await world.rotateNow(arn)
    const first = current(world, arn)
    await world.rotateNow(arn)
    const refused = kind === 'webhook' ? ['createSecret ERR_PREVIOUS_IN_GRACE'] : []
    expect([...new Set(codes(world))]).toEqual(refused)
    expect(current(world, arn) === first).toBe(kind === 'webhook')
    await world.advance(40 * dayMs)
    expect(world.findings).toEqual([])
    expect(world.checkers.unconverged(arn)).toEqual([])
    world.close()
  })

  test.each(['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const)(
    'is rotated by the next attempt where %s failed',
    async (phase) => {
      const { world, arn } = await open(kind)
      let struck = false
      world.plan = ({ invocation, request }) => {
        if (struck || invocation.phase !== phase || request.service !== 'dfns') return undefined
        struck = true
        return 'killed-before'
      }
      await world.rotateNow(arn)
      expect(codes(world)).toEqual([`${phase} Runtime.ExitError`])
      await world.advance(2 * hourMs)
      expect(world.counts.rotations).toBe(1)
      await world.advance(9 * dayMs)
      expect(world.findings).toEqual([])
      expect(world.checkers.unconverged(arn)).toEqual([])
      world.close()
    },
  )
})

describe('where Dfns refuses it and nobody may sign instead, nothing is made', () => {
  test.each([
    ['ServiceAccountKey', 'all of it', selfRotation.allRefused, 'ERR_NOT_ALLOWED'],
    ['ServiceAccountKey', 'all of it, with 401', selfRotation.allUnauthorised, 'ERR_NOT_ALLOWED'],
    ['ServiceAccountKey', 'the list alone', selfRotation.createAllowedListRefused, 'ERR_CANNOT_RETIRE'],
    ['PersonalAccessTokenKey', 'all of it', selfRotation.allRefused, 'ERR_NOT_ALLOWED'],
  ] as const)('%s: %s', async (kind, _, refused, code) => {
    const world = createSimulation({ switches: { ...worldOf(kind), selfRotation: refused } })
    const { arn } = await world.addSecret({ name: 'prod/dfns', kind })
    const before = current(world, arn)
    await world.rotateNow(arn)
    expect(codes(world)).toEqual([`createSecret ${code}`])
    expect(made(world)).toEqual([])
    expect(current(world, arn)).toBe(before)
    world.close()
  })
})

test('where Dfns lets a service account create and not list, its signer replaces it', async () => {
  const kind = 'replaced account'
  const switches = { ...worldOf(kind), selfRotation: selfRotation.createAllowedListRefused }
  const world = createSimulation({ switches })
  const { arn } = await world.addSecret({ name: 'prod/dfns', kind })
  await world.rotateNow(arn)
  expect(codes(world)).toEqual([])
  expect(made(world).map((effect) => effect.kind)).toContain('service account created')
  expect(world.findings).toEqual([])
  world.close()
})
