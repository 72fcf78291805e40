import { describe, expect, test } from 'vitest'
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

/** An administrator edits a field of AWSCURRENT, and leaves the credential as it is. */
async function putEdited(world: Simulation, arn: string): Promise<void> {
  const { SecretString: text } = await world.secretsManager<{ SecretString: string }>('GetSecretValue', {
    SecretId: arn,
  })
  const SecretString = JSON.stringify({ ...JSON.parse(text), note: 'edited' })
  const ClientRequestToken = 'an administrator edits it, by hand and now'
  await world.secretsManager('PutSecretValue', { SecretId: arn, SecretString, ClientRequestToken })
}

const isActive = (world: Simulation, userId: string, index: number) =>
  world.dfns.credentials({ userId }).filter(({ name }) => name !== 'prod/dfns')[index]?.isActive

const moveBack = (world: Simulation, arn: string) =>
  update(world, {
    SecretId: arn,
    VersionStage: 'AWSCURRENT',
    RemoveFromVersionId: holder(world, arn, 'AWSCURRENT'),
    MoveToVersionId: holder(world, arn, 'AWSPREVIOUS'),
  })

test('a grace begins anew when what was moved back is superseded again', async () => {
  const { world, arn, userId } = await inGrace()
  await world.rotateNow(arn)
  await world.advance(12 * hourMs)
  await moveBack(world, arn)
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
      meanwhile: () => putEdited(world, arn),
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

test('an older schedule does not cut a grace short, however often AWSCURRENT moved on since', async () => {
  const { world, arn, userId } = await inGrace()
  await world.rotateNow(arn)
  await world.advance(12 * hourMs)
  await moveBack(world, arn)
  await world.rotateNow(arn)
  await world.rotateNow(arn)
  await world.advance(13 * hourMs)
  expect(isActive(world, userId, 0)).toBe(true)
  await world.advance(12 * hourMs)
  expect(isActive(world, userId, 0)).toBe(false)
  world.close()
})

test('nor does a retirement that had to wait', async () => {
  const { world, arn, userId } = await inGrace()
  await world.rotateNow(arn)
  world.plan = ({ invocation, request }) =>
    invocation.phase === 'retire' && request.service === 'dfns' ? 'lost-before' : undefined
  await world.advance(24.1 * hourMs)
  world.plan = undefined
  await moveBack(world, arn)
  await world.rotateNow(arn)
  await world.rotateNow(arn)
  await world.advance(hourMs)
  expect(isActive(world, userId, 0)).toBe(true)
  await world.advance(24 * hourMs)
  expect(isActive(world, userId, 0)).toBe(false)
  world.close()
})

test('AWSCURRENT that moves while a retirement looks, to what it does not retire, only puts it off', async () => {
  const { world, arn, userId } = await inGrace()
  await world.rotateNow(arn)
  world.plan = ({ invocation, request }) => {
    if (invocation.phase !== 'retire' || request.operation !== 'GET /auth/credentials') return undefined
    world.plan = undefined
    return {
      meanwhile: () => putEdited(world, arn),
    }
  }
  await world.advance(25 * hourMs)
  expect(isActive(world, userId, 0)).toBe(false)
  expect(world.asyncInvocations.attempts.items.map(({ result }) => result.ok)).toEqual([true, true])
  world.close()
})

test('a move back that stale reads hide from a retirement is seen when AWSPREVIOUS is to be removed', async () => {
  const { world, arn, userId } = await inGrace()
  await world.rotateNow(arn)
  world.plan = ({ invocation, request }) => {
    if (invocation.phase !== 'retire' || request.operation !== 'PUT /auth/credentials/deactivate')
      return undefined
    world.plan = undefined
    return {
      meanwhile: async () => {
        world.vault.staleReads = 2
        await moveBack(world, arn)
      },
    }
  }
  await world.advance(25 * hourMs)
  expect(isActive(world, userId, 0)).toBe(true)
  const codes = world.asyncInvocations.attempts.items.map(({ result }) => !result.ok && result.errorType)
  expect(codes).toEqual(['ERR_RETIRE_UNDONE', 'ERR_RETIRE_REFUSED', 'ERR_RETIRE_REFUSED'])
  world.close()
})

describe('a retirement that was undone because the token died is not tried again', () => {
  const dying = async (grace: string) => {
    const world = createSimulation({
      grace: { default: grace, adopted: grace },
      switches: { tokenDiesWithItsCredential: true },
    })
    const { arn, userId } = await world.addSecret({ name: 'prod/dfns' })
    await world.rotateNow(arn)
    await world.advance(25 * hourMs)
    const kinds = world.dfns.effects({ userId }).map(({ kind }) => kind)
    const deactivations = kinds.filter((kind) => kind === 'credential deactivated').length
    const [first] = world.dfns.credentials({ userId })
    const labels = [...world.vault.find(arn).versions.values()].flatMap((version) => [...version.labels])
    const marks = labels.filter((label) => label.startsWith('dfns-retire-undone-')).length
    return { world, deactivations, marks, isActive: first?.isActive }
  }

  test("by Lambda's retries, which all end with the code, so that an alarm hears of it", async () => {
    const { world, ...seen } = await dying('PT24H')
    expect(seen).toEqual({ deactivations: 1, marks: 1, isActive: true })
    const codes = world.asyncInvocations.attempts.items.map(({ result }) => !result.ok && result.errorType)
    expect(codes).toEqual(['ERR_RETIRE_UNDONE', 'ERR_RETIRE_UNDONE', 'ERR_RETIRE_UNDONE'])
    expect(world.queues.messages(world.deadLetterArn)).toHaveLength(1)
    world.close()
  })

  test("nor by Secrets Manager's retry of finishSecret, which lets the rotation end, nor by the net", async () => {
    const { world, ...seen } = await dying('PT0S')
    expect(seen).toEqual({ deactivations: 1, marks: 1, isActive: true })
    expect(world.counts.rotations).toBe(1)
    expect(world.queues.messages(world.deadLetterArn)).toHaveLength(1)
    world.close()
  })
})

describe('hold-if-used', () => {
  /** Half an hour of grace, in a world where the account may read Dfns's audit log. */
  const halfAnHour = async () => {
    const world = createSimulation({
      grace: { default: 'PT30M', adopted: 'PT30M' },
      switches: { unsettledRows: 'allow' },
    })
    const { arn, userId } = await world.addSecret({
      name: 'prod/dfns',
      tags: { 'dfns-rotator:hold-if-used': 'true' },
    })
    world.dfns.assignPermission({ userId, operations: ['Auth:Logs:Read'] })
    await world.rotateNow(arn)
    const first = () => world.dfns.credentials({ userId })[0]
    return { world, userId, first }
  }

  test('does not hold for what the old key signed for the rotation itself', async () => {
    const { world, first } = await halfAnHour()
    await world.advance(0.6 * hourMs)
    expect(first()?.isActive).toBe(false)
    world.close()
  })

  test('holds for what an application signed within the grace, for one grace more', async () => {
    const { world, userId, first } = await halfAnHour()
    await world.advance(0.25 * hourMs)
    const { state } = world.dfns
    const [line] = state.logs.values()
    const { credentialUuid = '' } = first() ?? {}
    if (line === undefined) throw new Error('the rotation signed nothing')
    state.logs.set('an application', { ...line, userId, credentialUuid, at: world.clock.now() })
    await world.advance(0.35 * hourMs)
    expect(first()?.isActive).toBe(true)
    await world.advance(0.6 * hourMs)
    expect(first()?.isActive).toBe(false)
    world.close()
  })
})

test('the end of a grace does not hang on the permission to read schedules, but one that had to wait does', async () => {
  const { world, arn, userId } = await inGrace()
  const refused = {
    reply: { status: 403, headers: { 'x-amzn-errortype': 'AccessDeniedException' }, body: '{}' },
  }
  world.plan = ({ request }) => (request.operation === 'GetSchedule' ? refused : undefined)
  await world.rotateNow(arn)
  await world.advance(25 * hourMs)
  expect(isActive(world, userId, 0)).toBe(false)
  await world.rotateNow(arn)
  let isAway = true
  world.plan = ({ request, invocation }) => {
    if (request.operation === 'GetSchedule') return refused
    return isAway && invocation.phase === 'retire' && request.service === 'dfns' ? 'lost-before' : undefined
  }
  await world.advance(24.1 * hourMs)
  isAway = false
  await world.advance(hourMs)
  expect(isActive(world, userId, 1)).toBe(true)
  expect(world.queues.messages(world.deadLetterArn)).toHaveLength(1)
  world.close()
})
