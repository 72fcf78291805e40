import { describe, expect, test } from 'vitest'
import { audit, typesIn } from '../support/audits.ts'
import { day, hour, rotated, stage, type Staged, type StageOptions } from '../support/graces.ts'

const othersArn = 'arn:aws:lambda:eu-west-1:000000000000:function:rotates-databases'

/** The secrets that audit looked at: each is broken, and so has a finding. */
async function looked(staged: Staged): Promise<readonly string[]> {
  const { result, findings } = await audit(staged)
  expect(result).toBe('done')
  const { vault } = staged.scene.sandbox
  return [...new Set(findings.map(({ secretId }) => vault.find(secretId).name))].toSorted()
}

interface New {
  readonly name: string
  readonly text: string
  readonly rotatedBy?: string
  readonly tags?: Readonly<Record<string, string>>
}

async function add({ scene }: Staged, { name, text, rotatedBy, tags = {} }: New): Promise<string> {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  const secret = { Name: name, SecretString: text, ClientRequestToken: crypto.randomUUID(), Tags }
  const { ARN } = await scene.secretsManager<{ ARN: string }>('CreateSecret', secret)
  const rules = { RotationRules: { AutomaticallyAfterDays: 30 }, RotateImmediately: false }
  if (rotatedBy !== undefined) {
    const rotation = { SecretId: ARN, ClientRequestToken: crypto.randomUUID(), RotationLambdaARN: rotatedBy }
    await scene.secretsManager('RotateSecret', { ...rotation, ...rules })
  }
  return ARN
}

const ours = JSON.stringify({ kind: 'ServiceAccountKey' })
const database = JSON.stringify({ username: 'admin', password: 'hunter2' })

async function open(options: StageOptions = {}): Promise<Staged> {
  const staged = await stage(options)
  const { functions } = staged.scene.sandbox
  functions.set(othersArn, { arn: othersArn, invoke: async () => ({ ok: true, payload: null }) })
  return staged
}

describe('a secret is looked at', () => {
  test.each([
    ['by its rotation function', (arn: string): Partial<New> => ({ rotatedBy: arn })],
    ['by an alias of its rotation function', (arn: string): Partial<New> => ({ rotatedBy: `${arn}:live` })],
    ['by any tag of ours', (): Partial<New> => ({ tags: { 'dfns-rotator:grace': 'PT1H' } })],
    ['by a tag of ours that nobody knows', (): Partial<New> => ({ tags: { 'dfns-rotator:x': '' } })],
  ])('%s', async (_, how) => {
    const staged = await open()
    const { functionArn, sandbox } = staged.scene
    const target = sandbox.functions.get(functionArn)
    if (target) sandbox.functions.set(`${functionArn}:live`, target)
    await add(staged, { name: 'found', text: ours, ...how(functionArn) })
    expect(await looked(staged)).toEqual(['found'])
  })

  test('by its rotation function where rotation was cancelled', async () => {
    const staged = await open()
    const SecretId = await add(staged, { name: 'found', text: ours, rotatedBy: staged.scene.functionArn })
    await staged.scene.secretsManager('CancelRotateSecret', { SecretId })
    expect(await looked(staged)).toEqual(['found'])
  })

  test('by a schedule that names it, whatever else it is', async () => {
    const staged = await rotated({ grace: { default: 'P7D', adopted: 'P7D' } })
    const secret = staged.scene.sandbox.vault.find(staged.arn)
    delete secret.rotation
    await staged.scene.clock.advance(3 * hour)
    const { findings } = await audit(staged)
    expect(typesIn(findings)).toEqual(['rotation-cancelled', 'adopted'])
    await staged.scene.clock.advance(8 * day)
    expect((await audit(staged)).findings).toEqual([])
  })
})

describe("other people's secrets are not looked at", () => {
  const others: readonly New[] = [
    { name: 'database', text: database, rotatedBy: othersArn },
    { name: 'no rotation', text: ours },
    { name: 'their tag', text: database, tags: { 'dfns-rotators': 'x', app: 'dfns-rotator:' } },
  ].map((one) => ({ ...one, name: one.name.replaceAll(' ', '-') }))

  test('whatever is in them, nor are they read', async () => {
    const staged = await open()
    const arns: string[] = []
    for (const one of others) arns.push(await add(staged, one))
    const { calls } = staged.scene.sandbox.wire
    const start = calls.length
    expect(await looked(staged)).toEqual([])
    const bodies = calls.slice(start).map(({ request }) => request.body)
    expect(bodies.filter((body) => arns.some((arn) => body.includes(arn)))).toEqual([])
  })

  test('nor one of ours that was decommissioned, until its rotation is on again', async () => {
    const staged = await open()
    const { functionArn, sandbox } = staged.scene
    const SecretId = await add(staged, { name: 'let-go', text: ours, rotatedBy: functionArn })
    const [version] = sandbox.vault.find(SecretId).versions.values()
    const move = { SecretId, VersionStage: 'dfns-decommissioned', MoveToVersionId: version?.id }
    await staged.scene.secretsManager('UpdateSecretVersionStage', move)
    expect(await looked(staged)).toEqual(['let-go'])
    await staged.scene.secretsManager('CancelRotateSecret', { SecretId })
    expect(await looked(staged)).toEqual([])
  })
})

describe('without DFNS_ROTATOR_ROTATE_ARN', () => {
  const functionEnv = { DFNS_ROTATOR_ROTATE_ARN: '' }

  test('what a function rotates is looked at if it is a document of ours', async () => {
    const staged = await open({ functionEnv })
    await add(staged, { name: 'ours', text: ours, rotatedBy: othersArn })
    await add(staged, { name: 'database', text: database, rotatedBy: othersArn })
    await add(staged, { name: 'text', text: 'hunter2', rotatedBy: othersArn })
    await add(staged, { name: 'tagged', text: database, tags: { 'dfns-rotator:grace': 'PT1H' } })
    expect(await looked(staged)).toEqual(['ours', 'tagged'])
  })

  test("what cannot be read is somebody else's", async () => {
    const staged = await open({ functionEnv })
    const denied = await add(staged, { name: 'denied', text: database, rotatedBy: othersArn })
    staged.scene.sandbox.vault.deniedSecrets.add(denied)
    const deleted = await add(staged, { name: 'deleted', text: database, rotatedBy: othersArn })
    await staged.scene.secretsManager('DeleteSecret', { SecretId: deleted })
    expect(await looked(staged)).toEqual([])
  })
})
