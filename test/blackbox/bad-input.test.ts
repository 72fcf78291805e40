import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { errorCodes } from '../../lambdas/errors.ts'
import { type Account, type AccountDocument, guideWorld, newKey, type Scene } from '../../sandbox/scene.ts'
import { watchedScene } from '../support/scene.ts'

const recordConnections = fileURLToPath(new URL('./fixtures/record-connections.mjs', import.meta.url))
const token = 'a'.repeat(32)

/** Where processes connected to so far: one that is warm has the connections that it needs. */
const connected = new Set<string>()

interface Stage {
  readonly scene: Scene
  readonly account: Account
}

async function stage(options: Parameters<typeof watchedScene>[0] = {}): Promise<Stage> {
  const functionEnv = { NODE_OPTIONS: `--import=${recordConnections}` }
  const onOutput = (line: string) => {
    for (const host of connectionsIn([line])) connected.add(host)
  }
  const scene = await watchedScene({ dfnsSwitches: guideWorld, functionEnv, onOutput, ...options })
  const { orgId } = scene.dfns.createOrganisation()
  return { scene, account: scene.openAccount({ orgId, name: 'payments' }) }
}

/** A secret with exactly this text, under rotation. */
async function keep(scene: Scene, text: string, tags: Record<string, string> = {}): Promise<string> {
  const arn = await scene.keepSecret({ name: 'prod/dfns', document: { placeholder: true }, tags })
  await scene.secretsManager('PutSecretValue', {
    SecretId: arn,
    ClientRequestToken: 'b'.repeat(32),
    SecretString: text,
  })
  return arn
}

function invoke(scene: Scene, event: unknown) {
  const rotate = scene.sandbox.bundled.get(scene.functionArn)
  if (rotate === undefined) throw new Error('the scene has no function')
  return rotate.invoke(event)
}

/** What must not change: labels and values in Secrets Manager, credentials at Dfns. */
function worldOf({ scene, account }: Stage) {
  const secrets = scene.sandbox.vault
    .list()
    .map(({ versions }) =>
      [...versions.values()].map(({ id, labels, value }) => ({ id, labels: [...labels], value })),
    )
  const { userId } = account
  const effects = scene.dfns.effects({ userId }).filter(({ kind }) => kind.startsWith('credential'))
  return structuredClone({ secrets, effects, credentials: scene.dfns.credentials({ userId }) })
}

const connectionsIn = (output: readonly string[]): string[] =>
  output.flatMap((line) => (line.includes('"connects"') ? [JSON.parse(line).connects as string] : []))

/** Every connection that the function's processes made went to the sandbox. */
function expectOnlySandbox({ sandbox, functionArn }: Scene): void {
  const allowed = Object.values(sandbox.urls).map((url) => new URL(url).host)
  const made = connectionsIn(sandbox.bundled.get(functionArn)?.output ?? [])
  expect(made.filter((host) => !allowed.includes(host))).toEqual([])
}

async function expectRefusal(refused: Stage & { event: unknown; code: string }): Promise<void> {
  const { scene, event, code } = refused
  const before = worldOf(refused)
  const result = await invoke(scene, event)
  expect(result).toMatchObject({ ok: false, errorType: code })
  expect(errorCodes).toContain(code)
  expect(worldOf(refused)).toEqual(before)
  expectOnlySandbox(scene)
}

describe('an event that is not of a rotation is refused before anything is called', () => {
  const event = {
    Step: 'createSecret',
    SecretId: 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:x-abcdef',
    ClientRequestToken: token,
  }
  test.each([
    ['an unknown step', { ...event, Step: 'rotateSecret' }],
    ["the step names of the guide's table", { ...event, Step: 'create_secret' }],
    ['no step', { ...event, Step: undefined }],
    ['no secret', { ...event, SecretId: undefined }],
    ['a name in place of the ARN', { ...event, SecretId: 'prod/dfns' }],
    ["another service's ARN", { ...event, SecretId: 'arn:aws:ssm:eu-west-1:000000000000:parameter/x' }],
    ['no token', { ...event, ClientRequestToken: undefined }],
    ['a short token', { ...event, ClientRequestToken: 'short' }],
    ['a token with a line break', { ...event, ClientRequestToken: `${token}\n` }],
    ['a malformed RotationToken', { ...event, RotationToken: 'no' }],
    ['nothing', null],
    ['a list', [event]],
    ['a text', 'createSecret'],
  ])('%s', async (_, bad) => {
    const { scene, account } = await stage()
    const before = scene.sandbox.wire.calls.length
    await expectRefusal({ scene, account, event: bad, code: 'ERR_EVENT_INVALID' })
    expect(scene.sandbox.wire.calls).toHaveLength(before)
  })
})

