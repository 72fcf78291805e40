import { describe, expect, it } from 'vitest'
import { createWorld, DAY, errorOf, version, type World } from './world.ts'

const put = (world: World, n: number, labels?: string[]) =>
  world.call('PutSecretValue', {
    SecretId: 'demo',
    SecretString: `value ${n}`,
    ClientRequestToken: version(n),
    ...(labels && { VersionStages: labels }),
  })

const move = (world: World, label: string, from: number | undefined, to: number | undefined) =>
  world.call('UpdateSecretVersionStage', {
    SecretId: 'demo',
    VersionStage: label,
    ...(from !== undefined && { RemoveFromVersionId: version(from) }),
    ...(to !== undefined && { MoveToVersionId: version(to) }),
  })

function demo(vault: Parameters<typeof createWorld>[0] = {}): World {
  const world = createWorld(vault)
  world.createDemo()
  return world
}

function promoted(): World {
  const world = demo()
  put(world, 2, ['AWSPENDING'])
  move(world, 'AWSCURRENT', 1, 2)
  return world
}

describe('2: the label engine, row by row as recorded from AWS (rotation-protocol 1.4)', () => {
  it('put v2 with AWSPENDING: v1 stays current', () => {
    const world = demo()
    put(world, 2, ['AWSPENDING'])
    expect(world.labels()).toEqual({ v1: ['AWSCURRENT'], v2: ['AWSPENDING'] })
  })

  it('moving AWSCURRENT to v2 makes v1 AWSPREVIOUS and leaves AWSPENDING on v2', () => {
    expect(promoted().labels()).toEqual({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT', 'AWSPENDING'] })
  })

  it('then put v3 without stages: AWSPREVIOUS goes to v2 and the leftover AWSPENDING vanishes', () => {
    const world = promoted()
    put(world, 3)
    expect(world.labels()).toEqual({ v2: ['AWSPREVIOUS'], v3: ['AWSCURRENT'] })
  })

  it('or then put v3 with AWSPENDING: the label moves there', () => {
    const world = promoted()
    put(world, 3, ['AWSPENDING'])
    expect(world.labels()).toEqual({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'], v3: ['AWSPENDING'] })
  })

  it('when AWSCURRENT moves again the old AWSPREVIOUS moves, and custom labels stay', () => {
    const world = demo()
    put(world, 2, ['AWSCURRENT', 'mine'])
    put(world, 3)
    expect(world.labels()).toEqual({ v2: ['AWSPREVIOUS', 'mine'], v3: ['AWSCURRENT'] })
  })

  it('put with labels held elsewhere moves those; the other version keeps the rest', () => {
    const world = demo()
    put(world, 2, ['one', 'two'])
    put(world, 3, ['two'])
    expect(world.labels()).toEqual({ v1: ['AWSCURRENT'], v2: ['one'], v3: ['two'] })
  })

  it('the first version of an empty secret gets AWSCURRENT even if other stages were asked', () => {
    const world = createWorld()
    world.call('CreateSecret', { Name: 'demo', ClientRequestToken: version(8) })
    put(world, 1, ['AWSPENDING'])
    expect(world.labels().v1).toContain('AWSCURRENT')
  })

  it('removing a label deprecates a version that has no other: hidden, and listed on request without VersionStages', () => {
    const world = demo()
    put(world, 2, ['mine'])
    move(world, 'mine', 2, undefined)
    expect(world.labels()).toEqual({ v1: ['AWSCURRENT'] })
    const list = (input: object) =>
      world.call('ListSecretVersionIds', { SecretId: 'demo', ...input }).Versions
    expect(list({})).toMatchObject([{ VersionId: version(1) }])
    const all = list({ IncludeDeprecated: true })
    const shown = { CreatedDate: 1_767_571_200, KmsKeyIds: ['DefaultEncryptionKey'] }
    expect(all).toEqual([
      { VersionId: version(1), VersionStages: ['AWSCURRENT'], ...shown },
      { VersionId: version(2), ...shown },
    ])
  })

  it('moving AWSCURRENT back makes the bad version AWSPREVIOUS; whether it keeps AWSPENDING is a switch, kept by default', () => {
    const outcomes = (['kept', 'dropped'] as const).map((leftoverPending) => {
      const world = demo({ vault: { leftoverPending } })
      put(world, 2, ['AWSPENDING'])
      move(world, 'AWSCURRENT', 1, 2)
      move(world, 'AWSCURRENT', 2, 1)
      return world.labels()
    })
    expect(outcomes).toEqual([
      { v1: ['AWSCURRENT'], v2: ['AWSPENDING', 'AWSPREVIOUS'] },
      { v1: ['AWSCURRENT'], v2: ['AWSPREVIOUS'] },
    ])
    expect(demo().vault.switches.leftoverPending).toBe('kept')
  })
})

describe('2: moves are a compare-and-set', () => {
  it('a label that is attached moves only from its exact holder', () => {
    const world = demo()
    put(world, 2, ['AWSPENDING'])
    put(world, 3, ['mine'])
    expect(errorOf(() => move(world, 'AWSCURRENT', 2, 3)).code).toBe('InvalidParameterException')
    expect(errorOf(() => move(world, 'mine', undefined, 2)).code).toBe('InvalidParameterException')
    expect(world.labels()).toEqual({ v1: ['AWSCURRENT'], v2: ['AWSPENDING'], v3: ['mine'] })
  })

  it('of two moves from the same holder the second is refused', () => {
    const world = demo()
    put(world, 2, ['a'])
    put(world, 3, ['b'])
    move(world, 'AWSCURRENT', 1, 2)
    expect(errorOf(() => move(world, 'AWSCURRENT', 1, 3)).code).toBe('InvalidParameterException')
    expect(world.labels()).toMatchObject({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT', 'a'] })
  })

  it('AWSCURRENT cannot be removed altogether', () => {
    const world = demo()
    expect(errorOf(() => move(world, 'AWSCURRENT', 1, undefined)).code).toBe('InvalidParameterException')
  })

  it('promotion of an empty version is a switch, possible by default', () => {
    const outcomes = [true, false].map((promotesEmptyVersions) => {
      const world = demo({ vault: { promotesEmptyVersions } })
      world.rotate()
      if (!promotesEmptyVersions) return errorOf(() => move(world, 'AWSCURRENT', 1, 2)).code
      move(world, 'AWSCURRENT', 1, 2)
      return world.labels().v2
    })
    expect(outcomes).toEqual([['AWSCURRENT', 'AWSPENDING'], 'InvalidRequestException'])
    expect(demo().vault.switches.promotesEmptyVersions).toBe(true)
  })
})

describe('PutSecretValue (rotation-protocol 1.5)', () => {
  it('the same token with the same value succeeds and writes nothing', () => {
    const world = demo()
    put(world, 2)
    put(world, 3)
    expect(put(world, 2)).toMatchObject({ VersionId: version(2), VersionStages: ['AWSPREVIOUS'] })
    expect(world.labels()).toEqual({ v2: ['AWSPREVIOUS'], v3: ['AWSCURRENT'] })
  })

  it('the same token and value with other stages moves them, or not: a switch', () => {
    const outcomes = [true, false].map((repeatedPutMovesLabels) => {
      const world = demo({ vault: { repeatedPutMovesLabels } })
      put(world, 2, ['AWSPENDING'])
      put(world, 2, ['mine'])
      return world.labels().v2
    })
    expect(outcomes).toEqual([['AWSPENDING', 'mine'], ['AWSPENDING']])
  })

  it('the placeholder is filled once, and never changes afterwards', () => {
    const world = demo()
    world.rotate()
    put(world, 2, ['AWSPENDING'])
    const other = { SecretId: 'demo', SecretString: 'other', ClientRequestToken: version(2) }
    expect(errorOf(() => world.call('PutSecretValue', other)).code).toBe('ResourceExistsException')
    const read = world.call('GetSecretValue', { SecretId: 'demo', VersionId: version(2) })
    expect(read.SecretString).toBe('value 2')
  })

  it('without stages AWSCURRENT moves at once', () => {
    const world = demo()
    put(world, 2)
    expect(world.labels()).toEqual({ v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'] })
  })

  it('a secret has at most 20 labels on all versions together', () => {
    const world = demo()
    const labels = Array.from({ length: 19 }, (_, n) => `label-${n}`)
    put(world, 2, labels)
    expect(errorOf(() => put(world, 3, ['one-more'])).code).toBe('LimitExceededException')
    expect(put(world, 3, ['label-0'])).toMatchObject({ VersionStages: ['label-0'] })
  })

  it('more than 100 versions: unlabelled ones go, but none younger than a day', async () => {
    const world = demo()
    for (let n = 2; n <= 100; n++) put(world, n)
    expect(errorOf(() => put(world, 101)).code).toBe('LimitExceededException')
    await world.clock.advance(DAY + 1)
    put(world, 101)
    const gone = errorOf(() => world.call('GetSecretValue', { SecretId: 'demo', VersionId: version(1) }))
    expect(gone.code).toBe('ResourceNotFoundException')
    expect(world.call('GetSecretValue', { SecretId: 'demo', VersionId: version(2) }).SecretString).toBe(
      'value 2',
    )
  })

  it('a value is a string or binary of 1 to 65,536 bytes, not both', () => {
    const world = demo()
    const write = (value: object) =>
      world.call('PutSecretValue', { SecretId: 'demo', ClientRequestToken: version(5), ...value })
    const refused = [
      { SecretString: 'a'.repeat(65_537) },
      { SecretString: 'é'.repeat(32_769) },
      { SecretString: '' },
      { SecretString: 'a', SecretBinary: 'YQ==' },
      {},
    ].map((value) => errorOf(() => write(value)).code)
    expect(refused).toEqual([
      'ValidationException',
      'ValidationException',
      'ValidationException',
      'InvalidParameterException',
      'InvalidRequestException',
    ])
    write({ SecretString: 'é'.repeat(32_768) })
    const binary = { SecretId: 'demo', ClientRequestToken: version(6), SecretBinary: 'AP8=' }
    world.call('PutSecretValue', binary)
    expect(world.call('GetSecretValue', { SecretId: 'demo' })).toMatchObject({ SecretBinary: 'AP8=' })
  })
})

describe('secrets', () => {
  it('are found by name, by ARN, and by ARN without its six characters', () => {
    const world = createWorld()
    const arn = world.createDemo()
    expect(arn).toMatch(/^arn:aws:secretsmanager:eu-west-1:000000000000:secret:demo-[A-Za-z0-9]{6}$/)
    for (const SecretId of ['demo', arn, arn.slice(0, -7)]) {
      expect(world.call('GetSecretValue', { SecretId }).ARN).toBe(arn)
    }
    for (const SecretId of ['dem', arn.slice(0, -1)]) {
      expect(errorOf(() => world.call('GetSecretValue', { SecretId })).code).toBe('ResourceNotFoundException')
    }
  })

  it('marked for deletion keep their value to themselves until restored, and are gone when the window ends', async () => {
    const world = demo()
    world.call('DeleteSecret', { SecretId: 'demo', RecoveryWindowInDays: 7 })
    expect(errorOf(() => world.call('GetSecretValue', { SecretId: 'demo' })).code).toBe(
      'InvalidRequestException',
    )
    expect(world.call('DescribeSecret', { SecretId: 'demo' })).toHaveProperty('DeletedDate')
    expect(world.call('ListSecrets').SecretList).toEqual([])
    expect(world.call('ListSecrets', { IncludePlannedDeletion: true }).SecretList).toHaveLength(1)
    world.call('RestoreSecret', { SecretId: 'demo' })
    await world.clock.advance(8 * DAY)
    expect(world.call('GetSecretValue', { SecretId: 'demo' }).SecretString).toBe('one')
    world.call('DeleteSecret', { SecretId: 'demo', RecoveryWindowInDays: 7 })
    await world.clock.advance(7 * DAY)
    expect(errorOf(() => world.call('DescribeSecret', { SecretId: 'demo' })).code).toBe(
      'ResourceNotFoundException',
    )
  })

  it('are listed by pages and by filters on name and tags', () => {
    const world = createWorld()
    for (const [index, name] of ['a-one', 'a-two', 'b-one'].entries()) {
      const tags = [{ Key: name === 'a-two' ? 'rotator:grace' : 'team', Value: 'x' }]
      world.call('CreateSecret', { Name: name, ClientRequestToken: version(index), Tags: tags })
    }
    const names = (input: object) => {
      const { SecretList, NextToken } = world.call('ListSecrets', { SortOrder: 'asc', ...input })
      return { names: (SecretList as { Name: string }[]).map(({ Name }) => Name), NextToken }
    }
    expect(names({ Filters: [{ Key: 'name', Values: ['a-'] }] }).names).toEqual(['a-one', 'a-two'])
    expect(names({ Filters: [{ Key: 'name', Values: ['!a-'] }] }).names).toEqual(['b-one'])
    expect(names({ Filters: [{ Key: 'tag-key', Values: ['rotator:'] }] }).names).toEqual(['a-two'])
    const first = names({ MaxResults: 2 })
    expect(first.names).toEqual(['a-one', 'a-two'])
    expect(names({ MaxResults: 2, NextToken: first.NextToken })).toEqual({ names: ['b-one'] })
  })

  it('take and lose tags', () => {
    const world = demo()
    world.call('TagResource', {
      SecretId: 'demo',
      Tags: [
        { Key: 'a', Value: '1' },
        { Key: 'b', Value: '2' },
      ],
    })
    world.call('UntagResource', { SecretId: 'demo', TagKeys: ['a'] })
    expect(world.call('DescribeSecret', { SecretId: 'demo' }).Tags).toEqual([{ Key: 'b', Value: '2' }])
  })

  it('show dates as epoch seconds', async () => {
    const world = demo()
    await world.clock.advance(1500)
    world.call('GetSecretValue', { SecretId: 'demo' })
    expect(world.call('DescribeSecret', { SecretId: 'demo' })).toMatchObject({
      CreatedDate: 1_767_571_200,
      LastChangedDate: 1_767_571_200,
      LastAccessedDate: 1_767_571_201.5,
    })
  })
})
