import type { ListSecretsCommandInput } from '@aws-sdk/client-secrets-manager'
import { describe, expect, it } from 'vitest'
import { ARN, body, DAY, HOUR, refusal, start, START } from './secrets-world.ts'

type Started = Awaited<ReturnType<typeof start>>

async function names({ secrets }: Pick<Started, 'secrets'>, input: ListSecretsCommandInput = {}) {
  const { SecretList = [], NextToken } = await secrets.listSecrets(input)
  return { names: SecretList.map(({ Name }) => Name), NextToken }
}

async function startWith(all: readonly string[], options: Parameters<typeof start>[0] = {}) {
  const parts = await start(options)
  for (const name of all) {
    await parts.create(name)
    await parts.clock.advance(HOUR)
  }
  return parts
}

describe('an entry of ListSecrets', () => {
  it('shows tags, labels, key and rotation', async () => {
    const { secrets, sandbox, clock, create } = await start()
    const Tags = [{ Key: 'a', Value: 'b' }]
    const SecretId = await create('demo', { Tags, Description: 'a demo', KmsKeyId: 'a-key' })
    const RotationRules = { AutomaticallyAfterDays: 30 }
    const rotation = { RotationLambdaARN: ARN, RotationRules, RotateImmediately: false }
    await secrets.rotateSecret({ SecretId, ...rotation })
    await sandbox.engine.settled()
    await clock.advance(HOUR)
    await secrets.getSecretValue({ SecretId })
    const { SecretList = [] } = await secrets.listSecrets({})
    const { VersionIdsToStages } = await secrets.describeSecret({ SecretId })
    expect(SecretList).toEqual([
      {
        ARN: SecretId,
        Name: 'demo',
        Description: 'a demo',
        KmsKeyId: 'a-key',
        RotationEnabled: true,
        RotationLambdaARN: ARN,
        RotationRules,
        NextRotationDate: new Date(START + 31 * DAY),
        CreatedDate: new Date(START),
        LastChangedDate: new Date(START),
        LastAccessedDate: new Date(START + HOUR),
        Tags,
        SecretVersionsToStages: VersionIdsToStages,
      },
    ])
  })

  it('has no rotation before rotation was configured', async () => {
    const { secrets, create } = await start()
    await create('demo')
    const [entry] = (await secrets.listSecrets({})).SecretList ?? []
    for (const field of ['RotationEnabled', 'RotationLambdaARN', 'RotationRules', 'NextRotationDate'])
      expect(entry).not.toHaveProperty(field)
  })

  it('keeps LastRotatedDate when rotation is turned off; DescribeSecret does not', async () => {
    const { secrets, vault, create } = await start()
    const SecretId = await create('demo')
    const rules = { AutomaticallyAfterDays: 30 }
    vault.find('demo').rotation = { enabled: true, lambdaArn: ARN, rules, lastRotatedAt: START }
    const LastRotatedDate = new Date(START)
    expect(await secrets.describeSecret({ SecretId })).toMatchObject({ LastRotatedDate })
    await secrets.cancelRotateSecret({ SecretId })
    const kept = { RotationEnabled: false, RotationLambdaARN: ARN, RotationRules: rules }
    const described = await secrets.describeSecret({ SecretId })
    expect(described).toMatchObject(kept)
    expect(described).not.toHaveProperty('LastRotatedDate')
    expect(described).not.toHaveProperty('NextRotationDate')
    const { SecretList = [] } = await secrets.listSecrets({})
    expect(SecretList).toMatchObject([{ ...kept, LastRotatedDate }])
    expect(SecretList[0]).not.toHaveProperty('NextRotationDate')
  })

  it('still shows the labels from before a write while reads are stale', async () => {
    const { secrets, vault, create } = await start()
    const SecretId = await create('demo')
    vault.staleReads = 1
    await secrets.putSecretValue({ SecretId, SecretString: 'two' })
    const versions = async () => {
      const { SecretList = [] } = await secrets.listSecrets({})
      return Object.keys(SecretList[0]?.SecretVersionsToStages ?? {}).length
    }
    expect([await versions(), await versions()]).toEqual([1, 2])
  })
})

