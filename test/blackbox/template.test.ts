import { describe, expect, test } from 'vitest'
import type { InvocationResult } from '../../sandbox/lambda/invocation.ts'
import { guideWorld, type SceneOptions } from '../../sandbox/scene.ts'
import { watchedScene } from '../support/scene.ts'

// The contract of AWS's rotation function template, sentence by sentence, and what it leaves to be wished for. Steps are
// invoked one by one here; the engine's part in it is tested with the sandbox.

const token = 'a'.repeat(32)
const rotationToken = 'r'.repeat(36)

/** A secret whose rotation has just begun: AWSPENDING stands on a version without a value. */
async function begin(options: SceneOptions = {}) {
  const scene = await watchedScene({ dfnsSwitches: guideWorld, ...options })
  const { orgId } = scene.dfns.createOrganisation()
  const account = scene.openAccount({ orgId, name: 'payments' })
  const arn = await scene.keepSecret({ name: 'prod/dfns', document: account.document })
  const { vault, wire, bundled } = scene.sandbox
  const secret = vault.find(arn)
  const stagePending = (id = token) => vault.put({ secret, token: id, labels: ['AWSPENDING'] })
  stagePending()
  const event = { SecretId: arn, ClientRequestToken: token, RotationToken: rotationToken }
  const invoke = async (Step: string, changes: object = {}): Promise<InvocationResult> => {
    const result = await bundled.get(scene.functionArn)?.invoke({ ...event, Step, ...changes })
    if (result === undefined) throw new Error('the scene has no function')
    return result
  }
  const run = async (...steps: readonly string[]) => {
    for (const step of steps) expect(await invoke(step)).toMatchObject({ ok: true })
  }
  const requests = (operation: string) => wire.calls.filter(({ request }) => request.operation === operation)
  const inputs = (operation: string) =>
    requests(operation).map(({ request }) => JSON.parse(request.body) as object)
  const valueOf = (id: string) => {
    const value = secret.versions.get(id)?.value
    return value && 'SecretString' in value ? value.SecretString : undefined
  }
  const labels = () =>
    Object.fromEntries([...secret.versions].map(([id, version]) => [id, [...version.labels]]))
  return {
    scene,
    account,
    arn,
    secret,
    vault,
    wire,
    stagePending,
    invoke,
    run,
    requests,
    inputs,
    valueOf,
    labels,
  }
}

describe('the dispatcher', () => {
  test('refuses a secret that is not enabled for rotation', async () => {
    const { scene, arn, invoke } = await begin()
    await scene.secretsManager('CancelRotateSecret', { SecretId: arn })
    const says = expect.stringContaining('is not enabled for rotation')
    expect(await invoke('createSecret')).toMatchObject({ errorType: 'ERR_NOT_ENABLED', errorMessage: says })
  })

  test('refuses a version that has no stage for rotation of the secret', async () => {
    const { invoke } = await begin()
    const says = expect.stringContaining('has no stage for rotation of secret')
    const refused = await invoke('createSecret', { ClientRequestToken: 'z'.repeat(32) })
    expect(refused).toMatchObject({ errorType: 'ERR_NOT_STAGED', errorMessage: says })
  })

  test('returns with success, for every step, where the version is AWSCURRENT already', async () => {
    const { run, requests } = await begin()
    await run('createSecret', 'setSecret', 'testSecret', 'finishSecret')
    const moves = requests('UpdateSecretVersionStage').length
    await run('createSecret', 'setSecret', 'testSecret', 'finishSecret')
    expect(requests('UpdateSecretVersionStage')).toHaveLength(moves)
    expect(requests('PutSecretValue')).toHaveLength(1)
    expect(requests('POST /auth/credentials')).toHaveLength(1)
  })

  test('refuses a version that is not set as AWSPENDING', async () => {
    const { secret, invoke } = await begin()
    secret.versions.get(token)?.labels.delete('AWSPENDING')
    secret.versions.get(token)?.labels.add('AWSPREVIOUS')
    expect(await invoke('setSecret')).toMatchObject({ errorType: 'ERR_NOT_STAGED' })
  })

  test('refuses an unknown step', async () => {
    const { invoke } = await begin()
    expect(await invoke('deleteSecret')).toMatchObject({ errorType: 'ERR_EVENT_INVALID' })
  })

  test('takes an event without RotationToken', async () => {
    const { invoke, inputs } = await begin()
    expect(await invoke('createSecret', { RotationToken: undefined })).toMatchObject({ ok: true })
    expect(inputs('PutSecretValue')[0]).not.toHaveProperty('RotationToken')
  })
})

