import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { functionNames } from '../infra/names.ts'
import { codeFile, plainTemplate } from '../infra/plain-template.ts'
import { deployCommand } from './template/deploy-command.ts'
import { type Account, type Place, placeOf, upload } from './template/upload.ts'
import { zipped } from './template/zipped.ts'

const usage = `npm run template [-- --upload s3://BUCKET[/PREFIX] [--profile NAME] [--region REGION]]

Writes dist/template.json and the archives that it asks for, and puts them into a bucket
in the stack's region.`

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

/** Stands for where the code is until the release has its name, which follows from the rest. */
const anyRelease = 'dfns-rotator/RELEASE'

interface Release {
  /** Where in the bucket its files are, without a slash at the end. */
  readonly keyPrefix: string
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** What is uploaded; the same files have the same name, and no others have. */
function releaseBelow(prefix: string): Release {
  const digest = createHash('sha256')
  const files = new Map<string, Uint8Array>()
  for (const name of functionNames) {
    const code = readFileSync(join(dist, name, 'index.mjs'))
    digest.update(code)
    files.set(codeFile(name), zipped({ name: 'index.mjs', content: code }))
  }
  const template = templateOf(anyRelease)
  digest.update(template)
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const keyPrefix = `${prefix}dfns-rotator/${version}-${digest.digest('hex').slice(0, 12)}`
  files.set('template.json', Buffer.from(template.replaceAll(anyRelease, keyPrefix)))
  return { keyPrefix, files }
}

function templateOf(codeKeyPrefix: string): string {
  const outdir = mkdtempSync(join(tmpdir(), 'template-'))
  try {
    const { template } = plainTemplate({ codeKeyPrefix, outdir }).synth().getStackByName('dfns-rotator')
    return `${JSON.stringify(template, null, 2)}\n`
  } finally {
    rmSync(outdir, { recursive: true })
  }
}

function keep({ files }: Release): void {
  for (const [name, content] of files) {
    const file = join(dist, name)
    writeFileSync(file, content)
    console.log(`${relative(root, file)}  ${(content.byteLength / 1024).toFixed(1)} KiB`)
  }
}

async function uploadTo(to: { release: Release; place: Place; account: Account }): Promise<void> {
  const { release, place, account } = to
  const { keyPrefix, files } = release
  const { bucket } = place
  const objects = new Map([...files].map(([name, content]) => [`${keyPrefix}/${name}`, content]))
  const outcomes = await upload({ bucket, objects, account })
  console.log('')
  for (const [key, outcome] of outcomes)
    console.log(`${outcome === 'there' ? 'there already' : outcome}  s3://${bucket}/${key}`)
  console.log(`\nDeploy it:\n\n${deployCommand({ bucket, keyPrefix, account })}`)
}

async function write(given: { upload?: string | undefined } & Account): Promise<void> {
  const place = given.upload === undefined ? undefined : placeOf(given.upload)
  if (given.upload !== undefined && place === undefined)
    throw new Error(`${given.upload} is not s3://BUCKET[/PREFIX]`)
  const release = releaseBelow(place?.prefix ?? '')
  keep(release)
  if (place) return uploadTo({ release, place, account: given })
  console.log(`\nUpload them below ${release.keyPrefix}/ of a bucket, by hand or with --upload.`)
}

function argumentsGiven() {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: { upload: text, profile: text, region: text, help: { type: 'boolean', default: false } },
  })
  const { profile, region } = values
  return { ...values, profile, region }
}

try {
  const given = argumentsGiven()
  if (given.help) console.log(usage)
  else await write(given)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