describe('a secret that is marked for deletion', () => {
  async function startDeleted() {
    const parts = await start()
    const SecretId = await parts.create('demo')
    await parts.secrets.putSecretValue({ SecretId, SecretString: 'two' })
    const { VersionIdsToStages: labels } = await parts.secrets.describeSecret({ SecretId })
    await parts.clock.advance(HOUR)
    await parts.secrets.deleteSecret({ SecretId, RecoveryWindowInDays: 7 })
    return { ...parts, SecretId, labels }
  }

  it('is listed only with IncludePlannedDeletion, with its labels and the date of its deletion', async () => {
    const { secrets, labels, SecretId } = await startDeleted()
    expect((await secrets.listSecrets({})).SecretList).toEqual([])
    const { SecretList } = await secrets.listSecrets({ IncludePlannedDeletion: true })
    const dates = { DeletedDate: new Date(START + HOUR), LastChangedDate: new Date(START + HOUR) }
    expect(SecretList).toMatchObject([{ ARN: SecretId, SecretVersionsToStages: labels, ...dates }])
  })

  it('can be described, with the date that it is scheduled for, and listed by version', async () => {
    const { secrets, labels, SecretId } = await startDeleted()
    const DeletedDate = new Date(START + HOUR + 7 * DAY)
    expect(await secrets.describeSecret({ SecretId })).toMatchObject({
      DeletedDate,
      VersionIdsToStages: labels,
    })
    expect((await secrets.listSecretVersionIds({ SecretId })).Versions).toHaveLength(2)
  })

  it('is like any other again once it is restored, which may be repeated', async () => {
    const { secrets, clock, SecretId } = await startDeleted()
    for (const _ of [1, 2]) {
      const reply = await secrets.restoreSecret({ SecretId })
      expect(body(reply)).toEqual({ ARN: SecretId, Name: 'demo' })
    }
    await clock.advance(8 * DAY)
    const { SecretList = [] } = await secrets.listSecrets({})
    expect(SecretList).toHaveLength(1)
    expect(SecretList[0]).not.toHaveProperty('DeletedDate')
    expect(await secrets.describeSecret({ SecretId })).not.toHaveProperty('DeletedDate')
  })

  it('cannot be restored once its window has passed', async () => {
    const { secrets, clock, SecretId } = await startDeleted()
    await clock.advance(7 * DAY)
    expect((await refusal(secrets.restoreSecret({ SecretId }))).name).toBe('ResourceNotFoundException')
    expect((await secrets.listSecrets({ IncludePlannedDeletion: true })).SecretList).toEqual([])
  })
})

describe('the order of ListSecrets', () => {
  async function startOrdered() {
    const parts = await startWith(['b', 'c', 'a'])
    await parts.secrets.getSecretValue({ SecretId: 'c' })
    await parts.secrets.updateSecret({ SecretId: 'b', Description: 'changed' })
    return parts
  }

  it.each<[ListSecretsCommandInput, string]>([
    [{}, 'acb'],
    [{ SortOrder: 'asc' }, 'bca'],
    [{ SortBy: 'created-date', SortOrder: 'desc' }, 'acb'],
    [{ SortBy: 'name', SortOrder: 'asc' }, 'abc'],
    [{ SortBy: 'name', SortOrder: 'desc' }, 'cba'],
    [{ SortBy: 'last-changed-date', SortOrder: 'asc' }, 'cab'],
    [{ SortBy: 'last-accessed-date', SortOrder: 'desc' }, 'cba'],
  ])('%o', async (input, order) => {
    const parts = await startOrdered()
    expect((await names(parts, input)).names.join('')).toBe(order)
  })

  it.each([{ SortBy: 'size' }, { SortOrder: 'up' }])('%o is not one', async (input) => {
    const { secrets } = await start()
    expect((await refusal(secrets.listSecrets(input as never))).name).toBe('ValidationException')
  })
})

