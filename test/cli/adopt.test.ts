import { randomUUID } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import type { Scene } from '../../sandbox/scene.ts'
import { cli, deployed, json } from '../support/cli.ts'
import { outcomes, type Staged } from '../support/graces.ts'
import { keep, worldOf } from '../support/kinds.ts'

vi.setConfig({ testTimeout: 60_000 })

interface Adoption {
  readonly added: readonly { field: string; from: string }[]
  readonly kept: readonly string[]
  readonly isWritten: boolean
  readonly versionId: string | null
  readonly previousVersionId: string | null
}

interface Failure {
  readonly error: { readonly code: string; readonly message: string }
}

type Document = Readonly<Record<string, unknown>>

const open = () => deployed({ dfnsSwitches: worldOf('account') })

/** A secret of somebody's own, that no rotator has seen. */
async function homemade(scene: Scene, value: Document | string, Name = `own/${randomUUID()}/secret`) {
  const SecretString = typeof value === 'string' ? value : JSON.stringify(value)
  const secret = { Name, SecretString, ClientRequestToken: randomUUID() }
  return (await scene.secretsManager<{ ARN: string }>('CreateSecret', secret)).ARN
}

/** The document of an account that works, and that no other secret holds. */
function account(scene: Scene): Document {
  const { orgId } = scene.dfns.createOrganisation()
  return scene.openAccount({ orgId, name: randomUUID() }).document
}

const textOf = async (scene: Scene, SecretId: string) =>
  (await scene.secretsManager<{ SecretString: string }>('GetSecretValue', { SecretId })).SecretString

const labels = ({ scene }: Staged, arn: string) => scene.labelsOf(arn)

