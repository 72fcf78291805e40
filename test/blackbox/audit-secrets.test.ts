import { describe, expect, test } from 'vitest'
import type { Secret } from '../../sandbox/secrets-manager/secret.ts'
import { audit, findings, readOutput, types, typesIn } from '../support/audits.ts'
import { activeIds, currentId, day, hour, rotated, stage, type Staged } from '../support/graces.ts'

const stored = ({ scene, arn }: Staged): Secret => scene.sandbox.vault.find(arn)

const put = ({ scene, arn }: Staged, document: object | string) =>
  scene.secretsManager('PutSecretValue', {
    SecretId: arn,
    ClientRequestToken: crypto.randomUUID(),
    SecretString: typeof document === 'string' ? document : JSON.stringify(document),
  })

/** The policy's grace is an hour, unless it says otherwise. */
function setPolicy({ scene }: Staged, rules: Readonly<Record<string, unknown>>): void {
  const policy = { allowedBaseUrls: [scene.sandbox.urls.dfns], ...rules }
  const parameter = { name: '/dfns-rotator/policy', type: 'String', overwrite: true } as const
  scene.sandbox.parameters.put({ ...parameter, value: JSON.stringify(policy) })
}

describe('unreadable', () => {
  test('a secret that the function is denied, until it may', async () => {
    const staged = await stage()
    staged.scene.sandbox.vault.deniedSecrets.add(staged.arn)
    const found = await findings(staged)
    expect(found).toMatchObject([{ type: 'unreadable', secretId: staged.arn, code: 'ERR_STORE' }])
    expect(found[0]?.['reason']).toContain('AccessDeniedException')
    staged.scene.sandbox.vault.deniedSecrets.clear()
    expect(await types(staged)).toEqual([])
  })

  test('a KMS key that the function is denied', async () => {
    const staged = await stage()
    stored(staged).kmsKeyId = 'key-1'
    staged.scene.sandbox.vault.deniedKeys.add('key-1')
    const found = await findings(staged)
    expect(found).toMatchObject([{ type: 'unreadable', code: 'ERR_STORE' }])
    expect(found[0]?.['reason']).toContain('from KMS')
    staged.scene.sandbox.vault.deniedKeys.clear()
    expect(await types(staged)).toEqual([])
  })

  test('an AWSCURRENT without a value', async () => {
    const staged = await stage()
    const { scene } = staged
    const Tags = [{ Key: 'dfns-rotator:grace', Value: 'PT1H' }]
    const secret = { Name: 'empty', ClientRequestToken: crypto.randomUUID(), Tags }
    const { ARN: arn } = await scene.secretsManager<{ ARN: string }>('CreateSecret', secret)
    expect(await findings(staged, { arn })).toMatchObject([
      { type: 'rotation-cancelled' },
      { type: 'unreadable', code: 'ERR_NOT_STAGED' },
    ])
  })
})

describe('policy-violation', () => {
  test.each([
    ['no JSON', () => 'not JSON', 'ERR_DOCUMENT'],
    ['no kind', ({ account }: Staged) => ({ ...account.document, kind: undefined }), 'ERR_DOCUMENT'],
    ['no key', ({ account }: Staged) => ({ ...account.document, privateKey: 'x' }), 'ERR_DOCUMENT'],
    [
      'an origin',
      ({ account }: Staged) => ({ ...account.document, baseUrl: 'https://api.dfns.io' }),
      'ERR_BASE_URL',
    ],
    ['an organisation', ({ account }: Staged) => ({ ...account.document, orgId: 'or-2' }), 'ERR_ORG'],
  ])('a document with %s that is not allowed, until it is corrected', async (_, document, code) => {
    const staged = await stage()
    await put(staged, document(staged))
    expect(await findings(staged)).toMatchObject([{ type: 'policy-violation', secretId: staged.arn, code }])
    await put(staged, staged.account.document)
    expect(await types(staged)).toEqual([])
  })

  test.each([
    ['an organisation', { allowedOrgIds: ['or-other'] }, 'ERR_ORG'],
    ['an origin', { allowedBaseUrls: ['https://api.dfns.io'] }, 'ERR_BASE_URL'],
  ])('a policy that does not allow %s of a document any more', async (_, rules, code) => {
    const staged = await stage()
    setPolicy(staged, rules)
    expect(await findings(staged)).toMatchObject([{ type: 'policy-violation', code }])
    setPolicy(staged, {})
    expect(await types(staged)).toEqual([])
  })

  test('a tag that is not understood, and everything else is looked at by the defaults', async () => {
    const staged = await rotated()
    const { scene, arn } = staged
    for (const { group, name } of scene.sandbox.scheduler.list())
      scene.sandbox.scheduler.delete({ group, name })
    const tag = { Key: 'dfns-rotator:grace', Value: 'soon' }
    await scene.secretsManager('TagResource', { SecretId: arn, Tags: [tag] })
    await scene.clock.advance(3 * hour)
    expect(await findings(staged)).toMatchObject([
      { type: 'policy-violation', code: 'ERR_TAG' },
      { type: 'previous-past-grace', outcome: 'retired' },
    ])
    await scene.secretsManager('UntagResource', { SecretId: arn, TagKeys: [tag.Key] })
    await scene.secretsManager('TagResource', { SecretId: arn, Tags: [{ ...tag, Value: 'PT1H' }] })
    expect(await types(staged)).toEqual([])
  })

  test('a signer that cannot be used', async () => {
    const staged = await stage()
    await put(staged, { ...staged.account.document, signerArn: `${staged.arn.slice(0, -7)}-gone-AbCdEf` })
    expect(await findings(staged)).toMatchObject([{ type: 'policy-violation', code: 'ERR_SIGNER' }])
    await put(staged, staged.account.document)
    expect(await types(staged)).toEqual([])
  })
})

