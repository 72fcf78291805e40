import { describe, expect, it } from 'vitest'
import { ARN, body, DAY, refusal, start, START } from './secrets-world.ts'

const KEY = 'arn:aws:kms:us-east-1:000000000000:key/1'
const inSync = { Status: 'InSync', StatusMessage: 'Replication succeeded' }
const ownKey = 'alias/aws/secretsmanager'

async function startReplicated() {
  const parts = await start()
  const SecretId = await parts.create('demo')
  const AddReplicaRegions = [{ Region: 'us-east-1', KmsKeyId: KEY }, { Region: 'eu-west-3' }]
  const reply = await parts.secrets.replicateSecretToRegions({ SecretId, AddReplicaRegions })
  return { ...parts, SecretId, reply }
}

describe('a secret that is replicated', () => {
  it('is in progress in the reply of ReplicateSecretToRegions, and in sync when looked at', async () => {
    const { secrets, SecretId, reply } = await startReplicated()
    expect(body(reply)).toEqual({
      ARN: SecretId,
      ReplicationStatus: [
        { Region: 'us-east-1', KmsKeyId: KEY, Status: 'InProgress' },
        { Region: 'eu-west-3', KmsKeyId: ownKey, Status: 'InProgress' },
      ],
    })
    expect(await secrets.describeSecret({ SecretId })).toMatchObject({
      PrimaryRegion: 'eu-west-1',
      ReplicationStatus: [
        { Region: 'us-east-1', KmsKeyId: KEY, ...inSync },
        { Region: 'eu-west-3', KmsKeyId: ownKey, ...inSync },
      ],
    })
  })

  it('names its primary region in ListSecrets, which one that is not replicated does not', async () => {
    const { secrets, create } = await startReplicated()
    const alone = await create('alone')
    const { SecretList = [] } = await secrets.listSecrets({ SortBy: 'name', SortOrder: 'asc' })
    expect(SecretList.map(({ Name, PrimaryRegion }) => [Name, PrimaryRegion])).toEqual([
      ['alone', undefined],
      ['demo', 'eu-west-1'],
    ])
    const described = await secrets.describeSecret({ SecretId: alone })
    expect(described).not.toHaveProperty('PrimaryRegion')
    expect(described).not.toHaveProperty('ReplicationStatus')
  })

  it.each([
    ['Failed', 'Secret with this name already exists in this region'],
    ['InProgress', undefined],
  ] as const)('is %s in a region for which a test says so', async (status, message) => {
    const { secrets, vault, SecretId } = await startReplicated()
    vault.replicaStatus = ({ secret, region }) =>
      secret.arn === SecretId && region === 'us-east-1' ? status : 'InSync'
    const { ReplicationStatus = [] } = await secrets.describeSecret({ SecretId })
    expect(ReplicationStatus.map(({ Status, StatusMessage }) => [Status, StatusMessage])).toEqual([
      [status, message],
      ['InSync', 'Replication succeeded'],
    ])
  })

  it('loses the regions that are removed, and is not replicated when the last one is', async () => {
    const { secrets, SecretId } = await startReplicated()
    const remove = (...RemoveReplicaRegions: string[]) =>
      secrets.removeRegionsFromReplication({ SecretId, RemoveReplicaRegions })
    expect(body(await remove('us-east-1', 'us-west-2'))).toEqual({
      ARN: SecretId,
      ReplicationStatus: [{ Region: 'eu-west-3', KmsKeyId: ownKey, ...inSync }],
    })
    expect(body(await remove('eu-west-3'))).toEqual({ ARN: SecretId, ReplicationStatus: [] })
    expect(await secrets.describeSecret({ SecretId })).not.toHaveProperty('PrimaryRegion')
  })

  it('cannot be deleted before its replicas are removed', async () => {
    const { secrets, SecretId } = await startReplicated()
    const words = `You can't delete secret ${SecretId} that still has replica regions [us-east-1, eu-west-3].`
    for (const how of [{}, { ForceDeleteWithoutRecovery: true }]) {
      const refused = await refusal(secrets.deleteSecret({ SecretId, ...how }))
      expect(refused).toEqual({ name: 'InvalidParameterException', message: words })
    }
    const RemoveReplicaRegions = ['us-east-1', 'eu-west-3']
    await secrets.removeRegionsFromReplication({ SecretId, RemoveReplicaRegions })
    expect((await secrets.deleteSecret({ SecretId })).Name).toBe('demo')
  })

  it.each<[string, string, object[] | undefined]>([
    ['no regions', 'ValidationException', undefined],
    ['an empty list of regions', 'ValidationException', []],
    ['an entry without a region', 'ValidationException', [{ KmsKeyId: KEY }]],
    ['what is not a region code', 'ValidationException', [{ Region: 'Ireland' }]],
    ['the region that it is in', 'InvalidParameterException', [{ Region: 'eu-west-1' }]],
  ])('is not asked for with %s: %s', async (_, name, AddReplicaRegions) => {
    const { secrets, create } = await start()
    const SecretId = await create('demo')
    const input = { SecretId, AddReplicaRegions }
    expect((await refusal(secrets.replicateSecretToRegions(input as never))).name).toBe(name)
    expect(await secrets.describeSecret({ SecretId })).not.toHaveProperty('ReplicationStatus')
  })

  it('is not asked for once it is marked for deletion', async () => {
    const { secrets, create } = await start()
    const SecretId = await create('demo')
    await secrets.deleteSecret({ SecretId })
    const AddReplicaRegions = [{ Region: 'eu-west-3' }]
    const refused = await refusal(secrets.replicateSecretToRegions({ SecretId, AddReplicaRegions }))
    expect(refused.name).toBe('InvalidRequestException')
  })
})