describe('adds what is missing, changes nothing, and the result rotates', () => {
  test("a document with the SDK's own names lacks its kind alone", async () => {
    const staged = await open()
    const { scene } = staged
    const { kind, ...fields } = account(scene)
    const text = `{ "retries": 1.0,\n  "big": 12345678901234567890,\n  ${JSON.stringify(fields).slice(1)}`
    const arn = await homemade(scene, text)
    const before = await labels(staged, arn)
    const args = ['adopt', arn, '--kind', 'ServiceAccountKey', '--yes']
    const { code, result, stderr } = await json<Adoption>({ scene, args })
    expect(stderr).toBe('')
    expect(result).toMatchObject({ added: [{ field: 'kind', from: '--kind' }], isWritten: true })
    expect(code).toBe(0)
    expect(await textOf(scene, arn)).toBe(`${text.slice(0, -1)},"kind":"ServiceAccountKey"}`)
    expect(await labels(staged, arn)).toEqual({
      [String(result.versionId)]: ['AWSCURRENT'],
      [Object.keys(before)[0] ?? '']: ['AWSPREVIOUS'],
    })
    expect(result.previousVersionId).toBe(Object.keys(before)[0])
    await rotates(staged, arn)
    expect(JSON.parse(await textOf(scene, arn))).toMatchObject({ retries: 1, kind })
  })

  test("names of somebody's own are copied, and follow a rotation", async () => {
    const staged = await open()
    const { scene } = staged
    const { baseUrl, authToken, credId, privateKey } = account(scene)
    const own = {
      DFNS_API_URL: baseUrl,
      DFNS_AUTH_TOKEN: authToken,
      DFNS_CRED_ID: credId,
      MY_KEY: privateKey,
    }
    const arn = await homemade(scene, own)
    const args = ['adopt', arn, '--kind', 'ServiceAccountKey', '--yes']
    const { result } = await json<Adoption>({ scene, args })
    expect(result.added.map(({ field, from }) => `${field}: ${from}`)).toEqual([
      'kind: --kind',
      'baseUrl: a copy of DFNS_API_URL',
      'orgId: the token',
      'authToken: a copy of DFNS_AUTH_TOKEN',
      'credId: a copy of DFNS_CRED_ID',
      'privateKey: a copy of MY_KEY',
    ])
    expect(JSON.parse(await textOf(scene, arn))).toMatchObject(own)
    await rotates(staged, arn)
    const rotated = JSON.parse(await textOf(scene, arn)) as Document
    expect(rotated['MY_KEY']).toBe(rotated['privateKey'])
    expect(rotated['DFNS_CRED_ID']).toBe(rotated['credId'])
    expect(rotated['credId']).not.toBe(credId)
  })

  test.each(['pem', 'fingerprint', 'empty'] as const)(
    'a bare key: Dfns tells its credId where it lists public keys as %s',
    async (listPublicKey) => {
      const staged = await open()
      const { scene } = staged
      const { orgId, authToken, credId, privateKey } = account(scene)
      scene.dfns.setSwitches({ orgId: String(orgId), switches: { listPublicKey } })
      const arn = await homemade(scene, String(privateKey))
      const env = { DFNS_AUTH_TOKEN: String(authToken) }
      const args = ['adopt', arn, '--kind', 'ServiceAccountKey', '--from-env', '--yes']
      const { code, result } = await json<Adoption>({ scene, args, env })
      expect(result.added.map(({ field }) => field)).toEqual([
        'kind',
        'baseUrl',
        'orgId',
        'authToken',
        'credId',
      ])
      expect(JSON.parse(await textOf(scene, arn))).toMatchObject({ credId, privateKey })
      expect(code).toBe(0)
    },
  )

  test('an empty secret, and all of it from standard input', async () => {
    const staged = await open()
    const { scene } = staged
    const document = account(scene)
    const arn = await homemade(scene, '{}')
    const args = ['adopt', arn, '--from-stdin', '--yes']
    const { code } = await json<Adoption>({ scene, args, stdin: JSON.stringify(document) })
    expect(code).toBe(0)
    expect(JSON.parse(await textOf(scene, arn))).toEqual(document)
  })

  test('a webhook: url and events are asked of Dfns, the organisation of its signer', async () => {
    const staged = await open()
    const { scene } = staged
    const { orgId } = account(scene)
    const keeper = await keep({ scene, kind: 'webhook', name: 'prod/hook', orgId: String(orgId) })
    const settings = { url: 'https://receiver.test/hook', events: ['wallet.created'], description: 'b' }
    const { webhookId, secret } = scene.dfns.createWebhook({ orgId: String(orgId), ...settings })
    const arn = await homemade(scene, { webhookId, DFNS_WEBHOOK_SECRET: secret })
    const args = ['adopt', arn, '--signer', String(keeper.signerArn), '--yes']
    const { result } = await json<Adoption>({ scene, args })
    expect(result.added.map(({ field, from }) => `${field}: ${from}`)).toEqual([
      'kind: its webhookSecret',
      'baseUrl: the policy, which allows no other',
      'orgId: the signer',
      'webhookSecret: a copy of DFNS_WEBHOOK_SECRET',
      'url: Dfns',
      'events: Dfns',
      'signerArn: --signer',
    ])
    await rotates(staged, arn)
  })

  test('a kind that its signer tells', async () => {
    const staged = await open()
    const { scene } = staged
    const kept = await keep({ scene, kind: 'replaced account', name: 'prod/x' })
    const { kind, ...rest } = (await scene.documentOf(kept.arn, 'AWSCURRENT')) as Document
    await scene.secretsManager('DeleteSecret', { SecretId: kept.arn, RecoveryWindowInDays: 7 })
    const arn = await homemade(scene, rest)
    const { result } = await json<Adoption>({ scene, args: ['adopt', arn, '--yes'] })
    expect(result.added).toEqual([{ field: 'kind', from: 'Dfns, told to the signer' }])
    expect(JSON.parse(await textOf(scene, arn))).toMatchObject({ kind })
  })
})

/** Turns rotation on, and rotates. */
async function rotates(staged: Staged, SecretId: string): Promise<void> {
  const { scene } = staged
  const RotationRules = { AutomaticallyAfterDays: 30 }
  const input = { SecretId, RotationLambdaARN: scene.functionArn, RotationRules, RotateImmediately: false }
  await scene.secretsManager('RotateSecret', { ...input, ClientRequestToken: randomUUID() })
  await scene.sandbox.engine.settled()
  await scene.rotate(SecretId)
  expect(outcomes(staged).slice(-4)).toEqual(['createSecret', 'setSecret', 'testSecret', 'finishSecret'])
}