describe('replication', () => {
  test('a replica is an info, looked after in its primary region', async () => {
    const staged = await rotated()
    const { scene } = staged
    scene.sandbox.vault.makeReplica({ secret: stored(staged), primaryRegion: 'us-east-1' })
    const start = scene.sandbox.wire.calls.length
    expect(await findings(staged)).toMatchObject([
      { type: 'replica', level: 'INFO', primaryRegion: 'us-east-1' },
    ])
    const asked = scene.sandbox.wire.calls.slice(start).map(({ request }) => request)
    expect(asked.filter(({ service }) => service === 'dfns')).toEqual([])
  })

  test('a region that does not follow is told until it does', async () => {
    const staged = await stage()
    const { scene, arn } = staged
    const AddReplicaRegions = ['us-east-1', 'eu-west-3'].map((Region) => ({ Region }))
    await scene.secretsManager('ReplicateSecretToRegions', { SecretId: arn, AddReplicaRegions })
    scene.sandbox.vault.replicaStatus = ({ region }) => (region === 'eu-west-3' ? 'Failed' : 'InSync')
    expect(await findings(staged)).toMatchObject([{ type: 'replication-failed', region: 'eu-west-3' }])
    scene.sandbox.vault.replicaStatus = () => 'InSync'
    expect(await types(staged)).toEqual([])
  })
})

test('one broken secret stops no other: the sound one is looked at and its leftover retired', async () => {
  const staged = await rotated()
  const { scene, account } = staged
  for (const { group, name } of scene.sandbox.scheduler.list())
    scene.sandbox.scheduler.delete({ group, name })
  await scene.clock.advance(3 * hour)
  const keep = (name: string, document: object) => scene.keepSecret({ name, document })
  const denied = await keep('a', account.document)
  const sealed = await keep('b', { ...account.document, credId: 'b' })
  scene.sandbox.vault.deniedSecrets.add(denied)
  scene.sandbox.vault.find(sealed).kmsKeyId = 'key-1'
  scene.sandbox.vault.deniedKeys.add('key-1')
  const deleted = await keep('c', { ...account.document, credId: 'c' })
  await scene.secretsManager('DeleteSecret', { SecretId: deleted })
  const broken = await keep('d', { kind: 'ServiceAccountKey' })
  const dead = await keep('e', scene.openAccount({ orgId: account.document.orgId, name: 'e' }).document)
  const { tokenId } = [...scene.dfns.state.tokens.values()].at(-1) ?? { tokenId: '' }
  scene.dfns.setTokenActive({ tokenId, isActive: false })
  const found = await findings(staged)
  const byType = new Map(found.map(({ type, secretId }) => [secretId, type]))
  expect(Object.fromEntries(byType)).toEqual({
    [denied]: 'unreadable',
    [sealed]: 'unreadable',
    [deleted]: 'secret-deleted',
    [broken]: 'policy-violation',
    [dead]: 'current-not-accepted',
    [staged.arn]: 'previous-past-grace',
  })
  expect(activeIds(staged)).toEqual([await currentId(staged)])
})

test('what Dfns answers to one secret and nobody expects is not-checked, and gone with it', async () => {
  const staged = await stage()
  const { scene } = staged
  const other = scene.openAccount({ orgId: staged.account.document.orgId, name: 'other' })
  await scene.keepSecret({ name: 'other', document: other.document })
  const { authToken } = staged.account.document
  scene.sandbox.wire.plan = ({ operation, headers }) =>
    operation === 'POST /auth/action' && headers['authorization'] === `Bearer ${authToken}`
      ? { reply: { status: 404, body: '' } }
      : undefined
  expect(await findings(staged)).toMatchObject([{ type: 'not-checked', secretId: staged.arn }])
  scene.sandbox.wire.plan = undefined
  expect(await types(staged)).toEqual([])
})

test('a policy that cannot be read ends the audit with its code, and nothing is looked at', async () => {
  const staged = await stage()
  setPolicy(staged, { grace: 'soon' })
  expect(await audit(staged)).toMatchObject({ result: 'ERR_POLICY', findings: [] })
})

test('an event that is none is refused', async () => {
  const staged = await stage()
  expect((await audit(staged, { after: 'prod/dfns' })).result).toBe('ERR_EVENT_INVALID')
  expect((await audit(staged, { since: 'yesterday' })).result).toBe('ERR_EVENT_INVALID')
  // What EventBridge Scheduler or a rule adds to it does not matter.
  expect((await audit(staged, { version: '0', source: 'aws.events' })).result).toBe('done')
})

test('every day, by its schedule', async () => {
  const staged = await stage({ auditsDaily: true })
  const { scene } = staged
  const ofDay = async () => {
    const output = scene.sandbox.bundled.get(scene.auditArn)?.output ?? []
    const start = output.length
    await scene.clock.advance(day)
    return readOutput(output.slice(start))
  }
  expect(typesIn((await ofDay()).findings)).toEqual([])
  scene.sandbox.vault.deniedSecrets.add(staged.arn)
  for (const _ of [1, 2]) {
    const { findings: found, log } = await ofDay()
    expect(typesIn(found)).toEqual(['unreadable'])
    expect(log.at(-1)).toMatchObject({ message: 'audit done', secrets: 1, of: 1, isComplete: true })
  }
})
