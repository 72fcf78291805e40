import { expect, test } from 'vitest'
import { createSimulation, type Simulation } from '../simulation/world.ts'

// What long runs found, as short as it gets.

const hourMs = 3_600_000

/** A world with a secret whose grace is a day, and whose first rotation comes in an hour of it. */
async function inGrace() {
  const world = createSimulation({ grace: { default: 'PT24H', adopted: 'PT24H' } })
  const { arn, userId } = await world.addSecret({ name: 'prod/dfns', first: 'own' })
  await world.rotateBy(arn, { AutomaticallyAfterDays: 30 })
  return { world, arn, userId }
}

const holder = (world: Simulation, arn: string, label: string) =>
  [...world.vault.find(arn).versions.values()].find(({ labels }) => labels.has(label))?.id

const update = (world: Simulation, input: object) => world.secretsManager('UpdateSecretVersionStage', input)

const isActive = (world: Simulation, userId: string, index: number) =>
  world.dfns.credentials({ userId }).filter(({ name }) => name !== 'prod/dfns')[index]?.isActive

test('a grace begins anew when what was moved back is superseded again', async () => {
  const { world, arn, userId } = await inGrace()
  await world.rotateNow(arn)
  await world.advance(12 * hourMs)
  const move = { SecretId: arn, VersionStage: 'AWSCURRENT' }
  const back = {
    RemoveFromVersionId: holder(world, arn, 'AWSCURRENT'),
    MoveToVersionId: holder(world, arn, 'AWSPREVIOUS'),
  }
  await update(world, { ...move, ...back })
  await world.rotateNow(arn)
  await world.advance(13 * hourMs)
  expect(isActive(world, userId, 0)).toBe(true)
  world.close()
})

test('the schedule of a rotation that lost to an edit of AWSCURRENT does not shorten the grace of the next', async () => {
  const { world, arn, userId } = await inGrace()
  world.plan = ({ request }) => {
    if (request.operation !== 'UpdateSecretVersionStage') return undefined
    world.plan = undefined
    return {
      meanwhile: async () => {
        const { SecretString } = await world.secretsManager<{ SecretString: string }>('GetSecretValue', {
          SecretId: arn,
        })
        const edited = JSON.stringify({ ...JSON.parse(SecretString), note: 'edited' })
        const token = 'an administrator edits it, by hand and now'
        await world.secretsManager('PutSecretValue', {
          SecretId: arn,
          SecretString: edited,
          ClientRequestToken: token,
        })
      },
    }
  }
  await world.rotateNow(arn)
  await world.advance(12 * hourMs)
  await world.rotateNow(arn)
  await world.advance(13 * hourMs)
  expect(isActive(world, userId, 0)).toBe(true)
  world.close()
})

test('the schedule of a rotation that was given up does not shorten the grace of the next', async () => {
  const { world, arn, userId } = await inGrace()
  world.plan = ({ request }) =>
    request.operation === 'UpdateSecretVersionStage' ? 'killed-before' : undefined
  await world.rotateNow(arn)
  world.plan = undefined
  await update(world, {
    SecretId: arn,
    VersionStage: 'AWSPENDING',
    RemoveFromVersionId: holder(world, arn, 'AWSPENDING'),
  })
  await world.advance(12 * hourMs)
  await world.rotateNow(arn)
  await world.advance(13 * hourMs)
  expect(isActive(world, userId, 0)).toBe(true)
  world.close()
})