describe('refuses, with nothing changed,', () => {
  async function refused(of: {
    staged: Staged
    value: Document | string
    args?: readonly string[]
    name?: string
    stdin?: string
    confirmed?: boolean
  }) {
    const { staged, value, args = ['--kind', 'ServiceAccountKey'], name, stdin, confirmed = true } = of
    const { scene } = staged
    const arn = await homemade(scene, value, name)
    const before = await labels(staged, arn)
    const all = ['adopt', arn, ...args, ...(confirmed ? ['--yes'] : [])]
    const ended = await json<Failure>({ scene, args: all, ...(stdin !== undefined && { stdin }) })
    expect(await labels(staged, arn)).toEqual(before)
    return { ...ended, message: ended.result.error.message, before }
  }

  test('a credential that another secret holds', async () => {
    const staged = await open()
    const { code, message } = await refused({ staged, value: staged.account.document })
    expect(message).toContain(`${staged.arn} holds the credential ${staged.account.credId}, too`)
    expect(code).toBe(4)
  })

  test('one that a secret beside it holds, which no rotator knows', async () => {
    const staged = await open()
    const document = account(staged.scene)
    const other = await homemade(staged.scene, { MY_ID: document['credId'] }, 'own/near/a')
    const { message } = await refused({ staged, value: document, name: 'own/near/b' })
    expect(message).toContain(`${other} holds the credential`)
  })

  test.each([
    ['nested', (one: Document, two: Document) => ({ live: one, staging: two }), 'live, staging'],
    ['keys', (one: Document, two: Document) => ({ a: one['privateKey'], b: two['privateKey'] }), 'a, b'],
    ['tokens', (one: Document, two: Document) => ({ a: one['authToken'], b: two['authToken'] }), 'a, b'],
  ])('several credentials: %s', async (_, value, named) => {
    const staged = await open()
    const both = value(account(staged.scene), account(staged.scene))
    const { code, message } = await refused({ staged, value: both })
    expect(message).toContain(`several credentials: ${named}`)
    expect(code).toBe(4)
  })

  test('what nobody confirmed', async () => {
    const staged = await open()
    const { kind: _, ...value } = account(staged.scene)
    const { code, message } = await refused({ staged, value, confirmed: false })
    expect(message).toMatch(/not confirmed: there is no terminal to ask on: say --yes/)
    expect(code).toBe(3)
  })

  test('a field that stands there with another value', async () => {
    const staged = await open()
    const args = ['--kind', 'ServiceAccountKey', '--base-url', 'https://api.dfns.io']
    const { message } = await refused({ staged, value: account(staged.scene), args })
    expect(message).toMatch(/baseUrl stands in the secret, and --base-url says something else/)
  })

  test('what is missing, and tells how it is said', async () => {
    const staged = await open()
    const { message } = await refused({ staged, value: { a: 1 } })
    expect(message).toContain(
      'authToken (--from-stdin with {"authToken": …}, or DFNS_AUTH_TOKEN and --from-env)',
    )
    expect(message).toContain('credId (--cred-id)')
  })

  test('a token whose kind nobody tells', async () => {
    const staged = await open()
    const { kind: _, ...value } = account(staged.scene)
    expect((await refused({ staged, value, args: [] })).message).toMatch(/say --kind/)
  })

  test('a key that Dfns does not accept', async () => {
    const staged = await open()
    const [one, other] = [account(staged.scene), account(staged.scene)]
    const { result } = await refused({
      staged,
      value: { ...one, kind: undefined, privateKey: other['privateKey'] },
    })
    expect(result.error.code).toBe('ERR_VERIFY')
  })

  test('an owner’s field that could not follow a rotation', async () => {
    const staged = await open()
    const { kind: _, ...document } = account(staged.scene)
    const value = { ...document, header: `Bearer-id ${String(document['credId'])}` }
    const { result } = await refused({ staged, value })
    expect(result.error).toMatchObject({
      code: 'ERR_DOCUMENT',
      message: expect.stringContaining('header') as string,
    })
  })

  test('a secret in which a rotation is under way', async () => {
    const staged = await deployed({ dfnsSwitches: worldOf('user') })
    await staged.scene.rotate(staged.arn)
    const { result } = await json<Failure>({ scene: staged.scene, args: ['adopt', staged.arn, '--yes'] })
    expect(result.error.message).toMatch(/a rotation of .* is not complete/)
  })

  test('standard input that nobody could be asked beside', async () => {
    const staged = await open()
    const { code } = await refused({
      staged,
      value: '{}',
      args: ['--from-stdin'],
      stdin: '{}',
      confirmed: false,
    })
    expect(code).toBe(2)
  })
})

test('shows the difference without a value, and how to take it back', async () => {
  const { scene } = await open()
  const { kind: _, ...value } = account(scene)
  const arn = await homemade(scene, value)
  const args = ['adopt', arn, '--kind', 'ServiceAccountKey']
  const dry = await cli({ scene, args: [...args, '--dry-run'] })
  expect(dry.stdout).toBe(
    `${arn}\nfield\n+ kind  from --kind\n  stay as they are: baseUrl, orgId, authToken, credId, privateKey\nNothing was written.\n`,
  )
  const before = Object.keys(await scene.labelsOf(arn))[0] ?? ''
  const { stdout, stderr } = await cli({ scene, args: [...args, '--yes'] })
  expect(stderr).toContain('+ kind  from --kind')
  expect(stdout).toContain(`--move-to-version-id ${before} --remove-from-version-id`)
  const again = await cli({ scene, args: [...args, '--yes'] })
  expect(again).toMatchObject({ code: 0, stdout: `${arn} has the form that is rotated already.\n` })
})
