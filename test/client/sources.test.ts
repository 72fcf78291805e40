import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type FetchSecret, fromSecretsManager } from '../../client/fetch-secret.ts'
import { fromFile, fromLambdaExtension, fromSecretsManagerAgent } from '../../client/local-sources.ts'
import { rotatingSecret } from '../../client/rotating-secret.ts'
import { start } from '../sandbox/secrets-world.ts'
import { documentOf, source } from './source.ts'

const arn = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:prod/dfns-AbCdEf'
const text = documentOf('ServiceAccountKey')

const read = (
  fetchSecret: FetchSecret,
  more: { secretId?: string; label?: 'AWSPENDING'; refresh?: boolean } = {},
) =>
  fetchSecret({
    secretId: arn,
    label: 'AWSCURRENT',
    refresh: false,
    signal: AbortSignal.timeout(10_000),
    ...more,
  })

const failure = (work: Promise<unknown>) => work.then(String, (reason: unknown) => reason)

describe('Secrets Manager', () => {
  async function world() {
    const { sandbox, create } = await start()
    const secretId = await create('prod/dfns', { SecretString: text })
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
    const client = new SecretsManagerClient({
      endpoint: sandbox.urls.aws,
      region: 'eu-west-1',
      credentials,
      maxAttempts: 1,
    })
    return { sandbox, secretId, fetchSecret: fromSecretsManager({ client }) }
  }

  test('is read by label through the AWS SDK; a label that no version has is nothing', async () => {
    const { secretId, fetchSecret } = await world()
    expect(await read(fetchSecret, { secretId })).toEqual({
      text,
      versionId: expect.stringMatching(/^[\w-]{36}$/),
    })
    expect(await read(fetchSecret, { secretId, label: 'AWSPENDING' })).toBeUndefined()
    expect(await read(fetchSecret, { secretId: 'no/such/secret' })).toBeUndefined()
  })

  test.each([
    ['refused', 'AccessDeniedException', false],
    ['throttled', 'ThrottlingException', true],
  ] as const)('that answers «%s» is an error with the name alone', async (fault, name, retryable) => {
    const { sandbox, secretId, fetchSecret } = await world()
    sandbox.wire.plan = () => fault
    const message = `GetSecretValue AWSCURRENT of ${secretId}: ${name}`
    expect(await failure(read(fetchSecret, { secretId }))).toMatchObject({
      code: 'ERR_STORE',
      message,
      retryable,
    })
  })
})

/** Answers as extension and agent do: GetSecretValue's reply, by secretId, versionStage and a token. */
async function localServer({ token }: { token: string }) {
  const asked: URLSearchParams[] = []
  const answers: { status: number; body: string }[] = []
  const reply = JSON.stringify({
    ARN: arn,
    VersionId: 'v-1',
    SecretString: text,
    VersionStages: ['AWSCURRENT'],
  })
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const isKnown = request.headers['x-aws-parameters-secrets-token'] === token
    const isGet = request.method === 'GET' && url.pathname === '/secretsmanager/get'
    asked.push(url.searchParams)
    const { status, body } =
      !isKnown || !isGet
        ? { status: 403, body: 'Bad Token' }
        : (answers.shift() ?? { status: 200, body: reply })
    response.writeHead(status).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())))
  const { port } = server.address() as AddressInfo
  return { port, asked: () => asked.map((search) => Object.fromEntries(search)), answers }
}

const missing = {
  status: 400,
  body: '{"__type":"ResourceNotFoundException","message":"Secrets Manager can\'t find the specified secret value"}',
}