describe('a document that cannot be rotated stops createSecret, and nothing is changed', () => {
  type Bad = (document: AccountDocument) => string
  const json =
    (change: object): Bad =>
    (document) =>
      JSON.stringify({ ...document, ...change })
  const { privateKey: otherKey } = newKey('P-256')
  const cases: readonly (readonly [string, Bad, string, RegExp])[] = [
    ['an unknown kind', json({ kind: 'Passkey' }), 'ERR_DOCUMENT', /kind/],
    ['a kind that objects inherit', json({ kind: 'constructor' }), 'ERR_DOCUMENT', /kind/],
    ['no kind', json({ kind: undefined }), 'ERR_DOCUMENT', /adopt/],
    ['no credId', json({ credId: undefined }), 'ERR_DOCUMENT', /credId/],
    ['no authToken', json({ authToken: undefined }), 'ERR_DOCUMENT', /authToken/],
    ['no privateKey', json({ privateKey: undefined }), 'ERR_DOCUMENT', /privateKey/],
    ['no orgId', json({ orgId: undefined }), 'ERR_DOCUMENT', /orgId/],
    ['no baseUrl', json({ baseUrl: undefined }), 'ERR_DOCUMENT', /baseUrl/],
    ['a number for a field', json({ authToken: 7 }), 'ERR_DOCUMENT', /authToken/],
    ['a token that is no JWT', json({ authToken: 'secret-but-no-token' }), 'ERR_DOCUMENT', /authToken/],
    ['a bare PEM', ({ privateKey }) => privateKey, 'ERR_DOCUMENT', /adopt/],
    ['text', () => 'hunter2', 'ERR_DOCUMENT', /adopt/],
    ['half a document', (document) => JSON.stringify(document).slice(0, -20), 'ERR_DOCUMENT', /adopt/],
    ['several credentials', (document) => JSON.stringify([document, document]), 'ERR_DOCUMENT', /adopt/],
    ['nesting without end', () => `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`, 'ERR_DOCUMENT', /adopt/],
    [
      'an encrypted key',
      json({ privateKey: otherKey.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE') }),
      'ERR_DOCUMENT',
      /privateKey/,
    ],
    ['a public key', json({ privateKey: newKey().publicKey }), 'ERR_DOCUMENT', /privateKey/],
    ['two keys', json({ privateKey: otherKey + otherKey }), 'ERR_DOCUMENT', /privateKey/],
    [
      'a key that Dfns does not know',
      json({ privateKey: otherKey }),
      'ERR_VERIFY',
      /does not accept its key/,
    ],
    ['a credId that Dfns does not know', json({ credId: 'Y2ktdW5rbm93bg' }), 'ERR_CANNOT_RETIRE', /credId/],
    [
      'the key inside another field',
      (d) => JSON.stringify({ ...d, env: `KEY=${d.privateKey}` }),
      'ERR_DOCUMENT',
      /env/,
    ],
    [
      'the credId inside another field',
      (d) => JSON.stringify({ ...d, env: [{ id: d.credId }] }),
      'ERR_DOCUMENT',
      /env/,
    ],
    ['another orgId than the token', json({ orgId: 'or-other' }), 'ERR_ORG', /orgId/],
  ]
  test.each(cases)('%s', async (_, bad, code, says) => {
    const { scene, account } = await stage()
    const arn = await keep(scene, bad(account.document))
    await scene.rotate(arn)
    const failure = scene.sandbox.engine.progress.items.findLast(({ type }) => type === 'step-ended')
    expect(failure).toMatchObject({
      step: 'createSecret',
      errorType: code,
      errorMessage: expect.stringMatching(says),
    })
    expect(scene.sandbox.vault.find(arn).versions.get('b'.repeat(32))?.labels).toContain('AWSCURRENT')
    expect(
      scene.dfns.effects({ userId: account.userId }).filter(({ kind }) => kind.startsWith('credential')),
    ).toHaveLength(1)
    expectOnlySandbox(scene)
  })

  test('a binary document', async () => {
    const { scene } = await stage()
    const arn = await keep(scene, '{}')
    const binary = {
      SecretId: arn,
      ClientRequestToken: 'c'.repeat(32),
      SecretBinary: Buffer.from('{}').toString('base64'),
    }
    await scene.secretsManager('PutSecretValue', binary)
    await scene.rotate(arn)
    expect(scene.sandbox.engine.progress.items.at(-1)).toMatchObject({ errorType: 'ERR_DOCUMENT' })
  })

  test('the token of another organisation', async () => {
    const { scene, account } = await stage()
    const stranger = scene.openAccount({ orgId: scene.dfns.createOrganisation().orgId, name: 'other' })
    const arn = await keep(scene, JSON.stringify({ ...account.document, authToken: stranger.authToken }))
    await scene.rotate(arn)
    expect(scene.sandbox.engine.progress.items.at(-1)).toMatchObject({ errorType: 'ERR_ORG' })
    expect(scene.sandbox.wire.calls.filter(({ request }) => request.service === 'dfns')).toEqual([])
  })
})

describe('a baseUrl that the policy does not name is refused before any request leaves', () => {
  test.each([
    'http://169.254.169.254',
    'http://[fd00:ec2::254]',
    'http://metadata.google.internal',
    'https://api.dfns.io',
    'https://evil.example',
    'https://user:pass@api.dfns.io',
    'file:///etc/passwd',
    'ftp://127.0.0.1',
    'javascript:alert(1)',
    '//127.0.0.1',
    'not a url',
  ])('%s', async (baseUrl) => {
    const { scene, account } = await stage()
    const arn = await keep(scene, JSON.stringify({ ...account.document, baseUrl }))
    await scene.rotate(arn)
    const failure = scene.sandbox.engine.progress.items.at(-1)
    expect(failure).toMatchObject({ errorType: expect.stringMatching(/^ERR_(BASE_URL|DOCUMENT)$/) })
    expect(connected).toContain(new URL(scene.sandbox.urls.aws).host)
    expectOnlySandbox(scene)
    expect(scene.sandbox.wire.calls.filter(({ request }) => request.service === 'dfns')).toEqual([])
  })

  test.each(['@evil.example', '/path', '?q', '#f', '\\@evil.example', ':80@evil.example'])(
    'the allowed one followed by %s',
    async (trick) => {
      const { scene, account } = await stage()
      const arn = await keep(
        scene,
        JSON.stringify({ ...account.document, baseUrl: account.document.baseUrl + trick }),
      )
      await scene.rotate(arn)
      expect(scene.sandbox.engine.progress.items.at(-1)).toMatchObject({ errorType: 'ERR_BASE_URL' })
      expectOnlySandbox(scene)
    },
  )

  test('a redirect is not followed', async () => {
    const { scene, account } = await stage()
    const hits: string[] = []
    const trap = createServer((request, response) => {
      hits.push(request.url ?? '')
      response.end('{}')
    })
    await once(trap.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void trap.close())
    const location = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/steal`
    const arn = await keep(scene, JSON.stringify(account.document))
    scene.sandbox.wire.plan = ({ service }) =>
      service === 'dfns' ? { reply: { status: 307, headers: { location }, body: '' } } : undefined
    await scene.rotate(arn)
    expect(scene.sandbox.engine.progress.items.at(-1)).toMatchObject({ errorType: 'ERR_DFNS_RESPONSE' })
    expect(hits).toEqual([])
    expectOnlySandbox(scene)
  })
})

describe('a policy or a tag that is not understood stops the rotation', () => {
  test.each([
    ['no JSON', 'allow everything'],
    ['a misspelt limit', '{"allowedBaseURLs":["http://127.0.0.1"]}'],
    ['plain http beyond loopback', '{"allowedBaseUrls":["http://api.dfns.io"]}'],
    ['a duration in weeks', '{"grace":{"default":"P1W"}}'],
  ])('%s', async (_, text) => {
    const { scene, account } = await stage({ policy: () => text })
    const arn = await keep(scene, JSON.stringify(account.document))
    await scene.rotate(arn)
    expect(scene.sandbox.engine.progress.items.at(-1)).toMatchObject({ errorType: 'ERR_POLICY' })
    expect(scene.sandbox.wire.calls.filter(({ request }) => request.service === 'dfns')).toEqual([])
  })

  test('a policy that is named but missing', async () => {
    const { scene, account } = await stage()
    const arn = await keep(scene, JSON.stringify(account.document))
    scene.sandbox.parameters.delete('/dfns-rotator/policy')
    await scene.rotate(arn)
    expect(scene.sandbox.engine.progress.items.at(-1)).toMatchObject({ errorType: 'ERR_POLICY' })
  })

  test.each([
    ['dfns-rotator:grace', 'soon'],
    ['dfns-rotator:grace', 'P31D'],
    ['dfns-rotator:strategy', 'force'],
    ['dfns-rotator:key-algorithm', 'RSA-4096'],
    ['dfns-rotator:garce', 'PT0S'],
  ])('tag %s = %s', async (tag, value) => {
    const { scene, account } = await stage()
    const arn = await keep(scene, JSON.stringify(account.document), { [tag]: value })
    await scene.rotate(arn)
    const failure = { step: 'createSecret', errorType: 'ERR_TAG', errorMessage: expect.stringContaining(tag) }
    expect(scene.sandbox.engine.progress.items.at(-1)).toMatchObject(failure)
  })

  test.each(['PT1S', 'PT24H'])('a grace of %s, which nothing could end yet', async (grace) => {
    const { scene, account } = await stage({ scheduler: false })
    const arn = await keep(scene, JSON.stringify(account.document), { 'dfns-rotator:grace': grace })
    await scene.rotate(arn)
    expect(scene.sandbox.engine.progress.items.at(-1)).toMatchObject({
      step: 'createSecret',
      errorType: 'ERR_SCHEDULER',
    })
  })
})

describe('a version that is not the pending one of an enabled secret is refused', () => {
  const eventOf = (arn: string, Step: string, version = token) => ({
    Step,
    SecretId: arn,
    ClientRequestToken: version,
  })

  test('a secret that is not enabled for rotation', async () => {
    const staged = await stage()
    const arn = await keep(staged.scene, JSON.stringify(staged.account.document))
    await staged.scene.secretsManager('CancelRotateSecret', { SecretId: arn })
    await expectRefusal({ ...staged, event: eventOf(arn, 'createSecret'), code: 'ERR_NOT_ENABLED' })
  })

  test('a version that does not exist', async () => {
    const staged = await stage()
    const arn = await keep(staged.scene, JSON.stringify(staged.account.document))
    await expectRefusal({ ...staged, event: eventOf(arn, 'setSecret'), code: 'ERR_NOT_STAGED' })
  })

  test('a version that has neither AWSPENDING nor AWSCURRENT', async () => {
    const staged = await stage()
    const arn = await keep(staged.scene, JSON.stringify(staged.account.document))
    const [previous = ''] =
      Object.entries(await staged.scene.labelsOf(arn)).find(([, labels]) => labels.includes('AWSPREVIOUS')) ??
      []
    await expectRefusal({ ...staged, event: eventOf(arn, 'finishSecret', previous), code: 'ERR_NOT_STAGED' })
  })

  test('a secret that is marked for deletion', async () => {
    const staged = await stage()
    const arn = await keep(staged.scene, JSON.stringify(staged.account.document))
    await staged.scene.secretsManager('DeleteSecret', { SecretId: arn })
    await expectRefusal({ ...staged, event: eventOf(arn, 'createSecret'), code: 'ERR_SECRET_GONE' })
  })

  test('a secret that does not exist', async () => {
    const staged = await stage()
    const arn = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:none-abcdef'
    await expectRefusal({ ...staged, event: eventOf(arn, 'createSecret'), code: 'ERR_SECRET_GONE' })
  })

  test.each(['setSecret', 'testSecret', 'finishSecret'])('%s of an empty pending version', async (step) => {
    const staged = await stage()
    const arn = await keep(staged.scene, JSON.stringify(staged.account.document))
    const secret = staged.scene.sandbox.vault.find(arn)
    staged.scene.sandbox.vault.put({ secret, token, labels: ['AWSPENDING'] })
    await expectRefusal({ ...staged, event: eventOf(arn, step), code: 'ERR_NOT_STAGED' })
  })

  test('finishSecret of a pending key that Dfns does not know', async () => {
    const staged = await stage()
    const arn = await keep(staged.scene, JSON.stringify(staged.account.document))
    const secret = staged.scene.sandbox.vault.find(arn)
    const pending = { ...staged.account.document, credId: 'bm90LXRoZXJl', privateKey: newKey().privateKey }
    staged.scene.sandbox.vault.put({
      secret,
      token,
      labels: ['AWSPENDING'],
      value: { SecretString: JSON.stringify(pending) },
    })
    await expectRefusal({ ...staged, event: eventOf(arn, 'finishSecret'), code: 'ERR_VERIFY' })
  })
})
