import { execFile } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { start } from '../sandbox/secrets-world.ts'
import { documentOf } from '../client/source.ts'
import { filesBelow, type Project, projectWith, root } from './installed.ts'

const timeout = 120_000
const peers = ['@aws-sdk/client-secrets-manager', '@dfns/sdk', '@middy/core']

const app = `
import middy from '@middy/core'
import { ClientError, clientErrorCodes, firstEventId, fromFile, rotatingSecret, signer, verifyWebhook } from 'dfns-rotator-client'
import { dfnsClient } from 'dfns-rotator-client/dfns'
import { rotatingSecrets } from 'dfns-rotator-client/middy'

const inAws = rotatingSecret('prod/dfns', { kind: 'ServiceAccountKey' })
const mounted = rotatingSecret('mounted', { fetchSecret: fromFile({ current: process.argv[2] }) })
const { credentialAssertion } = await signer(mounted).sign({
  challenge: 'Y2hhbGxlbmdl',
  allowCredentials: { key: [{ id: 'Y2ktMQ' }] },
})
const handler = middy(async (_event, { secrets }) => secrets.dfns.versionId).use(rotatingSecrets({ dfns: inAws }))
const refused = await verifyWebhook('{}', 'sha256=', mounted).catch((error) => error)
console.log(JSON.stringify({
  versionId: (await inAws.get()).versionId,
  handled: await handler({}, {}),
  credId: credentialAssertion.credId,
  listed: await dfnsClient(inAws).wallets.listWallets().catch((error) => error.constructor.name),
  id: firstEventId({ kind: 'a', date: 'b', data: {} }),
  refused: [refused instanceof ClientError, refused.code, clientErrorCodes.includes(refused.code)],
}))
`

const typed = `
import middy from '@middy/core'
import { DfnsApiClient, type CredentialSigner } from '@dfns/sdk'
import { WalletsClient } from '@dfns/sdk/generated/wallets/client.js'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import {
  ClientError, type ClientErrorCode, firstEventId, fromLambdaExtension, fromSecretsManager, rotatingSecret, signer,
  type RotatingSecret, type ServiceAccountKey, type Snapshot, verifyWebhook, type WebhookEvent,
} from 'dfns-rotator-client'
import { dfnsClient, dfnsClientOf } from 'dfns-rotator-client/dfns'
import { rotatingSecrets, type SecretsContext } from 'dfns-rotator-client/middy'

const fetchSecret = fromSecretsManager({ client: new SecretsManagerClient({}) })
const secret: RotatingSecret<ServiceAccountKey> = rotatingSecret('a', { kind: 'ServiceAccountKey', fetchSecret })
const user = rotatingSecret('b', { kind: 'UserKey', ttl: 60_000, fetchSecret: fromLambdaExtension() })
const hook = rotatingSecret('c', { kind: 'WebhookSecret' })
export const snapshot: Snapshot<ServiceAccountKey> = await secret.get({ alsoAccepted: true })
export const own: unknown = snapshot.active['DFNS_PRIVATE_KEY']
const sign: CredentialSigner = signer(secret)
export const clients: DfnsApiClient[] = [dfnsClient(secret), dfnsClient(user), new DfnsApiClient({ signer: sign })]
export const wallets: WalletsClient = dfnsClientOf(user, (options) => new WalletsClient(options))
export const event: WebhookEvent<{ wallet: object }> = await verifyWebhook('', new Headers(), hook, { tolerance: 1 })
export const id: string = firstEventId(event)
const named = { secret, hook }
export const handler = middy()
  .use(rotatingSecrets(named))
  .handler(async (_event: unknown, { secrets }: SecretsContext<typeof named>) => secrets.hook.active.webhookId)
export const codeOf = (error: unknown): ClientErrorCode | undefined =>
  error instanceof ClientError ? error.code : undefined
`
const mistakes = {
  'kind.mts': ["rotatingSecret('a', { kind: 'Passkey' })", '"Passkey"'],
  'signer.mts': ["signer(rotatingSecret('a', { kind: 'WebhookSecret' }))", 'WebhookSecret'],
  'webhook.mts': ["verifyWebhook('', '', rotatingSecret('a', { kind: 'UserKey' }))", 'UserKey'],
} as const

let project: Project

beforeAll(async () => {
  project = await projectWith({ name: 'client', linked: [...peers, '@types/aws-lambda'] })
}, timeout)
afterAll(() => rmSync(project.folder, { recursive: true }))

/** The first on the path that is none of this repository's: the machine's own, of which 20 is enough. */
const ofTheMachine = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .map((folder) => join(folder, 'node'))
  .find((file) => existsSync(file))