describe('the pages of ListSecrets', () => {
  const sorted = { SortBy: 'name', SortOrder: 'asc' } as const
  const onlyZ = (MaxResults: number): ListSecretsCommandInput => ({
    ...sorted,
    Filters: [{ Key: 'name', Values: ['z'] }],
    MaxResults,
  })

  it('miss no secret when one is deleted in between', async () => {
    const parts = await startWith(['a', 'b', 'c', 'd'])
    const first = await names(parts, { ...sorted, MaxResults: 2 })
    expect(first.names).toEqual(['a', 'b'])
    await parts.secrets.deleteSecret({ SecretId: 'b' })
    const second = await names(parts, { ...sorted, MaxResults: 2, NextToken: first.NextToken })
    expect(second).toEqual({ names: ['c', 'd'], NextToken: undefined })
  })

  it('go backwards, too', async () => {
    const parts = await startWith(['a', 'b', 'c'])
    const first = await names(parts, { MaxResults: 2 })
    expect(first.names).toEqual(['c', 'b'])
    expect((await names(parts, { MaxResults: 2, NextToken: first.NextToken })).names).toEqual(['a'])
  })

  it('hold at most 100 secrets, and 100 unless told otherwise', async () => {
    const { secrets, vault } = await start()
    for (let n = 0; n < 101; n += 1) vault.create({ name: `s-${n}` })
    const first = await secrets.listSecrets({})
    expect(first.SecretList).toHaveLength(100)
    const second = await secrets.listSecrets({ NextToken: first.NextToken })
    expect(second.SecretList).toHaveLength(1)
    for (const MaxResults of [0, 101])
      expect((await refusal(secrets.listSecrets({ MaxResults }))).name).toBe('ValidationException')
  })

  it('may be empty and still not be the last, for one who filters', async () => {
    const parts = await startWith(['a', 'b', 'z'])
    const first = await names(parts, onlyZ(2))
    expect(first.names).toEqual([])
    const second = await names(parts, { ...onlyZ(2), NextToken: first.NextToken })
    expect(second).toEqual({ names: ['z'], NextToken: undefined })
  })

  it('are full where a switch filters before it cuts them', async () => {
    const parts = await startWith(['a', 'b', 'z'], { vaultSwitches: { filtersPages: false } })
    expect(await names(parts, onlyZ(1))).toEqual({ names: ['z'], NextToken: undefined })
  })

  it('have tokens of their own: any other is InvalidNextTokenException', async () => {
    const { secrets, create } = await start()
    const SecretId = await create('demo')
    for (const call of [
      secrets.listSecrets({ NextToken: '%' }),
      secrets.listSecretVersionIds({ SecretId, NextToken: '%' }),
    ])
      expect((await refusal(call)).name).toBe('InvalidNextTokenException')
  })
})

describe('the filters of ListSecrets', () => {
  it.each<[string, string, string[]]>([
    ['name', 'Demo', ['Demo']],
    ['name', 'demo', []],
    ['name', 'emo', []],
    ['description', 'first', ['Demo']],
    ['tag-key', 'rotator:', ['other']],
    ['tag-key', 'Rotator:', []],
    ['tag-value', '!P1', ['Demo']],
    ['owning-service', 'rds', []],
    ['all', 'SECRET FIRST', ['Demo']],
    ['all', 'p1d', ['other']],
    ['all', 'nothing', []],
  ])('%s %s', async (key, value, expected) => {
    const parts = await start()
    await parts.create('Demo', { Description: 'First secret' })
    await parts.create('other', { Tags: [{ Key: 'rotator:grace', Value: 'P1D' }] })
    const listed = await names(parts, { Filters: [{ Key: key as 'name', Values: [value] }] })
    expect(listed.names).toEqual(expected)
  })

  it('know no other key', async () => {
    const { secrets } = await start()
    const Filters = [{ Key: 'size', Values: ['1'] }]
    const refused = await refusal(secrets.listSecrets({ Filters } as never))
    expect(refused.name).toBe('InvalidParameterException')
  })
})