describe.each(['the Lambda extension', 'the agent'] as const)('%s', (name) => {
  async function opened(passed: FetchSecret = async () => undefined) {
    const token = 'ssrf-token'
    const server = await localServer({ token })
    const { port } = server
    if (name === 'the Lambda extension') {
      const fetchSecret = fromLambdaExtension({ port, token: async () => token, refreshWith: passed })
      return { ...server, fetchSecret }
    }
    const folder = await mkdtemp(join(tmpdir(), 'agent-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const tokenFile = join(folder, 'awssmatoken')
    await writeFile(tokenFile, `${token}\n`)
    return { ...server, fetchSecret: fromSecretsManagerAgent({ port, tokenFile }) }
  }

  test('is asked by label, with its token', async () => {
    const { fetchSecret, asked } = await opened()
    expect(await read(fetchSecret)).toEqual({ text, versionId: 'v-1' })
    await read(fetchSecret, { label: 'AWSPENDING' })
    expect(asked()).toEqual([
      { secretId: arn, versionStage: 'AWSCURRENT' },
      { secretId: arn, versionStage: 'AWSPENDING' },
    ])
  })

  test('answers nothing for a label that no version has', async () => {
    const { fetchSecret, answers } = await opened()
    answers.push(missing)
    expect(await read(fetchSecret, { label: 'AWSPENDING' })).toBeUndefined()
  })

  test.each([
    [{ status: 500, body: 'canary' }, { retryable: true }],
    [{ status: 403, body: 'canary' }, { retryable: false }],
    [{ status: 200, body: 'x'.repeat(262_145) }, { retryable: false }],
  ])('whose answer is %j is an error without its text', async (answer, expected) => {
    const { fetchSecret, answers } = await opened()
    answers.push(answer)
    const error = await failure(read(fetchSecret))
    expect(error).toMatchObject({ code: 'ERR_STORE', ...expected })
    expect(inspect(error)).not.toContain('canary')
  })

  test.each(['', '[]', '{"SecretString":7}', '{"VersionId":"v","SecretBinary":"AA=="}'])(
    'that answers 200 and %j has no value',
    async (body) => {
      const { fetchSecret, answers } = await opened()
      answers.push({ status: 200, body })
      expect(await read(fetchSecret)).toBeUndefined()
    },
  )

  test('that is not there is an error that may be gone a moment later', async () => {
    const fetchSecret =
      name === 'the agent'
        ? fromSecretsManagerAgent({ port: 1, tokenFile: '/no/such/file' })
        : fromLambdaExtension({ port: 1 })
    expect(await failure(read(fetchSecret))).toMatchObject({ code: 'ERR_STORE', retryable: true })
  })

  test('has its own cache passed after a refusal', async () => {
    const store = source()
    const { fetchSecret, asked } = await opened(store.fetchSecret)
    const secret = rotatingSecret(arn, { fetchSecret })
    await secret.refused(await secret.get())
    const [first, second] = asked()
    expect(first).toEqual({ secretId: arn, versionStage: 'AWSCURRENT' })
    const passed = [second?.['refreshNow'], ...store.requests.map(({ refresh }) => refresh)]
    // The extension has no such wish: another source is asked.
    expect(passed).toEqual(name === 'the agent' ? ['true'] : [undefined, true])
  })
})

test('the Lambda extension has the token and the port that Lambda and its owner name', async () => {
  const server = await localServer({ token: 'session-token' })
  const before = { ...process.env }
  onTestFinished(() => {
    process.env = before
  })
  process.env = {
    ...before,
    PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(server.port),
    AWS_SESSION_TOKEN: 'session-token',
  }
  expect(await read(fromLambdaExtension())).toEqual({ text, versionId: 'v-1' })
})

describe('mounted files', () => {
  async function mounted() {
    const folder = await mkdtemp(join(tmpdir(), 'mounted-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const [current, previous] = ['current.json', 'previous.json'].map((name) => join(folder, name))
    await writeFile(current ?? '', text)
    return { current: current ?? '', previous: previous ?? '' }
  }

  test('are read anew each time, and told apart by their content', async () => {
    const { current } = await mounted()
    const fetchSecret = fromFile({ current })
    const one = await read(fetchSecret)
    expect(one).toMatchObject({ text, versionId: (await read(fetchSecret))?.versionId })
    const changed = documentOf('ServiceAccountKey', { credId: 'next' })
    await writeFile(current, changed)
    const two = await read(fetchSecret)
    expect([two?.text, two?.versionId === one?.versionId]).toEqual([changed, false])
  })

  test('may lack other labels than AWSCURRENT', async () => {
    const { current, previous } = await mounted()
    expect(await read(fromFile({ current }), { label: 'AWSPENDING' })).toBeUndefined()
    expect(await read(fromFile({ current, pending: previous }), { label: 'AWSPENDING' })).toBeUndefined()
    expect(await failure(read(fromFile({ current: previous })))).toMatchObject({
      code: 'ERR_STORE',
      message: 'the file of AWSCURRENT cannot be read',
    })
  })
})
