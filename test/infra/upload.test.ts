import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { functionNames } from '../../infra/names.ts'
import { deployCommand } from '../../scripts/template/deploy-command.ts'
import { placeOf, upload } from '../../scripts/template/upload.ts'
import { type Buckets, openBuckets } from './bucket.ts'
import { root } from './stack.ts'

const execute = promisify(execFile)
const folder = () => mkdtempSync(join(tmpdir(), 'upload-'))

let buckets: Buckets
let files: string
let environment: Readonly<Record<string, string>>

beforeEach(async () => {
  buckets = await openBuckets(['releases'])
  files = folder()
  writeFileSync(
    join(files, 'credentials'),
    '[work]\naws_access_key_id = of-work\naws_secret_access_key = secret\n',
  )
  writeFileSync(join(files, 'config'), '[profile work]\nregion = ap-southeast-2\n')
  environment = {
    AWS_ENDPOINT_URL_S3: buckets.url,
    AWS_SHARED_CREDENTIALS_FILE: join(files, 'credentials'),
    AWS_CONFIG_FILE: join(files, 'config'),
    AWS_ACCESS_KEY_ID: 'of-environment',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_REGION: 'eu-west-1',
  }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
})

afterEach(() => {
  vi.unstubAllEnvs()
  buckets.close()
  rmSync(files, { recursive: true })
})

const nobody = { profile: undefined, region: undefined }
const objects = new Map([
  ['1/rotate.zip', Buffer.from('code')],
  ['1/template.json', Buffer.from('{}')],
])
const signers = () => new Set(buckets.requests.map(({ signedFor }) => signedFor))

describe('a place', () => {
  test.for([
    ['s3://releases', 'releases', ''],
    ['s3://releases/', 'releases', ''],
    ['s3://my.releases/tools/aws', 'my.releases', 'tools/aws/'],
    ['s3://releases//tools//', 'releases', 'tools/'],
  ] as const)('is read from %s', ([text, bucket, prefix]) => {
    expect(placeOf(text)).toEqual({ bucket, prefix })
  })

  test.for([
    'releases',
    's3://',
    's3://Releases',
    's3://a',
    'https://releases',
    's3://releases/a b',
    's3://re$',
  ])('is not read from %s', (text) => {
    expect(placeOf(text)).toBeUndefined()
  })
})

describe('an upload', () => {
  test('puts every object, and leaves what is there with the same content', async () => {
    const put = () => upload({ bucket: 'releases', objects, account: nobody })
    expect([...(await put()).values()]).toEqual(['uploaded', 'uploaded'])
    expect(Object.fromEntries(buckets.objects)).toEqual({
      'releases/1/rotate.zip': Buffer.from('code'),
      'releases/1/template.json': Buffer.from('{}'),
    })
    expect([...(await put()).values()]).toEqual(['there', 'there'])
  })

  test('refuses to replace another content, names it, and puts nothing after it', async () => {
    buckets.objects.set('releases/1/rotate.zip', Buffer.from('other'))
    await expect(upload({ bucket: 'releases', objects, account: nobody })).rejects.toThrow(
      's3://releases/1/rotate.zip is there with another content',
    )
    expect([...buckets.objects.values()].map(String)).toEqual(['other'])
  })

  test("tells S3's own error", async () => {
    await expect(upload({ bucket: 'elsewhere', objects, account: nobody })).rejects.toThrow('NoSuchBucket')
  })

  test.for([
    [nobody, 'of-environment/eu-west-1/s3'],
    [{ profile: undefined, region: 'us-east-2' }, 'of-environment/us-east-2/s3'],
    [{ profile: 'work', region: 'us-east-2' }, 'of-work/us-east-2/s3'],
  ] as const)('is signed by whom it is told, for where it is told: %j', async ([account, signedFor]) => {
    await upload({ bucket: 'releases', objects, account })
    expect(signers()).toEqual(new Set([signedFor]))
  })

  test("takes a profile's region where the environment names none", async () => {
    vi.stubEnv('AWS_REGION', undefined)
    await upload({ bucket: 'releases', objects, account: { profile: 'work', region: undefined } })
    expect(signers()).toEqual(new Set(['of-work/ap-southeast-2/s3']))
  })
})

describe('npm run template', () => {
  const run = (...args: readonly string[]) =>
    execute(process.execPath, [join(root, 'scripts', 'template.ts'), ...args], {
      env: { ...process.env, ...environment },
    })

  test('uploads what it wrote, and says how it is deployed', { timeout: 120_000 }, async () => {
    const { stdout } = await run('--upload', 's3://releases/tools/')
    const names = ['template.json', ...functionNames.map((name) => `${name}.zip`)]
    const [, keyPrefix = ''] = / CodeKeyPrefix=(\S+)/.exec(stdout) ?? []
    expect(keyPrefix).toMatch(/^tools\/dfns-rotator\/\d+\.\d+\.\d+-[0-9a-f]{12}$/)
    expect([...buckets.objects.keys()].toSorted()).toEqual(
      names.map((name) => `releases/${keyPrefix}/${name}`).toSorted(),
    )
    for (const name of names)
      expect(buckets.objects.get(`releases/${keyPrefix}/${name}`)).toEqual(
        readFileSync(join(root, 'dist', name)),
      )
    const { Parameters } = JSON.parse(readFileSync(join(root, 'dist', 'template.json'), 'utf8')) as {
      Parameters: Record<string, { Default?: string }>
    }
    expect(Parameters['CodeKeyPrefix']?.Default).toBe(keyPrefix)
    expect(stdout).toContain(deployCommand({ bucket: 'releases', keyPrefix, account: nobody }))
  })

  test.for([
    [['--upload', 'releases'], 'releases is not s3://BUCKET[/PREFIX]'],
    [['--bucket', 'releases'], "Unknown option '--bucket'"],
  ] as const)('says what it does not understand: %j', { timeout: 120_000 }, async ([args, words]) => {
    const failure = run(...args)
    await expect(failure).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining(words) })
    expect(buckets.requests).toEqual([])
  })
})

test('the command that deploys names bucket, place, profile and region', () => {
  const account = { profile: 'work', region: 'eu-west-1' }
  const command = deployCommand({ bucket: 'releases', keyPrefix: 'dfns-rotator/1', account })
  expect(command.replaceAll(/ \\\n +/g, ' ').trim()).toBe(
    'aws cloudformation deploy --stack-name dfns-rotator --capabilities CAPABILITY_IAM ' +
      '--profile work --region eu-west-1 ' +
      '--template-file dist/template.json --s3-bucket releases --s3-prefix dfns-rotator/1 ' +
      '--parameter-overrides CodeBucket=releases CodeKeyPrefix=dfns-rotator/1 RotatedPrefix=prod/dfns/',
  )
})