describe('the package', () => {
  test('holds three modules with their types, and nothing else', () => {
    const modules = ['index', 'dfns', 'middy'].flatMap((name) => [`esm/${name}.js`, `esm/${name}.d.ts`])
    const sources = [
      'calls',
      'clock',
      'dfns',
      'document',
      'errors',
      'fetch-secret',
      'keys',
      'local-sources',
      'main',
    ]
    const more = ['middy', 'rotating-secret', 'signer', 'webhook', 'webhook-event']
    const types = [...sources, ...more].map((name) => `esm/client/${name}.d.ts`)
    const chunks = project.files.filter((path) => /^esm\/chunk-\w{8}\.js$/.test(path))
    const shared = ['esm/lambdas/crypto/key-credential.d.ts']
    const rest = ['LICENSE', 'README.md', 'package.json']
    expect(project.files).toEqual([...modules, ...types, ...shared, ...chunks, ...rest].toSorted())
    expect(chunks.length).toBeLessThanOrEqual(4)
  })

  test('has peers alone, of which only that of AWS is needed by all', () => {
    const its = JSON.parse(readFileSync(join(project.installed, 'package.json'), 'utf8')) as Record<
      string,
      object
    >
    expect(its['dependencies']).toBeUndefined()
    expect(Object.keys(its['peerDependencies'] ?? {})).toEqual(peers)
    expect(its['peerDependenciesMeta']).toEqual({
      '@dfns/sdk': { optional: true },
      '@middy/core': { optional: true },
    })
    expect(its['engines']).toEqual({ node: '>=20.0' })
  })

  test('loads its peers where they are used: the first module none', () => {
    const imports = (name: string) =>
      [
        ...readFileSync(join(project.installed, 'esm', name), 'utf8').matchAll(
          /^} from "([^".][^"]*)"|^import .* from "([^".][^"]*)"/gm,
        ),
      ]
        .map(([, many, one]) => many ?? one ?? '')
        .filter((from) => !from.startsWith('node:'))
    expect([imports('index.js'), imports('middy.js')]).toEqual([[], []])
    expect(imports('dfns.js').toSorted()).toEqual(['@dfns/sdk', '@dfns/sdk/baseAuthApi.js'])
  })

  test('names no path of the machine that built it', () => {
    const files = filesBelow(project.installed)
    expect(files.length).toBe(project.files.length)
    expect(files.filter(({ text }) => text.includes(root)).map(({ path }) => path)).toEqual([])
  })
})

describe('an application', () => {
  test.each([
    ["this repository's", process.execPath],
    ["the machine's", ofTheMachine ?? process.execPath],
  ])('on %s Node.js uses it, and ends by itself', { timeout }, async (_, node) => {
    const { sandbox, create } = await start()
    await create('prod/dfns', {
      SecretString: documentOf('ServiceAccountKey', { baseUrl: sandbox.urls.dfns }),
    })
    project.write('app.mjs', app)
    const file = join(project.folder, 'mounted.json')
    writeFileSync(file, documentOf('ServiceAccountKey'))
    const options = { cwd: project.folder, env: { ...process.env, ...sandbox.environment } }
    const { stdout } = await promisify(execFile)(node, ['app.mjs', file], options)
    const versionId = expect.stringMatching(/^[\w-]{36}$/)
    const said = JSON.parse(stdout) as Record<string, unknown>
    expect(said).toEqual({
      versionId,
      handled: said['versionId'],
      credId: 'Y2ktMQ',
      listed: 'Error',
      id: expect.stringMatching(/^[\w-]{43}$/),
      refused: [true, 'ERR_SIGNATURE', true],
    })
  })

  test('of TypeScript may begin with any example of the documentation', { timeout }, async () => {
    const pages = ['client/README.md', 'docs/consumers.md'].map((page) =>
      readFileSync(join(root, page), 'utf8'),
    )
    const examples = pages.flatMap((page) =>
      [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, text = '']) => text),
    )
    expect(examples).toHaveLength(3)
    const files = examples.map((text, index) => ({ name: `example-${index}.mts`, text }))
    for (const { name, text } of files) project.write(name, text)
    const said = await project.typeErrors({ module: 'nodenext', files: files.map(({ name }) => name) })
    expect(said.split('\n').filter((line) => line.startsWith('example'))).toEqual([])
  })

  test('of TypeScript finds the types right, and is told of its mistakes', { timeout }, async () => {
    project.write('a.mts', typed)
    for (const [name, [text]] of Object.entries(mistakes))
      project.write(
        name,
        `import { rotatingSecret, signer, verifyWebhook } from 'dfns-rotator-client'\n${text}\n`,
      )
    const said = await project.typeErrors({ module: 'nodenext', files: ['a.mts', ...Object.keys(mistakes)] })
    // A declaration of a peer's names a package that only some of its users have.
    const lines = said.split('\n').filter((line) => /^[^.\s]\S+\(\d+,\d+\)/.test(line))
    expect(lines.toSorted()).toEqual(
      Object.entries(mistakes).map(([name, [, mistaken]]) =>
        expect.stringMatching(new RegExp(`^${name}.*TS23\\d\\d.*${mistaken}`)),
      ),
    )
  })
})