describe('a replica in this region', () => {
  async function startWithReplica() {
    const parts = await start()
    const { secrets, vault, create } = parts
    const SecretId = await create('demo', { Tags: [{ Key: 'dfns-rotator:grace', Value: 'P1D' }] })
    await secrets.putSecretValue({ SecretId, SecretString: 'two' })
    const { VersionIdsToStages: labels } = await secrets.describeSecret({ SecretId })
    vault.makeReplica({ secret: vault.find('demo'), primaryRegion: 'us-east-1' })
    return { ...parts, SecretId, labels }
  }

  it('can be read, with the value, tags and labels of its primary', async () => {
    const { secrets, SecretId, labels } = await startWithReplica()
    const Tags = [{ Key: 'dfns-rotator:grace', Value: 'P1D' }]
    const shown = { ARN: SecretId, Name: 'demo', PrimaryRegion: 'us-east-1', Tags }
    const described = await secrets.describeSecret({ SecretId })
    expect(described).toMatchObject({ ...shown, VersionIdsToStages: labels })
    expect(described).not.toHaveProperty('ReplicationStatus')
    const listed = { SecretList: [{ ...shown, SecretVersionsToStages: labels }] }
    expect(await secrets.listSecrets({})).toMatchObject(listed)
    expect((await secrets.getSecretValue({ SecretId })).SecretString).toBe('two')
    const previous = await secrets.getSecretValue({ SecretId, VersionStage: 'AWSPREVIOUS' })
    expect(previous.SecretString).toBe('one')
    expect((await secrets.listSecretVersionIds({ SecretId })).Versions).toHaveLength(2)
  })

  it('refuses every change, which has to be made in the region of its primary', async () => {
    const { secrets, vault, SecretId } = await startWithReplica()
    const before = structuredClone(vault.find(SecretId))
    const label = { VersionStage: 'mine', MoveToVersionId: [...before.versions.keys()][0] }
    const changes = [
      secrets.cancelRotateSecret({ SecretId }),
      secrets.deleteSecret({ SecretId }),
      secrets.putSecretValue({ SecretId, SecretString: 'three' }),
      secrets.removeRegionsFromReplication({ SecretId, RemoveReplicaRegions: ['eu-west-3'] }),
      secrets.replicateSecretToRegions({ SecretId, AddReplicaRegions: [{ Region: 'eu-west-3' }] }),
      secrets.restoreSecret({ SecretId }),
      secrets.rotateSecret({ SecretId, RotationLambdaARN: ARN }),
      secrets.tagResource({ SecretId, Tags: [{ Key: 'a', Value: 'b' }] }),
      secrets.untagResource({ SecretId, TagKeys: ['dfns-rotator:grace'] }),
      secrets.updateSecret({ SecretId, Description: 'a demo' }),
      secrets.updateSecretVersionStage({ SecretId, ...label }),
    ]
    const message =
      "Operation not permitted on a replica secret. Call must be made in primary secret's region."
    const refused = { name: 'InvalidParameterException', message }
    expect(await Promise.all(changes.map(refusal))).toEqual(changes.map(() => refused))
    expect(vault.find(SecretId)).toEqual(before)
  })

  it('shows what its primary sends later', async () => {
    const { secrets, vault, SecretId } = await startWithReplica()
    const token = 'v3'.padEnd(32, '-')
    vault.put({ secret: vault.find('demo'), token, value: { SecretString: 'three' } })
    expect(await secrets.getSecretValue({ SecretId })).toMatchObject({
      SecretString: 'three',
      VersionId: token,
    })
  })

  it('is not rotated here, whatever its schedule says and its labels are', async () => {
    const { secrets, vault, clock, sandbox, create } = await start()
    const SecretId = await create('demo')
    const rules = { RotationLambdaARN: ARN, RotationRules: { AutomaticallyAfterDays: 1 } }
    await secrets.rotateSecret({ SecretId, ...rules, RotateImmediately: false })
    await sandbox.engine.settled()
    const secret = vault.find('demo')
    vault.makeReplica({ secret, primaryRegion: 'us-east-1' })
    const events = sandbox.events.items.length
    vault.put({ secret, token: 'v2'.padEnd(32, '-'), labels: ['AWSPENDING'], value: { SecretString: 'x' } })
    await clock.advance(3 * DAY)
    expect(sandbox.events.items).toHaveLength(events)
    expect((await secrets.describeSecret({ SecretId })).NextRotationDate).toEqual(new Date(START + 2 * DAY))
  })

  it('is found by the region of its primary', async () => {
    const { secrets } = await startWithReplica()
    const found = async (region: string) => {
      const { SecretList = [] } = await secrets.listSecrets({
        Filters: [{ Key: 'primary-region', Values: [region] }],
      })
      return SecretList.length
    }
    expect([await found('us-east-1'), await found('eu-west-1')]).toEqual([1, 0])
  })
})