describe('createSecret', () => {
  test('needs AWSCURRENT to exist', async () => {
    const { secret, invoke } = await begin()
    for (const { labels } of secret.versions.values()) labels.delete('AWSCURRENT')
    expect(await invoke('createSecret')).toMatchObject({ errorType: 'ERR_NOT_STAGED' })
  })

  test('makes a value and puts it with the token of the event, the label AWSPENDING and the RotationToken', async () => {
    const { run, inputs, valueOf } = await begin()
    await run('createSecret')
    const put = { ClientRequestToken: token, VersionStages: ['AWSPENDING'], RotationToken: rotationToken }
    expect(inputs('PutSecretValue')).toMatchObject([{ ...put, SecretString: valueOf(token) }])
  })

  test('keeps the value that the version has', async () => {
    const { run, requests, valueOf } = await begin()
    await run('createSecret')
    const first = valueOf(token)
    await run('createSecret', 'createSecret')
    expect(valueOf(token)).toBe(first)
    expect(requests('PutSecretValue')).toHaveLength(1)
  })

  test('adopts the value of a concurrent invocation that stored first', async () => {
    const { invoke, valueOf } = await begin()
    const results = await Promise.all([
      invoke('createSecret'),
      invoke('createSecret'),
      invoke('createSecret'),
    ])
    expect(results).toMatchObject([{ ok: true }, { ok: true }, { ok: true }])
    expect(valueOf(token)).toBeDefined()
  })

  test('stores the key before Dfns hears of it', async () => {
    const { run, requests } = await begin()
    await run('createSecret')
    expect(requests('PutSecretValue')).toHaveLength(1)
    expect(requests('POST /auth/credentials')).toHaveLength(0)
  })
})

describe('setSecret', () => {
  test('is done where the pending value works already', async () => {
    const { run, requests } = await begin()
    await run('createSecret', 'setSecret', 'testSecret', 'setSecret')
    expect(requests('POST /auth/credentials')).toHaveLength(1)
  })

  test('is done where pending works, though the key of AWSCURRENT does not any more', async () => {
    const { scene, account, run, invoke } = await begin()
    await run('createSecret', 'setSecret', 'testSecret')
    scene.dfns.setCredentialActive({ credentialUuid: account.credentialUuid, isActive: false })
    expect(await invoke('setSecret')).toMatchObject({ ok: true })
  })

  test.each(['baseUrl', 'orgId', 'authToken'])(
    'refuses a pending value that names another %s than AWSCURRENT',
    async (field) => {
      const { scene, account, secret, vault, valueOf, run, invoke, requests } = await begin()
      await run('createSecret')
      const other = scene.openAccount({ orgId: scene.dfns.createOrganisation().orgId, name: 'other' })
      const pending = { ...JSON.parse(valueOf(token) ?? '{}'), [field]: other.document[field] }
      if (field === 'baseUrl') pending.baseUrl = 'https://api.dfns.io'
      const id = 'f'.repeat(32)
      vault.put({
        secret,
        token: id,
        labels: ['AWSPENDING'],
        value: { SecretString: JSON.stringify(pending) },
      })
      const refused = await invoke('setSecret', { ClientRequestToken: id })
      expect(refused).toMatchObject({
        ok: false,
        errorType: expect.stringMatching(/^ERR_(ORG|BASE_URL|CURRENT_CHANGED)$/),
      })
      expect(requests('POST /auth/credentials')).toHaveLength(0)
      expect(scene.dfns.credentials({ userId: account.userId })).toHaveLength(1)
    },
  )

  test('tells a token that nothing accepts any more apart from a refusal', async () => {
    const { scene, account, run, invoke } = await begin()
    await run('createSecret')
    scene.dfns.setTokenActive({ tokenId: account.tokenId, isActive: false })
    expect(await invoke('setSecret')).toMatchObject({ errorType: 'ERR_TOKEN_EXPIRED' })
  })

  test('waits for a value that was put a moment ago', async () => {
    const { vault, run, invoke } = await begin()
    vault.staleReads = 4
    await run('createSecret')
    expect(await invoke('setSecret')).toMatchObject({ ok: true })
    vault.staleReads = 0
  })
})

describe('testSecret', () => {
  test('fails if Dfns does not accept pending', async () => {
    const { run, invoke } = await begin()
    await run('createSecret')
    expect(await invoke('testSecret')).toMatchObject({ errorType: 'ERR_VERIFY' })
  })

  test('has no side effect', async () => {
    const { scene, account, run, labels } = await begin()
    await run('createSecret', 'setSecret')
    const before = { labels: labels(), credentials: scene.dfns.credentials({ userId: account.userId }) }
    await run('testSecret')
    const credentials = scene.dfns.credentials({ userId: account.userId })
    expect(labels()).toEqual(before.labels)
    expect(credentials.map(({ isActive }) => isActive)).toEqual(
      before.credentials.map(({ isActive }) => isActive),
    )
    expect(scene.dfns.effects().at(-1)).toMatchObject({ kind: 'user action signed' })
  })

  test('signs with the key: a token that is valid proves nothing', async () => {
    const { run, requests } = await begin()
    await run('createSecret', 'setSecret')
    const before = requests('POST /auth/action').length
    await run('testSecret')
    expect(requests('POST /auth/action').length).toBeGreaterThan(before)
  })
})