describe('ListSecretVersionIds', () => {
  async function startWithThree() {
    const parts = await start()
    const SecretId = await parts.create('demo', { KmsKeyId: 'a-key' })
    for (const SecretString of ['two', 'three']) {
      await parts.clock.advance(HOUR)
      await parts.secrets.putSecretValue({ SecretId, SecretString })
    }
    return { ...parts, SecretId }
  }

  it('shows the deprecated ones on request, and of each when it was made, and with which key', async () => {
    const { secrets, SecretId } = await startWithThree()
    const { Versions = [], ARN: arn, Name } = await secrets.listSecretVersionIds({ SecretId })
    expect([arn, Name, Versions.length]).toEqual([SecretId, 'demo', 2])
    const all = await secrets.listSecretVersionIds({ SecretId, IncludeDeprecated: true })
    const KmsKeyIds = ['a-key']
    const VersionId: unknown = expect.any(String)
    expect(all.Versions).toEqual([
      { VersionId, CreatedDate: new Date(START), KmsKeyIds },
      { VersionId, CreatedDate: new Date(START + HOUR), KmsKeyIds, VersionStages: ['AWSPREVIOUS'] },
      { VersionId, CreatedDate: new Date(START + 2 * HOUR), KmsKeyIds, VersionStages: ['AWSCURRENT'] },
    ])
  })

  it('tells the day of the last access, without the time', async () => {
    const { secrets, SecretId, clock } = await startWithThree()
    await clock.advance(DAY)
    await secrets.getSecretValue({ SecretId })
    const { Versions = [] } = await secrets.listSecretVersionIds({ SecretId })
    expect(Versions.map(({ LastAccessedDate }) => LastAccessedDate)).toEqual([
      undefined,
      new Date(START + DAY),
    ])
  })

  it('goes page by page', async () => {
    const { secrets, SecretId } = await startWithThree()
    const input = { SecretId, IncludeDeprecated: true, MaxResults: 2 }
    const first = await secrets.listSecretVersionIds(input)
    const second = await secrets.listSecretVersionIds({ ...input, NextToken: first.NextToken })
    expect([first.Versions?.length, second.Versions?.length, second.NextToken]).toEqual([2, 1, undefined])
    expect(second.Versions?.[0]?.VersionStages).toEqual(['AWSCURRENT'])
  })
})

describe('LastChangedDate', () => {
  it('moves with a tag that is set or removed, and not with one that was not there', async () => {
    const { secrets, clock, create } = await start()
    const SecretId = await create('demo')
    const changed = async () => {
      const { LastChangedDate } = await secrets.describeSecret({ SecretId })
      return (Number(LastChangedDate) - START) / HOUR
    }
    const Tags = [{ Key: 'a', Value: 'b' }]
    const after: number[] = []
    for (const change of [
      () => secrets.tagResource({ SecretId, Tags }),
      () => secrets.untagResource({ SecretId, TagKeys: ['a', 'b'] }),
      () => secrets.untagResource({ SecretId, TagKeys: ['a'] }),
    ]) {
      await clock.advance(HOUR)
      await change()
      after.push(await changed())
    }
    expect(after).toEqual([1, 2, 2])
  })
})

describe('CancelRotateSecret', () => {
  it('names no version where no rotation was under way', async () => {
    const { secrets, sandbox, create } = await start()
    const SecretId = await create('demo')
    const rotation = { RotationLambdaARN: ARN, RotateImmediately: false }
    await secrets.rotateSecret({ SecretId, ...rotation })
    await sandbox.engine.settled()
    expect(body(await secrets.cancelRotateSecret({ SecretId }))).toEqual({ ARN: SecretId, Name: 'demo' })
  })

  it('is refused for a secret that was never configured, and for one marked for deletion', async () => {
    const { secrets, create } = await start()
    const SecretId = await create('demo')
    const cancel = async () => (await refusal(secrets.cancelRotateSecret({ SecretId }))).message
    expect(await cancel()).toBe('No Lambda rotation function ARN is associated with this secret.')
    await secrets.deleteSecret({ SecretId })
    expect(await cancel()).toContain('marked for deletion')
  })
})