describe('finishSecret', () => {
  test('moves AWSCURRENT once, from the version that holds it', async () => {
    const { scene, arn, run, inputs, labels } = await begin()
    const [from] =
      Object.entries(await scene.labelsOf(arn)).find(([, held]) => held.includes('AWSCURRENT')) ?? []
    await run('createSecret', 'setSecret', 'testSecret', 'finishSecret')
    const move = { VersionStage: 'AWSCURRENT', MoveToVersionId: token, RemoveFromVersionId: from }
    expect(inputs('UpdateSecretVersionStage')).toMatchObject([move])
    expect(labels()[token]).toContain('AWSCURRENT')
  })

  test('never removes AWSPENDING: that is for Secrets Manager to do', async () => {
    const { run, inputs } = await begin()
    await run('createSecret', 'setSecret', 'testSecret', 'finishSecret', 'finishSecret')
    expect(inputs('UpdateSecretVersionStage')).not.toContainEqual(
      expect.objectContaining({ VersionStage: 'AWSPENDING' }),
    )
  })

  test.each([
    ['empty', undefined],
    ['malformed', 'no document'],
    ['of another kind', '{"kind":"UserKey"}'],
  ])('refuses to promote a version that is %s', async (_, SecretString) => {
    const { secret, vault, invoke, labels } = await begin()
    const id = 'f'.repeat(32)
    vault.put({
      secret,
      token: id,
      labels: ['AWSPENDING'],
      ...(SecretString !== undefined && { value: { SecretString } }),
    })
    const refused = await invoke('finishSecret', { ClientRequestToken: id })
    expect(refused).toMatchObject({
      ok: false,
      errorType: expect.stringMatching(/^ERR_(NOT_STAGED|DOCUMENT)$/),
    })
    expect(labels()[id]).toEqual(['AWSPENDING'])
  })

  test('does what a killed attempt left undone after the move', async () => {
    const { scene, account, wire, invoke, run } = await begin()
    await run('createSecret', 'setSecret', 'testSecret')
    wire.plan = ({ operation }) =>
      operation === 'PUT /auth/credentials/deactivate' ? 'killed-before' : undefined
    expect(await invoke('finishSecret')).toMatchObject({ errorType: 'Runtime.ExitError' })
    expect(await scene.signingStatus(account.document)).toBe(200)
    wire.plan = undefined
    await run('createSecret', 'setSecret', 'testSecret', 'finishSecret')
    expect(await scene.signingStatus(account.document)).toBe(401)
  })

  test.each(['AWSCURRENT', 'AWSPENDING'])(
    'does not deactivate a credential that %s names by then',
    async (label) => {
      const { scene, account, secret, vault, wire, invoke, run } = await begin()
      await run('createSecret', 'setSecret', 'testSecret')
      wire.plan = ({ operation }) =>
        operation === 'PUT /auth/credentials/deactivate' ? 'killed-before' : undefined
      await invoke('finishSecret')
      wire.plan = undefined
      const SecretString = JSON.stringify(account.document)
      vault.put({ secret, token: 'f'.repeat(32), labels: [label], value: { SecretString } })
      const changed = await invoke('finishSecret')
      expect(changed).toMatchObject({
        ok: false,
        errorType: expect.stringMatching(/^ERR_(RETIRE_REFUSED|NOT_STAGED)$/),
      })
      expect(await scene.signingStatus(account.document)).toBe(200)
    },
  )

  test('does not believe a deactivation that was answered with success and not carried out', async () => {
    const { scene, account, wire, invoke, run } = await begin()
    await run('createSecret', 'setSecret', 'testSecret')
    const reply = { status: 200, body: '{"message":"success"}' }
    wire.plan = ({ operation }) => (operation === 'PUT /auth/credentials/deactivate' ? { reply } : undefined)
    expect(await invoke('finishSecret')).toMatchObject({ errorType: 'ERR_DFNS_RESPONSE' })
    wire.plan = undefined
    await run('finishSecret')
    expect(await scene.signingStatus(account.document)).toBe(401)
  })

  test('refuses a pending key that stopped working since testSecret', async () => {
    const { scene, account, invoke, run, labels } = await begin()
    await run('createSecret', 'setSecret', 'testSecret')
    const { credentialUuid = '' } = scene.dfns.credentials({ userId: account.userId }).at(-1) ?? {}
    scene.dfns.setCredentialActive({ credentialUuid, isActive: false })
    expect(await invoke('finishSecret')).toMatchObject({ errorType: 'ERR_VERIFY' })
    expect(labels()[token]).toEqual(['AWSPENDING'])
  })
})
